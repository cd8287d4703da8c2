"""The column of custom fields in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Json

revision = "workflow_0003"
down_revision = "workflow_0002"
TABLES = ("workflow_asked", "workflow_definition", "workflow_instance", "workflow_step", "workflow_task")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")

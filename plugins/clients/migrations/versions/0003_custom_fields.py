"""The column of custom fields in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Json

revision = "clients_0003"
down_revision = "clients_0002"
TABLES = ("clients_client", "clients_contact")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")

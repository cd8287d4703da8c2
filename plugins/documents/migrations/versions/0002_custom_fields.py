"""The column of custom fields in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Json

revision = "documents_0002"
down_revision = "documents_0001"
TABLES = ("documents_document", "documents_letterhead", "documents_template")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")

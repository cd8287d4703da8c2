"""The column of custom fields in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Json

revision = "finance_bridge_0002"
down_revision = "finance_bridge_0001"
TABLES = (
    "finance_bridge_book",
    "finance_bridge_connection",
    "finance_bridge_document",
    "finance_bridge_exchange",
    "finance_bridge_mapping",
    "finance_bridge_reconciliation",
    "finance_bridge_sheet",
)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")

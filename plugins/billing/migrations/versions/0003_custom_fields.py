"""The column of custom fields in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Json

revision = "billing_0003"
down_revision = "billing_0002"
TABLES = (
    "billing_allocation",
    "billing_bill",
    "billing_bill_line",
    "billing_official_fee",
    "billing_payment",
    "billing_price_item",
    "billing_quotation",
    "billing_quotation_line",
    "billing_refund",
    "billing_write_off",
)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")

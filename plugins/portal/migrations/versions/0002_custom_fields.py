"""The column of custom fields in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Json

revision = "portal_0002"
down_revision = "portal_0001"
TABLES = (
    "portal_access",
    "portal_affiliate",
    "portal_evidence",
    "portal_invitation",
    "portal_look",
    "portal_message",
    "portal_order",
    "portal_user",
)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")

"""The column of custom fields in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Json

revision = "im_bridge_0002"
down_revision = "im_bridge_0001"
TABLES = (
    "im_bridge_app",
    "im_bridge_inbox",
    "im_bridge_message",
    "im_bridge_person",
    "im_bridge_quota",
    "im_bridge_robot",
)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")

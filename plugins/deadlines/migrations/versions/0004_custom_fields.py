"""The column of custom fields in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Json

revision = "deadlines_0004"
down_revision = "deadlines_0003"
TABLES = (
    "deadlines_calendar_day",
    "deadlines_deadline",
    "deadlines_reminder",
    "deadlines_reminder_plan",
    "deadlines_rule",
)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")

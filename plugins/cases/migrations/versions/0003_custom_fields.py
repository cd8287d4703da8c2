"""The column of custom fields in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Json

revision = "cases_0003"
down_revision = "cases_0002"
TABLES = ("cases_applicant", "cases_case", "cases_event", "cases_goods", "cases_member", "cases_relation")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")

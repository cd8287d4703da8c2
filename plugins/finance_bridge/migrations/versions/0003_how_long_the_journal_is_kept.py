"""How long the journal of a connection is kept."""

import sqlalchemy as sa
from alembic import op

revision = "finance_bridge_0003"
down_revision = "finance_bridge_0002"


def upgrade() -> None:
    column = sa.Column("keep_days", sa.Integer(), nullable=False, server_default="400")
    op.add_column("finance_bridge_connection", column)


def downgrade() -> None:
    op.drop_column("finance_bridge_connection", "keep_days")

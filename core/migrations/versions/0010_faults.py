"""Contributions of plugins that were left out."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Instant

revision = "core_0010"
down_revision = "core_0009"


def upgrade() -> None:
    op.create_table(
        "core_fault",
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("hook", sa.String(length=120), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", "hook", name=op.f("pk_core_fault")),
    )


def downgrade() -> None:
    op.drop_table("core_fault")

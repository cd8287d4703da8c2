"""Calendar feeds: secret addresses that calendar programs read."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Id, Instant

revision = "core_0016"
down_revision = "core_0015"


def upgrade() -> None:
    op.create_table(
        "core_calendar_feed",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("view_id", Id, nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("read_on", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_calendar_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_core_calendar_feed_token_hash")),
    )
    op.create_index(op.f("ix_core_calendar_feed_user_id"), "core_calendar_feed", ["user_id"])


def downgrade() -> None:
    op.drop_table("core_calendar_feed")

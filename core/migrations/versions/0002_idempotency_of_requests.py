"""Answers of requests that carried an Idempotency-Key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from core.records.types import Id, Instant

revision = "core_0002"
down_revision = "core_0001"


def upgrade() -> None:
    json = sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
    )
    op.create_table(
        "core_idempotency",
        sa.Column("user_id", Id, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("leased_until", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", json, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_core_idempotency")),
    )
    op.create_index(op.f("ix_core_idempotency_created_at"), "core_idempotency", ["created_at"])


def downgrade() -> None:
    op.drop_table("core_idempotency")

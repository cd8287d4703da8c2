"""Mails of the product, for every plugin."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from core.records.types import Id, Instant

revision = "core_0003"
down_revision = "core_0002"


def upgrade() -> None:
    json = sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
    )
    op.create_table(
        "core_mail",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("recipient", sa.String(length=200), nullable=True),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("files", json, nullable=True),
        sa.Column("hidden_part", sa.Text(), nullable=True),
        sa.Column("record_key", sa.String(length=80), nullable=True),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("message_id", sa.String(length=300), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", Instant(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("maybe_duplicate", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(length=400), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("created_by_id", Id, nullable=True),
        sa.Column("updated_by_id", Id, nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_mail_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_mail")),
        sa.UniqueConstraint("key", name=op.f("uq_core_mail_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_core_mail_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_core_mail_record", "core_mail", ["record_key", "record_id"])
    op.create_index(op.f("ix_core_mail_status"), "core_mail", ["status"])
    op.create_index(op.f("ix_core_mail_user_id"), "core_mail", ["user_id"])


def downgrade() -> None:
    op.drop_table("core_mail")

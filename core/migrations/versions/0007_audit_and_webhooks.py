"""Marks and seals of the audit log, keys of stored secrets, webhooks and their messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from core.records.types import Id, Instant

revision = "core_0007"
down_revision = "core_0006"


def upgrade() -> None:
    op.add_column("core_audit", sa.Column("key_id", sa.String(length=20), nullable=True))
    op.add_column("core_audit", sa.Column("mark", sa.String(length=40), nullable=True))
    op.create_index("ix_core_audit_action", "core_audit", ["action", "id"])
    op.create_index("ix_core_audit_at", "core_audit", ["at"])
    op.create_table(
        "core_audit_seal",
        sa.Column("seq", Id, autoincrement=False, nullable=False),
        sa.Column("audit_id", Id, nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_core_audit_seal")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_core_audit_seal_audit_id")),
    )
    op.create_table(
        "core_secret_key",
        sa.Column("number", Id, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("wrapped", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_core_secret_key")),
        sa.UniqueConstraint("id", name=op.f("uq_core_secret_key_id")),
    )
    op.create_table(
        "core_webhook_seen",
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_core_webhook_seen")),
    )
    op.create_index(op.f("ix_core_webhook_seen_at"), "core_webhook_seen", ["at"])
    json = sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
    )
    _webhook(json)
    _message(json)


def _common() -> list[sa.Column]:
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("created_by_id", Id, nullable=True),
        sa.Column("updated_by_id", Id, nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
    ]


def _webhook(json: sa.types.TypeEngine) -> None:
    op.create_table(
        "core_webhook",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("records", json, nullable=False),
        sa.Column("kinds", json, nullable=False),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_until", Instant(), nullable=True),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("off_reason", sa.String(length=400), nullable=True),
        *_common(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_webhook_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_webhook")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_core_webhook_user_id"), "core_webhook", ["user_id"])


def _message(json: sa.types.TypeEngine) -> None:
    op.create_table(
        "core_webhook_message",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("webhook_id", Id, nullable=False),
        sa.Column("ident", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("event", sa.String(length=120), nullable=False),
        sa.Column("record_key", sa.String(length=80), nullable=True),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("tries", json, nullable=True),
        *_common(),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["core_webhook.id"],
            name=op.f("fk_core_webhook_message_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_webhook_message")),
        sa.UniqueConstraint("ident", name=op.f("uq_core_webhook_message_ident")),
        sa.UniqueConstraint("key", name=op.f("uq_core_webhook_message_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_core_webhook_message_open", "core_webhook_message", ["state", "next_at", "id"])
    op.create_index(op.f("ix_core_webhook_message_webhook_id"), "core_webhook_message", ["webhook_id"])


def downgrade() -> None:
    op.drop_table("core_webhook_message")
    op.drop_table("core_webhook")
    op.drop_table("core_webhook_seen")
    op.drop_table("core_secret_key")
    op.drop_table("core_audit_seal")
    op.drop_index("ix_core_audit_at", table_name="core_audit")
    op.drop_index("ix_core_audit_action", table_name="core_audit")
    op.drop_column("core_audit", "mark")
    op.drop_column("core_audit", "key_id")

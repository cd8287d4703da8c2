"""Old passwords, second factors, passkeys, password links, challenges, tries of the sign-in; steps of a session."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from core.records.types import Id, Instant

revision = "core_0005"
down_revision = "core_0004"


def upgrade() -> None:
    json = sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
    )
    _passwords()
    _factors(json)
    op.create_table(
        "core_challenge",
        sa.Column("handle_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("ground", sa.String(length=64), nullable=False),
        sa.Column("data", json, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("handle_hash", name=op.f("pk_core_challenge")),
    )
    op.create_index(op.f("ix_core_challenge_expires_at"), "core_challenge", ["expires_at"])
    op.create_table(
        "core_sign_in_tries",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("instants", json, nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("rests_until", Instant(), nullable=True),
        sa.Column("touched_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_core_sign_in_tries")),
    )
    op.create_index(op.f("ix_core_sign_in_tries_touched_at"), "core_sign_in_tries", ["touched_at"])
    op.drop_column("core_user", "failed_logins")
    op.drop_column("core_user", "locked_until")
    op.add_column("core_session", sa.Column("way", sa.String(length=60), nullable=True))
    op.add_column("core_session", sa.Column("pending", sa.String(length=12), nullable=True))
    op.add_column("core_session", sa.Column("proved_at", Instant(), nullable=True))
    op.add_column("core_session", sa.Column("renew", sa.Boolean(), nullable=False, server_default=sa.false()))


def _passwords() -> None:
    op.create_table(
        "core_old_password",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("user_id", Id, autoincrement=False, nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_old_password_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_old_password")),
    )
    op.create_index("ix_core_old_password_user", "core_old_password", ["user_id", "id"])
    op.execute(
        "INSERT INTO core_old_password (user_id, password_hash, at)"
        " SELECT id, password_hash, updated_at FROM core_user WHERE password_hash IS NOT NULL"
    )
    op.create_table(
        "core_password_link",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("user_id", Id, autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_password_link_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_password_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_core_password_link_token_hash")),
    )
    op.create_index("ix_core_password_link_user", "core_password_link", ["user_id"])


def _factors(json: sa.types.TypeEngine) -> None:
    op.create_table(
        "core_totp",
        sa.Column("user_id", Id, autoincrement=False, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_totp_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_core_totp")),
    )
    op.create_table(
        "core_recovery_code",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("user_id", Id, autoincrement=False, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_recovery_code_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_recovery_code")),
    )
    op.create_index("ix_core_recovery_code_user", "core_recovery_code", ["user_id"])
    op.create_table(
        "core_passkey",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("user_id", Id, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", Id, nullable=False),
        sa.Column("transports", json, nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_passkey_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_core_passkey_credential_id")),
    )
    op.create_index("ix_core_passkey_user", "core_passkey", ["user_id"])


def downgrade() -> None:
    for column in ("renew", "proved_at", "pending", "way"):
        op.drop_column("core_session", column)
    op.add_column("core_user", sa.Column("locked_until", Instant(), nullable=True))
    op.add_column("core_user", sa.Column("failed_logins", sa.Integer(), nullable=False, server_default="0"))
    for table in (
        "core_sign_in_tries",
        "core_challenge",
        "core_passkey",
        "core_recovery_code",
        "core_totp",
        "core_password_link",
        "core_old_password",
    ):
        op.drop_table(table)

"""Mails move to the core, with their ids; reminders point there."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Instant

revision = "deadlines_0003"
down_revision = "deadlines_0002"
depends_on = None

KEPT = (
    "id, user_id, recipient, subject, body, message_id, status, attempts, claimed_at, sent_at, maybe_duplicate, error,"
    " version, created_at, updated_at, created_by_id, updated_by_id, archived_at"
)


def upgrade() -> None:
    op.execute(
        f"INSERT INTO core_mail ({KEPT}, record_key, record_id)"  # noqa: S608 - our own column names
        f" SELECT {KEPT}, CASE WHEN deadline_id IS NULL THEN NULL ELSE 'deadlines.deadline' END, deadline_id"
        " FROM deadlines_mail"
    )
    if op.get_bind().dialect.name == "postgresql":
        newest = "SELECT COALESCE(MAX(id), 1) FROM core_mail"
        op.execute(f"SELECT setval(pg_get_serial_sequence('core_mail', 'id'), ({newest}))")
    _point_to("core_mail")
    op.drop_table("deadlines_mail")


def downgrade() -> None:
    """Mails of deadlines come back; those of other plugins stay."""
    _make_table()
    mine = "record_key = 'deadlines.deadline' OR id IN (SELECT mail_id FROM deadlines_reminder)"
    deadline = "SELECT id FROM deadlines_deadline WHERE id = record_id AND record_key = 'deadlines.deadline'"
    op.execute(
        f"INSERT INTO deadlines_mail ({KEPT}, deadline_id)"  # noqa: S608 - our own column names
        f" SELECT {KEPT}, ({deadline}) FROM core_mail WHERE {mine}"
    )
    _point_to("deadlines_mail")
    op.execute(
        "DELETE FROM core_mail WHERE record_key = 'deadlines.deadline'"
        " OR id IN (SELECT mail_id FROM deadlines_reminder)"
    )


def _make_table() -> None:
    op.create_table(
        "deadlines_mail",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("deadline_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recipient", sa.String(length=200), nullable=True),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", Instant(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("maybe_duplicate", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(length=400), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deadline_id"], ["deadlines_deadline.id"], name=op.f("fk_deadlines_mail_deadline_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_deadlines_mail_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines_mail")),
        sa.UniqueConstraint("message_id", name=op.f("uq_deadlines_mail_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deadlines_mail_deadline_id"), "deadlines_mail", ["deadline_id"], unique=False)
    op.create_index(op.f("ix_deadlines_mail_status"), "deadlines_mail", ["status"], unique=False)
    op.create_index(op.f("ix_deadlines_mail_user_id"), "deadlines_mail", ["user_id"], unique=False)


def _point_to(table: str) -> None:
    """No other table points at reminders, so SQLite may rebuild theirs."""
    with op.batch_alter_table("deadlines_reminder", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint("fk_deadlines_reminder_mail_id", type_="foreignkey")
        batch.create_foreign_key("fk_deadlines_reminder_mail_id", table, ["mail_id"], ["id"], ondelete="SET NULL")

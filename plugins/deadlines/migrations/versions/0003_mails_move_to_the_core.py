"""Mails move to the core, with their ids; reminders point there."""

from alembic import op

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
    raise NotImplementedError("mails of other plugins stand in the same table; restore a backup instead")


def _point_to(table: str) -> None:
    """No other table points at reminders, so SQLite may rebuild theirs."""
    with op.batch_alter_table("deadlines_reminder", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint("fk_deadlines_reminder_mail_id", type_="foreignkey")
        batch.create_foreign_key("fk_deadlines_reminder_mail_id", table, ["mail_id"], ["id"], ondelete="SET NULL")

"""Custom fields: their descriptions, and the column that holds their values in every record table."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Id, Instant, Json

revision = "core_0008"
down_revision = "core_0007"
TABLES = (
    "core_api_key",
    "core_attachment",
    "core_branch",
    "core_condition",
    "core_department",
    "core_deputy",
    "core_field_right",
    "core_mail",
    "core_note",
    "core_notification",
    "core_right",
    "core_role",
    "core_session",
    "core_shape",
    "core_share",
    "core_team",
    "core_user",
    "core_user_role",
    "core_webhook",
    "core_webhook_message",
)


def upgrade() -> None:
    op.create_table(
        "core_custom_field",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("record_key", sa.String(length=80), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("label_zh", sa.String(length=60), nullable=False),
        sa.Column("label_en", sa.String(length=80), nullable=True),
        sa.Column("help_zh", sa.String(length=300), nullable=True),
        sa.Column("help_en", sa.String(length=300), nullable=True),
        sa.Column("needed", sa.Boolean(), nullable=False),
        sa.Column("begins_with", sa.String(length=400), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=60), nullable=True),
        sa.Column("heading_zh", sa.String(length=60), nullable=True),
        sa.Column("heading_en", sa.String(length=80), nullable=True),
        sa.Column("choices", Json, nullable=True),
        sa.Column("target", sa.String(length=80), nullable=True),
        sa.Column("decimals", sa.Integer(), nullable=True),
        sa.Column("readers", Json, nullable=True),
        sa.Column("writers", Json, nullable=True),
        sa.Column("closed", sa.String(length=40), nullable=False),
        sa.Column("indexed", sa.Boolean(), nullable=False),
        sa.Column("searched", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("created_by_id", Id, nullable=True),
        sa.Column("updated_by_id", Id, nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("custom", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_custom_field")),
        sa.UniqueConstraint("record_key", "code", name=op.f("uq_core_custom_field_record_key_code")),
        sqlite_autoincrement=True,
    )
    for table in TABLES:
        op.add_column(table, sa.Column("custom", Json, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "custom")
    op.drop_table("core_custom_field")

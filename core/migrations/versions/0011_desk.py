"""One person's desk (drafts, favourites, recent records, the list they came from), steps back, the recycle bin."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from core.records.types import Id, Instant

revision = "core_0011"
down_revision = "core_0010"

MARKS = ("core_favourite", "core_recent")


def _json() -> sa.types.TypeEngine:
    return sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
    )


def upgrade() -> None:
    for table in MARKS:
        op.create_table(
            table,
            sa.Column("user_id", Id, autoincrement=False, nullable=False),
            sa.Column("record_key", sa.String(length=80), nullable=False),
            sa.Column("record_id", Id, autoincrement=False, nullable=False),
            sa.Column("at", Instant(), nullable=False),
            sa.PrimaryKeyConstraint("user_id", "record_key", "record_id", name=op.f(f"pk_{table}")),
        )
    op.create_table(
        "core_trail",
        sa.Column("user_id", Id, autoincrement=False, nullable=False),
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("record_key", sa.String(length=80), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "token", name=op.f("pk_core_trail")),
    )
    op.create_table(
        "core_draft",
        sa.Column("user_id", Id, autoincrement=False, nullable=False),
        sa.Column("place", sa.String(length=300), nullable=False),
        sa.Column("record_key", sa.String(length=80), nullable=False),
        sa.Column("record_id", Id, nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("data", _json(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "place", name=op.f("pk_core_draft")),
    )
    op.create_table(
        "core_undo",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("label", sa.String(length=300), nullable=False),
        sa.Column("steps", _json(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_core_undo")),
    )
    op.create_index("ix_core_undo_at", "core_undo", ["at"])
    op.create_table(
        "core_bin",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("record_key", sa.String(length=80), nullable=False),
        sa.Column("record_id", Id, nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("content", _json(), nullable=False),
        sa.Column("hung", sa.Integer(), nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_bin")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_core_bin_record", "core_bin", ["record_key", "id"])
    op.create_index("ix_core_bin_at", "core_bin", ["at"])
    op.add_column("core_note", sa.Column("mentions", _json(), nullable=True))


def downgrade() -> None:
    op.drop_column("core_note", "mentions")
    for table in ("core_bin", "core_undo", "core_draft", "core_trail", *MARKS):
        op.drop_table(table)

"""Walls between people, opened client data, large exports that wait for another person."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from core.records.types import Id, Instant, Json

revision = "core_0012"
down_revision = "core_0011"


def _record(name: str, *columns: Any) -> None:
    op.create_table(
        name,
        sa.Column("id", Id, autoincrement=True, nullable=False),
        *columns,
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("created_by_id", Id, nullable=True),
        sa.Column("updated_by_id", Id, nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("custom", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sqlite_autoincrement=True,
    )


def _link(table: str, column: str, target: str, ondelete: str = "CASCADE") -> Any:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    _record(
        "core_wall",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=True),
    )
    _record(
        "core_wall_part",
        sa.Column("wall_id", Id, nullable=False),
        sa.Column("side", sa.String(40), nullable=False),
        sa.Column("record_key", sa.String(80), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        _link("core_wall_part", "wall_id", "core_wall"),
        sa.UniqueConstraint(
            "wall_id", "record_key", "record_id", name=op.f("uq_core_wall_part_wall_id_record_key_record_id")
        ),
    )
    _record(
        "core_glass",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        _link("core_glass", "user_id", "core_user"),
    )
    op.create_index("ix_core_glass_person", "core_glass", ["user_id", "ends_at"])
    _record(
        "core_export_request",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("record_key", sa.String(80), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("format", sa.String(40), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("decided_by_id", Id, nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("note", sa.String(300), nullable=True),
        sa.Column("ends_at", Instant(), nullable=True),
        _link("core_export_request", "user_id", "core_user"),
        _link("core_export_request", "decided_by_id", "core_user", "SET NULL"),
    )
    op.create_index(op.f("ix_core_export_request_user_id"), "core_export_request", ["user_id"])


def downgrade() -> None:
    for name in ("export_request", "glass", "wall_part", "wall"):
        op.drop_table(f"core_{name}")

"""Rights that administrators set, shared records, deputies."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from core.records.types import Id, Instant

revision = "core_0006"
down_revision = "core_0005"


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
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sqlite_autoincrement=True,
    )


def _json() -> Any:
    return sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
    )


def upgrade() -> None:
    _record(
        "core_role",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("name_en", sa.String(80), nullable=True),
        sa.Column("summary", sa.String(300), nullable=True),
        sa.Column("realm", sa.String(40), nullable=False),
        sa.Column("base", sa.String(40), nullable=False),
        sa.UniqueConstraint("code", name=op.f("uq_core_role_code")),
    )
    _record(
        "core_right",
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("record", sa.String(80), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("effect", sa.String(40), nullable=False),
        sa.UniqueConstraint("role", "record", "action", "scope", name=op.f("uq_core_right_role_record_action_scope")),
    )
    _record(
        "core_condition",
        sa.Column("record", sa.String(80), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("use", sa.String(40), nullable=False),
        sa.Column("within", sa.String(40), nullable=False),
        sa.Column("tree", _json(), nullable=False),
        sa.Column("actions", _json(), nullable=True),
        sa.Column("roles", _json(), nullable=True),
    )
    _record(
        "core_field_right",
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("record", sa.String(80), nullable=False),
        sa.Column("field", sa.String(80), nullable=False),
        sa.Column("treatment", sa.String(40), nullable=False),
        sa.UniqueConstraint("role", "record", "field", name=op.f("uq_core_field_right_role_record_field")),
    )
    _record(
        "core_share",
        sa.Column("record_key", sa.String(80), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("department_id", Id, nullable=True),
        sa.Column("level", sa.String(40), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("note", sa.String(300), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_share_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["department_id"], ["core_department.id"], name=op.f("fk_core_share_department_id"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_core_share_record", "core_share", ["record_key", "record_id"])
    op.create_index("ix_core_share_person", "core_share", ["user_id", "ends_at"])
    op.create_index("ix_core_share_place", "core_share", ["department_id", "ends_at"])
    _record(
        "core_deputy",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("deputy_id", Id, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(300), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_deputy_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["deputy_id"], ["core_user.id"], name=op.f("fk_core_deputy_deputy_id"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_core_deputy_user_id"), "core_deputy", ["user_id"])
    op.create_index("ix_core_deputy_deputy", "core_deputy", ["deputy_id", "ends_on"])
    op.create_table(
        "core_rights_stamp",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_rights_stamp")),
    )


def downgrade() -> None:
    for name in ("rights_stamp", "deputy", "share", "field_right", "condition", "right", "role"):
        op.drop_table(f"core_{name}")

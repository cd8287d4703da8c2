"""Initial."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from core.records.types import Instant

revision = "todos_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "todos_todo",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("assignee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("department_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("priority", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "checklist",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.Column("record_key", sa.String(length=80), nullable=True),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("repeat", sa.String(length=40), nullable=True),
        sa.Column("repeat_from", sa.Date(), nullable=True),
        sa.Column("next_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("done_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("done_note", sa.Text(), nullable=True),
        sa.Column("handed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source", sa.String(length=120), nullable=True),
        sa.Column("source_key", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column(
            "custom",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["core_user.id"], name=op.f("fk_todos_todo_assignee_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["core_department.id"], name=op.f("fk_todos_todo_department_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["done_by_id"], ["core_user.id"], name=op.f("fk_todos_todo_done_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["handed_by_id"], ["core_user.id"], name=op.f("fk_todos_todo_handed_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["next_id"], ["todos_todo.id"], name=op.f("fk_todos_todo_next_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_todos_todo")),
        sa.UniqueConstraint("source_key", name=op.f("uq_todos_todo_source_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_todos_todo_about", "todos_todo", ["record_key", "record_id", "state"], unique=False)
    op.create_index(op.f("ix_todos_todo_due"), "todos_todo", ["due"], unique=False)
    op.create_index("ix_todos_todo_mine", "todos_todo", ["assignee_id", "state", "due"], unique=False)
    op.create_index(op.f("ix_todos_todo_next_id"), "todos_todo", ["next_id"], unique=False)
    op.create_index("ix_todos_todo_place", "todos_todo", ["department_id", "state"], unique=False)


def downgrade() -> None:
    op.drop_table("todos_todo")

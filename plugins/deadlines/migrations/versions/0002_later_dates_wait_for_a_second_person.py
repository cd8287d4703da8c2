"""Later dates wait for a second person."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Id

revision = "deadlines_0002"
down_revision = "deadlines_0001"
TABLE = "deadlines_deadline"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("wanted_due", sa.Date(), nullable=True))
    op.add_column(TABLE, sa.Column("wanted_reason", sa.Text(), nullable=True))
    for name in ("wanted_by_id", "second_id"):
        _add_person(name)
    named = sa.text("second_id IS NOT NULL")
    op.create_index("ix_deadlines_deadline_second", TABLE, ["second_id"], sqlite_where=named, postgresql_where=named)


def _add_person(name: str) -> None:
    """A link to a person: SQLite takes a constraint only together with its column, in words Alembic does not write."""
    constraint = f"fk_{TABLE}_{name}"
    if op.get_bind().dialect.name == "sqlite":
        refers = f"CONSTRAINT {constraint} REFERENCES core_user (id) ON DELETE SET NULL"
        op.execute(f"ALTER TABLE {TABLE} ADD COLUMN {name} INTEGER {refers}")
        return
    op.add_column(TABLE, sa.Column(name, Id, nullable=True))
    op.create_foreign_key(op.f(constraint), TABLE, "core_user", [name], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    op.drop_index("ix_deadlines_deadline_second", table_name=TABLE)
    for name in ("second_id", "wanted_by_id", "wanted_reason", "wanted_due"):
        op.drop_column(TABLE, name)

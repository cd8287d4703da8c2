"""The agency's changes of rules in versions, and trials of them over the stock."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Id, Instant, Json

revision = "deadlines_0006"
down_revision = "deadlines_0005"


def common() -> list[sa.Column]:
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("created_by_id", Id, nullable=True),
        sa.Column("updated_by_id", Id, nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("custom", Json, nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "deadlines_rule_change",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("effect_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", Json, nullable=True),
        sa.Column("published_by_id", Id, nullable=True),
        sa.Column("published_at", Instant(), nullable=True),
        *common(),
        sa.ForeignKeyConstraint(
            ["published_by_id"],
            ["core_user.id"],
            name=op.f("fk_deadlines_rule_change_published_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines_rule_change")),
        sa.UniqueConstraint("code", "number", name=op.f("uq_deadlines_rule_change_code_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deadlines_computation",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("of_version", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", Json, nullable=True),
        *common(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines_computation")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deadlines_computation_subject", "deadlines_computation", ["subject", "id"])


def downgrade() -> None:
    op.drop_index("ix_deadlines_computation_subject", table_name="deadlines_computation")
    op.drop_table("deadlines_computation")
    op.drop_table("deadlines_rule_change")

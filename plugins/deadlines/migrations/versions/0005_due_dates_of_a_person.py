"""What a person has due and when, in order."""

from alembic import op

revision = "deadlines_0005"
down_revision = "deadlines_0004"


def upgrade() -> None:
    columns = ["responsible_id", "status", "due"]
    op.create_index("ix_deadlines_deadline_person_due", "deadlines_deadline", columns)


def downgrade() -> None:
    op.drop_index("ix_deadlines_deadline_person_due", table_name="deadlines_deadline")

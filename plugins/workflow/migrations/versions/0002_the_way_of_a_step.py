"""Steps tell by which way a person took them: page, interface, messenger, portal."""

import sqlalchemy as sa
from alembic import op

revision = "workflow_0002"
down_revision = "workflow_0001"


def upgrade() -> None:
    op.add_column("workflow_step", sa.Column("via", sa.String(length=12), nullable=True))


def downgrade() -> None:
    op.drop_column("workflow_step", "via")

"""What a message is about, by which people choose its channels."""

import sqlalchemy as sa
from alembic import op

revision = "core_0013"
down_revision = "core_0012"


def upgrade() -> None:
    op.add_column("core_notification", sa.Column("kind", sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_column("core_notification", "kind")

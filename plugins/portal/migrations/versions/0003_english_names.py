"""English names of portal users."""

import sqlalchemy as sa
from alembic import op

revision = "portal_0003"
down_revision = "portal_0002"


def upgrade() -> None:
    op.add_column("portal_user", sa.Column("name_en", sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_column("portal_user", "name_en")

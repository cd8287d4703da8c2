"""Settings that plugins declare."""

import sqlalchemy as sa
from alembic import op

from core.records.types import Instant

revision = "core_0009"
down_revision = "core_0008"


def upgrade() -> None:
    op.create_table(
        "core_plugin_setting",
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", "key", name=op.f("pk_core_plugin_setting")),
    )


def downgrade() -> None:
    op.drop_table("core_plugin_setting")

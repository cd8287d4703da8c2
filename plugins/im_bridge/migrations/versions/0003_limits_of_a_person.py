"""How many messages one person may get in an hour or a day, as the vendors publish it."""

import sqlalchemy as sa
from alembic import op

revision = "im_bridge_0003"
down_revision = "im_bridge_0002"


def upgrade() -> None:
    for name in ("hour_person", "day_person"):
        op.add_column("im_bridge_app", sa.Column(name, sa.Integer(), nullable=True))
    op.execute("UPDATE im_bridge_app SET hour_person = 1000 WHERE kind = 'wecom'")
    op.execute("UPDATE im_bridge_app SET day_person = 500 WHERE kind = 'dingtalk'")


def downgrade() -> None:
    for name in ("day_person", "hour_person"):
        op.drop_column("im_bridge_app", name)

"""What waits for the messenger waits for it as a channel, like messages on other ways."""

import sqlalchemy as sa
from alembic import op

revision = "im_bridge_0004"
down_revision = "im_bridge_0003"
OLD, NEW = "im_bridge.notification", "channel.im_bridge.messenger"
MOVED = sa.text("UPDATE core_delivery SET subscriber = :new WHERE subscriber = :old AND state <> 'done'")


def upgrade() -> None:
    op.execute(MOVED.bindparams(old=OLD, new=NEW))


def downgrade() -> None:
    op.execute(MOVED.bindparams(old=NEW, new=OLD))

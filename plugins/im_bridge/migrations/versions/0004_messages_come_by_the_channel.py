"""What waits for the messenger waits for it as a channel, like messages on other ways."""

from alembic import op

revision = "im_bridge_0004"
down_revision = "im_bridge_0003"
OLD, NEW = "im_bridge.notification", "channel.im_bridge.messenger"


def upgrade() -> None:
    op.execute(f"UPDATE core_delivery SET subscriber = '{NEW}' WHERE subscriber = '{OLD}' AND state <> 'done'")


def downgrade() -> None:
    op.execute(f"UPDATE core_delivery SET subscriber = '{OLD}' WHERE subscriber = '{NEW}' AND state <> 'done'")

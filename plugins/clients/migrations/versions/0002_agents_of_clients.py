"""Agents named for a client: they see it before it has any case."""

import sqlalchemy as sa
from alembic import op

revision = "clients_0002"
down_revision = "clients_0001"
NAMES = ("trademark_agent_id", "patent_agent_id")


def upgrade() -> None:
    for name in NAMES:
        if op.get_bind().dialect.name == "sqlite":  # takes a link only together with its column
            op.execute(
                f"ALTER TABLE clients_client ADD COLUMN {name} INTEGER REFERENCES core_user (id) ON DELETE RESTRICT"
            )
        else:
            op.add_column("clients_client", sa.Column(name, sa.BigInteger(), nullable=True))
            key = f"fk_clients_client_{name}"
            op.create_foreign_key(key, "clients_client", "core_user", [name], ["id"], ondelete="RESTRICT")
        op.create_index(f"ix_clients_client_{name}", "clients_client", [name])


def downgrade() -> None:
    for name in reversed(NAMES):
        op.drop_index(f"ix_clients_client_{name}", table_name="clients_client")
        if op.get_bind().dialect.name != "sqlite":
            op.drop_constraint(f"fk_clients_client_{name}", "clients_client", type_="foreignkey")
        op.drop_column("clients_client", name)

"""Cases of a client with who works on them."""

import sqlalchemy as sa
from alembic import op

revision = "cases_0002"
down_revision = "cases_0001"
WORK = ["client_id", "department_id", "agent_id", "process_clerk_id"]


def upgrade() -> None:
    filled = sa.text("client_id IS NOT NULL")
    op.create_index("ix_cases_case_client_work", "cases_case", WORK, sqlite_where=filled, postgresql_where=filled)
    op.drop_index("ix_cases_case_client_id", table_name="cases_case")


def downgrade() -> None:
    op.create_index("ix_cases_case_client_id", "cases_case", ["client_id"])
    op.drop_index("ix_cases_case_client_work", table_name="cases_case")

"""Cases by status or stage with since when: what waits longest comes without reading the rest."""

from alembic import op

revision = "cases_0004"
down_revision = "cases_0003"


def upgrade() -> None:
    op.drop_index("ix_cases_case_status", table_name="cases_case")
    op.drop_index("ix_cases_case_status_group", table_name="cases_case")
    op.create_index("ix_cases_case_status", "cases_case", ["status", "status_since", "id"])
    op.create_index("ix_cases_case_stage", "cases_case", ["status_group", "status_since", "id"])


def downgrade() -> None:
    op.drop_index("ix_cases_case_stage", table_name="cases_case")
    op.drop_index("ix_cases_case_status", table_name="cases_case")
    op.create_index("ix_cases_case_status", "cases_case", ["status", "id"])
    op.create_index("ix_cases_case_status_group", "cases_case", ["status_group"])

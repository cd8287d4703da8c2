"""Service items of cases are real links, with an index: the first revision made the column alone."""

from alembic import op

revision = "billing_0002"
down_revision = "billing_0001"
INDEX = "ix_cases_case_billing_service_item_id"
KEY = "fk_cases_case_billing_service_item_id"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # takes a link only together with its column
        op.execute(
            "ALTER TABLE cases_case ADD COLUMN billing_service_item_new INTEGER"
            " REFERENCES billing_price_item (id) ON DELETE SET NULL"
        )
        op.execute("UPDATE cases_case SET billing_service_item_new = billing_service_item_id")
        op.execute("ALTER TABLE cases_case DROP COLUMN billing_service_item_id")
        op.execute("ALTER TABLE cases_case RENAME COLUMN billing_service_item_new TO billing_service_item_id")
    else:
        op.create_foreign_key(
            KEY, "cases_case", "billing_price_item", ["billing_service_item_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index(INDEX, "cases_case", ["billing_service_item_id"])


def downgrade() -> None:
    op.drop_index(INDEX, table_name="cases_case")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(KEY, "cases_case", type_="foreignkey")
        return
    op.execute("ALTER TABLE cases_case ADD COLUMN billing_service_item_old INTEGER")
    op.execute("UPDATE cases_case SET billing_service_item_old = billing_service_item_id")
    op.execute("ALTER TABLE cases_case DROP COLUMN billing_service_item_id")
    op.execute("ALTER TABLE cases_case RENAME COLUMN billing_service_item_old TO billing_service_item_id")

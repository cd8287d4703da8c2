"""What tidying leaves behind: figures for SQLite's planner about tables that hold rows."""

from sqlalchemy import text

from core import create, db, record_class, system
from core.jobs.own import tidy


def test_the_planner_of_sqlite_knows_how_full_tables_are_after_tidying(context):
    with system("rows to count"):
        for number in range(30):
            create(record_class("core.branch"), {"name": f"第 {number} 分所"})
    if db.engine.dialect.name != "sqlite":
        assert tidy().keys() == {"events", "runs"}
        return
    with db.engine.connect() as connection:
        known = connection.execute(text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")).scalar()
        before = known and connection.execute(text("SELECT count(*) FROM sqlite_stat1")).scalar()
    assert not before
    tidy()
    with db.engine.connect() as connection:
        query = text("SELECT stat FROM sqlite_stat1 WHERE tbl = 'core_branch'")
        rows = connection.execute(query).scalars().all()
    assert any(row.startswith("30") for row in rows)

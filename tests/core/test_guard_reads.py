"""The guard knows every table that a statement reads, whatever form it takes."""

from __future__ import annotations

import pytest
from sqlalchemy import Table, case, exists, func, lateral, literal_column, select, tuple_, union_all
from sqlalchemy.orm import aliased
from sqlalchemy.sql import visitors

from core.permissions.org import Department, User, UserRole
from core.permissions.selects import mentioned

OTHER = aliased(User)
ROLES = select(UserRole.user_id).where(UserRole.role == "x").subquery()
TREE = select(Department.id).cte()
COUNTED = select(func.count(UserRole.id)).where(UserRole.user_id == User.id).scalar_subquery()

STATEMENTS = {
    "entity": (select(User), {"core_user"}),
    "columns": (select(User.id, User.name.label("n")), {"core_user"}),
    "column of an alias": (select(OTHER.id), {"core_user"}),
    "count of a column": (select(func.count(User.id)), {"core_user"}),
    "count from": (select(func.count()).select_from(User), {"core_user"}),
    "max over an alias": (select(func.max(OTHER.id)), {"core_user"}),
    "implicit from": (select(User.id).where(UserRole.user_id == User.id), {"core_user", "core_user_role"}),
    "only in where": (select(literal_column("1")).where(User.id == 1), {"core_user"}),
    "exists": (select(User.id).where(exists().where(UserRole.user_id == User.id)), {"core_user", "core_user_role"}),
    "in": (select(User.id).where(User.id.in_(select(UserRole.user_id))), {"core_user", "core_user_role"}),
    "subquery": (select(ROLES.c.user_id), {"core_user_role"}),
    "scalar subquery": (select(COUNTED), {"core_user_role"}),
    "labelled subquery": (select(User.id, COUNTED.label("n")), {"core_user", "core_user_role"}),
    "ordered by a subquery": (select(User.id).order_by(COUNTED), {"core_user", "core_user_role"}),
    "cte": (select(User.id).where(User.department_id == TREE.c.id), {"core_user", "core_department"}),
    "has": (select(User.id).where(User.department.has(Department.name == "x")), {"core_user", "core_department"}),
    "case": (select(case((User.id > 1, Department.name), else_=User.name)), {"core_user", "core_department"}),
    "union": (
        select(union_all(select(User.id), select(Department.id)).subquery().c.id),
        {"core_user", "core_department"},
    ),
    "lateral": (select(lateral(select(UserRole.id).where(UserRole.user_id == User.id)).c.id), {"core_user_role"}),
    "tuple": (select(tuple_(User.id, Department.id)), {"core_user", "core_department"}),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_table_is_found(name):
    statement, expected = STATEMENTS[name]
    walked = {e.name for e in visitors.iterate(statement) if isinstance(e, Table)}

    assert walked <= {m.__tablename__ for m in mentioned(statement)} >= expected

"""Acting as the people of the demo: each write is done by the person whose work it is, on the day it happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from core import Principal, acting_as, load_principal, now, record_class, standing_at, system, transaction
from plugins.demo.when import instant

DATA = Path(__file__).parent / "data"


@cache
def data(name: str) -> Any:
    """One data file of the demo."""
    return yaml.load((DATA / f"{name}.yaml").read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


class Cast:
    """The people of the demo by login, and who does what for whom."""

    def __init__(self) -> None:
        user, department = record_class("core.user"), record_class("core.department")
        with system("demo: read the people") as session:
            rows = session.execute(select(user.login, user.id, user.department_id, user.branch_id)).all()
            places = session.execute(select(department.id, department.code)).all()
            branch = record_class("core.branch")
            self.branches = {code: ident for ident, code in session.execute(select(branch.id, branch.code))}
        self.departments = {code: ident for ident, code in places}
        self.ids = {row.login: row.id for row in rows}
        self.places = {row.login: (row.department_id, row.branch_id) for row in rows}
        self._principals: dict[str, Principal] = {}
        self._minute = 0

    def principal(self, login: str) -> Principal:
        """The person with their rights."""
        if login not in self._principals:
            found = load_principal(self.ids[login])
            if found is None:
                raise LookupError(f"the demo has no active person {login}")
            self._principals[login] = found
        return self._principals[login]

    @contextmanager
    def acting(self, login: str, on: date | None = None) -> Iterator[Any]:
        """One transaction of that person, on that day, in office hours; today when no day is given."""
        self._minute += 7
        moment = now() if on is None else min(instant(on, self._minute), now())
        with standing_at(moment), acting_as(self.principal(login)), transaction() as session:
            yield session

"""An agency in the database: two departments, people with roles, a client; made once for a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from core import acting_as, create, load_principal, record_class, system, transaction

PEOPLE = {
    "agent": ("tm_agent", "trademarks"),
    "other_agent": ("tm_agent", "trademarks"),
    "patent_agent": ("pat_agent", "patents"),
    "clerk": ("process_clerk", "trademarks"),
    "verifier": ("docket_verifier", "trademarks"),
    "reviewer": ("reviewer", "trademarks"),
    "head": ("dept_head", "trademarks"),
    "patent_head": ("dept_head", "patents"),
    "manager": ("client_manager", "trademarks"),
    "consultant": ("consultant", "trademarks"),
    "partner": ("partner", "trademarks"),
    "finance": ("finance", "trademarks"),
    "administrator": ("administrator", "trademarks"),
    "elsewhere": ("process_clerk", "abroad"),
}


@pytest.fixture(scope="module")
def agency(app: Any) -> SimpleNamespace:
    """Ids by name: people, the client, departments."""
    made: dict[str, int] = {}
    with app.app_context(), system("a test agency") as session:
        branch, far = (create(record_class("core.branch"), {"name": name}) for name in ("北京", "深圳"))
        places = {
            "trademarks": create(record_class("core.department"), {"name": "商标部", "branch": branch.id}),
            "patents": create(record_class("core.department"), {"name": "专利部", "branch": branch.id}),
            "abroad": create(record_class("core.department"), {"name": "深圳流程部", "branch": far.id}),
        }
        for login, (role, place) in PEOPLE.items():
            values = {"login": login, "name": login, "department": places[place].id, "branch": places[place].branch_id}
            user = create(record_class("core.user"), values)
            create(record_class("core.user_role"), {"user": user.id, "role": role})
            made[login] = user.id
        owner = {"owner": made["manager"], "department": places["trademarks"].id, "branch": branch.id}
        client = create(record_class("clients.client"), {"name": "杭州云岫茶业有限公司", **owner})
        session.flush()
        made |= {"client": client.id} | {name: place.id for name, place in places.items()}
    return SimpleNamespace(**made)


@pytest.fixture
def acting(context: Any, agency: SimpleNamespace) -> Callable[[str], AbstractContextManager[Any]]:
    """`with acting("clerk"):` does what is inside as that person, and commits it."""

    @contextmanager
    def act(login: str) -> Iterator[Any]:
        principal = load_principal(getattr(agency, login))
        assert principal is not None
        with acting_as(principal), transaction() as session:
            yield session

    return act

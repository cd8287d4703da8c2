"""An agency with two clients, people by role, and short ways to make cases, bills and payments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from core import acting_as, create, get, load_principal, record_class, run_action, system, today, transaction

PEOPLE = {
    "agent": ("tm_agent", "marks"),
    "clerk": ("process_clerk", "marks"),
    "verifier": ("docket_verifier", "marks"),
    "manager": ("client_manager", "marks"),
    "head": ("dept_head", "marks"),
    "finance": ("finance", "marks"),
    "finance2": ("finance", "marks"),
    "finance_head": ("finance_head", "marks"),
    "branch_manager": ("branch_manager", "marks"),
    "partner": ("partner", "marks"),
    "far_finance": ("finance", "abroad"),
    "root": ("administrator", "marks"),
}


@pytest.fixture(scope="module")
def agency(app: Any) -> SimpleNamespace:
    """Ids by name: people, clients, places."""
    made: dict[str, Any] = {}
    with app.app_context(), system("a test agency") as session:
        branch, far = (create(record_class("core.branch"), {"name": name}) for name in ("北京", "深圳"))
        places = {
            "marks": create(record_class("core.department"), {"name": "商标部", "branch": branch.id}),
            "abroad": create(record_class("core.department"), {"name": "深圳财务", "branch": far.id}),
        }
        for login, (role, place) in PEOPLE.items():
            values = {"login": login, "name": login, "department": places[place].id, "branch": places[place].branch_id}
            user = create(record_class("core.user"), values | {"email": f"{login}@example.test"})
            create(record_class("core.user_role"), {"user": user.id, "role": role})
            made[login] = user.id
        owner = {"owner": made["manager"], "department": places["marks"].id, "branch": branch.id}
        mail = {"billing_email": "pay@example.test"}
        made["client"] = create(record_class("clients.client"), {"name": "杭州云岫茶业有限公司", **owner, **mail}).id
        made["other"] = create(record_class("clients.client"), {"name": "苏州溪山传感技术有限公司", **owner}).id
        session.flush()
        made |= {name: place.id for name, place in places.items()} | {"branch": branch.id}
    return SimpleNamespace(**made)


@pytest.fixture
def acting(context: Any, agency: SimpleNamespace) -> Callable[[str], AbstractContextManager[Any]]:
    """`with acting("finance"):` does what is inside as that person, and commits it."""

    @contextmanager
    def act(login: str) -> Iterator[Any]:
        principal = load_principal(getattr(agency, login))
        assert principal is not None
        with acting_as(principal), transaction() as session:
            yield session

    return act


@pytest.fixture
def desk(acting: Any, agency: SimpleNamespace) -> Desk:
    """The finance desk: bills and payments in one line each."""
    return Desk(acting, agency)


class Desk:
    """Does what people do all day, as the person whose work it is; returns ids."""

    def __init__(self, acting: Any, agency: SimpleNamespace) -> None:
        self.acting, self.agency = acting, agency

    def draft(self, *lines: tuple[str, str], client: int | None = None, who: str = "finance", **values: Any) -> int:
        """A draft with lines of (official fee, service fee)."""
        with self.acting(who):
            bill = create(record_class("billing.bill"), {"client": client or self.agency.client, **values})
            for position, (official, service) in enumerate(lines, 1):
                given = {"description": f"服务 {position}", "official_amount": official, "service_amount": service}
                create(record_class("billing.bill_line"), {"bill": bill.id, "position": position, **given})
            return bill.id

    def bill(self, *lines: tuple[str, str], client: int | None = None, who: str = "manager", due: Any = None) -> int:
        """An issued bill; the client manager issues it."""
        ident = self.draft(*lines, client=client)
        self.run(who, "billing.bill", ident, "issue", {"due_on": due} if due else {})
        return ident

    def payment(self, amount: str, client: int | None = None, who: str = "finance", **values: Any) -> int:
        """Money that has arrived."""
        given = {"client": client or self.agency.client, "amount": amount, "received_on": today(), **values}
        with self.acting(who):
            return create(record_class("billing.payment"), given).id

    def run(self, who: str, key: str, ident: int, code: str, params: dict[str, Any] | None = None) -> Any:
        """A named action as somebody."""
        with self.acting(who):
            return run_action(get(record_class(key), ident), key, code, params or {})

    def allocate(self, payment: int, amounts: dict[int, str], key: str = "", who: str = "finance") -> Any:
        """Put money of a payment on bills."""
        wanted = [{"bill": bill, "amount": amount} for bill, amount in amounts.items()]
        return self.run(who, "billing.payment", payment, "allocate", {"amounts": wanted, "key": key or "once"})

    def seen(self, key: str, ident: int) -> Any:
        """The record as it is stored."""
        with system("look at money") as session:
            found = session.get(record_class(key), ident)
            session.expunge(found)
            return found

    def state_of(self, ident: int) -> str:
        """The status of a bill."""
        return self.seen("billing.bill", ident).state

    def balance(self, ident: int) -> Decimal:
        """What is still owed on a bill."""
        return self.seen("billing.bill", ident).balance

    def case(self, case_type: str = "tm_application", **values: Any) -> int:
        """A case of the client."""
        named = {"mark_name": "云岫"} if case_type.startswith(("tm", "madrid")) else {"title": "一种茶杯"}
        given = {"case_type": case_type, "agent": self.agency.agent, "department": self.agency.marks}
        given |= {"client": self.agency.client, "branch": self.agency.branch, "process_clerk": self.agency.clerk}
        with system("a case of a test"):
            return create(record_class("cases.case"), given | named | values).id

    def event(self, case_id: int, code: str, who: str = "clerk", day: date | None = None, **values: Any) -> int:
        """An event put on record as it stands."""
        given = {"case": case_id, "code": code, "date": day or today(), **values}
        with self.acting(who):
            return create(record_class("cases.event"), given).id

"""The Kingdee stand-in on a free port, clients of it, and an agency whose bills go there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from core import acting_as, create, get, load_principal, now, record_class, run_action, system, today, transaction
from core.outgoing import allow_inside
from plugins.finance_bridge.drivers.base import Trace
from plugins.finance_bridge.drivers.kingdee import Account, Client, KingdeeDriver
from tests.standins import kingdee


class Served:
    """A stand-in that answers at `url`."""

    def __init__(self, url: str, standin: kingdee.Standin) -> None:
        self.url, self.standin = url, standin

    def account(self, **changes: Any) -> Account:
        """How our client reaches it."""
        given = {"address": f"{self.url}/k3cloud", "account_set": kingdee.ACCOUNT_SET, "user": kingdee.USER}
        given |= {"app_id": kingdee.APP_ID, "app_secret": kingdee.APP_SECRET, "org": "100", "timeout": 2.0}
        return Account(**given | changes)

    def driver(self, traces: list[Trace] | None = None, **changes: Any) -> KingdeeDriver:
        """A driver of it; `key_field`, `prefix` or parts of the account may be changed."""
        own = {name: changes.pop(name) for name in ("key_field", "prefix", "audit") if name in changes}
        kept: list[Trace] = [] if traces is None else traces
        return KingdeeDriver(Client(self.account(**changes), kept.append), **{"prefix": "ZA", **own})


@pytest.fixture(autouse=True)
def _stand_in_on_this_machine() -> None:
    """Also for tests of a driver alone, where no deployment has said so."""
    allow_inside(("127.0.0.1", "::1", "localhost"))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The stand-in of this module."""
    app = kingdee.create()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.port}", app.standin)
    server.shutdown()
    thread.join(5)


@pytest.fixture
def books(served: Served) -> Iterator[Served]:
    """The stand-in, empty and well-behaved again."""
    served.standin.reset()
    served.standin.closed_periods.clear()
    served.standin.require_session = False
    served.standin.hang = 3.0
    yield served
    served.standin.reset()


PEOPLE = {
    "head": "finance_head",
    "clerk": "finance",
    "sysadmin": "system_admin",
    "auditor": "audit_admin",
    "agent": "tm_agent",
}


@pytest.fixture(scope="module")
def agency(app: Any) -> SimpleNamespace:
    """Two branches, people of finance, a client."""
    made: dict[str, Any] = {}
    with app.app_context(), system("a test agency"):
        for name in ("北京", "上海"):
            made[name] = create(record_class("core.branch"), {"name": name}).id
        department = create(record_class("core.department"), {"name": "财务部", "branch": made["北京"]}).id
        for login, role in PEOPLE.items():
            values = {"login": login, "name": login, "department": department, "branch": made["北京"]}
            made[login] = create(record_class("core.user"), values).id
            create(record_class("core.user_role"), {"user": made[login], "role": role})
        values = {"name": "云岫茶业有限公司", "branch": made["北京"]}
        made["client"] = create(record_class("clients.client"), values).id
    return SimpleNamespace(**made, branch=made["北京"], other=made["上海"])


@pytest.fixture
def acting(context: Any, agency: SimpleNamespace) -> Callable[[str], AbstractContextManager[Any]]:
    """`with acting("head"):` does what is inside as that person, and commits it."""

    @contextmanager
    def act(login: str) -> Iterator[Any]:
        with acting_as(load_principal(getattr(agency, login))), transaction() as session:
            yield session

    return act


NUMBERS = count(10)


class Desk:
    """The finance desk of the agency: its books, bills and documents."""

    def __init__(self, agency: SimpleNamespace, books: Served) -> None:
        self.agency, self.books, self.standin = agency, books, books.standin
        self.number = 0

    def empty(self) -> None:
        """Stop the books of tests before this one and take their documents out of the way."""
        self.deliver()
        with system("a clean desk") as session:
            for book in session.scalars(select(record_class("finance_bridge.book"))):
                book.state = "stopped"
            for document in session.scalars(select(record_class("finance_bridge.document"))):
                if document.state in ("pending", "sent", "unknown"):
                    document.state = "cancelled"

    def book(self, mode: str = "receivable", **changes: Any) -> int:
        """An active book on the stand-in; its id. `connection` holds changes of the connection."""
        number = next(NUMBERS)
        place = {
            "name": f"金蝶{number}",
            "kind": "kingdee",
            "prefix": f"ZA{number}",
            "address": f"{self.books.url}/k3cloud",
        }
        place |= {"account_set": kingdee.ACCOUNT_SET, "user_name": kingdee.USER, "app_id": kingdee.APP_ID, "org": "100"}
        place |= {"app_secret": kingdee.APP_SECRET, "timeout": 2, "settle_seconds": 0}
        given = {"name": f"账簿{number}", "mode": mode, "start_on": today() - timedelta(30), "settle_org": "100"}
        given |= {"pay_org": "100", "ledger": "001", "voucher_group": "PRE001", "customer_codes": "mapping"}
        given |= {"key_field": "F_ZA_KEY"} if mode == "voucher" else {}
        with system("a book of a test"):
            connection = create(record_class("finance_bridge.connection"), place | changes.pop("connection", {}))
            book = create(record_class("finance_bridge.book"), given | {"connection": connection.id} | changes)
            codes = [("item", "service", "FY01"), ("item", "official", "FY02"), ("item", "disbursement", "FY03")]
            codes += [
                ("account", "receivable", "1122"),
                ("account", "income", "6001"),
                ("account", "tax", "2221.01.02"),
            ]
            codes += [("account", "official", "2241"), ("account", "disbursement", "2241")]
            for kind, source, target in codes:
                values = {"book": book.id, "kind": kind, "source": source, "target": target}
                create(record_class("finance_bridge.mapping"), values)
            values = {"book": book.id, "kind": "customer", "source": str(self.agency.client), "target": "CUST0001"}
            create(record_class("finance_bridge.mapping"), values | {"client": self.agency.client})
            book.state = "active"
            return book.id

    def bill(self, service: str = "1060.00", official: str = "270.00", **changes: Any) -> int:
        """A bill that was issued; its id. Its document is made by `deliver`."""
        from plugins.billing.bills import issue

        with system("a bill of a test"):
            values = {"client": self.agency.client, "title": "商标申请", "branch": self.agency.branch}
            bill = create(record_class("billing.bill"), values | changes)
            line = {"bill": bill.id, "description": "商标注册申请（第 30 类）", "service_amount": service}
            create(record_class("billing.bill_line"), line | {"official_amount": official})
            issue(bill)
            return bill.id

    def deliver(self) -> None:
        """Give events to their subscribers, as a worker does."""
        from core.events.delivery import deliver_pending

        deliver_pending()

    def push(self, rounds: int = 12) -> None:
        """Work until nothing is in flight, pauses left out."""
        from plugins.finance_bridge.sending import push_due

        for _round in range(rounds):
            if not push_due():
                return
            self.hurry()

    def hurry(self) -> None:
        """Pauses are over."""
        with system("time passes") as session:
            for document in session.scalars(select(record_class("finance_bridge.document"))):
                if document.state in ("pending", "sent", "unknown") and document.claim is None:
                    document.next_at = now()

    def document(self, bill_id: int, sign: str = "normal") -> Any:
        """The document of a bill, or None."""
        model = record_class("finance_bridge.document")
        with system("look at a document") as session:
            return session.scalars(select(model).where(model.bill_id == bill_id, model.sign == sign)).first()

    def stored_bill(self, bill_id: int) -> Any:
        """The bill as it is."""
        with system("look at a bill"):
            return get(record_class("billing.bill"), bill_id)

    def sent_bill(self, **changes: Any) -> int:
        """A bill whose document is confirmed."""
        ident = self.bill(**changes)
        self.deliver()
        self.push()
        assert self.document(ident).state == "confirmed"
        return ident

    def remote(self, mode: str = "receivable") -> list[dict[str, Any]]:
        """What the stand-in holds."""
        form = {"receivable": "AR_receivable", "voucher": "GL_VOUCHER"}[mode]
        return list(self.standin.of(form).values())

    def there(self, bill_id: int) -> dict[str, Any]:
        """The receivable of a bill, as the stand-in holds it."""
        return self.standin.of("AR_receivable")[int(self.document(bill_id).remote_id)]

    def pay(self, bill_id: int, amount: str) -> None:
        """Finance writes receipts off over there: so much in all."""
        document = self.document(bill_id)
        self.standin.pay(int(document.remote_id), Decimal(amount))

    def poll(self) -> None:
        """Ask for payments."""
        from plugins.finance_bridge.payments import poll_all

        poll_all()

    def act(self, bill_id: int, code: str, **params: Any) -> Any:
        """An action on the document of a bill."""
        model = record_class("finance_bridge.document")
        document = get(model, self.document(bill_id).id)
        return run_action(document, "finance_bridge.document", code, params)

    def told(self, text: str) -> int:
        """How many in-app messages of that subject there are."""
        model = record_class("core.notification")
        with system("look at messages") as session:
            return len([n for n in session.scalars(select(model)) if text in n.subject])


@pytest.fixture
def desk(context: Any, agency: SimpleNamespace, books: Served) -> Desk:
    """A clean desk with an empty ledger."""
    found = Desk(agency, books)
    found.empty()
    return found

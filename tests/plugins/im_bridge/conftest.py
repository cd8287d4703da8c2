"""A deployment between the stand-ins of WeCom and DingTalk, people with accounts there, and cases to decide on."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from core import db, notify, registry, system, update
from core.events.delivery import deliver_pending
from plugins.im_bridge import jobs
from plugins.im_bridge.records import App, Inbox, Message, Person
from tests.plugins.workflow.conftest import Flows, acting, agency  # noqa: F401 - fixtures
from tests.standins import dingtalk, wecom
from tests.standins.common import Orders, serving
from tests.standins.gateway import Gateway

CARD_SECRET = "card-secret-of-the-tests-01"


class Office:
    """Both messengers with their stand-ins, the deployment, and short ways to do and to look."""

    def __init__(self, app: Any, people: Any, wecom: Any, ding: Any) -> None:
        self.app, self.agency, self.wecom, self.ding = app, people, wecom, ding
        self.apps: dict[str, int] = {}

    def connect(self, kind: str, server: str, site: str, **more: Any) -> int:
        """An app that speaks with a stand-in."""
        stand = self.wecom if kind == "wecom" else self.ding
        stand.site = site
        own = {"callback_token": "lanqidemotoken01", "callback_key": wecom.WeCom.aes_key, "card_secret": CARD_SECRET}
        own |= {"corp_id": stand.corp_id, "agent_id": str(stand.agent_id), "secret": stand.secret, "server": server}
        if kind == "dingtalk":
            own |= {"app_key": stand.app_key, "template_id": stand.template_id, "approvals": "both"}
        with system("an app of a test") as session:
            made = App(kind=kind, name=kind, **(own | more))
            session.add(made)
            session.flush()
            self.apps[kind] = made.id
            return made.id

    def change(self, kind: str, **values: Any) -> None:
        """Change an app."""
        with system("an app of a test is changed") as session:
            update(session.get(App, self.apps[kind]), values)

    def person(self, kind: str, login: str) -> None:
        """An account of that name in that messenger, and nowhere else."""
        stand = self.wecom if kind == "wecom" else self.ding
        stand.people[login] = login
        with system("an account of a test") as session:
            user_id = getattr(self.agency, login)
            for old in session.scalars(select(Person).where(Person.user_id == user_id)):
                session.delete(old)
            session.flush()
            app = session.get(App, self.apps[kind])
            union = f"union-{login}" if kind == "dingtalk" else None
            account = Person(app_id=app.id, user_id=user_id, userid=login, union_id=union)
            session.add(account)

    def tell(self, login: str, subject: str, **more: Any) -> None:
        """A message of the house."""
        with system("a message of a test"):
            notify([getattr(self.agency, login)], subject, **more)
        self.run()

    def run(self, rounds: int = 3) -> None:
        """Events delivered, what came in worked on, what waits sent."""
        for _round in range(rounds):
            deliver_pending()
            jobs.work()
            jobs.send()

    def hurry(self, *states: str) -> None:
        """Nothing waits for its pause any more."""
        with system("time passes") as session:
            for message in session.scalars(select(Message).where(Message.state.in_(states))):
                message.next_at = message.created_at

    def messages(self, login: str | None = None, **where: Any) -> list[Message]:
        """Outgoing messages, oldest first."""
        query = select(Message).filter_by(**where).order_by(Message.id)
        if login:
            query = query.where(Message.user_id == getattr(self.agency, login))
        with system("look at messages") as session:
            return list(session.scalars(query))

    def inbox(self) -> list[Inbox]:
        """What came in, oldest first."""
        with system("look at the inbox") as session:
            return list(session.scalars(select(Inbox).order_by(Inbox.id)))

    def audit(self, action: str) -> list[Any]:
        """Audit rows of an action."""
        from core.records.audit import AuditEntry

        with system("look at the audit") as session:
            return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))

    def phone(self, login: str, kind: str = "wecom") -> list[dict[str, Any]]:
        """What is on somebody's phone."""
        if kind == "wecom":
            return self.wecom.phones[login]
        return [dingtalk._on_phone(self.ding, message) for message in self.ding.phones[login]]

    def click(self, login: str, key: str = "approve", **more: Any) -> list[int]:
        """Press the button of the newest WeCom card."""
        card = next(m for m in reversed(self.phone(login)) if m.get("buttons"))
        full = next(k for _text, k, _main in card["buttons"] if k.startswith(key))
        statuses = self.wecom.click(login, card, full, **more)
        self.run()
        return statuses


@pytest.fixture
def flows(context: Any, agency: SimpleNamespace, acting: Any) -> Flows:  # noqa: F811 - pytest's way
    """Flows of the agency."""
    if "workflow.task" not in registry().types:
        pytest.skip("the workflow plugin is not enabled here")
    return Flows(agency, acting)


@pytest.fixture
def office(app: Any, context: Any, agency: SimpleNamespace) -> Iterator[Office]:  # noqa: F811 - a fixture
    """A fresh office for each test."""
    work = wecom.WeCom("wecom", Orders(wecom.KINDS), hang=3.0)
    ding = dingtalk.DingTalk("dingtalk", Orders(dingtalk.KINDS), hang=3.0, gateway=Gateway(0))
    with serving(app) as site, serving(wecom.create(work)) as a, serving(dingtalk.create(ding)) as b:
        found = Office(app, agency, work, ding)
        _clear()
        found.connect("wecom", a, site)
        found.connect("dingtalk", b, site)
        yield found
        db.session.rollback()
    ding.gateway.stop()


def _clear() -> None:
    deliver_pending()
    with system("the next test begins") as session:
        for app in session.scalars(select(App)):
            session.delete(app)

"""A deployment with people of one department, a case to write about, and a channel that does as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core import Channel, Trace, db, now, registry, standing_at, system
from core.events.delivery import deliver_pending
from core.messages import channels
from core.messages.model import Mail
from core.messages.writing import notify
from core.permissions.org import Department, User
from core.plugin_settings import store
from core.records.notes import Notification
from core.setup.people import create_user
from plugins.inbox import jobs
from plugins.inbox.records import Attempt, Delivery, Escalation, Habit, Preference, Reply, Text

PASSWORD = "a-good-password-of-tests-1"
BELL = "test.bell"


class Bell:
    """What the channel of the tests was asked to send, and what it does next."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.fault: Exception | None = None
        self.told: Trace | None = None

    def send(self, message: Any, person: Any) -> str:
        if self.fault:
            raise self.fault
        self.sent.append(message.id)
        return f"bell-{message.id}"


class Office:
    """The agency, and short ways to do and to look."""

    def __init__(self, app: Any, people: dict[str, int], bell: Bell) -> None:
        self.app, self.people, self.bell = app, people, bell

    def tell(self, login: str, subject: str, *, at: datetime | None = None, **more: Any) -> int:
        """A message of the house, delivered; its id."""
        with standing_at(at or now()):
            with system("a message of a test"):
                (made,) = notify([self.people[login]], subject, **more)
            deliver_pending()
        return made

    def run(self, at: datetime | None = None) -> None:
        """The job of each minute."""
        with standing_at(at or now()):
            jobs.deliver()

    def delivery(self, message: int, channel: str = BELL) -> Any:
        with system("look") as session:
            query = select(Delivery).where(Delivery.message_id == message, Delivery.channel == channel)
            return session.scalars(query).first()

    def attempts(self, delivery: Any) -> list[Any]:
        with system("look") as session:
            query = select(Attempt).where(Attempt.delivery_id == delivery.id).order_by(Attempt.id)
            return list(session.scalars(query))

    def note(self, ident: int) -> Any:
        with system("look") as session:
            return session.get(Notification, ident)

    def mails(self, login: str) -> list[Any]:
        with system("look") as session:
            query = select(Mail).where(Mail.user_id == self.people[login]).order_by(Mail.id)
            return list(session.scalars(query))

    def wish(self, login: str, kind: str, channel: str, wish: str) -> None:
        with system("a choice of a test") as session:
            session.add(Preference(user_id=self.people[login], kind=kind, channel=channel, wish=wish))

    def habit(self, login: str, **values: Any) -> None:
        with system("hours of a test") as session:
            session.add(Habit(user_id=self.people[login], **values))

    def set(self, **values: Any) -> None:
        with system("settings of a test"):
            store.set_values("inbox", values)

    def browser(self, login: str) -> Any:
        """A client of the person, signed in."""
        client = self.app.test_client()
        page = client.get("/login").text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        form = {"login": login, "password": PASSWORD, "csrf_token": token}
        assert client.post("/login", data=form).status_code == 303
        return client

    def post(self, client: Any, path: str, **form: Any) -> Any:
        page = client.get("/inbox/preferences").text
        token = page.split('name="csrf-token" content="')[1].split('"')[0]
        return client.post(path, data=form | {"csrf_token": token})


@pytest.fixture(scope="module")
def agency(app: Any) -> Iterator[Office]:
    """People of one department with a head, a deputy-to-be, and a channel of the tests."""
    bell = Bell()
    channel = Channel(BELL, "Bell", bell.send)
    registry().channels[BELL] = channel
    hearer = channels.subscriber(channel)
    registry().events[channels.EVENT].append(hearer)
    with app.app_context():
        with system("people of the tests") as session:
            place = Department(name="Inbox tests", code="inbox-tests")
            session.add(place)
            session.flush()
            department = place.id
        people = {}
        for login, role in (("ada", "administrator"), ("ben", "tm_agent"), ("cat", "tm_agent"), ("dan", "tm_agent")):
            people[login] = create_user(f"inbox-{login}", [role], PASSWORD, email=f"{login}@example.test")
        with system("their places") as session:
            session.execute(update(User).where(User.id.in_(people.values())).values(department_id=department))
            session.execute(update(User).where(User.id == people["ben"]).values(mobile="+86 138-0013-8000"))
            session.get(Department, department).head_id = people["dan"]
    yield Office(app, people, bell)
    registry().events[channels.EVENT].remove(hearer)
    del registry().channels[BELL]


@pytest.fixture
def office(agency: Office, context: Any) -> Iterator[Office]:
    """The agency with nothing sent yet, in the middle of a working week."""
    agency.bell.sent, agency.bell.fault, agency.bell.told = [], None, None
    yield agency
    db.session.rollback()
    with system("a test is over") as session:
        for model in (Attempt, Delivery, Escalation, Preference, Habit, Text, Reply):
            for row in session.scalars(select(model)):
                session.delete(row)
            session.flush()
        for row in session.scalars(select(Notification)):
            session.delete(row)


def next_weekday(hour: int, minute: int = 0, weekday: int = 1) -> datetime:
    """The next Tuesday (or so) from now on at this local hour."""
    from core import local

    at = local(now()).replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=1)
    while at.weekday() != weekday:
        at += timedelta(days=1)
    return at

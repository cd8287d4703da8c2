"""Looking through the log: conditions, newest first, page by page, in bounded time however large the log is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from core.audit.watching import READS
from core.clock import LOCAL
from core.db import reading
from core.i18n import _
from core.permissions.org import User
from core.records.audit import AuditEntry
from core.records.types import LARGEST_ID

PAGE = 50
FIRST_WINDOW = 20_000
"""Ids that the first look covers; each further look covers twice as many."""
PATIENCE = 1.5
"""Seconds after which a page stops looking and offers to go on."""
DISORDER = timedelta(minutes=30)
"""By how much the order of ids and that of instants may differ."""
WRITES = ("create", "update", "archive", "restore", "delete")
GROUPS = {
    "writes": _("Records written"),
    "actions": _("Actions"),
    "sign_ins": _("Sign-ins and passwords"),
    "refused": _("Refused access"),
    "left": _("Exports, downloads and previews"),
    "rights": _("Rights and people"),
    "system": _("System and elevated rights"),
}
RIGHTS = (
    "core.user", "core.user_role", "core.role", "core.right", "core.share", "core.deputy", "core.api_key",
    "core.field_right", "core.condition", "core.department", "core.team", "core.branch", "core.webhook",
)  # fmt: skip
_log = AuditEntry.__table__


@dataclass(frozen=True)
class Wanted:
    """What is looked for; empty means anything. `person` is a part of a name, or a login; days are local, inclusive."""

    person: str = ""
    record: str = ""
    record_id: int | None = None
    group: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None
    via: str = ""
    ip: str = ""
    text: str = ""
    request: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Wanted:
        """From an address; what does not fit is left out."""
        texts = {f.name: given.get(f.name, "").strip()[:200] for f in fields(cls) if f.type == "str"}
        number = given.get("record_id", "")
        ident = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None
        return cls(record_id=ident, since=_day(given.get("since")), until=_day(given.get("until")), **texts)

    def as_dict(self) -> dict[str, str]:
        """What is asked, as texts of an address."""
        return {f.name: str(value) for f in fields(self) if (value := getattr(self, f.name)) not in ("", None)}


@dataclass
class Found:
    """Rows, newest first. `before` leads to the next page; `stopped` tells until when was looked when time ran out."""

    rows: list[Any] = field(default_factory=list)
    before: int | None = None
    stopped: datetime | None = None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def find(wanted: Wanted, before: int | None = None, limit: int = PAGE, closed: tuple[str, ...] = ()) -> Found:
    """One page of what is wanted, with ids below `before`; titles of the types in `closed` are not looked through."""
    found, ended = Found(), time.monotonic() + PATIENCE
    with reading() as connection:
        conditions = _conditions(connection, wanted, closed)
        for low, high in _windows(connection, wanted, before):
            query = select(_log).where(*conditions, _log.c.id > low, _log.c.id <= high).order_by(_log.c.id.desc())
            found.rows += connection.execute(query.limit(limit + 1 - len(found.rows))).all()
            if len(found.rows) > limit:
                found.rows = found.rows[:limit]
                found.before = found.rows[-1].id
                break
            if time.monotonic() > ended and low > 0:
                found.before, found.stopped = low + 1, _time_of(connection, low)
                break
    return found


def each(wanted: Wanted, most: int, closed: tuple[str, ...] = ()) -> Iterator[Any]:
    """All that is wanted, newest first, at most so many."""
    before, given = None, 0
    while given < most:
        found = find(wanted, before, min(1_000, most - given), closed)
        yield from found.rows
        given += len(found.rows)
        before = found.before
        if before is None:
            return


def at_least(wanted: Wanted, number: int) -> bool:
    """Whether more rows than so many are wanted."""
    return sum(1 for _row in each(wanted, number + 1)) > number


def _windows(connection: Any, wanted: Wanted, before: int | None) -> Iterator[tuple[int, int]]:
    """Ranges of ids, from the newest down, that hold the wanted days."""
    highest = connection.scalar(select(func.max(_log.c.id))) or 0
    if wanted.until:
        late = _end_of(wanted.until) + DISORDER
        ids = select(_log.c.id).where(_log.c.at < late).order_by(_log.c.at.desc()).limit(50).subquery()
        highest = connection.scalar(select(func.max(ids.c.id))) or 0
    lowest = 0
    if wanted.since:
        early = _begin_of(wanted.since) - DISORDER
        ids = select(_log.c.id).where(_log.c.at >= early).order_by(_log.c.at).limit(50).subquery()
        lowest = (connection.scalar(select(func.min(ids.c.id))) or highest + 1) - 1
    high, size = min(highest, (before or LARGEST_ID) - 1), FIRST_WINDOW
    while high > lowest:
        low = max(lowest, high - size)
        yield low, high
        high, size = low, size * 2


def _conditions(connection: Any, wanted: Wanted, closed: tuple[str, ...]) -> list[ColumnElement[bool]]:
    plain = {"record_key": wanted.record, "record_id": wanted.record_id, "action": wanted.action, "via": wanted.via}
    plain |= {"request_id": wanted.request}
    found = [_log.c[name] == value for name, value in plain.items() if value not in ("", None)]
    if wanted.person:
        found.append(_of_person(connection, wanted.person))
    if wanted.group:
        found.append(_of_group(wanted.group))
    if wanted.since:
        found.append(_log.c.at >= _begin_of(wanted.since))
    if wanted.until:
        found.append(_log.c.at < _end_of(wanted.until))
    if wanted.ip:
        found.append(_log.c.ip.startswith(wanted.ip, autoescape=True))
    if wanted.text:
        looked = [c.icontains(wanted.text, autoescape=True) for c in (_log.c.reason, _log.c.actor, _log.c.key_id)]
        open_titles = or_(_log.c.record_key.is_(None), _log.c.record_key.not_in(closed))
        found.append(or_(*looked, and_(open_titles, _log.c.title.icontains(wanted.text, autoescape=True))))
    return found


def _of_person(connection: Any, person: str) -> ColumnElement[bool]:
    """What somebody did, and what was done at their sign-in: nobody is signed in yet at that moment."""
    user = User.__table__.c
    named = or_(user.login == person, user.name.icontains(person, autoescape=True), user.name_en.icontains(person))
    ids = list(connection.scalars(select(user.id).where(named).limit(200)))
    theirs = and_(_log.c.record_key == "core.user", _log.c.record_id.in_(ids), _log.c.action.startswith("sign_in"))
    return or_(_log.c.actor_id.in_(ids), theirs)


def _of_group(group: str) -> ColumnElement[bool]:
    action = _log.c.action
    groups = {
        "writes": action.in_(WRITES),
        "actions": action.startswith("action:"),
        "sign_ins": or_(action.startswith("sign_"), action.startswith("password")),
        "refused": action.in_(("refused", "im_refused", "sign_in_failed")),
        "left": or_(action.in_(READS), action == "file_read"),
        "rights": _log.c.record_key.in_(RIGHTS),
        "system": or_(action == "system", _log.c.via.in_(("system", "cli"))),
    }
    return groups.get(group, action == group)


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, clock_time(), LOCAL)


def _end_of(day: date) -> datetime:
    return _begin_of(day + timedelta(days=1))


def _time_of(connection: Any, ident: int) -> datetime | None:
    near = select(_log.c.at).where(_log.c.id <= ident).order_by(_log.c.id.desc()).limit(1)
    return connection.scalar(near)


def one(ident: int) -> Any:
    """One row by its id, or None."""
    with reading() as connection:
        return connection.execute(select(_log).where(_log.c.id == ident)).first()


def of_request(row: Any, around: int = 2_000) -> list[Any]:
    """What else was logged in the same request, job or import, near this row."""
    if not row.request_id:
        return []
    near = _log.c.id.between(row.id - around, row.id + around)
    same = select(_log).where(near, _log.c.request_id == row.request_id, _log.c.id != row.id)
    with reading() as connection:
        return list(connection.execute(same.order_by(_log.c.id).limit(PAGE)).all())

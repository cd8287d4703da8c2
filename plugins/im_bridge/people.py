"""Who is who: accounts typed in, the vendor's address book with suggestions; and trials of an app."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, select, update

from core import (
    Refused,
    _,
    current_principal,
    db,
    elevated,
    enqueue,
    gettext,
    local,
    notify,
    now,
    record_class,
    system,
)
from plugins.im_bridge import channel, quotas
from plugins.im_bridge.accounts import Counter, facts_of, house, vendor_of
from plugins.im_bridge.records import App, Person
from plugins.im_bridge.vendors.calls import CallFailed
from plugins.im_bridge.wording import Wording

SYNC = "im_bridge.sync"


def complete(people: list[Person]) -> None:
    """An account belongs to the company of its app."""
    wanted = {person.app_id for person in people}
    apps = {app.id: app for app in db.session.scalars(select(App).where(App.id.in_(wanted)))}
    for person in people:
        if (app := apps.get(person.app_id)) is not None:
            person.kind, person.corp_id = app.kind, app.corp_id


def tell_bound(people: list[Person]) -> None:
    """Approvals in that account count as the person's own, so a binding that somebody makes is told to them."""
    if db.session().principal.is_system:
        return
    for person in [p for p in people if p.user_id is not None and p.user_id != current_principal().user_id]:
        subject = gettext("Your messenger account is set to “%(id)s”", id=person.userid)
        body = gettext(
            "Decisions made in it count as yours. If this is not your account, tell an administrator at once."
        )
        key = f"im-bound-{person.id}-{person.user_id}-{person.userid}"
        notify([person.user_id], subject, body=body, severity="urgent", record=person, key=key)


def check(app: App, _given: dict[str, Any]) -> str:
    """Ask for a token: whether address, ID and secret are right. Nothing is locked while the platform thinks."""
    ident = app.id
    with system("try an app") as session:
        facts = facts_of(session.get(App, ident))
    counter, problem = Counter(), None
    try:
        vendor_of(facts, counter).fetch_token()
    except (CallFailed, Refused) as failure:
        problem = str(failure)
    with system("an app was tried") as session:
        said = {"last_error": problem[:400]} if problem else {"last_error": None, "last_ok_at": now()}
        change = update(App).where(App.id == ident).values(**said)
        session.execute(change.execution_options(synchronize_session=False))
        quotas.count(session, session.get(App, ident), "calls", counter.calls)
    if problem:
        raise Refused(_("The platform did not accept this: %(why)s", why=problem))
    return gettext("The platform answered: address, ID and secret are right.")


def send_test(app: App, _given: dict[str, Any]) -> str:
    """A message to oneself through this app."""
    same = and_(Person.kind == app.kind, Person.corp_id == app.corp_id, Person.user_id == current_principal().user_id)
    person = db.session.scalars(select(Person).where(same)).first()
    if person is None:
        raise Refused(_("You have no account in this company's messenger yet: add one under Messenger accounts."))
    at = local(now()).strftime("%m-%d %H:%M:%S")
    words = Wording(gettext("A trial message from Zhian"), at, "/inbox")
    with elevated("a trial message"):
        channel.add(app, person, "message", f"zhian_{house()}_x{now():%Y%m%d%H%M%S%f}", words, severity="warning")
    return gettext("The message is on its way. Its state stands under outgoing messages.")


def ask_sync(app: App, _given: dict[str, Any]) -> str:
    """Have the address book read in the background."""
    enqueue(SYNC, key=f"{SYNC}-{app.id}", app_id=app.id)
    return gettext("The address book is being read. New accounts appear in the list with a suggestion.")


def sync(app_id: int) -> dict[str, int]:
    """Read the address book; who is new comes with the one person of ours of the same name as a suggestion."""
    with system("read an address book") as session:
        facts = facts_of(session.get(App, app_id))
    counter = Counter()
    found = vendor_of(facts, counter).people()
    with system("keep an address book") as session:
        app = session.get(App, app_id)
        quotas.count(session, app, "calls", counter.calls)
        return _keep(session, app, found)


def _keep(session: Any, app: App, found: list[dict[str, str]]) -> dict[str, int]:
    same = (Person.kind == app.kind, Person.corp_id == app.corp_id)
    known = {person.userid: person for person in session.scalars(select(Person).where(*same))}
    free = _free_by_name(session, {person.user_id for person in known.values()})
    counts = {"new": 0, "known": 0}
    for row in found:
        person = known.get(row["userid"])
        counts["known" if person else "new"] += 1
        if person is None:
            person = Person(app_id=app.id, userid=row["userid"], origin="synced", suggested_id=free.get(row["name"]))
            person.kind, person.corp_id = app.kind, app.corp_id
            session.add(person)
        person.name = row["name"] or person.name
        person.union_id = row.get("unionid") or person.union_id
    return counts


def _free_by_name(session: Any, taken: set[int | None]) -> dict[str, int]:
    """Our people by name, where just one is called so and has no account there yet."""
    user = record_class("core.user")
    query = select(user.name, user.id).where(user.active, user.realm == "staff", user.archived_at.is_(None))
    names: dict[str, list[int]] = {}
    for name, ident in session.execute(query):
        names.setdefault(name, []).append(ident)
    return {name: ids[0] for name, ids in names.items() if len(ids) == 1 and ids[0] not in taken}


def accept(people: list[Person], _given: dict[str, Any]) -> int:
    """Take the suggestions over; how many."""
    open_ones = [person for person in people if person.user_id is None and person.suggested_id]
    for person in open_ones:
        person.user_id, person.suggested_id = person.suggested_id, None
    db.session.flush()
    return len(open_ones)


def can_accept(person: Person) -> Any:
    """True, or why there is nothing to take over."""
    return True if person.user_id is None and person.suggested_id else _("There is no suggestion for this account.")

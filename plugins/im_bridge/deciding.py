"""A click on a card runs the very command of the page, as the person who clicked, on what the card showed; once."""

from __future__ import annotations

import hmac
import logging
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update

from core import (
    NotFound,
    Refused,
    ZhianError,
    _,
    acting_as,
    db,
    elevated,
    gettext,
    load_principal,
    note_action,
    now,
    record_class,
    run_action,
    system,
    transaction,
    use_locale,
)
from plugins.im_bridge import channel
from plugins.im_bridge.accounts import card_token, user_of
from plugins.im_bridge.bodies import reason_text
from plugins.im_bridge.receiving import REFUSED
from plugins.im_bridge.records import App, Inbox, Message, Person
from plugins.im_bridge.wording import find

log = logging.getLogger("zhian.im_bridge")

TASK = "workflow.task"
NO_EFFECT = _("a click in a card had no effect")
LEASE = timedelta(minutes=2)
TRIES = 5
DECISIONS = ("approve", "send_back", "reject")
LEAVERS = {
    "dingtalk": ("user_leave_org",),
    "wecom": ("change_contact:delete_user",),
}


def work(limit: int = 200) -> dict[str, int]:
    """Work on what came in, each in transactions of its own; counts by outcome."""
    with system("look for incoming messages") as session:
        ids = list(session.scalars(select(Inbox.id).where(_waiting()).order_by(Inbox.id).limit(limit)))
    counts: dict[str, int] = {}
    for ident in ids:
        state = _tried(ident)
        counts[state] = counts.get(state, 0) + 1
    return counts


def _waiting() -> Any:
    """New ones, and those whose worker died."""
    return or_(Inbox.state == "new", and_(Inbox.state == "working", Inbox.claimed_at < now() - LEASE))


def _tried(ident: int) -> str:
    """Work on one that nobody else has; a fault keeps no other waiting, and ends it after some tries."""
    with system("claim an incoming message") as session:
        values = {"state": "working", "claimed_at": now(), "attempts": Inbox.attempts + 1}
        claim = update(Inbox).where(Inbox.id == ident, _waiting()).values(values)
        if session.execute(claim.execution_options(synchronize_session=False)).rowcount != 1:
            return "taken"
    try:
        return _work_on(ident)
    except Exception as fault:
        log.exception("incoming message %s", ident)
        db.session.rollback()
        with system("an incoming message is at fault") as session:
            entry = session.get(Inbox, ident)
            if entry.attempts >= TRIES:
                return _end(entry, "broken", f"{type(fault).__name__}: {fault}")
            entry.claimed_at = now() - LEASE  # again at the next look
            return "working"


def _work_on(ident: int) -> str:
    with system("an incoming message") as session:
        entry = session.get(Inbox, ident)
        if entry.event != "click":
            return _end(entry, *_event(session, entry))
        click = _understood(session, entry)
        if isinstance(click, str):
            note_action(session, REFUSED.message, entry, reason=click)
            return _end(entry, "refused", click)
        message, principal, decision, opinion = click
        if message.used_at is not None or message.update_state != "none":
            return _neutral(session, entry, message, gettext("This card has been used already."))
        asked = {"decision": decision, "opinion": opinion, "round": message.round, "version": message.record_version}
        where = (message.record_id, message.id)
    return _decide(ident, principal, asked, *where)


def _understood(session: Any, entry: Inbox) -> Any:
    """(message, principal, decision, opinion), or why the click does not count: card, token, company, person, task."""
    app, content = session.get(App, entry.app_id), entry.content or {}
    message = session.scalars(select(Message).where(Message.key == str(content.get("card", "")))).first()
    if message is None or message.app_id is None or not message.buttons:
        return "there is no such card"
    entry.message_id = message.id
    sent_by = session.get(App, message.app_id)
    if (sent_by.kind, sent_by.corp_id) != (app.kind, app.corp_id):
        return "the card was sent by another company's app"
    if not hmac.compare_digest(card_token(message.key), str(content.get("token", ""))):
        return "the card's token does not fit"
    if content.get("response_code"):
        message.response_code = content["response_code"]
    user_id = user_of(app, entry.userid or "")
    if user_id is None:
        return f"nobody here is {entry.userid} over there"
    entry.user_id = user_id
    if user_id != message.user_id:
        return "the card was sent to somebody else"
    principal = load_principal(user_id)
    if principal is None:
        channel.say(message, gettext("This account is no longer active."))
        return "the person may no longer sign in"
    decision = str(content.get("decision", ""))
    if decision not in DECISIONS:
        return f"there is no button {decision[:40]}"
    opinion = reason_text(content.get("reason")) if decision != "approve" else ""
    return message, principal, decision, opinion


def _decide(ident: int, principal: Any, asked: dict[str, Any], task_id: int, message_id: int) -> str:
    """The command, the use of the card and the entry in one transaction: all of it or nothing."""
    with acting_as(principal, via=_via(ident)), use_locale(principal.locale):
        try:
            with transaction():
                if not _use(message_id):
                    raise Refused(gettext("This card has been used already."))
                run_action(_task(task_id), TASK, "decide", asked)
                with elevated("a card was used") as session:
                    channel.close_cards(find(TASK, task_id))
                    _end(session.get(Inbox, ident), "done", asked["decision"])
            return "done"
        except ZhianError as refusal:
            reason = str(refusal)
    with system("a card changed nothing") as session, use_locale(principal.locale):
        return _neutral(session, session.get(Inbox, ident), session.get(Message, message_id), reason)


def _via(ident: int) -> str:
    with system("which way") as session:
        return session.get(App, session.get(Inbox, ident).app_id).kind


def _use(message_id: int) -> bool:
    """Take the card's single use; False when it is gone."""
    with elevated("a card is used") as session:
        mine = update(Message).where(Message.id == message_id, Message.used_at.is_(None))
        return session.execute(mine.values(used_at=now(), state="confirmed", confirmed_at=now())).rowcount == 1


def _task(task_id: int) -> Any:
    """As the person sees it; a task out of sight is not found."""
    model = record_class(TASK)
    task = db.session.scalars(select(model).where(model.id == task_id)).first()
    if task is None:
        raise NotFound()
    return task


def _neutral(session: Any, entry: Inbox, message: Message, reason: str) -> str:
    """Nothing was decided: the card says how things stand, and the attempt is on record."""
    note_action(session, NO_EFFECT.message, message, reason=f"{entry.userid}: {reason}"[:300])
    task = find(TASK, message.record_id)
    open_still = task is not None and task.state == "open"
    channel.say(message, gettext("Decide on the page: something changed") if open_still else channel.outcome_of(task))
    return _end(entry, "neutral", reason)


def _end(entry: Inbox, state: str, outcome: str) -> str:
    entry.state, entry.outcome, entry.done_at = state, outcome[:300], now()
    return state


def _event(session: Any, entry: Inbox) -> tuple[str, str]:
    """Events of the address book: who left loses the account here. Others need nothing."""
    app = session.get(App, entry.app_id)
    if entry.event not in LEAVERS.get(app.kind, ()):
        return "ignored", ""
    gone = {str(name) for name in (entry.content or {}).get("people") or ()}
    same = (Person.kind == app.kind, Person.corp_id == app.corp_id, Person.userid.in_(gone))
    for person in session.scalars(select(Person).where(*same)):
        session.delete(person)
    return "done", ", ".join(sorted(gone))[:300]

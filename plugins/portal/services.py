"""Questions and answers, new orders: written by clients and staff alike, and who is told of them. No Flask in here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from core import (
    FieldError,
    Invalid,
    _,
    create,
    current_principal,
    db,
    elevated,
    gettext,
    notify,
    now,
    record_class,
    registry,
    send_mail,
    use_locale,
)
from plugins.cases import unpublished
from plugins.portal import links
from plugins.portal.looks import agency_name
from plugins.portal.records import Message, Order, PortalUser

WHY = "people are told of messages in the portal"
SAME_MOMENT = timedelta(minutes=1)
"""What is mailed and shown by one command happens within this time."""


@dataclass(frozen=True)
class Paper:
    """A file that was shown to a client, in words; `closed` when these name an invention that is not public."""

    words: str
    file: int
    closed: bool


def complete_messages(messages: list[Any]) -> None:
    """Before a message is made: its side, its author, its time, and the client of its case."""
    person = current_principal()
    for message in messages:
        message.side = "client" if person.realm == "portal" else (message.side or "agency")
        if person.realm == "staff":
            message.side = "agency"
        message.author = message.author or person.name
        message.sent_at = message.sent_at or now()
        _check_case(message)


def _check_case(message: Any) -> None:
    if message.case_id is None:
        return
    case = record_class("cases.case")
    with elevated(WHY):
        owner = db.session.scalar(select(case.client_id).where(case.id == message.case_id))
    if owner != message.client_id:
        raise Invalid([FieldError("case", "not_found", _("There is no such record, or you may not see it."))])


def tell_of_messages(messages: Iterable[Any]) -> None:
    """After a message was made: the other side hears of it."""
    for message in messages:
        if message.side == "client":
            _tell_staff(message)
        else:
            _tell_client(message)


def _tell_staff(message: Any) -> None:
    with elevated(WHY):
        people = _looked_after_by(message.client_id, message.case_id)
        with use_locale("zh"):
            subject = gettext("%(name)s asks: %(text)s", name=message.author, text=message.body[:80])
        notify(people, subject, body=message.body, record=message, key=f"portal-message-{message.id}")


def _looked_after_by(client_id: int, case_id: int | None) -> list[int]:
    client, case = record_class("clients.client"), record_class("cases.case")
    found = list(db.session.scalars(select(client.owner_id).where(client.id == client_id)))
    if case_id is not None:
        row = db.session.execute(select(case.agent_id, case.client_manager_id).where(case.id == case_id)).first()
        found += list(row or ())
    return [i for i in dict.fromkeys(found) if i]


def _tell_client(message: Any) -> None:
    """A mail to the people who may read messages; the text itself stays in the portal."""
    with elevated(WHY):
        wanted = (PortalUser.client_id == message.client_id, PortalUser.state == "active", PortalUser.role != "viewer")
        people = db.session.scalars(select(PortalUser).where(*wanted)).all()
        for person in people:
            with use_locale(_language(person)):
                agency = agency_name()
                subject = gettext("%(agency)s has answered you", agency=agency)
                where = links.address("/portal/messages")
                text = gettext(
                    "Dear %(name)s,\n\nthere is an answer for you in the client portal:\n%(where)s\n\n%(agency)s",
                    name=person.called,
                    where=where,
                    agency=agency,
                )
            send_mail(person.email, subject, text, record=person, key=f"portal-answer-{message.id}-{person.id}")


def tell_of_papers(files: Iterable[Any]) -> None:
    """After files of cases were shown to the client: one mail to each of its people who read documents."""
    shown = [f for f in files if f.client_visible and f.record_key == "cases.case" and f.kind != "client_upload"]
    if not shown:
        return
    case = record_class("cases.case")
    with elevated(WHY):
        closed = unpublished(case, current_principal()).label("closed")
        found = select(case.id, case.client_id, case.name, closed).where(case.id.in_({f.record_id for f in shown}))
        by_client: dict[int, list[Paper]] = {}
        for ident, client, name, secret in db.session.execute(found):
            by_client.setdefault(client, []).extend(
                Paper(f"{name}: {f.filename}", f.id, bool(secret)) for f in shown if f.record_id == ident
            )
        mailed = _just_mailed([f.id for f in shown])
        for client, papers in by_client.items():
            _write_of_papers(client, papers, mailed)


def _just_mailed(files: list[int]) -> set[tuple[int, str]]:
    """(file, address): letters that leave by mail at this moment say themselves that they are in the portal."""
    if "documents.document" not in registry().types:
        return set()
    document = record_class("documents.document")
    lately = (document.file_id.in_(files), document.mailed_at >= now() - SAME_MOMENT)
    found = db.session.execute(select(document.file_id, document.mailed_to).where(*lately))
    return {(ident, (address or "").casefold()) for ident, address in found}


def _write_of_papers(client: int, papers: list[Paper], mailed: set[tuple[int, str]]) -> None:
    """What names an unpublished invention is read by the receiver alone, not by those here who read the mails."""
    wanted = (PortalUser.client_id == client, PortalUser.state == "active", PortalUser.role.in_(("owner", "legal")))
    newest = max(paper.file for paper in papers)
    for person in db.session.scalars(select(PortalUser).where(*wanted)):
        told = [paper for paper in papers if (paper.file, person.email.casefold()) not in mailed][:20]
        if not told:
            continue
        names = [paper.words for paper in told if not paper.closed]
        secret = "\n".join(paper.words for paper in told if paper.closed)
        with use_locale(_language(person)):
            agency = agency_name()
            subject = gettext("%(agency)s: new documents for you", agency=agency)
            text = gettext(
                "Dear %(name)s,\n\nthere are new documents in the client portal:\n%(list)s\n\n%(where)s\n\n%(agency)s",
                name=person.called,
                list="\n".join([*names, *(["{hidden}"] if secret else [])]),
                where=links.address("/portal/files"),
                agency=agency,
            )
        key = f"portal-papers-{newest}-{person.id}"
        send_mail(person.email, subject, text, record=person, hidden_part=secret or None, key=key)


def _language(person: PortalUser) -> str:
    account = record_class("core.user")
    return db.session.scalar(select(account.locale).where(account.id == person.user_id)) or "zh"


def ask(client_id: int, case_id: int | None, body: str) -> Message:
    """A question of the signed-in person of a client; raises `Invalid` for an empty text or a case of somebody else."""
    return create(Message, {"client": client_id, "case": case_id, "body": body.strip() or None})


def answer(message: Message, params: dict[str, Any]) -> dict[str, int]:
    """Action: the agency's answer in the same thread; the questions before it count as answered."""
    reply = create(Message, {"client": message.client_id, "case": message.case_id, "body": params["body"]})
    with elevated("an answer closes the questions before it"):
        same = Message.case_id.is_(None) if message.case_id is None else Message.case_id == message.case_id
        waiting = (Message.client_id == message.client_id, same, Message.side == "client", Message.id < reply.id)
        db.session.execute(update(Message).where(*waiting, Message.answered_at.is_(None)).values(answered_at=now()))
    return {"id": reply.id}


def is_question(message: Any) -> Any:
    """For `answer`."""
    return True if message.side == "client" else _("This is an answer already.")


def threads() -> list[dict[str, Any]]:
    """All messages that the person may read, newest last, by case."""
    rows = db.session.scalars(select(Message).order_by(Message.id.desc()).limit(400)).all()
    found: dict[tuple[int, int | None], list[Message]] = {}
    for row in reversed(rows):
        found.setdefault((row.client_id, row.case_id), []).append(row)
    case = record_class("cases.case")
    wanted = select(case.id, case.name).where(case.id.in_([c for _client, c in found if c]))
    names = dict(db.session.execute(wanted).all())
    listed = [
        {"client": client, "case": at, "name": names.get(at or 0), "messages": messages}
        for (client, at), messages in found.items()
        if at is None or at in names
    ]
    return sorted(listed, key=lambda t: t["messages"][-1].id, reverse=True)


def unread() -> int:
    """Answers that nobody at the client has seen."""
    if not current_principal().can("portal.message", "read"):
        return 0
    wanted = select(Message.id).where(Message.side == "agency", Message.seen_at.is_(None)).limit(100)
    return len(db.session.scalars(wanted).all())


def mark_seen(ids: Iterable[int]) -> None:
    """The client has seen these answers; the caller has read them through the rules."""
    with elevated("answers were seen by the client"):
        wanted = (Message.id.in_(list(ids)), Message.side == "agency", Message.seen_at.is_(None))
        db.session.execute(update(Message).where(*wanted).values(seen_at=now()))


def complete_orders(orders: list[Any]) -> None:
    """Before an order is made: who and when."""
    for order in orders:
        order.person = order.person or current_principal().name
        order.sent_at = order.sent_at or now()
        order.state = "submitted"


def tell_of_orders(orders: Iterable[Any]) -> None:
    """After an order was made: who looks after the client hears of it."""
    for order in orders:
        with elevated(WHY):
            people = _looked_after_by(order.client_id, None)
            with use_locale("zh"):
                subject = gettext("New order from the portal: %(text)s", text=order.subject)
            notify(people, subject, severity="warning", record=order, key=f"portal-order-{order.id}")


def accept(order: Order, params: dict[str, Any]) -> None:
    """Action: the agency takes the order; the case is opened in the usual way."""
    order.state, order.answer = "accepted", params.get("answer")


def decline(order: Order, params: dict[str, Any]) -> None:
    """Action: the agency does not take the order, and says why."""
    order.state, order.answer = "declined", params["answer"]


def is_submitted(order: Any) -> Any:
    """For `accept` and `decline`."""
    return True if order.state == "submitted" else _("This order was answered already.")

"""What becomes of a mail that came in: a note at the record, with its files, by who wrote it; or a reason why not.

Everything is checked with the rights of the sender, and each Message-ID counts once.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, select

from core import (
    ZhianError,
    acting_as,
    add_file,
    create,
    db,
    elevated,
    gettext,
    load_principal,
    mask,
    notify,
    now,
    record_class,
    registry,
    setting,
    system,
    transaction,
    use_locale,
)
from plugins.inbox.records import Reply
from plugins.inbox.replies.addresses import address_of, record_of
from plugins.inbox.replies.reading import File, Incoming, read, vouched

IN_CHARGE = ("agent", "responsible", "owner", "assignee")
"""Names of the link that says who is in charge of a record."""
MOST = 40
"""Mails of one sender in an hour; more of them are a machine's."""


def _secret() -> bytes:
    return str(current_app.config["SECRET_KEY"]).encode()


def reply_address(mail: Any) -> str | None:
    """Where answers to a mail of ours go: to the record that it, or the message that it carries, is about."""
    mailbox, place = setting("inbox.reply_mailbox"), _about(mail)
    if not mailbox or mail.user_id is None or place is None or place[0] not in registry().types:
        return None
    return address_of(_secret(), mailbox, *place)


def _about(mail: Any) -> tuple[str, int] | None:
    if mail.record_key and mail.record_id:
        return mail.record_key, mail.record_id
    prefix, _dash, ident = (mail.key or "").rpartition("-")
    if prefix != "inbox-mail" or not ident.isdigit():
        return None
    note = record_class("core.notification")
    with system("the record of a mailed message") as session:
        found = session.get(note, int(ident))
        return (found.record_key, found.record_id) if found and found.record_key and found.record_id else None


def receive(raw: bytes) -> str:
    """Take one mail in; its state: kept, refused, dropped, or `known` when it was there already."""
    try:
        mail = read(raw)
    except ValueError:
        return "dropped"
    with system("a mail came in") as session:
        if session.scalar(select(Reply.id).where(Reply.message_id == mail.message_id)) is not None:
            return "known"
        if reason := mail.automatic or _too_many(mail.sender):
            _keep(mail, "dropped", reason)
            return "dropped"
        place = record_of(_secret(), list(mail.recipients))
        person = _person(mail.sender)
    refusal = _refusal(mail, place, person)
    if refusal or place is None or person is None:
        with system("a mail was refused"):
            _keep(mail, "refused", refusal, place=place, user_id=person)
        return "refused"
    return _write(mail, place, person)


def _too_many(sender: str) -> str | None:
    recent = (Reply.sender == sender, Reply.created_at > now() - timedelta(hours=1))
    count = db.session.scalar(select(func.count(Reply.id)).where(*recent))
    return "too many mails in an hour" if (count or 0) >= MOST else None


def _person(sender: str) -> int | None:
    """Who of ours writes from this address; None when nobody or more than one does."""
    user = record_class("core.user")
    same = (func.lower(user.email) == sender, user.active, user.archived_at.is_(None))
    found = list(db.session.scalars(select(user.id).where(*same).limit(2)))
    return found[0] if len(found) == 1 else None


def _refusal(mail: Incoming, place: Any, person: int | None) -> str | None:
    if place is None or place[0] not in registry().types:
        return "no address of ours with a good signature"
    if person is None:
        return "no person of ours writes from this address"
    server = setting("inbox.reply_server")
    if server and not vouched(mail, server):
        return "the mail server does not vouch for the sender"
    return None if mail.text or mail.files else "nothing was written"


def _write(mail: Incoming, place: tuple[str, int], person: int) -> str:
    """As the sender: who may not see the record is told apart from nobody, here as everywhere."""
    principal = load_principal(person)
    model = record_class(place[0])
    if principal is None:
        return _refused(mail, place, person, "the person cannot sign in")
    staff = principal.realm == "staff"
    try:
        with acting_as(principal, via="mail"), use_locale(principal.locale), transaction():
            record = db.session.scalars(select(model).where(model.id == place[1])).first()
            if record is None:
                raise LookupError
            stored, lost = _store(record, mail.files, client_visible=not staff)
            words = "\n\n".join(filter(None, [mail.text, *lost])) or ", ".join(stored)
            note = {"record_key": place[0], "record_id": place[1], "body": words[:20_000]}
            create(record_class("core.note"), note | {"visibility": "internal" if staff else "client"})
            with elevated("a mail was kept"):
                _keep(mail, "kept", None, place=place, user_id=person, files=len(stored))
                _tell(record, person, mail)
    except LookupError:
        return _refused(mail, place, person, "the sender may not see the record")
    except ZhianError as refusal:
        return _refused(mail, place, person, mask(str(refusal)))
    return "kept"


def _tell(record: Any, sender: int, mail: Incoming) -> None:
    """Whoever is in charge of the record hears of it."""
    links = registry().of(type(record)).fields
    held = [getattr(record, f"{name}_id", None) for name in IN_CHARGE if name in links]
    people = {ident for ident in held if ident} - {sender}
    user = record_class("core.user")
    rows = select(user.id, user.locale).where(user.id.in_(people), user.realm == "staff", user.active)
    for person, locale in db.session.execute(rows).all():
        with use_locale(locale or "zh"):
            name = db.session.scalar(select(user.name).where(user.id == sender)) or mail.sender
            subject = gettext("%(who)s answered by mail: %(what)s", who=name, what=mail.subject)
        key = f"inbox-reply-{mail.message_id}"[:150]
        notify([person], subject, record=record, kind="inbox.reply", severity="warning", key=key)


def _refused(mail: Incoming, place: tuple[str, int], person: int, reason: str) -> str:
    with system("a mail was refused"):
        _keep(mail, "refused", reason, place=place, user_id=person)
    return "refused"


def _store(record: Any, files: Sequence[File], *, client_visible: bool) -> tuple[list[str], list[str]]:
    """Names of stored files, and a line about each that was not."""
    stored, lost = [], []
    for file in files:
        try:
            with db.session.begin_nested():
                kept = add_file(record, file.name, io.BytesIO(file.content), client_visible=client_visible)
                stored.append(kept.filename)
        except (ZhianError, ValueError) as refusal:
            lost.append(gettext("(The file %(name)s was not kept: %(why)s)", name=file.name, why=refusal))
    return stored, lost


def _keep(
    mail: Incoming,
    state: str,
    reason: str | None,
    *,
    place: tuple[str, int] | None = None,
    user_id: int | None = None,
    files: int = 0,
) -> None:
    """Write down what became of the mail; its words stand at the record alone."""
    key, ident = place or (None, None)
    values = {"message_id": mail.message_id, "sender": mail.sender, "subject": mail.subject, "user_id": user_id}
    values |= {"record_key": key, "record_id": ident, "state": state, "files": files}
    db.session.add(Reply(reason=reason[:300] if reason else None, **values))
    db.session.flush()

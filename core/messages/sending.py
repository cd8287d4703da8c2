"""The mail outbox: kept in the database, sent by SMTP where a server is set. A duplicate before a loss."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app
from sqlalchemy import or_, select, update

from core.clock import now
from core.db import db, system
from core.i18n import _, gettext
from core.messages.model import Mail
from core.records.notes import Attachment, file_path
from core.registry import registry

LEASE = timedelta(minutes=10)
TRIES = 8


def send_due(limit: int = 200) -> dict[str, int]:
    """Send what waits, each in a transaction of its own around one SMTP delivery; counts by outcome."""
    counts: dict[str, int] = {}
    for mail_id in _waiting(limit):
        outcome = _send_one(mail_id)
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _waiting(limit: int) -> list[int]:
    """Queued mails, and those whose sender died: claimed longer ago than the lease."""
    stale = (Mail.status == "sending") & (Mail.claimed_at < now() - LEASE)
    query = select(Mail.id).where(or_(Mail.status == "queued", stale)).order_by(Mail.id).limit(limit)
    with system("look for mails to send") as session:
        return list(session.scalars(query))


def _send_one(mail_id: int) -> str:
    mail = _claim(mail_id)
    if mail is None:
        return "taken"
    url = current_app.config["ZHIAN"].smtp_url
    if not url:
        return _end(mail_id, "kept")
    if not mail.recipient:
        return _end(mail_id, "failed", "no e-mail address")
    try:
        deliver(url, message(mail, _files(mail)))
    except (OSError, smtplib.SMTPException, ValueError) as problem:
        final = mail.attempts >= TRIES
        return _end(mail_id, "failed" if final else "queued", _said(problem))
    return _end(mail_id, "sent")


def _said(problem: Exception) -> str:
    """For people; the words of the mail server stand behind it."""
    if isinstance(problem, smtplib.SMTPException):
        return gettext("The mail server refused it: %(why)s", why=problem)[:400]
    if isinstance(problem, OSError):
        return gettext("The mail server cannot be reached: %(why)s", why=problem.strerror or problem)[:400]
    return str(problem)[:400]


def _claim(mail_id: int) -> Mail | None:
    """Mark a mail as being sent, committed before the first byte goes out; None when somebody else has it.

    One that was already being sent had a sender that died in the middle: it goes again, and says so.
    """
    with system("send a mail") as session:
        mail = session.get(Mail, mail_id)
        if mail is None or mail.status not in ("queued", "sending"):
            return None
        mine = (Mail.id == mail_id, Mail.status == mail.status, Mail.attempts == mail.attempts)
        values = {"status": "sending", "claimed_at": now(), "attempts": mail.attempts + 1}
        values["maybe_duplicate"] = mail.maybe_duplicate or mail.status == "sending"
        claim = update(Mail).where(*mine).values(values).execution_options(synchronize_session=False)
        if session.execute(claim).rowcount != 1:
            return None
        session.refresh(mail)
        return mail


def _end(mail_id: int, status: str, error: str | None = None) -> str:
    with system("outcome of a mail") as session:
        mail = session.get(Mail, mail_id)
        mail.status, mail.error = status, error
        if status in ("sent", "kept"):
            mail.sent_at = now()
    return status


def message(mail: Any, files: Sequence[Attachment] = ()) -> EmailMessage:
    """The mail as it goes out; a repeated one says so in a header and keeps its Message-ID."""
    text = EmailMessage()
    text["From"] = current_app.config["ZHIAN"].mail_from
    text["To"] = mail.recipient
    text["Subject"] = " ".join(mail.subject.split())
    text["Date"] = format_datetime(mail.created_at)
    text["Message-ID"] = mail.message_id
    text["Auto-Submitted"] = "auto-generated"
    if answers := registry().hooks.first("provide_reply_address", mail=mail):
        text["Reply-To"] = answers
    if mail.maybe_duplicate:
        text["X-Zhian-Repeated"] = "yes"
    text.set_content(_open(mail, mail.body))
    if mail.html:
        text.add_alternative(_open(mail, mail.html), subtype="html")
    for file in files:
        main, _slash, sub = file.mime.partition("/")
        content = file_path(file).read_bytes()
        text.add_attachment(content, maintype=main, subtype=sub or "octet-stream", filename=file.filename)
    return text


def _open(mail: Any, text: str) -> str:
    """The text with its hidden part, as the receiver alone reads it."""
    return text.replace("{hidden}", mail.hidden_part) if mail.hidden_part else text


def _files(mail: Any) -> list[Attachment]:
    """The attached files, in order; one that is gone is left out."""
    if not mail.files:
        return []
    with system("read the files of a mail") as session:
        found = {file.id: file for file in session.scalars(select(Attachment).where(Attachment.id.in_(mail.files)))}
        return [found[ident] for ident in mail.files if ident in found]


def deliver(url: str, text: EmailMessage) -> None:
    """Hand a message to the server of `smtp[s]://user:password@host:port`; raises OSError, SMTPException."""
    place = urlsplit(url)
    secure = place.scheme == "smtps"
    server = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with server(place.hostname or "localhost", place.port or (465 if secure else 25), timeout=30) as connection:
        if place.query == "starttls":
            connection.starttls()
        if place.username:
            connection.login(unquote(place.username), unquote(place.password or ""))
        connection.send_message(text)


def requeue(mail: Mail) -> None:
    """Put a failed mail back into the queue."""
    mail.status, mail.error, mail.attempts = "queued", None, 0
    db.session.flush()


def can_requeue(mail: Any) -> Any:
    """True, or the reason why it is not sent again."""
    return True if mail.status == "failed" else _("Only failed mails are sent again.")

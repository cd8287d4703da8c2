"""Writing mails and in-app messages in the caller's transaction: each key once, whatever runs twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import now
from core.db import db
from core.i18n import gettext
from core.jobs.runs import enqueue
from core.messages.model import Mail
from core.permissions.deputies import standing_for
from core.permissions.principal import current_principal
from core.records.audit import note_action
from core.records.base import Record
from core.records.dump import labels
from core.records.notes import Notification
from core.registry import registry

SEND = "core.send_mails"


def send_mail(
    recipient: str | None,
    subject: str,
    body: str,
    *,
    user_id: int | None = None,
    record: Record | None = None,
    attachments: Sequence[int] = (),
    html: str | None = None,
    hidden_part: str | None = None,
    key: str | None = None,
) -> int | None:
    """Put one mail into the outbox; it leaves after the commit. Its id, or None when one with this `key` is there.

    `attachments` are ids of `core.attachment`. `hidden_part`, for example a link that signs somebody in, stands for
    `{hidden}` in the text; it is encrypted and shown to nobody here. Readers are those who may read `record`.
    """
    unique = re.sub(r"[^\w.-]", "-", key or "", flags=re.ASCII)[:120] or "mail"
    domain = current_app.config["ZHIAN"].mail_from.rpartition("@")[2] or "localhost"
    values = {
        "user_id": user_id,
        "recipient": recipient,
        "subject": subject[:300],
        "body": body,
        "html": html,
        "files": list(attachments) or None,
        "hidden_part": hidden_part,
        "key": key,
        "message_id": f"<{unique}-{uuid4().hex[:12]}@{domain}>",
        **_about(record),
    }
    made = _insert(Mail, [values], "key")
    if not made:
        return None
    if record is not None:
        note_action(db.session(), "mail", record, changes={"to": recipient, "subject": subject[:300]})
    enqueue(SEND, key=SEND)
    return made[0]


def notify(
    user_ids: Iterable[int | None],
    subject: str,
    *,
    body: str = "",
    severity: str = "info",
    record: Record | None = None,
    key: str | None = None,
    kind: str | None = None,
) -> list[int]:
    """An in-app message to each person once; with a `key` never a second time. Ids of the new ones.

    `severity` is info, warning, urgent or fatal. `kind` is a `MessageKind`, by which people choose channels; without
    one a message counts among those about its record's type. Other channels hear of it by the event
    `core.notification.created`.
    """
    people = sorted({ident for ident in user_ids if ident is not None})
    message = {"subject": subject[:300], "body": body or None, "severity": severity, "kind": kind}
    message |= _about(record)
    rows = [message | {"user_id": person, "dedup_key": f"{key}-{person}"[:200] if key else None} for person in people]
    rows += _to_deputies(message, people, key) if record is not None else []
    made = _insert(Notification, rows, "dedup_key")
    if made:
        registry().emit(db.session(), "core.notification.created", [{"id": ident} for ident in made])
    return made


def _to_deputies(message: dict[str, Any], people: list[int], key: str | None) -> list[dict[str, Any]]:
    """The same message for those who stand in today for somebody who is away, with that person's name."""
    standing = standing_for(people)
    names = labels("core.user", standing) if standing else {}
    return [
        message
        | {
            "user_id": deputy,
            "subject": gettext("For %(who)s: %(what)s", who=names.get(away, away), what=message["subject"])[:300],
            "dedup_key": f"{key}-{deputy}-for-{away}"[:200] if key else None,
        }
        for away, deputies in standing.items()
        for deputy in deputies
        if deputy not in people
    ]


def _about(record: Record | None) -> dict[str, Any]:
    if record is None:
        return {"record_key": None, "record_id": None}
    return {"record_key": record.__record__["key"], "record_id": record.id}


def _insert(model: type[Record], rows: list[dict[str, Any]], unique: str) -> list[int]:
    """Ids of those that were new by the column `unique`; with the session's own connection, in its transaction."""
    session, at, who = db.session(), now(), current_principal().user_id
    stamp = {"version": 1, "created_at": at, "updated_at": at, "created_by_id": who, "updated_by_id": who}
    connection = session.connection()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    found = []
    for row in rows:
        statement = dialect.insert(model.__table__).values(row | stamp)
        statement = statement.on_conflict_do_nothing(index_elements=[unique]).returning(model.__table__.c.id)
        found += list(connection.execute(statement).scalars())
    if found:
        session.info["wrote"] = True
    return found

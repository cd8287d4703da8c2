"""Steps that tell: messages to staff, mail to staff and clients, text messages where a channel is there, calls to other
systems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from core import (
    Choice,
    L,
    Refused,
    _,
    check_address,
    db,
    dump,
    elevated,
    enqueue,
    gettext,
    insert_derived,
    notify,
    now,
    record_class,
    registry,
    send_mail,
)
from plugins.automation import people
from plugins.automation.records import Call
from plugins.automation.steps.base import Input, Occasion, StepKind

CALL_JOB, SMS_JOB = "automation.call", "automation.sms"
SEVERITIES = (
    Choice("info", L("普通", "Plain")),
    Choice("warning", L("提醒", "Warning")),
    Choice("urgent", L("紧急", "Urgent")),
)


def _to(label: Any = _("To")) -> Input:
    return Input("to", label, "people", required=True, choices=people.staff_choices)


def _anybody(record_key: str | None) -> list[tuple[str, Any]]:
    return [*people.staff_choices(record_key), *people.outside_choices(record_key)]


def _found(occasion: Occasion, step: dict[str, Any]) -> list[int]:
    ids = people.staff(step.get("to") or (), occasion.record, occasion.runs_as)
    if not ids:
        raise Refused(_("Nobody is found to tell: the fields are empty, or these people may not read the record."))
    return ids


def message(occasion: Occasion, step: dict[str, Any]) -> str:
    """A message in the inbox of staff, with whatever channels they chose."""
    ids = _found(occasion, step)
    subject, body = occasion.fill(step["subject"]), occasion.fill(step.get("body"))
    severity = step.get("severity") or "info"
    notify(ids, subject, body=body, severity=severity, record=occasion.record, key=occasion.step_key())
    return gettext("To %(who)s: %(what)s", who=people.names(ids), what=subject)


def mail(occasion: Occasion, step: dict[str, Any]) -> str:
    """A mail to staff, or to the client's contact."""
    said = step.get("to") or ()
    user = record_class("core.user")
    ids = people.staff([w for w in said if not people.is_outside(w)], occasion.record, occasion.runs_as)
    rows = db.session.execute(select(user.id, user.email).where(user.id.in_(ids))) if ids else ()
    found: list[tuple[int | None, str]] = [(row.id, row.email) for row in rows if row.email]
    found += [(None, address) for address in people.addresses(said, occasion.record)]
    if not found:
        raise Refused(_("No address is found to write to."))
    subject, body = occasion.fill(step["subject"]), occasion.fill(step.get("body"))
    for at, (user_id, address) in enumerate(found):
        key = f"{occasion.step_key()}-{at}"
        send_mail(address, subject, body, user_id=user_id, record=occasion.record, key=key)
    return gettext("Mail to %(who)s: %(what)s", who=gettext(", ").join(a for _i, a in found), what=subject)


def sms_channel() -> Any:
    """The channel for text messages, when a plugin brings one."""
    return next((c for code, c in registry().channels.items() if "sms" in code.lower()), None)


def sms(occasion: Occasion, step: dict[str, Any]) -> str:
    """A text message to staff, by the channel that is there."""
    ids, subject = _found(occasion, step), occasion.fill(step["subject"])
    made = notify(ids, subject, record=occasion.record, key=occasion.step_key())
    if made:
        enqueue(SMS_JOB, messages=made)
    return gettext("Text message to %(who)s: %(what)s", who=people.names(ids), what=subject)


def send_texts(messages: list[int]) -> None:
    """The job: hand messages to the channel for text messages, whatever else their receivers chose."""
    channel, told, user = sms_channel(), record_class("core.notification"), record_class("core.user")
    for one in db.session.scalars(select(told).where(told.id.in_(messages))) if channel else ():
        person = db.session.scalars(select(user).where(user.id == one.user_id)).first()
        if person is not None:
            channel.send(one, person)


def call(occasion: Occasion, step: dict[str, Any]) -> str:
    """A call to another system with what the rule's person may see of the record; it leaves after the commit."""
    url = check_address(step["url"])
    body: dict[str, Any] = {"type": "automation", "rule": occasion.rule_name, "id": occasion.step_key()}
    body["text"] = occasion.fill(step.get("text")) or None
    if occasion.record is not None and step.get("with_record"):
        body |= {"record": occasion.record_key, "object": dump(occasion.record)}
    row = {"run_id": occasion.run_id, "rule_id": occasion.rule_id, "key": occasion.step_key(), "url": url}
    row |= {"body": body, "state": "waiting", "attempts": 0, "next_at": now()}
    if not occasion.trial:
        with elevated("a rule calls another system"):
            insert_derived(Call, [row])
            enqueue(CALL_JOB, key=CALL_JOB)
    return gettext("Call to %(url)s", url=url)


def _check_url(_record_key: str | None, step: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    try:
        check_address(str(step.get("url") or ""))
    except Refused as refusal:
        yield "url", refusal.message


def _check_to(record_key: str | None, step: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    known = {word for word, _label in _anybody(record_key)}
    for word in step.get("to") or ():
        if word not in known and not str(word).startswith("person:"):
            yield "to", _("This is no choice here any more.")


def _outward(step: dict[str, Any]) -> bool:
    return any(people.is_outside(str(word)) for word in step.get("to") or ())


SUBJECT = Input("subject", _("Subject"), required=True)
BODY = Input("body", _("Text"), "long_text")
KINDS = [
    StepKind(
        "message",
        _("Send a message"),
        lambda _key: (
            _to(),
            SUBJECT,
            BODY,
            Input("severity", _("How urgent"), "choice", choices=lambda _k: [(c.code, c.label) for c in SEVERITIES]),
        ),
        message,
        icon="bell",
        needs_record=False,
        check=_check_to,
    ),
    StepKind(
        "mail",
        _("Send a mail"),
        lambda _key: (Input("to", _("To"), "people", required=True, choices=_anybody), SUBJECT, BODY),
        mail,
        icon="mail",
        needs_record=False,
        check=_check_to,
        outward=_outward,
    ),
    StepKind(
        "sms",
        _("Send a text message"),
        lambda _key: (_to(), Input("subject", _("Text"), required=True)),
        sms,
        icon="phone",
        needs_record=False,
        check=_check_to,
        available=lambda _key: sms_channel() is not None,
    ),
    StepKind(
        "call",
        _("Call another system"),
        lambda _key: (
            Input("url", _("Address"), required=True, help=_("It begins with https://.")),
            Input("text", _("Text"), "long_text"),
            Input("with_record", _("Send the record along, as the rule's person sees it"), "check"),
        ),
        call,
        icon="plug",
        needs_record=False,
        check=_check_url,
    ),
]

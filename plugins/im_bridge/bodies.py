"""From messages of ours to the bodies of the vendors: the same text on every try, whoever sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core import gettext, local
from plugins.im_bridge.accounts import card_token, facts_of
from plugins.im_bridge.records import App, Message
from plugins.im_bridge.vendors import dingtalk_bodies, wecom
from plugins.im_bridge.vendors.calls import AppFacts, Sent
from plugins.im_bridge.wording import address, find

DIGEST_SHOWN = 12


@dataclass(frozen=True)
class Parcel:
    """What goes out in one call, good without a session: kind of call, its body, and whose union id it needs."""

    app: AppFacts
    call: str
    body: dict[str, Any]
    union_id: str = ""
    source_id: str = ""

    def send(self, vendor: Any) -> Sent:
        """Hand it over; raises `CallFailed`."""
        if self.call == "card":
            return vendor.create_card(self.body)
        if self.call == "todo":
            return vendor.create_todo(self.union_id, self.body)
        return vendor.send(self.body)

    def find(self, vendor: Any) -> str | None:
        """The vendor's id of it, where the vendor can be asked by our key."""
        return vendor.find_todo(self.union_id, self.source_id) if self.call == "todo" else None


def parcel_of(app: App, messages: Sequence[Message]) -> Parcel:
    """One call for these messages: several of one person make a digest."""
    facts, first = facts_of(app), messages[0]
    if first.kind == "card":
        return _card(facts, first)
    if first.kind == "todo":
        return _todo(facts, first)
    title, text, url = _texts(messages)
    build = wecom.notice if app.kind == "wecom" else dingtalk_bodies.notice
    return Parcel(facts, "notice", build(app.agent_id, [first.receiver or ""], title, text, url, gettext("Open")))


def _texts(messages: Sequence[Message]) -> tuple[str, str, str]:
    first = messages[0]
    if len(messages) == 1:
        return first.subject, first.body or "", address(first.path)
    lines = [f"{at}. {message.subject}" for at, message in enumerate(messages[:DIGEST_SHOWN], 1)]
    title = gettext("%(n)s messages, %(when)s", n=len(messages), when=local(first.created_at).strftime("%m-%d %H:%M"))
    return title, "\n".join(lines), address("/inbox")


def reasons() -> list[tuple[str, str]]:
    """Ready words for sending back, since a card has no room to write; others are written on the page."""
    return [
        ("see_page", gettext("Remarks follow on the page")),
        ("incomplete", gettext("Papers are incomplete")),
        ("mistake", gettext("Content needs correction")),
        ("talk", gettext("Please talk to me first")),
    ]


def reason_text(code: str | None) -> str:
    """The words of a picked reason."""
    return dict(reasons()).get(code or "", reasons()[0][1])


def _card(facts: AppFacts, message: Message) -> Parcel:
    url, token = address(message.path), card_token(message.key)
    rows = [(name, value) for name, value in message.facts or ()]
    if facts.kind == "wecom":
        buttons = [
            (gettext("Approve"), f"approve:{token}", 1),
            (gettext("Send back"), f"send_back:{token}", 2),
        ]
        body = wecom.card(facts.agent_id, message.receiver or "", message.key, message.subject, rows, url, buttons)
        body["template_card"]["button_selection"] = {
            "question_key": "reason",
            "title": gettext("If sent back, because"),
            "option_list": [{"id": code, "text": text} for code, text in reasons()],
            "selected_id": reasons()[0][0],
        }
        return Parcel(facts, "notice", body)
    params = {
        "title": message.subject,
        "text": "\n\n".join(f"{name}: {value}" for name, value in rows),
        "url": url,
        "token": token,
        "open": "true" if message.buttons else "false",
        "state": "" if message.buttons else gettext("Open the page to decide"),
    }
    body = dingtalk_bodies.card(facts, message.receiver or "", message.key, params, message.subject)
    return Parcel(facts, "card", body)


def _todo(facts: AppFacts, message: Message) -> Parcel:
    task = find(message.record_key, message.record_id)
    due = getattr(task, "due_at", None)
    due_ms = int(due.timestamp() * 1000) if due else None
    url = address(message.path) or "https://www.dingtalk.com/"
    union_id = message.union_id or ""
    body = dingtalk_bodies.todo(
        union_id, message.key, message.subject, message.body or "", url, due_ms, message.severity
    )
    return Parcel(facts, "todo", body, union_id, message.key)

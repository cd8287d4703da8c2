"""From a vendor's message to ours: unique key, event, sender, and of clicks card, token and button. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from plugins.im_bridge.codec import BadCallback

CARD_TOPIC = "/v1.0/card/instances/callback"
CLICKS = ("template_card_event",)


@dataclass(frozen=True)
class Incoming:
    """One message as the inbox keeps it; `event` is "click" for a button of a card."""

    key: str
    event: str
    userid: str = ""
    content: dict[str, Any] = field(default_factory=dict)


def parse_xml(text: str | bytes) -> Element:
    """The root; raises `BadCallback("xml")` for anything that is no plain XML, entity tricks included."""
    try:
        return ElementTree.fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # also codes that nobody knows
        raise BadCallback("xml") from None


def parse_json(text: str | bytes) -> dict[str, Any]:
    """The object; raises `BadCallback("json")`, also for halves of characters and zeros, which no database keeps."""
    try:
        found = json.loads(text)
        again = json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        found, again = None, b""
    if not isinstance(found, dict) or b"\\u0000" in again:
        raise BadCallback("json")
    return found


def of_wecom(plain: str) -> Incoming:
    """A decrypted message of WeCom."""
    root = parse_xml(plain)
    sender, event = _text(root, "FromUserName"), _text(root, "Event") or _text(root, "MsgType")
    if event in CLICKS:
        card, code = _text(root, "TaskId"), _text(root, "ResponseCode")
        decision, _colon, token = _text(root, "EventKey").partition(":")
        content = {"card": card, "decision": decision, "token": token, "response_code": code, "reason": _picked(root)}
        return Incoming(f"{card}:{sender}:{code}", "click", sender, content)
    change = _text(root, "ChangeType")
    people = [_text(root, "UserID")] if change else []
    number = _text(root, "MsgId") or f"{sender}:{_text(root, 'CreateTime')}:{change}:{''.join(people)}"
    return Incoming(f"{event}:{number}", f"{event}:{change}" if change else event, sender, {"people": people})


def of_ding_click(data: dict[str, Any], key: str) -> Incoming:
    """A click, as Stream and the HTTP callback tell it alike."""
    content = data.get("content")
    inner = parse_json(content) if isinstance(content, str) else content if isinstance(content, dict) else {}
    private = inner.get("cardPrivateData") if isinstance(inner.get("cardPrivateData"), dict) else {}
    params = private.get("params") if isinstance(private.get("params"), dict) else {}
    actions = private.get("actionIds") if isinstance(private.get("actionIds"), list) else []
    found = {
        "card": str(data.get("outTrackId", "")),
        "decision": str(params.get("action") or (actions[0] if actions else "")),
        "token": str(params.get("token", "")),
        "reason": str(params.get("reason", "")),
    }
    return Incoming(key, "click", str(data.get("userId", "")), found)


def of_ding_event(event: str, key: str, data: dict[str, Any]) -> Incoming:
    """An event of the address book or another subscription; of its data only the people are kept."""
    people = data.get("UserId") or data.get("userId") or []
    people = people if isinstance(people, list) else [people]
    return Incoming(key, event or "event", "", {"people": [str(person) for person in people][:200]})


def _text(root: Element, name: str) -> str:
    return (root.findtext(name) or "").strip()


def _picked(root: Element) -> str:
    """The id of the option picked in the card's list."""
    return (root.findtext("SelectedItems/SelectedItem/OptionIds/OptionId") or "").strip()[:40]

"""Buttons on the pages of apps, accounts, robots and messages."""

from __future__ import annotations

from typing import Any

from core import Action, Refused, _, db, elevated, enqueue, gettext, local, now
from plugins.im_bridge import channel, people, robots
from plugins.im_bridge.accounts import facts_of, vendor_of
from plugins.im_bridge.records import App, Message, Robot
from plugins.im_bridge.vendors.calls import CallFailed
from plugins.im_bridge.vendors.dingtalk_bodies import route_key
from plugins.im_bridge.wording import address


def register_callback(app: App, _given: dict[str, Any]) -> str:
    """Tell DingTalk where card clicks go over HTTP."""
    url = address(f"/im/callback/dingtalk/{app.corp_id}/{app.agent_id}/card")
    if not url.startswith("https://") and not app.server:
        raise Refused(_("Card clicks over HTTP need this deployment's https address (base_url)."))
    facts, secret = facts_of(app), app.card_secret or ""
    if not secret:
        raise Refused(_("Enter a card callback secret first."), field="card_secret")
    try:
        vendor_of(facts).register_callback(url, route_key(facts), secret)
    except CallFailed as failure:
        raise Refused(_("The platform did not accept this: %(why)s", why=str(failure))) from None
    return gettext("DingTalk sends card clicks to %(url)s now.", url=url)


def try_robot(robot: Robot, _given: dict[str, Any]) -> str:
    """A line into the group."""
    at = local(now()).strftime("%m-%d %H:%M:%S")
    with elevated("a trial message into a group") as session:
        robots.queue(session, robot, f"x{now():%Y%m%d%H%M%S%f}", gettext("A trial message from Zhian"), at)
    enqueue(channel.SEND, key=channel.SEND)
    return gettext("The message is on its way. Its state stands under outgoing messages.")


def send_again(message: Message, _given: dict[str, Any]) -> str:
    """A failed message gets another life."""
    with elevated("a failed message is sent again"):
        message.state, message.attempts, message.next_at, message.error, message.batch = "pending", 0, now(), None, None
        db.session.flush()
    enqueue(channel.SEND, key=channel.SEND)
    return gettext("The message is on its way. Its state stands under outgoing messages.")


def actions() -> list[Action]:
    """All of them."""
    app, person, robot, message = (f"im_bridge.{name}" for name in ("app", "person", "robot", "message"))
    return [
        Action(app, "check", _("Check connection"), people.check, primary=True, icon="plug"),
        Action(app, "send_test", _("Send me a trial message"), people.send_test, icon="send"),
        Action(app, "sync", _("Read address book"), people.ask_sync, icon="address-book"),
        Action(
            app,
            "register_callback",
            _("Register card callback"),
            register_callback,
            icon="link",
            available=lambda a: (
                True if a.kind == "dingtalk" and not a.stream else _("Only for DingTalk without Stream.")
            ),
        ),
        Action(
            person,
            "accept",
            _("Take suggestion over"),
            people.accept,
            bulk=True,
            icon="user-check",
            available=people.can_accept,
        ),
        Action(robot, "send_test", _("Send a trial message"), try_robot, icon="send"),
        Action(
            message,
            "send_again",
            _("Send again"),
            send_again,
            icon="refresh",
            available=lambda m: True if m.state == "failed" else _("Only failed messages are sent again."),
        ),
    ]

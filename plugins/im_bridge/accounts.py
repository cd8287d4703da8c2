"""From records to vendors: the app as plain values, the client that speaks for it, and who somebody is over there."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from flask import current_app
from sqlalchemy import and_, select

from core import current_locale, db, keep_secret, record_class
from plugins.im_bridge.records import App, Person
from plugins.im_bridge.tokens import StoredTokens
from plugins.im_bridge.vendors.calls import AppFacts, Vendor
from plugins.im_bridge.vendors.dingtalk import DingTalk
from plugins.im_bridge.vendors.wecom import WeCom

VENDORS: dict[str, type[Vendor]] = {"wecom": WeCom, "dingtalk": DingTalk}


class Counter:
    """Calls that were made since it was made; written into the quotas with what came of them."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, count: int) -> None:
        """So many more."""
        self.calls += count


def facts_of(app: App) -> AppFacts:
    """The app as plain values, good without a session; its secrets are kept out of all logs from now on."""
    keep_secret(app.secret, app.callback_token, app.callback_key, app.card_secret)
    return AppFacts(
        id=app.id,
        kind=app.kind,
        corp_id=app.corp_id,
        app_key=app.app_key or "",
        agent_id=app.agent_id,
        secret=app.secret or "",
        robot_code=app.robot_code or "",
        template_id=app.template_id or "",
        stream=bool(app.stream),
        server=app.server or "",
        ca_file=app.ca_file or "",
    )


def vendor_of(facts: AppFacts, counter: Counter | None = None) -> Any:
    """The client of the app's vendor."""
    return VENDORS[facts.kind](facts, StoredTokens(facts.id), counter or Counter())


def account_of(user_id: int) -> tuple[App, Person] | None:
    """The app and account by which somebody is reached: of several apps the oldest that is switched on."""
    same = and_(Person.kind == App.kind, Person.corp_id == App.corp_id)
    query = select(App, Person).join(Person, same).where(Person.user_id == user_id, App.active)
    row = db.session.execute(query.where(App.archived_at.is_(None)).order_by(App.id).limit(1)).first()
    return (row[0], row[1]) if row else None


def locale_of(user_id: int | None) -> str:
    """The language in which somebody is written to."""
    user = record_class("core.user")
    return db.session.scalar(select(user.locale).where(user.id == user_id)) or current_locale()


def user_of(app: App, userid: str) -> int | None:
    """Who of ours a userid of this company is."""
    same = (Person.kind == app.kind, Person.corp_id == app.corp_id, Person.userid == userid)
    return db.session.scalar(select(Person.user_id).where(*same))


def app_of(kind: str, corp_id: str, agent_id: str) -> App | None:
    """The app that a callback address names, while it is switched on."""
    query = select(App).where(App.kind == kind, App.corp_id == corp_id, App.agent_id == agent_id)
    return db.session.scalars(query.where(App.active, App.archived_at.is_(None))).first()


def _secret() -> bytes:
    return str(current_app.config["SECRET_KEY"]).encode()


def house() -> str:
    """Eight characters that tell this deployment's keys from another's at the same vendor."""
    return hmac.new(_secret(), b"im_bridge house", hashlib.sha256).hexdigest()[:8]


def card_token(key: str) -> str:
    """The token of one card: unguessable, bound to its key and so to task, round and person. Good once."""
    return hmac.new(_secret(), f"im_bridge card {key}".encode(), hashlib.sha256).hexdigest()[:40]

"""Demo: a WeCom and a DingTalk app that speak with the stand-ins, people mapped; calm without them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import record_class
from plugins.im_bridge.records import App, Person, Robot

WECOM = {
    "name": "知案（企业微信）",
    "kind": "wecom",
    "corp_id": "wwlanqidemo00001",
    "agent_id": "1000002",
    "secret": "demo-wecom-secret-of-the-stand-in",
    "callback_token": "lanqidemotoken01",
    "callback_key": "o1w0aum42yaptlz8alnhwikjd3jenzt9cb9wmzptgus",
    "server": "http://127.0.0.1:18802",
    "day_messages": 40_000,
}
DINGTALK = {
    "name": "知案（钉钉）",
    "kind": "dingtalk",
    "corp_id": "dinglanqidemo00001",
    "agent_id": "2000001",
    "app_key": "dinglanqiappkey01",
    "secret": "demo-dingtalk-secret-of-the-stand-in",
    "template_id": "lanqi-approval.schema",
    "robot_code": "dinglanqiappkey01",
    "approvals": "both",
    "server": "http://127.0.0.1:18803",
    "month_calls": 5000,
    "month_pushes": 3000,
    "digest_minutes": 10,
}
ON_WECOM = ("s01", "s08", "s09", "s10", "s11", "s12", "s13", "s15", "s16")
ON_DINGTALK = ("s18", "s19", "s20", "s24", "admin")
ROBOT = {
    "name": "商标部期限群",
    "kind": "wecom",
    "key": "demo-group-robot-key-0001",
    "server": "http://127.0.0.1:18802",
}


def load(session: Any) -> None:
    """Make what is missing; what is there stays as it is."""
    for values, logins in ((WECOM, ON_WECOM), (DINGTALK, ON_DINGTALK)):
        same = (App.kind == values["kind"], App.corp_id == values["corp_id"])
        app = session.scalars(select(App).where(*same)).first()
        if app is None:
            app = App(**values)
            session.add(app)
            session.flush()
        _map(session, app, logins)
    if session.scalar(select(Robot.id).where(Robot.name == ROBOT["name"])) is None:
        session.add(Robot(**ROBOT))
    session.flush()


def _map(session: Any, app: App, logins: tuple[str, ...]) -> None:
    user = record_class("core.user")
    known = set(session.scalars(select(Person.user_id).where(Person.kind == app.kind, Person.corp_id == app.corp_id)))
    for person in session.scalars(select(user).where(user.login.in_(logins))):
        if person.id not in known:
            union = f"union-{person.login}" if app.kind == "dingtalk" else None
            names = {"userid": person.login, "union_id": union, "name": person.name}
            session.add(Person(app_id=app.id, user_id=person.id, kind=app.kind, corp_id=app.corp_id, **names))

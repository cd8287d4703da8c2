"""Demo: a WeCom and a DingTalk app that speak with the stand-ins, people mapped; calm without them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import now, record_class, registry, use_locale
from plugins.im_bridge import channel, quotas, wording
from plugins.im_bridge.accounts import house
from plugins.im_bridge.records import App, Inbox, Message, Person, Quota, Robot

TASK = "workflow.task"
SHOWN = 4

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
    _history(session)


def _history(session: Any) -> None:
    """Approvals of the story that were given on a card, a repeated callback, and what the month has used so far."""
    apps = {app.kind: app for app in session.scalars(select(App))}
    if session.scalar(select(Inbox.id).limit(1)) is not None:
        return
    for task in _decided(session):
        same = select(Person).where(Person.user_id == task.decided_by_id, Person.app_id == apps["wecom"].id)
        person = session.scalars(same).first()
        if person is not None:
            _on_card(session, apps["wecom"], task, person)
    late = {"source": "wecom", "event": "click", "userid": "s08", "state": "refused", "outcome": "replay", "repeats": 1}
    session.add(Inbox(app_id=apps["wecom"].id, key="demo-replay", done_at=now(), **late))
    for kind, used in (("calls", 1284), ("pushes", 96)):
        limit = quotas.allowed(apps["dingtalk"], kind)
        period = quotas.period_of(kind, now())
        session.add(Quota(app_id=apps["dingtalk"].id, kind=kind, period=period, used=used, allowed=limit))
    session.flush()


def _decided(session: Any) -> list[Any]:
    """The last approvals of the demo, where flows are enabled."""
    if TASK not in registry().types:
        return []
    task = record_class(TASK)
    query = select(task).where(task.kind == "approve", task.state == "done", task.decision == "approve")
    return list(session.scalars(query.order_by(task.decided_at.desc()).limit(SHOWN)))


def _on_card(session: Any, app: App, task: Any, person: Person) -> None:
    key = f"zhian_{house()}_t{task.id}_{task.round}_{person.user_id}_c"
    with use_locale("zh"):
        words, said = wording.for_task(task, "minimal"), channel.outcome_of(task)
    at = task.decided_at
    card = Message(
        app_id=app.id,
        user_id=person.user_id,
        receiver=person.userid,
        kind="card",
        key=key,
        subject=words.subject,
        body=words.body,
        path=words.path,
        record_key=TASK,
        record_id=task.id,
        round=task.round,
        record_version=task.record_version,
        severity="warning",
        buttons=True,
        state="confirmed",
        attempts=1,
        sent_at=at - timedelta(minutes=25),
        confirmed_at=at,
        used_at=at,
        update_state="done",
        update_text=said,
        created_at=at - timedelta(minutes=25),
    )
    session.add(card)
    session.flush()
    came = {"source": "wecom", "event": "click", "userid": person.userid, "user_id": person.user_id}
    came |= {"state": "done", "outcome": "approve", "created_at": at, "done_at": at, "message_id": card.id}
    session.add(Inbox(app_id=app.id, key=f"demo-{task.id}", **came))


def _map(session: Any, app: App, logins: tuple[str, ...]) -> None:
    user = record_class("core.user")
    known = set(session.scalars(select(Person.user_id).where(Person.kind == app.kind, Person.corp_id == app.corp_id)))
    for person in session.scalars(select(user).where(user.login.in_(logins))):
        if person.id not in known:
            union = f"union-{person.login}" if app.kind == "dingtalk" else None
            names = {"userid": person.login, "union_id": union, "name": person.name}
            session.add(Person(app_id=app.id, user_id=person.id, kind=app.kind, corp_id=app.corp_id, **names))

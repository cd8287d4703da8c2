"""Demo data: to-dos of some people of the invented agency, about their own cases and clients."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import create, notify, record_class, registry, run_action, today
from plugins.todos.records import Todo

GIVEN = (
    ("s09", "核对申请人中英文名称与营业执照一致", 0, "high", "case", None),
    ("s09", "给客户回电话：商品项目增减的费用", 0, "normal", "case", None),
    ("s09", "整理本周受理通知书，交流程归档", 2, "normal", None, "weekly"),
    ("s09", "补一份使用证据清单", -1, "urgent", "case", None),
    ("s10", "准备驳回复审的理由提纲", 1, "high", "case", None),
    ("s10", "与法务约时间过一遍异议材料", 4, "normal", "case", None),
    ("s08", "看一遍部门下月到期的续展名单", 3, "high", None, "monthly"),
    ("s08", "安排新人跟案", 9, "low", None, None),
    ("s12", "邮寄受理通知书原件", 0, "normal", "any", None),
    ("s12", "月底对账：官费收据与付款清单", 6, "normal", None, "monthly"),
    ("s15", "拜访前准备：近三个月案件进展一页纸", 2, "high", "client", None),
    ("s16", "请客户确认代理委托书盖章件", 1, "normal", "client", None),
)
POINTS = ["申请人名称", "统一社会信用代码", "地址（中英文）", "签章"]


def load(session: Any) -> None:
    """Make them once; nothing where the people of the demo are missing."""
    user = record_class("core.user")
    ids = dict(session.execute(select(user.login, user.id).where(user.login.in_({g[0] for g in GIVEN}))).all())
    if session.scalar(select(Todo.id).limit(1)) is not None:
        return
    for login, title, days, priority, about, repeat in GIVEN:
        if login not in ids:
            continue
        place = _about(session, about, ids[login])
        due = (today() + timedelta(days=days)).isoformat()
        values = {"title": title, "assignee": ids[login], "due": due, "priority": priority, "repeat": repeat}
        todo = create(Todo, values | place | ({"checklist": [{"text": p} for p in POINTS]} if "核对" in title else {}))
        if days < 0:
            notify(
                [todo.assignee_id], f"待办已过期：{title}", severity="warning", record=todo, key=f"todo-late-{todo.id}"
            )
    _one_done(session, ids)


def _about(session: Any, what: str | None, person: int) -> dict[str, Any]:
    if what == "client" and "clients.client" in registry().types:
        model = record_class("clients.client")
        found = session.scalar(select(model.id).where(model.owner_id == person).order_by(model.id).limit(1))
        return {"record_key": "clients.client", "record_id": found} if found else {}
    if what in ("case", "any") and "cases.case" in registry().types:
        model = record_class("cases.case")
        chosen = select(model.id).order_by(model.id.desc()).limit(1)
        chosen = chosen.where(model.agent_id == person) if what == "case" else chosen
        found = session.scalar(chosen)
        return {"record_key": "cases.case", "record_id": found} if found else {}
    return {}


def _one_done(session: Any, ids: dict[str, int]) -> None:
    if "s09" in ids:
        done = create(Todo, {"title": "回复客户：近似查询结果", "assignee": ids["s09"], "due": today().isoformat()})
        run_action(done, "todos.todo", "finish", {"note": "已电话说明，客户同意按第 30 类递交。"})

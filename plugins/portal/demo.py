"""Demo data: portal users of clients of the invented agency, released papers, questions and answers, an order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from core import DEMO_PASSWORD, hash_password, now, record_class
from plugins.portal.records import Access, Message, Order, PortalUser

PEOPLE = (
    ("zhou.heng@luoxing.example", "周衡", "京络星云软件有限公司", "owner"),
    ("lin.yue@hangzhiwei.example", "林悦", "杭知味食品有限公司", "owner"),
    ("yan.qi@qiyan.example", "严启", "齐砚文具有限公司", "legal"),
    ("qiao.an@hangzhiwei.example", "乔安", "杭知味食品有限公司", "finance"),
    ("chen.mo@shuling.example", "陈沫", "蜀岭茶业有限公司", "owner"),
    ("wu.tong@shuling.example", "吴桐", "蜀岭茶业有限公司", "legal"),
)
SHOWN = 4
RELEASED = ("notice", "client_instruction", "certificate", "receipt", "image")
TALK = {
    "杭知味食品有限公司": (
        ("client", "林悦", 50, "驳回的那件商标，如果不复审，可以换个写法重新申请吗？"),
        (
            "agency",
            None,
            46,
            "可以，但申请日会重新起算，中间有被他人抢先的风险。建议复审和新申请一起做，我把两种方案的费用发给您。",
        ),
        ("client", "林悦", 3, "好的。复审大概要多久出结果？我们明年春天有展会。"),
    ),
    "蜀岭茶业有限公司": (
        ("client", "陈沫", 30, "异议答辩需要我们提供什么材料？"),
        (
            "agency",
            None,
            26,
            "请准备近三年的销售合同、发票和展会照片，能看到商标和日期的最好。直接在这件案子里发给我们就行。",
        ),
    ),
}
ORDERS = {"杭知味食品有限公司": ("trademark", "新品牌“知味小满”注册第 29、30、43 类", "图样下周定稿，先请查一下近似。")}


def shown_logins() -> list[dict[str, str]]:
    """Address and password of the demo's portal users, for the sign-in page."""
    return [
        {"email": email, "password": DEMO_PASSWORD, "name": name, "client": client}
        for email, name, client, _role in PEOPLE[:SHOWN]
    ]


def load(session: Any) -> None:
    """Make what is missing; quietly nothing where the agency of the demo is absent."""
    client = record_class("clients.client")
    wanted = {row[2] for row in PEOPLE}
    clients = dict(session.execute(select(client.name, client.id).where(client.name.in_(wanted))).all())
    password = hash_password(DEMO_PASSWORD) if clients else ""
    for email, name, company, role in PEOPLE:
        if company in clients:
            _person(session, email, name, clients[company], role, password)
    for company, ident in clients.items():
        _release(session, ident)
        _talk(session, ident, TALK.get(company, ()))
        _order(session, ident, ORDERS.get(company))


def _person(session: Any, email: str, name: str, client: int, role: str, password: str) -> None:
    account = record_class("core.user")
    if session.scalar(select(account.id).where(account.login == email)):
        return
    english = email.partition("@")[0].replace(".", " ").title()
    made = account(login=email, name=name, name_en=english, email=email, realm="portal", active=True)
    made.password_hash = password
    session.add(made)
    session.flush()
    session.add(record_class("core.user_role")(user_id=made.id, role=f"portal_{role}"))
    since = now() - timedelta(days=60)
    named = {"name": name, "name_en": english, "email": email}
    user = PortalUser(client_id=client, **named, role=role, state="active", user_id=made.id)
    user.invited_at, user.activated_at, user.last_seen_at = since, since, now() - timedelta(hours=20)
    session.add(user)
    session.flush()
    for act, what, hours in (("page", "案件清单", 44), ("page", "案件清单", 20), ("download", "驳回通知书.pdf", 20)):
        session.add(
            Access(
                client_id=client,
                portal_user_id=user.id,
                person=name,
                act=act,
                what=what,
                at=now() - timedelta(hours=hours),
                ip="192.0.2.10",
            )
        )


def _cases(session: Any, client: int) -> list[int]:
    case = record_class("cases.case")
    return list(session.scalars(select(case.id).where(case.client_id == client).order_by(case.id)))


def _release(session: Any, client: int) -> None:
    """Official letters and the client's own papers are shown to the client."""
    attachment = record_class("core.attachment")
    here = (attachment.record_key == "cases.case", attachment.record_id.in_(_cases(session, client)))
    session.execute(update(attachment).where(*here, attachment.kind.in_(RELEASED)).values(client_visible=True))


def _talk(session: Any, client: int, lines: tuple[tuple[Any, ...], ...]) -> None:
    if not lines or session.scalar(select(Message.id).where(Message.client_id == client).limit(1)):
        return
    case = record_class("cases.case")
    user = record_class("core.user")
    disputed = (case.client_id == client, case.status.in_(("refused", "opposed", "partly_refused", "oa_due")))
    about = session.execute(select(case.id, case.agent_id).where(*disputed).order_by(case.id).limit(1)).first()
    agent = session.scalar(select(user.name).where(user.id == (about.agent_id if about else 0))) or "顾问"
    for side, author, hours, body in lines:
        sent = now() - timedelta(hours=hours)
        message = Message(client_id=client, case_id=about.id if about else None, side=side, body=body, sent_at=sent)
        message.author = author or agent
        message.answered_at = sent + timedelta(hours=4) if side == "client" and hours > 24 else None
        session.add(message)
        session.flush()


def _order(session: Any, client: int, order: tuple[str, str, str] | None) -> None:
    if order is None or session.scalar(select(Order.id).where(Order.client_id == client).limit(1)):
        return
    kind, subject, details = order
    session.add(Order(client_id=client, kind=kind, subject=subject, details=details, person="林悦"))

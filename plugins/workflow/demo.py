"""Demo data: new filings at different nodes of their flow, and an example of parallel reviews. Quiet where its people
or records are missing."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from core import (
    acting_as,
    add_file,
    create,
    db,
    get,
    load_principal,
    now,
    record_class,
    registry,
    run_action,
    standing_at,
    today,
    transaction,
    update,
)
from plugins.workflow.records import Definition, Task
from plugins.workflow.seed import shipped, store

PEOPLE = ("s01", "s08", "s09", "s11", "s12", "s15")
CASE = "cases.case"
PAPERS = {
    "applicant_id_document": "营业执照",
    "power_of_attorney": "委托书",
    "search_report": "查询报告",
    "goods_list": "商品清单",
}
MARKS = (
    ("云岫茶", "head", ["30"], 2),
    ("砚边书屋", "back", ["16", "41"], 3),
    ("松间照", "client", ["11", "20"], 6),
    ("青瓷里", "filed", ["21"], 9),
    ("知鹿", "expert", ["28"], 4),
    ("山海集", "joint", ["14", "18", "25", "35"], 1),
)
"""Name, where the flow stands, classes, how many days ago it began."""
ADDRESS = "北京市海淀区上地十街 9 号"
GOODS = {
    "11": ("灯", "烹调器具"),
    "14": ("首饰", "钟"),
    "16": ("文具", "图书"),
    "18": ("书包", "伞"),
    "20": ("家具", "木制工艺品"),
    "21": ("瓷器", "茶具"),
    "25": ("服装", "帽"),
    "28": ("玩具", "棋"),
    "30": ("茶", "茶饮料", "糕点"),
    "35": ("广告", "替他人推销"),
    "41": ("培训", "组织文化活动"),
}


def load(session: Any) -> None:
    """Make what is missing; what is there stays as it is."""
    user = record_class("core.user")
    ids = dict(session.execute(select(user.login, user.id).where(user.login.in_(PEOPLE))).all())
    if CASE not in registry().types or len(ids) < len(PEOPLE):
        return
    case = record_class(CASE)
    known = set(session.scalars(select(case.name).where(case.name.in_([m[0] for m in MARKS]))))
    told = _Story(ids, session.scalar(select(record_class("clients.client").id).where(_of_fifteen(ids))))
    if "joint_review" not in set(session.scalars(select(Definition.code))):
        store(session, shipped("joint_review"))
        session.commit()
    for name, where, classes, ago in MARKS:
        if name not in known:
            told.tell(name, where, classes, ago)
    _everything_read(session)


def _everything_read(session: Any) -> None:
    """Messages of past days were read on their day; what waits stands in the list of approvals."""
    message = record_class("core.notification")
    of_flows = (message.record_key.in_(("workflow.task", "workflow.instance")), message.read_at.is_(None))
    for one in session.scalars(select(message).where(*of_flows)):
        one.read_at = one.created_at


def _of_fifteen(ids: dict[str, int]) -> Any:
    """Any client of the client manager."""
    return record_class("clients.client").owner_id == ids["s15"]


class _Story:
    """Plays flows as the people of the demo, on the days they happened."""

    def __init__(self, ids: dict[str, int], client: int | None) -> None:
        self.ids, self.client = ids, client
        self.at = now()

    @contextmanager
    def acting(self, login: str, hours: float = 3) -> Iterator[Any]:
        """One transaction of that person, some hours after the one before, never in the future."""
        self.at = min(self.at + timedelta(hours=hours), now())
        with standing_at(self.at), acting_as(load_principal(self.ids[login])), transaction() as session:  # type: ignore[arg-type]
            yield session

    def tell(self, name: str, where: str, classes: list[str], ago: int) -> None:
        """A case with its papers, and its flow up to where it stands."""
        self.at = _morning(ago)
        case = self._case(name, classes)
        flow = "joint_review" if where == "joint" else "new_filing"
        with self.acting("s09", 1):
            params = {"code": flow, "record_key": CASE, "record_id": case, "opinion": "材料已齐，请审。"}
            run = run_action(None, "workflow.instance", "start", params)["instance"]
        getattr(self, f"_{where}")(case, run)

    def _case(self, name: str, classes: list[str]) -> int:
        people = {"agent": self.ids["s09"], "process_clerk": self.ids["s12"], "client_manager": self.ids["s15"]}
        user = record_class("core.user")
        with self.acting("s12", 0):
            place = get(user, self.ids["s09"])
            given = {"case_type": "tm_application", "mark_name": name, "classes": classes, "client": self.client}
            given |= {"department": place.department_id, "branch": place.branch_id}
            case = create(record_class(CASE), given | people)
            self._parties(case, classes)
            image = add_file(case, f"{name}.png", io.BytesIO(_mark(name)), "mark_image")
            for kind, title in PAPERS.items():
                add_file(case, f"{title}.pdf", io.BytesIO(_pdf(f"{kind} {case.number}")), kind)
            update(case, {"mark_image": image.id})
            return case.id

    def _parties(self, case: Any, classes: list[str]) -> None:
        """The client as applicant, and goods for each class."""
        client = get(record_class("clients.client"), self.client)
        named = {"case": case.id, "name": client.name, "name_en": client.name_en, "client": client.id, "country": "CN"}
        create(record_class("cases.applicant"), named | {"address": ADDRESS})
        goods = record_class("cases.goods")
        rows = {row.nice_class: row for row in db.session.scalars(select(goods).where(goods.case_id == case.id))}
        for number in classes:
            items = {"items": list(GOODS[number])}
            if number in rows:
                update(rows[number], items)
            else:
                create(goods, {"case": case.id, "nice_class": number} | items)

    def _decide(self, login: str, run: int, decision: str, opinion: str, hours: float = 5, **more: Any) -> None:
        with self.acting(login, hours) as session:
            chosen = select(Task).where(Task.instance_id == run, Task.state == "open").order_by(Task.id)
            mine = [t for t in session.scalars(chosen) if self.ids[login] in (t.candidates or ())]
            task = mine[0]
            given = {"decision": decision, "opinion": opinion, "round": task.round, "version": task.record_version}
            run_action(task, "workflow.task", "decide", given | more)

    def _head(self, case: int, run: int) -> None:
        """Waits for the department head."""

    def _back(self, case: int, run: int) -> None:
        self._decide("s08", run, "send_back", "第 41 类去掉「组织展览」，图样改用黑白版。")

    def _expert(self, case: int, run: int) -> None:
        self._decide("s08", run, "approve", "图样用黑白版。")

    def _client(self, case: int, run: int) -> None:
        self._expert(case, run)
        self._decide("s11", run, "approve", "显著性没有问题；在先商标「松涧」差别明显。", hours=20)

    def _filed(self, case: int, run: int) -> None:
        self._client(case, run)
        self._decide("s15", run, "confirm", "客户当天回邮件确认，无修改。", hours=26)
        with self.acting("s09", 20):
            add_file(get(record_class(CASE), case), "递交回执.pdf", io.BytesIO(_pdf("receipt")), "filing_receipt")
        day = min(self.at.date(), today()).isoformat()
        values = {"filing_date": day, "filing_channel": "网上申请"}
        self._decide("s09", run, "done", "已递交，回执见附件。", hours=1, values=values)

    def _joint(self, case: int, run: int) -> None:
        self._decide("s11", run, "approve", "四个类别都可以提交。", hours=2)


def _morning(ago: int) -> datetime:
    """Ten o'clock of that many days ago, in UTC two hours past midnight."""
    return (now() - timedelta(days=ago)).replace(hour=2, minute=0, second=0, microsecond=0)


def _mark(name: str) -> bytes:
    """A black mark on white as a PNG: rings whose number follows the name."""
    side, rings = 240, 2 + sum(name.encode()) % 4
    rows = bytearray()
    for y in range(side):
        rows.append(0)
        for x in range(side):
            away = ((x - 120) ** 2 + (y - 120) ** 2) ** 0.5
            rows.append(0 if away < 100 and int(away / (100 / (2 * rings))) % 2 == 0 else 255)
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def _pdf(text: str) -> bytes:
    """One page with a line of plain text."""
    stream = f"BT /F1 18 Tf 72 760 Td ({text}) Tj ET".encode()
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    made, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(made))
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table + tail

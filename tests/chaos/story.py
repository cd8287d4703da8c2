"""The story's writes of one client of the interface, from intake to the paid bill, with what was acknowledged."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.caller import Answer, Caller

PAPERS = ("applicant_id_document", "power_of_attorney", "search_report")


@dataclass
class Ledger:
    """Acknowledged writes of everybody; the verdict compares them with the database."""

    created: list[tuple[str, int, str, Any]] = field(default_factory=list)  # record, id, unique field, value
    updated: list[tuple[str, int, str, Any]] = field(default_factory=list)
    decided: list[tuple[int, int]] = field(default_factory=list)  # task, how many deciders were told yes
    issued: list[int] = field(default_factory=list)
    paid: list[int] = field(default_factory=list)
    stories: int = 0
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Unexpected(AssertionError):
    """An answer that the story does not have."""


class Story:
    """One storyteller; tells until `stop`."""

    def __init__(self, number: int, people: dict[str, Caller], made: dict[str, Any], ledger: Ledger) -> None:
        self.number, self.people, self.made, self.ledger = number, people, made, ledger
        self.rng = random.Random(number)
        self.told = 0

    def tell(self) -> None:
        """One whole filing."""
        self.told += 1
        name = f"trial-{self.number}-{self.told}"
        case = self._case(name)
        started = self._ok(self.people["agent"].post("/api/v1/workflow.instance/actions/start", self._start(case)))
        flow = started["result"]["instance"]
        self._decide(flow, "dept_review", ("head", "head"))
        self._decide(flow, "expert_review", ("expert", "expert2"))
        self._decide(flow, "client", ("manager", "agent"), "confirm", opinion="客户邮件确认", files=self._letter(flow))
        receipt = self._paper(flow, "filing_receipt")
        self._decide(
            flow,
            "file",
            ("agent", "clerk"),
            "done",
            files=[receipt],
            values={"filing_date": "2026-11-20", "filing_channel": "online"},
        )
        self._bill(case)
        with self.ledger.lock:
            self.ledger.stories += 1

    def _start(self, case: int) -> dict[str, Any]:
        return {"code": "new_filing", "record_key": "cases.case", "record_id": case}

    def _case(self, name: str) -> int:
        who = self.made
        values = {
            "case_type": "tm_application", "mark_name": name, "client": who["client"], "agent": who["agent"],
            "process_clerk": who["clerk"], "client_manager": who["manager"], "department": who["department"],
            "branch": who["branch"], "classes": ["30"], "client_reference": name,
            "goods": [{"class": "30", "items": ["茶", "茶饮料"]}],
            "applicants": [{"name": "云岫茶业有限公司"}],
        }  # fmt: skip
        made = self._ok(self.people["manager"].post("/api/v1/cases.case", values))
        self._note("cases.case", made["id"], "client_reference", name)
        for kind in PAPERS:
            self._file(made["id"], f"{kind}.pdf", kind)
        image = self._file(made["id"], "mark.png", "mark_image", PNG)
        version = self._ok(self.people["agent"].get(f"/api/v1/cases.case/{made['id']}"))["version"]
        change = {"mark_image": image, "remarks": f"{name} ready"}
        self._ok(self.people["agent"].patch(f"/api/v1/cases.case/{made['id']}", change, version))
        with self.ledger.lock:
            self.ledger.updated.append(("cases.case", made["id"], "remarks", f"{name} ready"))
        return made["id"]

    def _file(self, case: int, name: str, kind: str, content: bytes = b"%PDF-1.4 trial") -> int:
        answer = self.people["agent"].upload(f"/api/v1/cases.case/{case}/files?kind={kind}&filename={name}", content)
        return self._ok(answer)["id"]

    def _letter(self, flow: int) -> list[int]:
        return [self._paper(flow, "client_answer")]

    def _paper(self, flow: int, kind: str) -> int:
        case = self._ok(self.people["agent"].get(f"/api/v1/workflow.instance/{flow}"))["record_id"]
        return self._file(case, f"{kind}.pdf", kind)

    def _decide(self, flow: int, node: str, who: tuple[str, str], decision: str = "approve", **more: Any) -> None:
        """Two deciders at once, as a card and a page do; exactly one of them is told yes."""
        task = self._task(flow, node, who[0])
        body = {"decision": decision, "round": task["round"], "version": task["record_version"], **more}
        answers: list[Answer] = []
        both = [threading.Thread(target=lambda p=p: answers.append(self._send(p, task["id"], body))) for p in who]
        for one in both:
            one.start()
        for one in both:
            one.join()
        yes = sum(a.ok for a in answers)
        with self.ledger.lock:
            self.ledger.decided.append((task["id"], yes))
        if yes != 1:
            raise Unexpected(f"task {task['id']} {node}: {[(a.status, a.body) for a in answers]}")

    def _send(self, person: str, task: int, body: dict[str, Any]) -> Answer:
        return self.people[person].post(f"/api/v1/workflow.task/{task}/actions/decide", body)

    def _task(self, flow: int, node: str, person: str) -> dict[str, Any]:
        path = f"/api/v1/workflow.task?instance={flow}&node={node}&state=open"
        rows = self._ok(self.people[person].get(path))["data"] if True else []
        if len(rows) != 1:
            raise Unexpected(f"flow {flow}: {len(rows)} open tasks at {node}")
        return rows[0]

    def _bill(self, case: int) -> None:
        """The draft that arose from the filing is issued, twice at once."""
        finance = self.people["finance"]
        lines = self._ok(finance.get(f"/api/v1/billing.bill_line?case={case}&expand=bill"))["data"]
        bills = sorted({row["bill"]["id"] for row in lines})
        if len(bills) != 1:
            raise Unexpected(f"case {case} has {len(bills)} bills")
        answers = [finance.post(f"/api/v1/billing.bill/{bills[0]}/actions/issue", {})]
        answers.append(self.people["finance_head"].post(f"/api/v1/billing.bill/{bills[0]}/actions/issue", {}))
        if sum(a.ok for a in answers) != 1:
            raise Unexpected(f"bill {bills[0]}: {[(a.status, a.body) for a in answers]}")
        with self.ledger.lock:
            self.ledger.issued.append(bills[0])

    def _note(self, record: str, ident: int, name: str, value: Any) -> None:
        with self.ledger.lock:
            self.ledger.created.append((record, ident, name, value))

    @staticmethod
    def _ok(answer: Answer) -> Any:
        if not answer.ok:
            raise Unexpected(f"{answer.status}: {answer.body}")
        body = answer.body
        return body["data"] if isinstance(body, dict) and isinstance(body.get("data"), dict) else body


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33"
    "0000000049454e44ae426082"
)

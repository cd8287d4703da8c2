"""What other plugins add to each mirrored client where they are enabled: a question, a released document, a bill."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from core import (
    acting_as,
    add_file,
    db,
    insert_derived,
    load_principal,
    now,
    record_class,
    registry,
    run_action,
    system,
    today,
    transaction,
)

CLIENT_NODE = {
    "id": "client",
    "kind": "client",
    "name": "客户确认",
    "client": "client",
    "who": ["field:client_manager"],
    "change_to": "submit",
}


def documents(side: str, made: SimpleNamespace, case: Any, pdf: bytes) -> None:
    """One document released to the client, one kept back."""
    made.documents, made.kept_documents = [], []
    if "documents.document" not in registry().types:
        return
    document = record_class("documents.document")
    for title, released in ((f"released-{side} letter", now()), (f"internal-{side} letter", None)):
        stored = add_file(case, f"{title}.pdf", io.BytesIO(pdf + title.encode()), client_visible=released is not None)
        row = document(
            title=title,
            kind="letter",
            record_key="cases.case",
            record_id=case.id,
            client_ref=made.client,
            audience="client",
            language="zh",
            state="ready",
            file_id=stored.id,
            sha256=stored.sha256,
            released_at=released,
        )
        (made.documents if released else made.kept_documents).extend(insert_derived(document, [row]))


def bills(side: str, made: SimpleNamespace) -> None:
    """An issued bill with its line, a draft, and a payment."""
    made.bills, made.drafts = [], []
    if "billing.bill" not in registry().types:
        return
    bill, line, payment = (record_class(f"billing.{name}") for name in ("bill", "bill_line", "payment"))
    for state, kept in (("issued", made.bills), ("draft", made.drafts)):
        title = f"{'released' if state == 'issued' else 'internal'}-{side} bill"
        row = bill(
            number=f"B-{side}" if state == "issued" else None,
            title=title,
            state=state,
            client_id=made.client,
            case_id=made.cases[0],
            issued_on=today() - timedelta(days=40),
            due_on=today() - timedelta(days=10),
            total=Decimal("1360.00"),
            balance=Decimal("1360.00"),
            cost=Decimal("77.70"),
        )
        kept += insert_derived(bill, [row])
        about = {
            "bill_id": kept[0],
            "description": title,
            "official_amount": Decimal(300),
            "service_amount": Decimal(1060),
        }
        insert_derived(line, [line(**about, position=1)])
    given = {
        "client_id": made.client,
        "received_on": today(),
        "amount": Decimal(500),
        "unallocated": Decimal(500),
        "reference": f"released-{side} money",
    }
    insert_derived(payment, [payment(**given, payer_account=f"secret {side} account", state="confirmed")])


def questions(mirror: SimpleNamespace) -> None:
    """A question for the client on the first case of each side, by a real flow."""
    for side in (mirror.left, mirror.right):
        side.questions = []
    if "workflow.task" not in registry().types:
        return
    define()
    for side in (mirror.left, mirror.right):
        side.questions.append(ask(mirror, side.cases[0]))


def define() -> None:
    """A flow that asks the client once."""
    with system("a flow of a test"):
        definition = record_class("workflow.definition")
        nodes = [{"id": "submit", "kind": "start", "name": "提交"}, CLIENT_NODE]
        db.session.add(
            definition(
                code="mirror", name="mirror", record_key="cases.case", state="published", version_no=1, nodes=nodes
            )
        )


def ask(mirror: SimpleNamespace, case: int) -> int:
    """Start the flow on a case as its agent; the client's task."""
    with acting_as(load_principal(mirror.staff.tm_agent)), transaction():
        given = {"code": "mirror", "record_key": "cases.case", "record_id": case}
        run = run_action(None, "workflow.instance", "start", given)["instance"]
    with system("find the client's task") as session:
        task = record_class("workflow.task")
        return session.query(task.id).filter(task.instance_id == run, task.kind == "client").scalar()

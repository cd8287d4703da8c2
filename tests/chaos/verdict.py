"""After the storm: what was acknowledged is there once, every receivable is there once, every task was decided once."""

from __future__ import annotations

import time
from collections import Counter
from decimal import Decimal
from typing import Any

from tests.chaos.caller import Caller
from tests.chaos.story import Ledger
from tests.support.running import Running

PATIENCE = 240.0  # seconds for what is under way to arrive
DECISIONS = ("approve", "confirm", "done", "send_back", "request_change", "reject")


def judge(deployment: Running, made: dict[str, Any], ledger: Ledger, standin: Any) -> list[str]:
    """What is wrong, in words; nothing is the aim."""
    import threading

    asker = Caller(lambda: deployment.url, made["keys"]["partner"], threading.Event())
    finance = Caller(lambda: deployment.url, made["keys"]["finance_head"], threading.Event())
    problems = _await_arrival(finance, standin, ledger)
    problems += _creates(asker, ledger) + _updates(asker, ledger)
    problems += _receivables(finance, standin, ledger) + _decisions(asker, ledger)
    problems += _money(finance, made, standin, ledger)
    return problems


def _await_arrival(finance: Caller, standin: Any, ledger: Ledger) -> list[str]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if len(standin.of("AR_receivable")) >= len(set(ledger.issued)) and not _unsettled(finance):
            return []
        time.sleep(1)
    return [f"documents still under way after {PATIENCE:.0f} s: {_unsettled(finance)[:5]}"]


def _unsettled(finance: Caller) -> list[Any]:
    answer = finance.get("/api/v1/finance_bridge.document?state__ne=confirmed&limit=50")
    return [(row["external_key"], row["state"], row["reason"], row["error"]) for row in answer.body["data"]]


def _creates(asker: Caller, ledger: Ledger) -> list[str]:
    wrong = []
    for record, ident, name, value in ledger.created:
        rows = asker.get(f"/api/v1/{record}?{name}={value}&fields={name}").body["data"]
        if [row["id"] for row in rows] != [ident]:
            wrong.append(f"{record} {ident} ({value}) was acknowledged; found {[row['id'] for row in rows]}")
    return wrong


def _updates(asker: Caller, ledger: Ledger) -> list[str]:
    wrong = []
    for record, ident, name, value in ledger.updated:
        found = asker.get(f"/api/v1/{record}/{ident}").body
        if found.get(name) != value:
            wrong.append(f"{record} {ident}: {name} = {value!r} was acknowledged; found {found.get(name)!r}")
    return wrong


def _receivables(finance: Caller, standin: Any, ledger: Ledger) -> list[str]:
    keys = Counter(row["FBillNo"] for row in standin.of("AR_receivable").values())
    wrong = [f"receivable {key} stands {n} times in the ledger" for key, n in keys.items() if n > 1]
    sent = Counter()
    known = set()
    for bill in sorted(set(ledger.issued)):
        rows = finance.get(f"/api/v1/finance_bridge.document?bill={bill}").body["data"]
        sent[len(rows)] += 1
        if len(rows) != 1 or keys[rows[0]["external_key"]] != 1:
            wrong.append(f"bill {bill} was issued; documents {[(r['external_key'], r['state']) for r in rows]}")
        known |= {row["external_key"] for row in rows}
    for row in _all(finance, "/api/v1/finance_bridge.document?fields=external_key"):
        known.add(row["external_key"])
    return wrong + [f"receivable {key} belongs to no document" for key in keys if key not in known]


def _money(finance: Caller, made: dict[str, Any], standin: Any, ledger: Ledger) -> list[str]:
    """All receivables are paid over there; here each bill is paid in full, by just that much."""
    for ident, row in standin.of("AR_receivable").items():
        standin.pay(ident, Decimal(row["FALLAMOUNTFOR"]))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        finance.post(f"/api/v1/finance_bridge.book/{made['book']}/actions/poll", {})
        time.sleep(3)
        if not finance.get("/api/v1/billing.bill?state__in=issued,part_paid,overdue&limit=1").body["data"]:
            break
    paid: dict[int, Decimal] = {}
    for row in _all(finance, "/api/v1/billing.allocation?fields=bill,amount"):
        paid[row["bill"]["id"]] = paid.get(row["bill"]["id"], Decimal(0)) + Decimal(row["amount"])
    wrong = []
    for bill in sorted(set(ledger.issued)):
        found = finance.get(f"/api/v1/billing.bill/{bill}").body
        if Decimal(found["balance"]) or paid.get(bill) != Decimal(found["total"]):
            wrong.append(f"bill {bill}: total {found['total']}, balance {found['balance']}, allocated {paid.get(bill)}")
    received = sum(Decimal(row["amount"]) for row in _all(finance, "/api/v1/billing.payment?fields=amount"))
    if received != sum(paid.values()):
        wrong.append(f"{received} was received, {sum(paid.values())} allocated")
    return wrong


def _decisions(asker: Caller, ledger: Ledger) -> list[str]:
    """Who was told yes, and what the log of each flow says: a node is decided once in a round."""
    wrong = [f"task {task}: {yes} deciders were told yes" for task, yes in ledger.decided if yes != 1]
    said = Counter(
        (row["instance"]["id"], row["node"], row["round"])
        for row in _all(asker, f"/api/v1/workflow.step?what__in={','.join(DECISIONS)}&fields=instance,node,round")
    )
    return wrong + [f"flow, node, round {where} was decided {n} times" for where, n in said.items() if n > 1]


def _all(asker: Caller, path: str) -> list[dict[str, Any]]:
    rows, cursor = [], ""
    while True:
        page = asker.get(f"{path}&limit=200{cursor}").body
        rows += page["data"]
        if not page["next"]:
            return rows
        cursor = f"&cursor={page['next']}"


def summary(ledger: Ledger, standin: Any, problems: list[str]) -> str:
    """One line for a person."""
    return (
        f"{len(ledger.created)} creates, {len(ledger.updated)} updates, {len(ledger.decided)} decisions by two at once,"
        f" {len(set(ledger.issued))} bills issued, {len(standin.of('AR_receivable'))} receivables in the ledger;"
        f" {len(problems)} problems, {len(ledger.failures)} unexpected answers"
    )

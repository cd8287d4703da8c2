"""The journal of exchanges is kept as long as its connection says, and longer where somebody still has to look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import Invalid, now, record_class, system, update
from plugins.finance_bridge import tidying


def entries(document: int) -> int:
    model = record_class("finance_bridge.exchange")
    with system("look at the journal") as session:
        return len(session.scalars(select(model.id).where(model.document_id == document)).all())


def age(document: int, days: int) -> None:
    model = record_class("finance_bridge.exchange")
    with system("time passes") as session:
        for row in session.scalars(select(model).where(model.document_id == document)):
            row.at = now() - timedelta(days=days)


def test_what_is_old_and_settled_goes(desk, monkeypatch):
    monkeypatch.setattr(tidying, "AT_ONCE", 2)
    desk.book("receivable")
    bills = [desk.bill() for _n in range(3)]
    desk.deliver()
    desk.push()
    old, open_, young = (desk.document(bill).id for bill in bills)
    age(old, 401)
    age(open_, 401)
    age(young, 399)
    with system("somebody has to look at one") as session:
        session.get(record_class("finance_bridge.document"), open_).state = "failed"
    assert entries(old)
    assert tidying.tidy()["removed"] >= 1
    assert entries(old) == 0
    assert entries(open_)
    assert entries(young)
    assert tidying.tidy()["removed"] == 0


@pytest.mark.parametrize("days", [0, 182, 3651, -1])
def test_nobody_keeps_the_journal_shorter_than_logs_are_to_be_kept(desk, days):
    desk.book("receivable")
    model = record_class("finance_bridge.connection")
    with pytest.raises(Invalid), system("too short") as session:
        update(session.scalars(select(model)).first(), {"keep_days": days})

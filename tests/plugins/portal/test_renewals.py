"""Whether a mark shall be renewed: asked in time, answered once with evidence, and followed by a day in the docket."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from core import create, record_class, registry, system, today
from plugins.portal.records import Evidence


@pytest.fixture
def mark(app: Any, mirror: Any) -> int:
    """A registered mark of the left client that ends in half a year, of which nobody has said anything."""
    with app.app_context(), system("a registered mark") as session:
        case = session.get(record_class("cases.case"), mirror.left.cases[2])
        case.registration_number, case.registration_date = "12345678", today() - timedelta(days=3470)
        case.valid_to = today() + timedelta(days=182)
        case.moving = True
        case.status = "registered"
        session.execute(delete(Evidence).where(Evidence.record_key == "cases.case"))
        session.flush()
        return case.id


def answered(visitor: Any, mark: int, decision: str, **more: str) -> int:
    return visitor.post(f"/portal/cases/{mark}/renewal", {"decision": decision, **more}).status_code


def proofs(app: Any, mark: int) -> list[Any]:
    with app.app_context(), system("look at evidence") as session:
        wanted = (Evidence.record_key == "cases.case", Evidence.record_id == mark)
        return list(session.scalars(select(Evidence).where(*wanted)))


def test_the_home_page_asks_and_names_day_and_money(app, mirror, visitors, mark):
    text = visitors["left", "legal"].get("/portal").text
    assert f"/portal/cases/{mark}/renewal" in text
    assert (today() + timedelta(days=182)).isoformat() in text
    if "billing.price_item" in registry_of(app):
        page = visitors["left", "owner"].get(f"/portal/cases/{mark}/renewal").text
        assert "¥600.00" in page or "¥" in page[page.index("co-box") :][:300]
    for role in ("finance", "viewer"):
        assert f"/portal/cases/{mark}/renewal" not in visitors["left", role].get("/portal").text
        assert visitors["left", role].get(f"/portal/cases/{mark}/renewal").status_code == 404
        assert answered(visitors["left", role], mark, "renew") == 404
    assert visitors["right", "owner"].get(f"/portal/cases/{mark}/renewal").status_code == 404
    assert answered(visitors["right", "owner"], mark, "renew") == 404


def registry_of(app: Any) -> Any:
    with app.app_context():
        return registry().types


def test_a_yes_leaves_evidence_a_note_and_a_day(app, mirror, visitors, mark):
    assert answered(visitors["left", "legal"], mark, "renew", opinion="只续第 30 类") == 303
    (proof,) = proofs(app, mark)
    assert (proof.decision, proof.opinion, proof.person) == ("renew", "只续第 30 类", "顾远")
    assert proof.ip == "127.0.0.1"
    with app.app_context(), system("look at what followed") as session:
        note = record_class("core.notification")
        told = session.scalars(select(note).where(note.record_key == "cases.case", note.record_id == mark)).all()
        assert mirror.staff.tm_agent in {n.user_id for n in told}
        if "deadlines.deadline" in registry().types:
            deadline = record_class("deadlines.deadline")
            due = session.scalars(
                select(deadline.due).where(deadline.case_id == mark, deadline.name.contains("续展"))
            ).all()
            assert today() + timedelta(days=10) in due
    assert f"/portal/cases/{mark}/renewal" not in visitors["left", "owner"].get("/portal").text
    assert "续展" in visitors["left", "owner"].get(f"/portal/cases/{mark}").text
    assert answered(visitors["left", "owner"], mark, "no_renewal", sure="1") == 409
    assert len(proofs(app, mark)) == 1


def test_a_no_must_be_meant(app, visitors, mark):
    assert answered(visitors["left", "owner"], mark, "no_renewal") == 422
    assert answered(visitors["left", "owner"], mark, "whatever") == 422
    assert proofs(app, mark) == []
    assert answered(visitors["left", "owner"], mark, "no_renewal", sure="1") == 303
    assert [p.decision for p in proofs(app, mark)] == ["no_renewal"]


def test_two_colleagues_at_once_give_one_instruction(app, visitors, mark):
    people = [visitors["left", "owner"], visitors["left", "legal"]] * 2
    tokens = [p.token() for p in people]
    gate, told = threading.Barrier(4), []

    def one(at: int) -> None:
        gate.wait()
        given = {"decision": ("renew", "no_renewal")[at % 2], "sure": "1", "csrf_token": tokens[at]}
        told.append(people[at].client.post(f"/portal/cases/{mark}/renewal", data=given).status_code)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(told) == [303, 409, 409, 409]
    assert len(proofs(app, mark)) == 1


def test_what_is_under_way_or_too_early_is_not_asked(app, mirror, visitors, mark):
    place = f"/portal/cases/{mark}/renewal"
    for days, asked in ((400, False), (300, True), (-100, True), (-200, False)):
        with app.app_context(), system("another end") as session:
            session.get(record_class("cases.case"), mark).valid_to = today() + timedelta(days=days)
        home = visitors["left", "owner"].get("/portal").text
        assert (place in home) == asked, days
        assert 'class="by overdue"' not in home[home.index('class="ask') : home.index('class="fi')], (
            "no day that has passed"
        )
    with app.app_context(), system("the renewal is taken in"):
        given = {"case_type": "tm_renewal", "client": mirror.left.client, "registration": mark, "opened_on": today()}
        made = create(record_class("cases.case"), given | {"mark_name": "云岫"}).id
    with app.app_context(), system("in time again") as session:
        session.get(record_class("cases.case"), mark).valid_to = today() + timedelta(days=100)
    assert place not in visitors["left", "owner"].get("/portal").text
    assert answered(visitors["left", "owner"], mark, "renew") == 409
    with app.app_context(), system("tidy up") as session:
        session.delete(session.get(record_class("cases.case"), made))

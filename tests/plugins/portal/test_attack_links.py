"""Links from mails used twice, forged or late; answers and files that come at once, wrong or huge."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from core import now, record_class, system
from plugins.portal import accounts
from plugins.portal.records import Evidence, Invitation, PortalUser
from tests.plugins.portal.conftest import PASSWORD, PDF, Visitor
from tests.plugins.portal.test_accounts import invited, link_of
from tests.plugins.portal.test_questions import asked, form_of  # noqa: F401 - a fixture

OTHER = "another correct horse"


def together(works: list[Any]) -> list[Any]:
    """Each work in a thread of its own, started at one moment."""
    gate, answers = threading.Barrier(len(works)), [None] * len(works)

    def go(number: int) -> None:
        gate.wait()
        answers[number] = works[number]()

    threads = [threading.Thread(target=go, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def pressed(visitor: Visitor, token: str, password: str = PASSWORD) -> int:
    """The status after the form of a link was sent with the token of the sign-in page."""
    path = f"/portal/password/{token}"
    return visitor.post(path, {"password": password, "again": password}, page="/portal/login").status_code


def test_a_link_sets_one_password_whoever_opens_it_again(app, mirror):
    invited(app, mirror, "once-only@left.example")
    token = link_of(app, "once-only@left.example")
    thief = Visitor(app)
    assert pressed(Visitor(app), token) == 303
    assert pressed(thief, token, OTHER) == 410
    assert thief.get(f"/portal/password/{token}").status_code == 410
    assert Visitor(app).sign_in("once-only@left.example", OTHER).status_code == 401
    assert Visitor(app).sign_in("once-only@left.example").status_code == 303


def test_a_link_pressed_five_times_at_once_works_once(app, mirror):
    invited(app, mirror, "five@left.example")
    token = link_of(app, "five@left.example")
    visitors = [Visitor(app) for _n in range(5)]
    words = [f"{PASSWORD} number {n}" for n in range(5)]
    told = together([lambda v=v, w=w: pressed(v, token, w) for v, w in zip(visitors, words, strict=True)])
    assert sorted(told) == [303, 410, 410, 410, 410]
    fits = [Visitor(app).sign_in("five@left.example", word).status_code for word in words]
    assert [told[n] for n, status in enumerate(fits) if status == 303] == [303]
    with app.app_context(), system("count the accounts") as session:
        account = record_class("core.user")
        assert session.scalar(select(func.count(account.id)).where(account.login == "five@left.example")) == 1


def test_an_older_link_is_void_when_a_newer_one_leaves(app, mirror):
    invited(app, mirror, "newer@left.example")
    old = link_of(app, "newer@left.example")
    with app.app_context(), system("invite once more") as session:
        accounts.invite_again(
            session.scalars(select(PortalUser).where(PortalUser.email == "newer@left.example")).one(), {}
        )
    new = link_of(app, "newer@left.example")
    assert old != new
    assert pressed(Visitor(app), old) == 410
    assert pressed(Visitor(app), new) == 303


@pytest.mark.parametrize("purpose", ["invite", "reset"])
def test_a_link_that_is_late_or_closed_leads_nowhere(app, mirror, purpose):
    email = f"late-{purpose}@left.example"
    invited(app, mirror, email)
    if purpose == "reset":
        assert pressed(Visitor(app), link_of(app, email)) == 303
        with app.app_context():
            accounts.send_reset(email, "zh")
    token = link_of(app, email)
    with app.app_context(), system("time goes by") as session:
        user = session.scalars(select(PortalUser).where(PortalUser.email == email)).one()
        mine = (Invitation.portal_user_id == user.id, Invitation.used_at.is_(None))
        live = session.scalars(select(Invitation).where(*mine)).one()
        kept, live.expires_at = live.expires_at, now() - timedelta(seconds=1)
    assert pressed(Visitor(app), token, OTHER) == 410
    with app.app_context(), system("closed") as session:
        session.execute(update(Invitation).where(Invitation.id == live.id).values(expires_at=kept))
        session.execute(update(PortalUser).where(PortalUser.email == email).values(state="disabled"))
    assert pressed(Visitor(app), token, OTHER) == 410


@pytest.mark.parametrize("change", [str.swapcase, lambda t: t[:-1], lambda t: t + "x", lambda t: t.replace(".", "", 1),
                                    lambda t: t.partition(".")[0], lambda _t: "x" * 4000, lambda _t: "%00"],
                         ids=range(7))  # fmt: skip
def test_forged_links_lead_nowhere_and_look_alike(app, mirror, change):
    email = "forged@left.example"
    with app.app_context(), system("look") as session:
        known = session.scalar(select(PortalUser.id).where(PortalUser.email == email))
    if known is None:
        invited(app, mirror, email)
    token = link_of(app, email)
    assert Visitor(app).get(f"/portal/password/{change(token)}").status_code in (404, 410)
    assert Visitor(app).get(f"/portal/password/{token}").status_code == 200


def test_a_new_password_ends_the_thiefs_session(app, mirror):
    email = "stolen@left.example"
    invited(app, mirror, email)
    assert pressed(Visitor(app), link_of(app, email)) == 303
    thief = Visitor(app)
    assert thief.sign_in(email).status_code == 303
    with app.app_context():
        accounts.send_reset(email, "zh")
    assert pressed(Visitor(app), link_of(app, email), OTHER) == 303
    assert thief.get("/portal").status_code == 302


def test_answers_of_two_colleagues_at_once_are_one_decision(app, visitors, asked):  # noqa: F811
    people = [visitors["left", role] for role in ("owner", "legal")] * 3
    token = {id(p): p.token() for p in people}
    form = form_of(people[0], asked)

    def answer(person: Visitor, number: int) -> int:
        decision = ("confirm", "request_change")[number % 2]
        given = form | {"decision": decision, "opinion": "x", "csrf_token": token[id(person)]}
        return person.client.post(f"/portal/questions/{asked}", data=given).status_code

    told = together([lambda p=p, n=n: answer(p, n) for n, p in enumerate(people)])
    assert sorted(told) == [303] + [409] * 5
    with app.app_context(), system("look at the decision") as session:
        (proof,) = session.scalars(select(Evidence).where(Evidence.record_id == asked)).all()
        task = session.get(record_class("workflow.task"), asked)
        assert (task.state, task.decision) == ("done", proof.decision)


@pytest.mark.parametrize(
    "form",
    [{}, {"decision": "approve"}, {"decision": "hand_on"}, {"decision": "confirm", "round": "x", "version": "-1"},
     {"decision": "confirm", "round": "9" * 40}, {"decision": "confirm", "sha256": "\u0000"},
     {"decision": ["confirm", "request_change"]}, {"decision": "request_change", "opinion": " \n "}],
    ids=range(8),
)  # fmt: skip
def test_odd_answers_decide_nothing(app, visitors, asked, form):  # noqa: F811
    given = {"round": "1", "version": "1", "sha256": ""} | form
    assert visitors["left", "legal"].post(f"/portal/questions/{asked}", given).status_code in (409, 422)
    with app.app_context(), system("look") as session:
        assert session.get(record_class("workflow.task"), asked).state == "open"


def sent(visitor: Visitor, *files: tuple[bytes, str], subject: str = "附件", **more: Any) -> Any:
    data = {"kind": "trademark", "subject": subject, "file": [(io.BytesIO(c), name) for c, name in files], **more}
    return visitor.post("/portal/orders", data, content_type="multipart/form-data")


def orders_called(app: Any, subject: str) -> list[Any]:
    with app.app_context(), system("look at orders") as session:
        order, file = record_class("portal.order"), record_class("core.attachment")
        found = session.scalars(select(order).where(order.subject == subject)).all()
        here = (file.record_key == "portal.order", file.record_id.in_([o.id for o in found]))
        return [found, session.scalars(select(file).where(*here)).all()]


@pytest.mark.parametrize("name", ["evil.exe", "run.BAT", "x.html.exe", "a.js", "dots.exe. .", "macro.scr"])
def test_programs_are_not_taken_and_leave_no_half_order(app, visitors, name):
    subject = f"programm {name}"
    assert sent(visitors["left", "owner"], (PDF, "gut.pdf"), (b"MZ", name), subject=subject).status_code == 422
    assert orders_called(app, subject) == [[], []]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\x00b.pdf", "C:\\x\\y.pdf", "‮fdp.gpj", "x" * 400 + ".pdf", "."])
def test_names_of_files_are_names_and_no_places(app, visitors, name):
    subject = f"name {len(name)} {ord(name[0])}"
    assert sent(visitors["left", "owner"], (PDF, name), subject=subject).status_code in (303, 422)
    _found, files = orders_called(app, subject)
    for file in files:
        assert not set(file.filename) & set("/\\\x00‮"), file.filename
        assert len(file.filename) <= 255


def test_eleven_files_a_huge_one_and_an_endless_text_are_refused_whole(app, visitors, monkeypatch):
    visitor = visitors["left", "owner"]
    assert sent(visitor, *[(PDF, f"{n}.pdf") for n in range(11)], subject="elf").status_code == 422
    assert sent(visitor, subject="s" * 5000, details="x").status_code == 422
    assert sent(visitor, subject="viel Text", details="x" * 9000).status_code == 422
    assert orders_called(app, "elf")[0] == orders_called(app, "viel Text")[0] == []


def test_what_a_client_sent_is_never_drawn_by_the_agencys_own_pages(app, mirror, visitors, staff_browser):
    page = b"<!doctype html><script>fetch('/settings')</script>"
    drawn = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    assert (
        sent(visitors["left", "owner"], (page, "seite.html"), (drawn, "bild.svg"), subject="mit Schrift").status_code
        == 303
    )
    _found, files = orders_called(app, "mit Schrift")
    assert len(files) == 2
    for file in files:
        answer = staff_browser.get(f"/files/{file.id}")
        if answer.status_code == 404:
            continue
        policy = answer.headers.get("Content-Security-Policy", "")
        assert answer.headers["Content-Disposition"].startswith("attachment") or "sandbox" in policy, file.filename
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

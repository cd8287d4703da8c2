"""Doors between the realms: clients at staff's pages and programs, staff at the portal, links, forms, answers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core import db, now, record_class, system
from core.api.keys import issue_key
from core.errors import ZhianError
from plugins.portal import accounts, links
from plugins.portal.records import Evidence, Invitation, PortalUser
from tests.plugins.portal.conftest import PASSWORD, Visitor

OPEN = ("/static/", "/healthz", "/login", "/portal")


def filled(rule: Any) -> str:
    return re.sub(
        r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda m: "1" if m[1] in (None, "int", "string") else "x", rule.rule
    )


def portal_token(visitor: Visitor) -> str:
    return visitor.client.get_cookie("zhian_portal").value


def test_a_client_at_any_door_of_the_staff_is_a_stranger(app, visitors):
    """Each route of the app that is not the portal's: the very answer that a stranger gets, with either cookie."""
    stranger, wrong = app.test_client(), []
    person = visitors["left", "owner"]
    thief = app.test_client()
    thief.set_cookie("zhian", portal_token(person))
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(OPEN):
            continue
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            path = filled(rule)
            plain = stranger.open(path, method=method)
            for who, client in (("own cookie", person.client), ("as staff's cookie", thief)):
                answer = client.open(path, method=method)
                if (answer.status_code, answer.headers.get("Location")) != (
                    plain.status_code,
                    plain.headers.get("Location"),
                ):
                    wrong.append((who, method, rule.rule, answer.status_code, plain.status_code))
    assert wrong == []


def test_staff_at_any_door_of_the_portal_are_strangers(app, staff_browser):
    thief = app.test_client()
    thief.set_cookie("zhian_portal", staff_browser.client.get_cookie("zhian").value)
    for rule in app.url_map.iter_rules():
        if not f"{rule.rule}/".startswith("/portal/") or "GET" not in rule.methods:
            continue
        for client in (staff_browser.client, thief):
            answer = client.get(filled(rule))
            public = rule.rule in ("/portal/login", "/portal/forgotten", "/portal/look.css", "/portal/logo")
            if public or rule.rule.startswith(("/portal/password", "/portal/login/with/", "/portal/login/back/")):
                assert answer.status_code in (200, 404, 410), rule.rule
            else:
                assert answer.status_code == 302, rule.rule
                assert answer.headers["Location"].startswith("/portal/login"), rule.rule


def test_a_client_does_not_sign_in_among_the_staff_nor_staff_in_the_portal(app, mirror):
    visitor = Visitor(app)
    token = visitor.token("/login")
    data = {"login": "owner@left.example", "password": PASSWORD, "csrf_token": token}
    assert visitor.client.post("/login", data=data).status_code == 401
    assert Visitor(app).sign_in("mirror administrator").status_code == 401


def test_a_key_of_a_client_opens_nothing(app, mirror):
    with app.app_context():
        try:
            key = issue_key(mirror.left.users["owner"].account, ["*"])
        except ZhianError:
            return
    for path in ("cases.case", "clients.client", "portal.user", "core.user"):
        answer = app.test_client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code in (401, 403), path


def test_staff_do_not_meet_clients_people_in_their_lists(staff_browser):
    listed = staff_browser.get("/api/v1/core.user?limit=200").json
    assert "@left.example" not in repr(listed)


@pytest.mark.parametrize(
    "path", ["/portal", "/portal/cases/1", "/portal/files", "/portal/account", "/portal/nothing/here"]
)
def test_strangers_are_sent_to_the_portals_own_sign_in(app, path):
    answer = app.test_client().get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/portal/login")


def test_an_unknown_address_below_the_portal_looks_like_a_hidden_one(app, mirror, visitors):
    visitor = visitors["left", "owner"]
    hidden = visitor.get(f"/portal/cases/{mirror.right.cases[0]}")
    unknown = visitor.get("/portal/nothing/here")
    assert (hidden.status_code, hidden.data) == (unknown.status_code, unknown.data)


def test_forms_without_the_token_or_from_elsewhere_are_refused(app, visitors):
    visitor, accepted = visitors["left", "owner"], []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/portal/") and "POST" in rule.methods:
            for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                answer = visitor.client.post(filled(rule), data={"csrf_token": "0" * 64}, headers=headers)
                if answer.status_code != 403:
                    accepted.append((rule.rule, headers, answer.status_code))
                assert "z-side" not in answer.text, "the staff's shell is not for clients"
    assert accepted == []


def test_sign_in_tells_a_wrong_password_an_unknown_address_and_a_locked_account_alike(app, mirror):
    answers = []
    for email in ("viewer@right.example", "nobody@nowhere.example"):
        for _try in range(7):
            visitor = Visitor(app)
            answer = visitor.sign_in(email, "wrong password!")
            answers.append((answer.status_code, answer.text.replace(email, "…").replace(_token_of(answer), "")))
    assert len(set(answers)) == 1
    locked = Visitor(app).sign_in("viewer@right.example", PASSWORD)
    assert locked.status_code == 401


def _token_of(answer: Any) -> str:
    return re.search(r'name="csrf_token" value="([0-9a-f]{64})"', answer.text)[1]


def test_asking_for_a_password_answers_alike_and_writes_to_known_people_alone(app, mirror):
    mail = record_class("core.mail")
    answers = []
    for email in ("legal@left.example", "nobody@nowhere.example", ""):
        visitor = Visitor(app)
        answer = visitor.post("/portal/forgotten", {"email": email}, page="/portal/forgotten")
        answers.append((answer.status_code, answer.headers["Location"]))
    assert len(set(answers)) == 1
    with app.app_context():
        for email in ("legal@left.example", "nobody@nowhere.example"):
            accounts.send_reset(email, "zh")
        with system("look at the mails") as session:
            asked_for = mail.recipient.in_(("legal@left.example", "nobody@nowhere.example"))
            with_link = [m.recipient for m in session.scalars(select(mail).where(asked_for)) if m.hidden_part]
            assert with_link == ["legal@left.example"]


def new_link(app: Any, email: str, purpose: str = "reset") -> str:
    with app.app_context(), system("a link for a test") as session:
        user = session.scalars(select(PortalUser).where(PortalUser.email == email)).one()
        return links.make(user, purpose)


def used(app: Any, token: str, password: str = "a sentence of mine") -> Any:
    visitor = Visitor(app)
    page = visitor.get(f"/portal/password/{token}")
    if page.status_code != 200:
        return page
    return visitor.post(
        f"/portal/password/{token}", {"password": password, "again": password}, page=f"/portal/password/{token}"
    )


def test_a_link_works_once_and_the_earlier_ones_are_void(app, mirror):
    first, second = new_link(app, "finance@right.example"), new_link(app, "finance@right.example")
    assert used(app, first).status_code == 410
    assert used(app, second).status_code == 303
    assert used(app, second).status_code == 410
    assert Visitor(app).sign_in("finance@right.example", "a sentence of mine").status_code == 303


def test_guessed_forged_and_expired_links_lead_to_the_same_dead_end(app, mirror):
    live = new_link(app, "legal@right.example")
    with app.app_context(), system("a link grows old") as session:
        session.execute(update(Invitation).where(Invitation.used_at.is_(None)).values(expires_at=now() - timedelta(1)))
    forged = [live, live[:-1] + ("A" if live[-1] != "A" else "B"), "A" * 90, "x", f"{live}.x", live.split(".")[0]]
    answers = [app.test_client().get(f"/portal/password/{token}") for token in forged]
    assert {a.status_code for a in answers} == {410}
    assert len({a.data for a in answers}) == 1


def test_a_new_password_ends_all_sign_ins(app, mirror):
    visitor = Visitor(app)
    assert visitor.sign_in("owner@right.example").status_code == 303
    assert visitor.get("/portal").status_code == 200
    assert used(app, new_link(app, "owner@right.example"), PASSWORD).status_code == 303
    assert visitor.get("/portal").status_code == 302


def test_links_in_mails_carry_the_deployments_address_whatever_the_request_says(app, mirror):
    visitor = Visitor(app)
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    visitor.post("/portal/forgotten", {"email": "owner@left.example"}, page="/portal/forgotten", headers=headers)
    with app.app_context():
        accounts.send_reset("owner@left.example", "en")
        with system("look at the mail") as session:
            mail = record_class("core.mail")
            newest = session.scalars(
                select(mail).where(mail.recipient == "owner@left.example").order_by(mail.id.desc())
            ).first()
            assert "evil.example" not in f"{newest.body}{newest.hidden_part}"
            assert "/portal/password/" in newest.hidden_part
            assert "/portal/password/" not in newest.body


def test_a_disabled_person_is_out_at_once_and_their_link_is_dead(app, mirror):
    visitor = Visitor(app)
    assert visitor.sign_in("legal@left.example").status_code == 303
    link = new_link(app, "legal@left.example")
    with app.app_context(), system("out at once") as session:
        user = session.scalars(select(PortalUser).where(PortalUser.email == "legal@left.example")).one()
        accounts.disable(user, {})
    assert visitor.get("/portal").status_code == 302
    assert used(app, link).status_code == 410
    assert Visitor(app).sign_in("legal@left.example").status_code == 401
    with app.app_context(), system("in again") as session:
        accounts.enable(session.get(PortalUser, mirror.left.users["legal"].id), {})
    assert Visitor(app).sign_in("legal@left.example").status_code == 303


def test_nobody_of_a_client_gets_a_role_of_the_staff(app, mirror, visitors):
    """A role of staff that strayed to a client's account opens nothing."""
    with app.app_context(), system("a mistake of an administrator"):
        stray = record_class("core.user_role")(user_id=mirror.left.users["viewer"].account, role="administrator")
        db.session.add(stray)
    from core.permissions.people import forget

    forget()
    visitor = visitors["left", "viewer"]
    assert visitor.get("/settings").status_code == 302
    assert visitor.get(f"/portal/cases/{mirror.right.cases[0]}").status_code == 404


def test_pages_of_the_portal_keep_the_strict_policy(visitors):
    answer = visitors["left", "owner"].get("/portal")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "style=" not in answer.text
    assert "<script>" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_evidence_has_no_way_in_but_the_decision():
    """Nobody holds a grant to make or change evidence by hand."""
    from plugins.portal.rules import grants

    assert [
        g
        for g in grants()
        if g.record == Evidence.__record__["key"] and set(g.actions) & {"create", "update", "delete"}
    ] == []

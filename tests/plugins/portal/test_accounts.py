"""Invitations, affiliates, roles; questions and answers; the log; the agency's look."""

from __future__ import annotations

import io
import re
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select

from core import Refused, acting_as, create, delete, load_principal, record_class, run_action, system, transaction
from core.permissions.people import forget
from plugins.portal import accounts, colours
from plugins.portal.records import Access, Affiliate, Invitation, Message, PortalUser
from tests.plugins.portal.conftest import PASSWORD, PNG, Visitor


def acting(mirror: Any, role: str) -> Any:
    return acting_as(load_principal(getattr(mirror.staff, role)))


def invited(app: Any, mirror: Any, email: str, role: str = "viewer") -> None:
    """The client manager invites somebody of the left client."""
    with app.app_context(), acting(mirror, "client_manager"), transaction() as session:
        client = session.get(record_class("clients.client"), mirror.left.client)
        run_action(client, "clients.client", "invite_to_portal", {"name": "新人", "email": email, "role": role})


def link_of(app: Any, email: str) -> str | None:
    """The link in the newest mail to an address."""
    mail = record_class("core.mail")
    with app.app_context(), system("read a mail") as session:
        mails = session.scalars(select(mail).where(mail.recipient == email).order_by(mail.id.desc())).all()
        assert not [m for m in mails if "/portal/password/" in m.body]
        return next((m.hidden_part.partition("/portal/password/")[2] for m in mails if m.hidden_part), None)


def taken_up(app: Any, token: str) -> Visitor:
    visitor = Visitor(app)
    path = f"/portal/password/{token}"
    answer = visitor.post(path, {"password": PASSWORD, "again": PASSWORD}, page=path)
    assert answer.status_code == 303, answer.text[:300]
    return visitor


def test_who_is_invited_sets_a_password_and_sees_their_client(app, mirror):
    invited(app, mirror, "New@Left.example")
    visitor = taken_up(app, link_of(app, "new@left.example"))
    assert visitor.sign_in("NEW@left.example").status_code == 303
    assert re.findall(r'aria-current="true">\D+(\d+)', visitor.get("/portal/cases").text) == ["3"]
    assert visitor.get(f"/portal/cases/{mirror.right.cases[0]}").status_code == 404


def test_clients_set_a_second_step_up_below_their_own_prefix_and_are_asked_for_it(app, mirror):
    invited(app, mirror, "careful@left.example")
    visitor = taken_up(app, link_of(app, "careful@left.example"))
    visitor.sign_in("careful@left.example")
    shown = visitor.post("/portal/security/app", {}, page="/portal/security").text
    secret = pyotp.TOTP(re.search(r"<code>([A-Z2-7 ]{20,})</code>", shown)[1].replace(" ", ""))
    codes = visitor.post("/portal/security/app", {"code": secret.now()}, page="/portal/security").text
    assert 'data-realm="portal"' in codes
    again = Visitor(app)
    assert again.sign_in("careful@left.example").status_code == 303
    for path in ("/portal", "/portal/cases", "/portal/security"):
        assert again.get(path).headers["Location"].startswith("/portal/login/second")
    assert again.get("/").headers["Location"].startswith("/login"), "no door of staff"
    spare = re.search(r"<code>([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})</code>", codes)[1]
    answer = again.post("/portal/login/second", {"code": spare}, page="/portal/login/second")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/portal")
    assert again.get("/portal/cases").status_code == 200


def test_a_contact_is_invited_with_its_own_address(app, mirror):
    with app.app_context(), acting(mirror, "client_manager"), transaction() as session:
        contact = session.get(record_class("clients.contact"), mirror.left.contact)
        run_action(contact, "clients.contact", "invite_to_portal", {"role": "legal"})
    assert link_of(app, "gu@left.example")


def test_an_address_is_invited_once_for_a_client(app, mirror):
    invited(app, mirror, "once@left.example")
    with pytest.raises(Refused):
        invited(app, mirror, "once@left.example")


def test_only_the_hash_of_a_link_is_kept(app, mirror):
    invited(app, mirror, "hash@left.example")
    token = link_of(app, "hash@left.example")
    with app.app_context(), system("look at links") as session:
        assert all(row.token_hash not in token for row in session.scalars(select(Invitation)))


def test_the_main_account_invites_colleagues_and_learns_nothing_of_other_addresses(app, mirror, visitors):
    visitor = visitors["left", "owner"]
    given = {"name": "同事", "role": "legal"}
    fresh = visitor.post("/portal/account/people", {**given, "email": "colleague@left.example"})
    taken = visitor.post("/portal/account/people", {**given, "email": "owner@right.example"})
    staff = visitor.post("/portal/account/people", {**given, "email": "mirror administrator@x"})
    assert [a.status_code for a in (fresh, taken)] == [303, 303]
    assert sorted(fresh.headers) == sorted(taken.headers)
    assert link_of(app, "colleague@left.example")
    assert link_of(app, "owner@right.example") is None
    assert staff.status_code == 422
    for role in ("legal", "finance", "viewer"):
        answer = visitors["left", role].post("/portal/account/people", {**given, "email": f"{role}2@left.example"})
        assert answer.status_code == 404


def test_a_main_account_closes_colleagues_but_not_itself(app, mirror, visitors):
    invited(app, mirror, "leaver@left.example")
    leaver = taken_up(app, link_of(app, "leaver@left.example"))
    assert leaver.sign_in("leaver@left.example").status_code == 303
    with app.app_context(), system("ids") as session:
        ident = session.scalar(select(PortalUser.id).where(PortalUser.email == "leaver@left.example"))
    own = mirror.left.users["owner"].id
    assert visitors["left", "owner"].post(f"/portal/account/people/{own}/disable").status_code == 422
    assert visitors["left", "owner"].post(f"/portal/account/people/{ident}/disable").status_code == 303
    assert leaver.get("/portal").status_code == 302


def test_affiliates_open_and_close_another_client(app, mirror):
    invited(app, mirror, "group@left.example", "owner")
    visitor = taken_up(app, link_of(app, "group@left.example"))
    assert visitor.sign_in("group@left.example").status_code == 303
    path = f"/portal/cases/{mirror.right.cases[0]}"
    assert visitor.get(path).status_code == 404
    with app.app_context(), acting(mirror, "partner"), transaction() as session:
        user = session.scalar(select(PortalUser.id).where(PortalUser.email == "group@left.example"))
        opened = create(Affiliate, {"portal_user": user, "client": mirror.right.client}).id
    forget()
    assert visitor.get(path).status_code == 200
    assert re.findall(r'aria-current="true">\D+(\d+)', visitor.get("/portal/cases").text) == ["6"]
    with app.app_context(), acting(mirror, "partner"), transaction() as session:
        delete(session.get(Affiliate, opened))
    forget()
    assert visitor.get(path).status_code == 404


def test_portal_users_of_a_client_are_not_for_everybody_of_the_staff(app, mirror):
    with app.app_context(), acting(mirror, "consultant") as session:
        assert session.scalars(select(PortalUser)).all() == []
        assert session.scalars(select(Access)).all() == []


def test_a_question_reaches_staff_and_its_answer_the_client(app, mirror, visitors):
    case = mirror.left.cases[2]
    sent = visitors["left", "legal"].post(f"/portal/cases/{case}/messages", {"body": "还要多久？"})
    assert sent.status_code == 303
    with app.app_context(), acting(mirror, "tm_agent"), transaction() as session:
        notice = record_class("core.notification")
        question = session.scalars(select(Message).where(Message.case_id == case).order_by(Message.id.desc())).first()
        assert session.scalar(select(func.count(notice.id)).where(notice.record_id == question.id)) == 1
        run_action(question, "portal.message", "answer", {"body": "大约三个月。"})
    assert "大约三个月。" in visitors["left", "owner"].get(f"/portal/cases/{case}").text
    assert "大约三个月。" not in visitors["right", "owner"].get("/portal/messages").text
    with app.app_context(), system("look") as session:
        assert session.get(Message, question.id).answered_at is not None
        mail = record_class("core.mail")
        told = session.scalars(select(mail).where(mail.recipient == "owner@left.example")).all()
        assert told
        assert not [m for m in told if "大约三个月" in m.body], "the text itself stays in the portal"


def test_an_order_comes_in_with_its_files(app, mirror, visitors):
    data = {"kind": "trademark", "subject": "新商标", "details": "x", "file": (io.BytesIO(PNG), "图样.png")}
    answer = visitors["left", "owner"].post("/portal/orders", data, content_type="multipart/form-data")
    assert answer.status_code == 303
    with app.app_context(), acting(mirror, "client_manager") as session:
        order = record_class("portal.order")
        made = session.scalars(select(order).where(order.subject == "新商标")).one()
        attachment = record_class("core.attachment")
        here = (attachment.record_key == "portal.order", attachment.record_id == made.id)
        assert session.scalars(select(attachment.filename).where(*here)).all() == ["图样.png"]
    assert visitors["left", "finance"].post("/portal/orders", {"subject": "x"}).status_code == 404


def test_what_was_opened_taken_and_refused_is_logged_with_who_when_and_where(app, mirror, visitors):
    visitor = visitors["right", "legal"]
    visitor.get(f"/portal/cases/{mirror.right.cases[0]}")
    visitor.get(f"/portal/files/file/{mirror.right.files[0]}")
    visitor.get(f"/portal/cases/{mirror.left.cases[0]}")
    visitor.get(f"/portal/cases/{mirror.right.cases[0]}/files.zip")
    with app.app_context(), acting(mirror, "client_manager") as session:
        mine = Access.portal_user_id == mirror.right.users["legal"].id
        rows = session.scalars(select(Access).where(mine).order_by(Access.id)).all()
        acts = [row.act for row in rows]
        assert {"page", "download", "refused"} <= set(acts)
        assert all(row.client_id == mirror.right.client and row.ip == "127.0.0.1" and row.at for row in rows)
        opened = {(row.record_key, row.record_id) for row in rows if row.act == "download"}
        assert ("core.attachment", mirror.right.files[0]) in opened


def test_a_paper_is_new_until_this_person_opened_it(mirror, visitors):
    visitor, path = visitors["right", "viewer"], f"/portal/cases/{mirror.right.cases[1]}"
    assert "is-plain new" in visitor.get(path).text
    visitor.get(f"/portal/files/file/{mirror.right.files[1]}")
    assert "is-plain new" not in visitor.get(path).text


def test_the_agency_sets_name_colour_and_logo(app, staff_browser):
    data = {"name": "青梧知识产权", "name_en": "Qingwu IP", "colour": "#7a1f3d", "logo": (io.BytesIO(PNG), "logo.png")}
    answer = staff_browser.post("/settings/portal", data, page="/settings/portal", content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text[-800:]
    stranger = app.test_client()
    assert "青梧知识产权" in stranger.get("/portal/login").text
    assert "--z-brand:#7a1f3d" in stranger.get("/portal/look.css").text
    assert stranger.get("/portal/logo").data == PNG
    unreadable = staff_browser.post("/settings/portal", {"colour": "#ffe08a"}, page="/settings/portal")
    assert unreadable.status_code == 422
    svg = {"logo": (io.BytesIO(b"<svg onload='x'/>"), "logo.png")}
    refused = staff_browser.post("/settings/portal", svg, page="/settings/portal", content_type="multipart/form-data")
    assert refused.status_code == 422


@pytest.mark.parametrize("bad", ["red", "#12345", "#fff;}body{", "url(x)", "#ffffff"])
def test_what_is_no_readable_colour_is_refused(bad):
    with pytest.raises(ValueError, match=r".+"):
        colours.checked(bad)


def test_contrast_is_that_of_the_standard():
    assert round(colours.contrast("#000000", "#ffffff"), 1) == 21.0
    assert round(colours.contrast("#777777", "#ffffff"), 2) == 4.48


def test_a_changed_role_counts_at_once(app, mirror):
    invited(app, mirror, "mover@left.example", "viewer")
    visitor = taken_up(app, link_of(app, "mover@left.example"))
    visitor.sign_in("mover@left.example")
    assert visitor.get("/portal/messages").status_code == 404
    with app.app_context(), system("a new role") as session:
        session.scalars(select(PortalUser).where(PortalUser.email == "mover@left.example")).one().role = "legal"
    forget()
    assert visitor.get("/portal/messages").status_code == 200
    with app.app_context(), system("roles") as session:
        user = session.scalars(select(PortalUser).where(PortalUser.email == "mover@left.example")).one()
        role = record_class("core.user_role")
        assert session.scalars(select(role.role).where(role.user_id == user.user_id)).all() == ["portal_legal"]


def test_a_deleted_portal_user_is_out_at_once(app, mirror):
    invited(app, mirror, "deleted@left.example")
    visitor = taken_up(app, link_of(app, "deleted@left.example"))
    visitor.sign_in("deleted@left.example")
    with app.app_context(), acting(mirror, "security_admin"), transaction() as session:
        delete(session.scalars(select(PortalUser).where(PortalUser.email == "deleted@left.example")).one())
    assert visitor.get("/portal").status_code == 302
    assert visitor.sign_in("deleted@left.example").status_code == 401


def test_asking_again_and_again_sends_one_mail(app, mirror):
    mail = record_class("core.mail")
    with app.app_context():
        for _time in range(3):
            accounts.send_reset("finance@left.example", "zh")
        with system("count the mails") as session:
            sent = session.scalars(select(mail).where(mail.recipient == "finance@left.example")).all()
            assert len([m for m in sent if m.hidden_part]) == 1

"""Sessions that end at once, fresh proofs, links that set passwords, keys in the browser, deeds of administrators."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from core.clock import now
from core.db import db, system
from core.identity.own import send_reset
from core.messages.model import Mail
from core.permissions.org import User, UserRole
from core.permissions.people import forget
from core.records.audit import AuditEntry
from core.web.sessions import digest, resolve
from tests.e2e.desk import PASSWORD
from tests.support.hashes import quick_hashes

__all__ = ["quick_hashes"]

pytest_plugins = ("tests.e2e.fixtures",)
BACKEND = "postgresql"
FRESH = "a-quite-new-password"


@pytest.fixture
def person(desk):
    """Makes a person of their own for one test; the login."""

    def make(*roles, **values):
        login = f"p{secrets.token_hex(4)}"
        with desk.app.app_context(), system("a person for a test") as session:
            source = session.get_one(User, desk.ids["ann"])
            user = User(login=login, name=login.title(), locale="en", password_hash=source.password_hash, **values)
            session.add(user)
            session.flush()
            desk.ids[login] = user.id
            session.add_all(UserRole(user_id=user.id, role=role) for role in roles)
        return login

    return make


def cookie(browser):
    return browser.client.get_cookie("zhian").value


def lives(desk, token):
    with desk.app.test_request_context():
        return resolve(token) is not None


def audited(desk, action):
    with desk.app.app_context():
        table = AuditEntry.__table__.c
        wanted = select(table.record_id).where(table.action == action)
        return list(db.session().connection().execute(wanted).scalars())


def test_a_thousand_old_cookies_open_nothing(desk, visit, person):
    browser, old = visit(), []
    login = person("clerk")
    for _n in range(4):
        browser.sign_in(login)
        old.append(cookie(browser))
        browser.post("/logout")
    tokens = [*old, *(secrets.token_urlsafe(32) for _n in range(996))]
    assert sum(lives(desk, token) for token in tokens) == 0


def test_disabling_somebody_ends_their_sessions_within_a_second_in_every_worker(desk, visit, person):
    login = person("clerk")
    browser = visit(login)
    other_worker = desk.app.test_client()
    other_worker.set_cookie("zhian", cookie(browser))
    assert other_worker.get("/new").status_code == 200, "remembered by this worker"
    with desk.app.app_context(), system("disable") as session:
        session.get_one(User, desk.ids[login]).active = False
    assert not lives(desk, cookie(browser)), "in the database at once, whatever a worker remembers"
    assert other_worker.get("/new").status_code == 302
    assert browser.sign_in(login).status_code == 401


@pytest.mark.parametrize("give", [True, False])
def test_a_change_of_roles_gives_a_new_token_and_the_old_one_is_dead(desk, visit, person, give):
    login = person("clerk")
    browser = visit(login)
    before = cookie(browser)
    with desk.app.app_context(), system("roles") as session:
        if give:
            session.add(UserRole(user_id=desk.ids[login], role="reader"))
        else:
            session.delete(session.scalars(select(UserRole).where(UserRole.user_id == desk.ids[login])).one())
    forget()
    assert browser.get("/new").status_code == 200
    assert cookie(browser) != before
    assert not lives(desk, before)
    assert browser.post("/settings/look", theme="dark").status_code == 303, "open pages still send their forms"


def test_a_new_password_ends_all_sessions_whoever_sets_it(desk, visit, person):
    login = person("clerk")
    browsers = [visit(login) for _n in range(3)]
    root = visit("root")
    root.get("/new")
    assert root.post(f"/settings/people/{desk.ids[login]}/password", password=FRESH).status_code == 303
    assert [b.get("/new").status_code for b in browsers] == [302] * 3
    assert visit().sign_in(login, FRESH).status_code == 303


def test_what_is_sensitive_asks_again_after_ten_minutes_and_then_goes_on_as_it_was_sent(desk, visit, person):
    login = person("clerk")
    root = visit("root")
    address = f"/settings/people/{desk.ids[login]}/roles"
    with time_machine.travel(now() + timedelta(minutes=11)):
        before = cookie(root)
        root.get("/new")
        asked = root.post(address, role=["clerk", "reader"])
        assert asked.status_code == 403
        assert 'name="confirm_password"' in asked.text
        assert f'action="{address}"' in asked.text
        assert asked.text.count('<input type="hidden" name="role"') >= 2
        form = {"role": ["clerk", "reader"], "confirming": "1"}
        wrong = root.post(address, confirm_password="wrong", **form)
        assert wrong.status_code == 403
        assert "does not fit" in wrong.text
        done = root.post(address, confirm_password=PASSWORD, **form)
        assert done.status_code == 303
        assert cookie(root) != before
        assert not lives(desk, before)
        assert root.post(address, role=["clerk"]).status_code == 303, "fresh for a while"
    assert audited(desk, "proof_failed")
    assert audited(desk, "proof")


def test_the_api_does_not_go_around_the_proof(desk, visit, person):
    login = person()
    root = visit("root")
    with time_machine.travel(now() + timedelta(minutes=11)):
        root.get("/new")
        sent = {"user": desk.ids[login], "role": "reader"}
        answer = root.client.post("/api/v1/core.user_role", json=sent, headers={"X-CSRF-Token": root.token})
    assert (answer.status_code, answer.json["code"]) == (403, "unproven")


@pytest.mark.parametrize(
    "path", ["/security/app", "/security/codes", "/security/passkeys", "/passkey/make", "/settings/keys"]
)
def test_each_change_of_ones_own_factors_and_keys_needs_a_fresh_proof(visit, person, path):
    browser = visit(person("clerk"))
    with time_machine.travel(now() + timedelta(minutes=11)):
        browser.get("/new")
        assert browser.post(path).status_code == 403
        alone = browser.get("/confirm?next=/security")
        assert alone.status_code == 200
        assert browser.post("/confirm", confirming="1", confirm_password="wrong").status_code == 401
        went = browser.post("/confirm", confirming="1", confirm_password=PASSWORD, next="/security")
        assert (went.status_code, went.headers["Location"]) == (303, "/security")


def link_in_last_mail(desk, login):
    with desk.app.app_context(), system("read a mail") as session:
        mail = session.scalars(select(Mail).where(Mail.user_id == desk.ids[login]).order_by(Mail.id.desc())).first()
        return None if mail is None else (mail.hidden_part, mail.body)


def test_the_answer_to_a_forgotten_password_tells_nothing_and_a_job_writes_the_mail(desk, visit, person):
    login = person("clerk", email="somebody@example.com")
    stranger = visit()
    answers = []
    for who in (login, "nobody@example.com", "somebody@example.com"):
        stranger.get("/forgotten")
        answers.append(stranger.post("/forgotten", who=who))
    assert {(a.status_code, a.headers["Location"]) for a in answers} == {(303, "/login")}
    assert link_in_last_mail(desk, login) is None, "nothing depends on who was asked for"
    with desk.app.app_context():
        send_reset("Somebody@Example.com")
        send_reset("nobody@example.com")
    hidden, body = link_in_last_mail(desk, login)
    assert "/password/" in hidden
    assert "{hidden}" in body
    assert hidden not in body


def test_a_link_sets_the_password_once_and_dies_with_the_next_one(desk, visit, person):
    login = person("clerk", email="linked@example.com")
    signed_in = visit(login)
    root = visit("root")
    root.get("/new")
    links = []
    for _n in range(2):
        assert root.post(f"/settings/people/{desk.ids[login]}/sign-in/link").status_code in (303, 422)
        links.append(link_in_last_mail(desk, login)[0])
    stranger = visit()
    old, new = (link[link.index("/password/") :] for link in links)
    assert stranger.get(old).status_code == 410, "an earlier link is void"
    page = stranger.get(new)
    assert login in page.text
    assert stranger.post(new, new="short", again="short").status_code == 422
    assert stranger.post(new, new=FRESH, again="else").status_code == 422
    assert stranger.post(new, new=FRESH, again=FRESH).status_code == 303
    assert stranger.post(new, new=FRESH, again=FRESH).status_code == 410
    assert stranger.get(new).status_code == 410
    assert signed_in.get("/new").status_code == 302
    assert visit().sign_in(login, FRESH).status_code == 303
    assert desk.ids[login] in audited(desk, "password_by_link")


@pytest.mark.parametrize("age", [timedelta(hours=3), timedelta(days=8)])
def test_old_and_forged_links_lead_nowhere(desk, visit, person, age):
    login = person("clerk", email="late@example.com")
    with desk.app.app_context():
        send_reset(login)
    link = link_in_last_mail(desk, login)[0]
    path = link[link.index("/password/") :]
    with time_machine.travel(now() + age):
        assert visit().get(path).status_code == 410
    assert visit().get(f"{path[:-3]}abc").status_code == 410
    with desk.app.app_context(), system("disable") as session:
        session.get_one(User, desk.ids[login]).active = False
    assert visit().get(path).status_code == 410


def test_a_key_is_made_shown_once_used_and_revoked_in_the_browser(desk, visit, person):
    browser = visit(person("clerk"))
    page = browser.get("/settings/keys")
    assert 'value="desk.paper:read"' in page.text
    assert browser.post("/settings/keys", name="", days="30").status_code == 422
    beyond = browser.post("/settings/keys", name="report", scope=["core.user_role:create"], days="30")
    assert "You do not have this right yourself" in beyond.text
    made = browser.post("/settings/keys", name="report", scope=["desk.paper:read"], days="30")
    key = re.search(r'id="fresh-key">(zk_[\w-]+)<', made.text)[1]
    assert key not in browser.get("/settings/keys").text
    bearer = {"Authorization": f"Bearer {key}"}
    program = desk.app.test_client()
    assert program.get("/api/v1/desk.paper", headers=bearer).status_code == 200
    assert program.get("/api/v1/core.branch", headers=bearer).status_code == 403, "beyond its scope"
    with time_machine.travel(now() + timedelta(days=31)):
        assert program.get("/api/v1/desk.paper", headers=bearer).status_code == 401
    ident = re.search(r"/settings/keys/(\d+)/revoke", browser.get("/settings/keys").text)[1]
    stranger = visit("rea")
    stranger.get("/new")
    assert stranger.post(f"/settings/keys/{ident}/revoke").status_code == 404
    assert browser.post(f"/settings/keys/{ident}/revoke").status_code == 303
    assert program.get("/api/v1/desk.paper", headers=bearer).status_code == 401


def test_administrators_see_and_revoke_all_keys_and_others_only_their_own(desk, visit, person):
    login = person("clerk")
    browser = visit(login)
    browser.get("/settings/keys")
    browser.post("/settings/keys", name="of a clerk", scope=["desk.paper:read"], days="30")
    assert "of a clerk" in visit("root").get("/settings/keys").text
    assert "of a clerk" not in visit("rea").get("/settings/keys").text
    root = visit("root")
    page = root.get(f"/settings/people/{desk.ids[login]}/sign-in")
    assert "of a clerk" in page.text
    assert visit("rea").get(f"/settings/people/{desk.ids[login]}/sign-in").status_code == 403
    assert root.post(f"/settings/people/{desk.ids[login]}/sign-in/devices").status_code == 303
    assert browser.get("/new").status_code == 302


def test_an_administrator_ends_a_rest_and_takes_a_lost_second_step_away(desk, visit, person):
    from core.identity import factors

    login = person("clerk")
    for _n in range(5):
        visit().sign_in(login, "wrong-password")
    assert visit().sign_in(login).status_code == 429
    root = visit("root")
    base = f"/settings/people/{desk.ids[login]}/sign-in"
    assert "rests until" in root.get(base).text
    assert root.post(f"{base}/rest").status_code == 303
    assert visit().sign_in(login).status_code == 303
    with desk.app.app_context(), system("an app") as session:
        secret = factors.new_secret(session.connection(), desk.ids[login])
        import pyotp

        assert factors.check_totp(session.connection(), desk.ids[login], pyotp.TOTP(secret).now(), confirming=True)
    assert visit().sign_in(login).headers["Location"] == "/"
    assert root.post(f"{base}/factors").status_code == 303
    assert visit(login).get("/new").status_code == 200


def test_the_policy_page_tells_administrators_what_holds(visit):
    page = visit("root").get("/settings/sign-in").text
    assert "NIST SP 800-63B" in page
    assert "10 characters or more" in page
    assert visit("rea").get("/settings/sign-in").status_code == 403


def test_tokens_are_kept_as_hashes(desk, visit):
    browser = visit("ann")
    with desk.app.app_context():
        rows = str(list(db.session().connection().exec_driver_sql("SELECT * FROM core_session")))
    assert cookie(browser) not in rows
    assert digest(cookie(browser)) in rows


def test_nobody_takes_an_administrators_account_over_by_its_address(desk, visit, person):
    boss, helper = person("administrator", email="boss@example.com"), person("security_admin")
    browser = visit(helper)
    browser.get("/new")
    answer = browser.client.patch(
        f"/api/v1/core.user/{desk.ids[boss]}",
        json={"email": "mine@example.com"},
        headers={"X-CSRF-Token": browser.token, "If-Match": '"1"'},
    )
    assert answer.status_code == 403
    clerk = person("clerk", email="old@example.com")
    changed = browser.client.patch(
        f"/api/v1/core.user/{desk.ids[clerk]}",
        json={"email": "new@example.com"},
        headers={"X-CSRF-Token": browser.token, "If-Match": '"1"'},
    )
    assert changed.status_code == 200, changed.text
    with desk.app.app_context(), system("read mails") as session:
        told = list(session.scalars(select(Mail.recipient).where(Mail.user_id == desk.ids[clerk])))
    assert told == ["old@example.com"]


@pytest.mark.parametrize("kind", ["core.session", "core.api_key"])
def test_nobody_makes_their_own_session_or_key_somebody_elses(desk, visit, person, kind):
    login = person("security_admin")
    browser = visit(login)
    browser.get("/settings/keys")
    browser.post("/settings/keys", name="mine", all="1", days="30")
    rows = browser.client.get(f"/api/v1/{kind}?user={desk.ids[login]}").json["data"]
    answer = browser.client.patch(
        f"/api/v1/{kind}/{rows[0]['id']}",
        json={"user": desk.ids["root"]},
        headers={"X-CSRF-Token": browser.token, "If-Match": f'"{rows[0].get("version", 1)}"'},
    )
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "readonly")

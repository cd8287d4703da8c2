"""Webhooks out: seen with one person's eyes, signed, retried, given up, switched off. In: genuine, and once."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from core import BadSignature, Invalid, create, run_action, signed_headers, verify_webhook
from core import delete as remove
from core import update as change
from core.api.keys import issue_key
from core.clock import now
from core.db import acting_as, db, system, transaction
from core.events.delivery import deliver_pending
from core.permissions.org import Branch, User, UserRole
from core.permissions.passwords import hash_password
from core.permissions.people import forget, load_principal
from core.records.audit import AuditEntry
from core.webhooks import guarding, sending, signing
from core.webhooks.model import Webhook, WebhookMessage
from core.webhooks.watching import forget_wishes
from tests.security.offices import PASSWORD, Browser
from tests.support.receiver import receiving


class World:
    """An administrator, a consultant with a branch of their own, and the client of each."""

    def __init__(self, app):
        if "clients.client" not in app.extensions["zhian"].types:
            pytest.skip("this deployment has no clients")
        self.app = app
        with system("people for webhooks") as session:
            self.admin = self.person(session, "hook admin", "administrator")
            self.office = self.person(session, "hook office", "system_admin")
            place = Branch(name="Hook branch")
            session.add(place)
            session.flush()
            self.consultant = self.person(session, "hook consultant", "consultant", place.id)
        forget()

    def person(self, session, login, role, branch=None):
        user = User(login=login, name=login.title(), password_hash=hash_password(PASSWORD), branch_id=branch)
        session.add(user)
        session.flush()
        session.add(UserRole(user_id=user.id, role=role))
        return user.id

    def acting(self, user_id):
        return acting_as(load_principal(user_id))

    def hook(self, url, user_id, by=None, **values):
        with self.acting(by or user_id), transaction():
            given = {"name": "To the ERP", "url": url, "user": user_id, "records": ["clients.client"]}
            made = create(Webhook, given | {"kinds": ["created", "updated"]} | values)
        forget_wishes()
        return made.id

    def client(self, by, **values):
        with self.acting(by), transaction():
            given = {"name": "海珠某某有限公司", "kind": "enterprise"} | values
            return create(self.app.extensions["zhian"].types["clients.client"].model, given).id

    def told(self):
        deliver_pending(20)
        return sending.send_due(20)


def due_now():
    with db.engine.begin() as connection:
        connection.execute(update(WebhookMessage.__table__).values(next_at=now() - timedelta(seconds=1)))


def row_of(model, ident):
    with db.engine.connect() as connection:
        return connection.execute(select(model.__table__).where(model.__table__.c.id == ident)).one()


def messages(hook):
    table = WebhookMessage.__table__
    with db.engine.connect() as connection:
        return connection.execute(select(table).where(table.c.webhook_id == hook).order_by(table.c.id)).all()


@pytest.fixture(scope="module")
def world(app):
    with app.app_context():
        yield World(app)


@pytest.fixture
def clean(world):
    with db.engine.begin() as connection:
        connection.execute(delete(Webhook.__table__))
    forget_wishes()


@pytest.fixture
def receiver(clean):
    with receiving() as found:
        yield found


def test_a_message_is_signed_and_shows_what_its_person_may_see(world, receiver):
    hook = world.hook(receiver.url, world.consultant, by=world.admin)
    whole = world.hook(receiver.url, world.admin)
    mine = world.client(world.admin, owner=world.consultant, credit_limit="5000.00")
    world.client(world.admin, name="别人的客户有限公司", owner=world.admin)
    assert world.told() == {"sent": 3, "failed": 0}
    secrets = {hook: row_of(Webhook, hook).secret, whole: row_of(Webhook, whole).secret}
    by_hook = {hook: [], whole: []}
    for headers, body in receiver.seen:
        signer = [key for key, secret in secrets.items() if fits(secret, headers, body)]
        assert len(signer) == 1
        by_hook[signer[0]].append(json.loads(body))
    assert [told["data"]["id"] for told in by_hook[hook]] == [mine]
    assert len(by_hook[whole]) == 2
    told = by_hook[hook][0]
    assert (told["type"], told["data"]["kind"]) == ("clients.client.created", "created")
    assert "5000" not in json.dumps(told)
    assert by_hook[whole][0]["data"]["object"]["credit_limit"] == "5000.00"
    with world.acting(world.admin), transaction():
        record = db.session.get(world.app.extensions["zhian"].types["clients.client"].model, mine)
        change(record, {"credit_limit": "6000.00"})
    assert world.told() == {"sent": 1, "failed": 0}, "a change of what is hidden tells nothing"
    assert json.loads(receiver.seen[-1][1])["data"]["fields"] == ["credit_limit"]


def fits(secret, headers, body):
    try:
        return bool(signing.check(headers, body, [secret], time.time()))
    except BadSignature:
        return False


def test_kinds_and_conditions_choose_what_is_told(world, receiver):
    said = "https://zhian.example/r/clients.client?name__contains=越秀&sort=-name"
    hook = world.hook(receiver.url, world.admin, condition=said, kinds=["created", "archived", "restored"])
    world.client(world.admin, name="天河甲有限公司")
    chosen = world.client(world.admin, name="越秀甲有限公司")
    model = world.app.extensions["zhian"].types["clients.client"].model
    with world.acting(world.admin), transaction():
        remove(db.session.get(model, chosen))
    world.told()
    assert [m.event for m in messages(hook)] == ["clients.client.created", "clients.client.archived"]
    assert {m.record_id for m in messages(hook)} == {chosen}
    with world.acting(world.admin), pytest.raises(Invalid):
        create(Webhook, {"name": "x", "url": receiver.url, "user": world.admin, "records": ["clients.client"],
                         "kinds": ["created"], "condition": "no_such_field=1"})  # fmt: skip


def test_deleted_records_are_told_to_those_who_saw_them(world, receiver):
    hook = world.hook(receiver.url, world.admin, records=["core.department"], kinds=["deleted", "status"])
    other = world.hook(receiver.url, world.consultant, by=world.admin, records=["core.user_role"], kinds=["deleted"])
    model = world.app.extensions["zhian"].types["core.department"].model
    with world.acting(world.admin), transaction():
        made = create(model, {"name": "Hooked"})
    with system("away with it") as session:
        session.delete(session.get(model, made.id))
        row = session.scalars(select(UserRole).where(UserRole.user_id == world.office)).first()
        session.delete(row)
    world.told()
    assert [json.loads(m.body)["data"]["id"] for m in messages(hook)] == [made.id]
    assert messages(other) == []
    with system("put it back") as session:
        session.add(UserRole(user_id=world.office, role="system_admin"))
    forget()


def test_what_is_rolled_back_is_never_told(world, receiver):
    hook = world.hook(receiver.url, world.admin)
    with pytest.raises(RuntimeError), world.acting(world.admin), transaction():
        create(world.app.extensions["zhian"].types["clients.client"].model, {"name": "nothing", "kind": "enterprise"})
        raise RuntimeError
    world.told()
    assert (messages(hook), receiver.seen) == ([], [])


def test_failures_are_tried_again_under_the_same_id_and_given_up_at_last(world, receiver):
    hook = world.hook(receiver.url, world.admin)
    secret = row_of(Webhook, hook).secret
    receiver.answers = [
        (500, {}, b"broken " + secret.encode() + b" " + b"x" * 5000),
        (429, {"Retry-After": "7200"}, b""),
    ]
    world.client(world.admin)
    assert world.told()["failed"] == 1
    [message] = messages(hook)
    assert (message.state, message.attempts, message.code) == ("waiting", 1, 500)
    assert secret not in message.tries[0]["answer"]
    assert len(message.tries[0]["answer"]) <= sending.ANSWER_CUT
    assert 20 < (message.next_at - now()).total_seconds() <= sending.PAUSES[0]
    due_now()
    sending.send_due(5)
    assert (messages(hook)[0].next_at - now()).total_seconds() > 7000
    for _n in range(len(sending.PAUSES)):
        receiver.answers = [(302, {"Location": "http://127.0.0.1:1/"}, b"")]
        due_now()
        sending.send_due(5)
    message = messages(hook)[0]
    assert (message.state, message.attempts) == ("dead", len(sending.PAUSES) + 1)
    assert row_of(Webhook, hook).failing_since is not None
    receiver.answers = []
    with world.acting(world.admin), transaction():
        run_action(db.session.get(WebhookMessage, message.id), "core.webhook_message", "resend")
    assert sending.send_due(5)["sent"] == 1
    assert messages(hook)[0].state == "sent"
    assert len({headers["webhook-id"] for headers, _body in receiver.seen}) == 1
    assert row_of(Webhook, hook).failing_since is None


def test_a_webhook_that_fails_for_days_or_is_gone_is_switched_off_and_its_person_told(world, receiver):
    hook = world.hook(receiver.url, world.admin)
    world.client(world.admin)
    receiver.answers = [(500, {}, b"")]
    world.told()
    with db.engine.begin() as connection:
        connection.execute(update(Webhook.__table__).values(failing_since=now() - timedelta(days=6)))
    receiver.answers = [(500, {}, b"")]
    due_now()
    sending.send_due(5)
    found = row_of(Webhook, hook)
    assert not found.active
    assert found.off_reason
    gone = world.hook(receiver.url, world.admin, name="Gone")
    receiver.answers = [(410, {}, b"")]
    world.client(world.admin)
    world.told()
    assert not row_of(Webhook, gone).active
    table = world.app.extensions["zhian"].types["core.notification"].model.__table__
    with db.engine.connect() as connection:
        told = select(table.c.subject).where(table.c.user_id == world.admin, table.c.record_key == "core.webhook")
        assert len(connection.execute(told).all()) == 2
    with world.acting(world.admin), transaction():
        change(db.session.get(Webhook, gone), {"active": True})
    assert row_of(Webhook, gone).off_reason is None


def test_keys_rotate_with_a_day_in_which_both_sign(world, receiver):
    hook = world.hook(receiver.url, world.admin)
    old = row_of(Webhook, hook).secret
    with world.acting(world.admin), transaction():
        new = guarding.replace_key(db.session.get(Webhook, hook))
    world.client(world.admin)
    world.told()
    headers, body = receiver.seen[-1]
    assert fits(old, headers, body)
    assert fits(new, headers, body)
    with db.engine.begin() as connection:
        connection.execute(update(Webhook.__table__).values(old_until=now() - timedelta(seconds=1)))
    world.client(world.admin)
    world.told()
    headers, body = receiver.seen[-1]
    assert (fits(old, headers, body), fits(new, headers, body)) == (False, True)


def test_nobody_sends_with_the_eyes_of_another(world, receiver):
    with pytest.raises(Invalid) as refused:
        world.hook(receiver.url, world.admin, by=world.office)
    assert refused.value.errors[0].field == "user"
    hook = world.hook(receiver.url, world.admin)
    with world.acting(world.office), pytest.raises(Invalid), transaction():
        change(db.session.get(Webhook, hook), {"url": "https://elsewhere.example/"})
    with world.acting(world.office), transaction():
        change(db.session.get(Webhook, hook), {"active": False})


def test_the_key_is_shown_once_and_stands_nowhere_in_the_clear(world, receiver):
    hook = world.hook(receiver.url, world.admin)
    world.client(world.admin)
    world.told()
    secret, message = row_of(Webhook, hook).secret, messages(hook)[0]
    key = issue_key(world.admin, ["*"])
    client = world.app.test_client()
    headers = {"Authorization": f"Bearer {key}"}
    shown = [f"/api/v1/core.webhook/{hook}", f"/api/v1/core.webhook_message/{message.id}", "/api/v1/core.webhook"]
    answers = [client.get(path, headers=headers) for path in shown]
    assert [a.status_code for a in answers] == [200, 200, 200]
    assert not any(secret in a.text or "whsec_" in a.text for a in answers)
    with db.engine.connect() as connection:
        log = str(connection.execute(select(AuditEntry.__table__.c.changes)).all())
        raw = str(connection.exec_driver_sql("SELECT secret, old_secret FROM core_webhook").fetchall())
    assert "whsec_" not in log + raw
    assert secret.removeprefix("whsec_") not in log + raw


def test_a_message_that_comes_in_counts_once_and_only_when_it_is_genuine(world):
    keys, body, at = [signing.new_secret(), signing.new_secret()], b'{"x": 1}', int(time.time())
    good = signed_headers(keys[:1], "m1", at, body)
    bad = [
        (signed_headers([signing.new_secret()], "m1", at, body), body, "signature"),
        (good, b'{"x": 2}', "signature"),
        (good | {"webhook-id": "m2"}, body, "signature"),
        (good | {"webhook-timestamp": str(at + 1)}, body, "signature"),
        (signed_headers(keys[:1], "m1", at - 360, body), body, "stale"),
        (signed_headers(keys[:1], "m1", at + 360, body), body, "stale"),
        ({k: v for k, v in good.items() if k != "webhook-id"}, body, "headers"),
        (good | {"webhook-timestamp": "٣"}, body, "headers"),
        (good | {"webhook-signature": ""}, body, "signature"),
    ]
    for headers, told, code in bad:
        with pytest.raises(BadSignature) as refused, transaction():
            verify_webhook("shop", headers, told, keys)
        assert (refused.value.code, refused.value.status) == (code, 401)
    outcomes = []
    for _n in range(3):
        with transaction():
            outcomes.append(verify_webhook("shop", good, body, keys).repeated)
    assert outcomes == [False, True, True]
    with transaction():
        assert not verify_webhook("bank", good, body, keys).repeated, "another sender has ids of its own"
        assert not verify_webhook("shop", signed_headers(keys[1:], "m3", at, body), body, keys).repeated
    with pytest.raises(BadSignature), transaction():
        verify_webhook("shop", signed_headers(keys[:1], "m4", at, body), body, keys[1:])
    with pytest.raises(RuntimeError), transaction():
        verify_webhook("shop", signed_headers(keys, "m5", at, body), body, keys)
        raise RuntimeError
    with transaction():
        assert not verify_webhook("shop", signed_headers(keys, "m5", at, body), body, keys).repeated, (
            "a failure is no take"
        )


def test_the_standard_example_fits():
    """The example of the specification (standardwebhooks.com, symmetric signatures)."""
    secret, body = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", b'{"test": 2432232314}'
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert signing.sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    assert signing.sign(secret, "m", 1, b"") != signing.sign(key, "m", 1, b"")


def test_pages_of_webhooks_work_in_both_languages_and_show_a_new_key_once(world, receiver):
    hook = world.hook(receiver.url, world.admin)
    world.client(world.admin)
    world.told()
    message = messages(hook)[0]
    browser = Browser(world.app, "hook admin")
    for locale in ("zh", "en"):
        for path in ("/r/core.webhook", f"/r/core.webhook/{hook}", f"/r/core.webhook_message/{message.id}",
                     "/r/core.webhook/new", "/r/core.webhook_message"):  # fmt: skip
            answer = browser.get(f"{path}?locale={locale}")
            assert answer.status_code == 200, (path, answer.text[:300])
    old = row_of(Webhook, hook).secret
    shown = browser.post(f"/settings/webhooks/{hook}/key")
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
    assert row_of(Webhook, hook).secret in shown.text
    assert old not in shown.text
    assert "whsec_" not in browser.get(f"/r/core.webhook/{hook}").text

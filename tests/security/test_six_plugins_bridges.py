"""Attacks on secrets of other systems, identities in messengers, portal accounts, and roles."""

from __future__ import annotations

import pytest

from core import create, record_class, registry, run_action, system

REFUSED = (400, 403, 404, 409, 422)
SECRETS = {"app_secret": "VERY-SECRET-KEY", "client_secret": "OTHER-SECRET-KEY"}


@pytest.fixture(scope="module")
def connection(offices):
    with offices.app.app_context(), system("a ledger"):
        values = {"name": "账套", "kind": "kingdee", "prefix": "ZA", "address": "https://ledger.example/k3cloud"}
        return create(record_class("finance_bridge.connection"), values | SECRETS).id


@pytest.fixture(scope="module")
def messenger(offices):
    with offices.app.app_context(), system("a messenger"):
        values = {
            "name": "企微",
            "kind": "wecom",
            "corp_id": "ww1",
            "agent_id": "1000002",
            "secret": SECRETS["app_secret"],
        }
        return create(record_class("im_bridge.app"), values).id


def test_secrets_come_out_nowhere(offices, connection, messenger):
    for role in ("system_admin", "finance_head", "audit_admin", "administrator"):
        client, browser = offices.api(f"{role} here"), offices.browser(f"{role} here")
        for key, ident in (("finance_bridge.connection", connection), ("im_bridge.app", messenger)):
            for answer in (
                client.get(f"{key}/{ident}"),
                client.get(f"{key}?limit=9"),
                browser.get(f"/r/{key}/{ident}"),
                browser.get(f"/r/{key}/{ident}/edit"),
                browser.get(f"/r/{key}/{ident}/-/peek"),
                browser.get(f"/r/{key}?cols=name,app_secret,secret"),
                browser.get(f"/export/{key}?format=csv"),
                browser.get(f"/r/{key}/{ident}?tab=history"),
            ):
                assert not any(word.encode() in answer.data for word in SECRETS.values()), (role, key)
            for name in ("app_secret", "secret", "client_secret"):
                answer = client.get(f"{key}?{name}__contains=VERY")
                assert answer.status_code in (400, 403), (role, key, name)


@pytest.mark.parametrize("address", ["https://evil.example/k3cloud", "http://127.0.0.1:6379/"])
def test_a_secret_does_not_follow_its_connection_to_another_server(offices, connection, address):
    """Who may change an address but does not know the key must not have it sent to a server of their own."""
    moved = offices.patch("system_admin here", f"finance_bridge.connection/{connection}", {"address": address})
    assert moved.status_code == 422, moved.text
    assert offices.seen("finance_bridge.connection", connection).address == "https://ledger.example/k3cloud"
    known = {"address": "https://new.example/k3cloud", "app_secret": "a new one", "client_secret": "another"}
    assert offices.patch("system_admin here", f"finance_bridge.connection/{connection}", known).status_code == 200
    back = {"address": "https://ledger.example/k3cloud"} | SECRETS
    assert offices.patch("system_admin here", f"finance_bridge.connection/{connection}", back).status_code == 200


def test_a_messengers_secret_does_not_follow_it_to_another_server(offices, messenger):
    moved = offices.patch("system_admin here", f"im_bridge.app/{messenger}", {"server": "https://evil.example"})
    assert moved.status_code == 422, moved.text
    known = {"server": "https://private.example", "secret": "a new one"}
    assert offices.patch("system_admin here", f"im_bridge.app/{messenger}", known).status_code == 200


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/", "http://10.0.0.1/", "file:///etc/passwd", "https://user:pass@x.example/", "http://0x7f000001/",
     "http://2130706433/", "http://[::ffff:10.0.0.1]/", "gopher://x/", "http://localhost.evil.example/",
     "//x", "javascript:1"],
)  # fmt: skip
def test_no_address_of_another_kind_is_taken(offices, connection, address):
    changed = offices.patch(
        "system_admin here", f"finance_bridge.connection/{connection}", {"address": address} | SECRETS
    )
    assert changed.status_code == 422, changed.text


def test_whose_messenger_account_is_bound_hears_of_it(offices, messenger):
    """An account bound to somebody decides in their name: the person is told, and nobody binds without a trace."""
    victim = offices.people["partner here"]
    bound = offices.api("system_admin here").post(
        "im_bridge.person", {"app": messenger, "user": victim, "userid": "mallory"}
    )
    assert bound.status_code == 201, bound.text
    with offices.app.app_context(), system("what the person hears") as session:
        note = record_class("core.notification")
        told = session.query(note).filter(note.user_id == victim, note.record_key == "im_bridge.person").all()
        assert [n for n in told if "mallory" in f"{n.subject}{n.body}"]


def test_staff_of_small_rights_set_up_nothing(offices, connection, messenger):
    for role in ("consultant", "client_manager", "tm_agent", "finance", "process_clerk", "config_admin", "hr"):
        client = offices.api(f"{role} here")
        for key in (
            "finance_bridge.connection",
            "finance_bridge.book",
            "im_bridge.app",
            "im_bridge.person",
            "im_bridge.robot",
            "workflow.task",
            "workflow.step",
            "workflow.asked",
            "documents.document",
            "portal.evidence",
            "portal.access",
            "portal.affiliate",
            "core.mail",
            "core.notification",
            "billing.allocation",
            "billing.write_off",
        ):
            if (role, key) == ("client_manager", "portal.affiliate"):
                continue
            answer = client.post(key, {"name": "x"})
            assert answer.status_code in ((403, 404, 405) if key != "documents.document" else REFUSED), (role, key)


def test_portal_users_are_not_bent_by_staff(offices):
    """No staff role or account gets into the portal's hands, no portal account into the staff's."""
    with offices.app.app_context(), system("a portal user"):
        values = {"client": offices.here.client, "name": "顾远", "email": "bent@here.example", "role": "viewer"}
        ident = create(record_class("portal.user"), values).id
    path = f"portal.user/{ident}"
    for who in ("service_desk here", "client_manager here", "security_admin here", "administrator here"):
        for values in (
            {"user": offices.people["partner here"]},
            {"state": "active"},
            {"client": offices.there.client},
            {"role": "administrator"},
            {"role": "portal_owner"},
            {"activated_at": "2026-01-01T00:00:00Z"},
        ):
            answer = offices.patch(who, path, values)
            assert answer.status_code in REFUSED, (who, values, answer.text)
    assert offices.act("service_desk there", "portal.user", ident, "invite").status_code == 404
    for who in ("client_manager there", "service_desk there", "tm_agent here", "finance here"):
        given = {"client": offices.here.client, "name": "x", "email": f"x@{who[-4:]}.example", "role": "owner"}
        assert offices.api(who).post("portal.user", given).status_code in REFUSED, who


def test_a_role_of_staff_is_not_given_to_a_portal_account_nor_the_reverse(offices, mirror):
    account = mirror.left.users["viewer"].account
    for who in ("security_admin here", "administrator here"):
        for user, role in (
            (account, "administrator"),
            (account, "partner"),
            (offices.people["archive here"], "portal_owner"),
        ):
            offices.api(who).post("core.user_role", {"user": user, "role": role})
    from core import load_principal

    with offices.app.app_context():
        assert load_principal(account).roles <= {"portal_viewer", "portal_owner"}
        assert load_principal(account).roles == {"portal_viewer"}
        assert "portal_owner" not in load_principal(offices.people["archive here"]).roles
    me = offices.people["security_admin here"]
    assert (
        offices.api("security_admin here").post("core.user_role", {"user": me, "role": "partner"}).status_code
        in REFUSED
    )


def test_receipts_of_a_sheet_are_booked_on_bills_of_its_book_alone(offices):
    with offices.app.app_context(), system("a book of this branch"):
        held = create(record_class("finance_bridge.connection"), {"name": "表", "kind": "file", "prefix": "ZS"})
        values = {
            "name": "北",
            "connection": held.id,
            "branch": offices.here.branch,
            "mode": "receivable",
            "start_on": "2026-01-01",
        }
        book = create(record_class("finance_bridge.book"), values).id
    import io

    number = offices.seen("billing.bill", offices.there.bill).number
    sheet = f"流水号,账单号,金额,日期,付款人\nR1,{number},10.00,2026-11-20,x\n"
    browser = offices.browser("finance here")
    given = {"file": (io.BytesIO(sheet.encode("utf-8-sig")), "r.csv")}
    answer = browser.post(f"/finance/books/{book}/receipts", given, content_type="multipart/form-data")
    if answer.status_code == 303:
        with offices.app.app_context(), system("the sheet") as session:
            rows = (
                session.query(record_class("finance_bridge.sheet"))
                .order_by(record_class("finance_bridge.sheet").id.desc())
                .first()
                .rows
            )
        assert [row["outcome"] for row in rows] == ["unmatched"]
        assert all(row["bill_id"] is None for row in rows)
    else:
        assert answer.status_code in REFUSED, answer.text[:300]
    assert offices.browser("finance there").get(f"/finance/books/{book}/mapping").status_code == 404
    assert offices.seen("billing.bill", offices.there.bill).paid == 0


def test_every_action_without_inputs_answers_without_a_fault(offices):
    """Each named action of the six plugins, on a record that is not there and on the type, as each kind of person."""
    wrong = []
    with offices.app.app_context():
        wanted = [
            (key, action)
            for key, found in registry().actions.items()
            for action in found.values()
            if key.partition(".")[0] in ("workflow", "documents", "billing", "portal", "finance_bridge", "im_bridge")
        ]
    for role in ("administrator", "consultant", "finance", "system_admin"):
        for key, action in wanted:
            for path in (f"{key}/987654321/actions/{action.code}", f"{key}/actions/{action.code}"):
                for body in ({}, {"ids": [1]}, {"ids": ["x"]}, {"ids": [True]}):
                    answer = offices.api(f"{role} here").post(path, body)
                    if answer.status_code >= 500 or (path.startswith(f"{key}/9") and answer.status_code < 400):
                        wrong.append((role, path, body, answer.status_code))
    assert wrong == []


def test_named_actions_do_not_run_as_somebody_else(offices):
    with offices.app.app_context(), offices.acting("finance here"):
        from core import Forbidden, get

        bill = get(record_class("billing.bill"), offices.here.bill)
        for code in ("void", "write_off"):
            with pytest.raises(Forbidden):
                run_action(bill, "billing.bill", code, {"reason": "x"})

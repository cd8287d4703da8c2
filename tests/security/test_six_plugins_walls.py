"""Two branches that mirror each other: what lies there is not there for people here, over every way out."""

from __future__ import annotations

import re

import pytest

from core import registry

NARROW = (
    "consultant",
    "client_manager",
    "process_clerk",
    "tm_agent",
    "finance",
    "archive",
    "service_desk",
    "docket_verifier",
)
"""Roles that see one branch at most."""
MARKS = ("offer there", "secret there", "paper-there", "gu@there", "pay@there")
"""Words that stand in the other branch's records alone."""
ABSENT = 987_654_321
KINDS = {
    "billing.bill": ("bill", "draft"),
    "billing.payment": ("payment",),
    "billing.quotation": ("quotation",),
    "billing.quotation_line": ("offer",),
    "cases.case": ("mark", "invention"),
    "clients.client": ("client",),
}


def targets(offices):
    return [(key, getattr(offices.there, name)) for key, names in KINDS.items() for name in names]


@pytest.mark.parametrize("role", NARROW)
def test_programs_find_nothing_of_the_other_branch(offices, role):
    client, found = offices.api(f"{role} here"), []
    for key, ident in targets(offices):
        if client.get(f"{key}?limit=1").status_code == 403:
            continue
        hidden, absent = client.get(f"{key}/{ident}"), client.get(f"{key}/{ABSENT}")
        if (hidden.status_code, re.sub(r"\d{4,}", "", hidden.text)) != (404, re.sub(r"\d{4,}", "", absent.text)):
            found.append((key, ident, hidden.status_code))
        for question in (f"id={ident}&count=1", f"id__in={ident}&count=1", "q=there&count=1", "limit=200&count=1"):
            answer = client.get(f"{key}?{question}")
            rows = answer.json.get("data", [])
            if ident in [row["id"] for row in rows] or any(word in answer.text for word in MARKS):
                found.append((key, question))
    assert found == []


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("billing.bill?client.email__contains=x&client.name__isnull=0", ""),
        ("billing.payment?client.billing_email__contains=there", ""),
        ("billing.bill?client.billing_email__contains=there", ""),
        ("billing.quotation?client.billing_email__contains=there", ""),
        ("billing.bill_line?bill.client.billing_email__contains=there", ""),
        ("billing.allocation?payment.client.billing_email__contains=there", ""),
        ("cases.case?client.billing_email__contains=there", ""),
        ("core.attachment?filename__contains=paper-there", ""),
        ("core.user?branch.name__contains=there&limit=1", "any"),
    ],
)
def test_filters_over_links_lead_nowhere(offices, path, word):
    for role in NARROW:
        answer = offices.api(f"{role} here").get(path + ("&" if "?" in path else "?") + "count=1")
        if answer.status_code == 200 and not word:
            assert answer.json["total"] == 0, (role, path)
        assert answer.status_code in (200, 400, 403)


@pytest.mark.parametrize("role", ["finance", "client_manager", "tm_agent"])
def test_closed_fields_answer_no_question(offices, role):
    """Filters, sorting, grouping and search by what a role may not read tell nothing about it."""
    closed = {
        "client_manager": (
            ("billing.bill", "cost"),
            ("billing.quotation", "margin"),
            ("billing.price_item", "floor_price"),
            ("billing.payment", "payer_account"),
        ),
        "tm_agent": (("billing.bill", "cost"), ("billing.quotation", "below_floor")),
        "finance": (),
    }
    client = offices.api(f"{role} here")
    for key, name in closed[role]:
        for question in (
            f"{name}__gt=0",
            f"{name}__isnull=0",
            f"{name}__contains=secret",
            f"sort={name}",
            f"sort=-{name}",
        ):
            answer = client.get(f"{key}?{question}&count=1")
            assert answer.status_code in (400, 403), (key, question, answer.text[:200])
        shown = client.get(f"{key}?limit=5")
        if shown.status_code == 200:
            for row in shown.json["data"]:
                assert name not in row or row[name] is None or "secret" not in str(row[name]), (key, name)


SAME_ANSWER = ("/why/<key>/<int:record_id>",)
"""Pages that say of a closed record just what they say of one that does not exist."""


@pytest.mark.parametrize("role", ["finance", "client_manager", "tm_agent", "consultant"])
def test_no_page_shows_anything_of_the_other_branch(offices, role):
    """Every address of staff's pages with the other branch's ids in it."""
    browser, leaks = offices.browser(f"{role} here"), []
    for rule in offices.app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.rule.startswith(("/api", "/portal", "/static", "/im/")):
            continue
        for key, ident in targets(offices) if rule.arguments else [("", 0)]:
            if (
                rule.arguments
                and "<key>" not in rule.rule
                and "client_id" in rule.arguments
                and key != "clients.client"
            ):
                continue
            values = {
                "file_id": offices.there.file,
                "key": key,
                "name": "client",
                "code": "make_document",
                "level": "day",
                "batch": "x",
                "language": "zh",
                "record_key": key,
            }
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m, v=values, i=ident: str(v.get(m[1], i)), rule.rule)
            for query in (
                ("", "?q=there", "?cols=client,case,title")
                if rule.rule in ("/r/<key>", "/r/<key>/-/pick", "/find")
                else ("",)
            ):
                answer = browser.get(path + query)
                hits = [word for word in MARKS if word.encode() in answer.data]
                if hits or answer.status_code >= 500:
                    leaks.append((path + query, answer.status_code, hits))
                tells = "record_id" in rule.arguments and rule.rule not in SAME_ANSWER
                if tells and answer.status_code == 200 and key in registry_keys(offices):
                    leaks.append((path, 200))
                if rule.rule in SAME_ANSWER and key in registry_keys(offices):
                    absent = browser.get(f"/why/{key}/987654321")
                    same = absent.text.replace("987654321", str(ident)) == answer.text
                    assert (same, absent.status_code) == (True, answer.status_code), path
    assert leaks == []


def registry_keys(offices):
    with offices.app.app_context():
        return set(registry().types)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_exports_hold_nothing_of_the_other_branch_nor_closed_fields(offices, ending):
    import io
    import zipfile

    for role in ("finance", "client_manager"):
        browser = offices.browser(f"{role} here")
        for key in KINDS:
            answer = browser.get(f"/export/{key}?format={ending}&q=")
            content = answer.data
            if content[:2] == b"PK":
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    content = b"".join(archive.read(name) for name in archive.namelist())
            assert not any(word.encode() in content for word in MARKS), (role, key)
            assert answer.status_code in (200, 400, 403, 404), (role, key, answer.status_code)
            if role == "client_manager":
                assert b"secret here" not in content, key


def test_actions_on_records_of_the_other_branch_are_not_there(offices):
    wrong = []
    with offices.app.app_context():
        actions = {key: [a for a in registry().actions.get(key, {}).values() if not a.on_type] for key in KINDS}
    for role in NARROW:
        client = offices.api(f"{role} here")
        for key, ident in targets(offices):
            for action in actions[key]:
                one = client.post(f"{key}/{ident}/actions/{action.code}", {})
                many = client.post(f"{key}/actions/{action.code}", {"ids": [ident]}) if action.bulk else one
                wrong += [
                    (role, key, action.code, a.status_code) for a in (one, many) if a.status_code not in (403, 404)
                ]
    assert wrong == []


def test_writing_and_deleting_there_is_refused(offices):
    for role in NARROW:
        client = offices.api(f"{role} here")
        for key, ident in targets(offices):
            for answer in (
                client.patch(f"{key}/{ident}", {"remark": "x"}, 1),
                client.delete(f"{key}/{ident}"),
                client.get(f"{key}/{ident}/files"),
                client.post(f"{key}/{ident}/files?filename=x.txt", {}),
            ):
                assert answer.status_code in (403, 404), (role, key, answer.status_code)
    for role in NARROW:
        note = {"record_key": "billing.bill", "record_id": offices.there.bill, "body": "x"}
        assert offices.api(f"{role} here").post("core.note", note).status_code in (403, 422)

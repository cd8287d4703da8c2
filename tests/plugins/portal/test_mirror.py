"""Two clients with mirrored data: whatever of one is tried as the other is not there. Routes are taken from the app."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from core import Query, acting_as, db, hidden_but, list_records, load_principal, registry
from core.permissions.rules import access
from plugins.cases.grants import TO_CLIENT as OF_CASES
from plugins.clients.grants import CLIENT_TO_ITSELF, CONTACT_TO_CLIENT
from plugins.portal.rules import TO_CLIENT as OF_PORTAL
from tests.plugins.portal.conftest import ROLES

ABSENT = 987_654_321
SHOWN = {"clients.client": CLIENT_TO_ITSELF, "clients.contact": CONTACT_TO_CLIENT, **OF_CASES, **OF_PORTAL}
OTHERS = ("owner", "legal", "finance", "viewer")


def targets(mirror: Any, side: str) -> dict[tuple[str, str], Any]:
    """What of one side stands for each parameter of a route: by the first word of the rule and the parameter."""
    have = getattr(mirror, side)
    return {
        ("cases", "case_id"): have.cases[0],
        ("files", "ident"): have.files[0],
        ("files", "source"): "file",
        ("bills", "ident"): (have.bills or [ABSENT - 1])[0],
        ("questions", "ident"): (have.questions or [ABSENT - 1])[0],
        ("account", "ident"): have.users["legal"].id,
        ("account", "what"): "disable",
        ("cases", "ending"): "csv",
        ("password", "token"): "A" * 60,
        ("login", "name"): "nobody",
    }


def portal_rules(app: Any) -> list[Any]:
    """Every route below /portal."""
    return [r for r in app.url_map.iter_rules() if f"{r.rule}/".startswith("/portal/")]


def filled(rule: Any, values: dict[tuple[str, str], Any], absent: str = "") -> str:
    """The address of a rule; a route with a parameter that nobody explained here fails the test."""
    first = rule.rule.split("/")[2] if rule.rule.count("/") > 1 else ""
    given = {}
    for name in rule.arguments:
        assert (first, name) in values, f"tell targets() what stands for <{name}> in {rule.rule}"
        given[name] = ABSENT if absent == name else values[first, name]
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(given[m[1]]), rule.rule)


def with_ids(app: Any) -> list[Any]:
    """Routes that name a record."""
    return [r for r in portal_rules(app) if {"case_id", "ident"} & r.arguments]


def words_of(mirror: Any, side: str) -> list[str]:
    """Words that only one side's data hold."""
    have = getattr(mirror, side)
    return [have.word, f"@{side}.example", f"released-{side}", f"internal-{side}", f"order {side}", *have.references]


def inner_words(side: str) -> list[str]:
    """Words of one's own data that a client never sees."""
    return [f"secret {side}", "secret opinion", "secret remark", f"note {side}", f"internal-{side}"]


@contextmanager
def counting(app: Any) -> Iterator[list[str]]:
    """The statements that a request runs, without their values."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def asked(visitor: Any, rule: Any, path: str, token: str) -> Any:
    method = "GET" if "GET" in rule.methods else "POST"
    data = {"csrf_token": token, "body": "x", "decision": "confirm"} if method == "POST" else None
    return visitor.client.open(path, method=method, data=data)


def same(one: Any, other: Any) -> bool:
    """Status, body and headers."""
    return (one.status_code, one.data, sorted(one.headers)) == (other.status_code, other.data, sorted(other.headers))


@pytest.mark.parametrize("role", OTHERS)
def test_an_id_of_the_other_client_is_answered_like_one_that_does_not_exist(app, mirror, visitors, role):
    visitor, token = visitors["left", role], visitors["left", role].token()
    wrong = []
    for rule in with_ids(app):
        name = next(iter({"case_id", "ident"} & rule.arguments))
        theirs, nowhere = filled(rule, targets(mirror, "right")), filled(rule, targets(mirror, "right"), absent=name)
        for _try in range(5):  # what is remembered for a second may be read anew in one of the two
            with counting(app) as foreign_sql:
                foreign = asked(visitor, rule, theirs, token)
            with counting(app) as absent_sql:
                absent = asked(visitor, rule, nowhere, token)
            if foreign_sql == absent_sql:
                break
        if foreign.status_code != 404 or not same(foreign, absent):
            wrong.append((rule.rule, foreign.status_code, absent.status_code))
        if foreign_sql != absent_sql:
            wrong.append((rule.rule, "another way through the code", len(foreign_sql), len(absent_sql)))
    assert wrong == []


def test_the_same_routes_lead_their_owner_somewhere(app, mirror, visitors):
    """So that the test above does not pass because nothing works."""
    visitor = visitors["right", "owner"]
    for rule in with_ids(app):
        first = rule.rule.split("/")[2]
        there = {"cases": True, "files": True, "bills": mirror.right.bills, "questions": mirror.right.questions}
        if "GET" in rule.methods and there.get(first):
            answer = visitor.get(filled(rule, targets(mirror, "right")))
            assert answer.status_code == 200, rule.rule


@pytest.mark.parametrize("role", OTHERS)
def test_no_page_or_download_holds_anything_of_the_other_client_or_of_the_agency(app, mirror, visitors, role):
    visitor, leaks = visitors["left", role], []
    forbidden = [*words_of(mirror, "right"), *inner_words("left"), *inner_words("right")]
    for rule in portal_rules(app):
        if "GET" not in rule.methods:
            continue
        answer = visitor.get(filled(rule, targets(mirror, "left")))
        assert answer.status_code in (200, 302, 303, 404, 410), (rule.rule, answer.status_code)
        text = readable(answer)
        leaks += [(rule.rule, word) for word in forbidden if word in text]
        leaks += [(rule.rule, number) for number in mirror.right.numbers if number in text]
    assert leaks == []


def readable(answer: Any) -> str:
    """The text of a page, or of everything inside an archive or sheet."""
    if not answer.data.startswith(b"PK"):
        return answer.data.decode("utf-8", "replace")
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    return "\n".join([*archive.namelist(), *(archive.read(n).decode("utf-8", "replace") for n in archive.namelist())])


def test_filters_sort_keys_and_words_of_the_other_client_find_nothing(app, mirror, visitors):
    visitor, wrong = visitors["left", "owner"], []
    fields = [
        *(f for f in registry().types["cases.case"].fields if f not in ("client", "kind")),
        "id",
        "version",
        "client.tier",
        "client_id",
        "-cost",
    ]
    plain = visitor.get("/portal/cases").data
    for name in fields:
        if visitor.get(f"/portal/cases?sort={name}").data != plain and name not in (
            "name",
            "valid_to",
            "application_number",
        ):
            wrong.append(("sort", name))
        if visitor.get(f"/portal/cases?{name}=1&{name}__contains=right&{name}__isnull=1").data != plain:
            wrong.append(("filter", name))
    others = (mirror.right.client, ABSENT, 0, -1, "x", f"{mirror.left.client},{mirror.right.client}")
    wrong += [("client", v) for v in others if visitor.get(f"/portal/cases?client={v}").data != plain]
    for word in [*mirror.right.numbers, *mirror.right.references, "secret", f"%{mirror.right.word}%", "right"]:
        text = visitor.get("/portal/cases", query_string={"q": word}).text
        if "/portal/cases/" in text.replace("/portal/cases/export", ""):
            wrong.append(("word", word))
    assert wrong == []


def test_counts_are_those_of_ones_own(visitors):
    for side in ("left", "right"):
        text = visitors[side, "owner"].get("/portal/cases").text
        assert re.findall(r'aria-current="true">\D+(\d+)', text) == ["3"]


def test_the_export_holds_ones_own_rows_alone(mirror, visitors):
    for asked_for in ("", "?client={right}", "?q={word}", "?sort=cost"):
        query = asked_for.format(right=mirror.right.client, word=mirror.right.references[0])
        answer = visitors["left", "owner"].get(f"/portal/cases/export.csv{query}")
        assert answer.status_code == 200
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert {row[1] for row in rows[1:]} <= set(mirror.left.references)
    assert visitors["left", "viewer"].get("/portal/cases/export.csv").status_code == 404
    assert visitors["left", "finance"].get("/portal/cases/export.xlsx").status_code == 404


def test_files_are_shown_only_when_they_were_released(mirror, visitors):
    visitor = visitors["left", "owner"]
    assert visitor.get(f"/portal/files/file/{mirror.left.files[0]}").status_code == 200
    hidden = visitor.get(f"/portal/files/file/{mirror.left.internal[0]}")
    absent = visitor.get(f"/portal/files/file/{ABSENT}")
    assert hidden.status_code == 404
    assert same(hidden, absent)


def test_documents_are_shown_only_when_they_were_released(mirror, visitors):
    visitor = visitors["left", "owner"]
    absent = visitor.get(f"/portal/files/document/{ABSENT}")
    assert absent.status_code == 404
    for ident in (*mirror.left.kept_documents, *mirror.right.documents, *mirror.right.kept_documents):
        assert same(visitor.get(f"/portal/files/document/{ident}"), absent)
    for ident in mirror.left.documents:
        assert visitor.get(f"/portal/files/document/{ident}").status_code == 200


def test_drafts_of_bills_and_bills_of_others_do_not_exist(mirror, visitors):
    visitor = visitors["left", "finance"]
    absent = visitor.get(f"/portal/bills/{ABSENT}")
    for ident in (*mirror.left.drafts, *mirror.right.bills, *mirror.right.drafts):
        assert same(visitor.get(f"/portal/bills/{ident}"), absent)
    for ident in mirror.left.bills:
        page = visitor.get(f"/portal/bills/{ident}")
        assert page.status_code == 200
        assert "77.70" not in page.text
        assert visitors["left", "legal"].get(f"/portal/bills/{ident}").status_code == 404


def test_forms_do_not_reach_the_other_client(mirror, visitors):
    visitor = visitors["left", "owner"]
    foreign = visitor.post("/portal/messages", {"client": mirror.right.client, "body": "x"})
    absent = visitor.post("/portal/messages", {"client": ABSENT, "body": "x"})
    assert foreign.status_code == 404
    assert same(foreign, absent)
    order = visitor.post("/portal/orders", {"client": mirror.right.client, "kind": "other", "subject": "x"})
    assert order.status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_below_the_pages_no_record_of_the_other_client_can_be_read_at_all(app, mirror, role):
    """The guard itself, for every record type of the deployment."""
    principal = load_principal_in(app, mirror.left.users[role].account)
    forbidden = [*words_of(mirror, "right"), *inner_words("left"), *inner_words("right")]
    leaks = []
    with app.app_context():
        for kind in registry().types.values():
            with acting_as(principal):
                rows = list_records(kind.model, Query(limit=1000, page=1, archived=True)).rows
                whole = repr(rows)
                leaks += [(kind.key, word) for word in forbidden if word in whole]
                if kind.key == "cases.case":
                    assert {row["id"] for row in rows} == set(mirror.left.cases)
                if kind.key == "clients.client":
                    assert {row["id"] for row in rows} <= {mirror.left.client}
                if "client" in kind.fields:
                    leaks += [(kind.key, row["id"]) for row in rows if row.get("client") == mirror.right.client]
    assert leaks == []


def load_principal_in(app: Any, user_id: int) -> Any:
    with app.app_context():
        found = load_principal(user_id)
    assert found is not None
    return found


@pytest.mark.parametrize("record", ["clients.client", "clients.contact", "cases.case", "cases.event", "portal.message"])
def test_a_field_that_is_added_later_is_hidden_from_clients(app, mirror, record):
    """Of a type with one field more than today, the rules made at the start hide that field."""
    kind = registry().types[record]
    new = replace(next(f for f in kind.fields.values() if f.kind == "text"), name="added_later")
    kind.fields["added_later"] = new
    try:
        roles = tuple(f"portal_{role}" for role in ROLES)
        named = {rule.field for rule in hidden_but(record, SHOWN[record], roles)}
    finally:
        del kind.fields["added_later"]
    assert "added_later" in named
    for role in ROLES:
        treated = access().treatments(kind.model, load_principal_in(app, mirror.left.users[role].account))
        shown = {name for name in kind.fields if name not in treated}
        assert shown <= set(SHOWN[record]), record

"""REST of records: statuses, paging, filters, versions, actions, and what a caller without the right is told."""

from __future__ import annotations

import base64
import json
from datetime import date
from decimal import Decimal

import pytest


def codes(answer):
    return {(e["field"], e["code"]) for e in answer.json["errors"]}


def test_create_tells_location_and_version_and_the_record_can_be_read_there(lab):
    ann = lab.client("ann")
    made = ann.post("lab.folder", {"name": "Alpha", "keeper": lab.who.ann, "tags": ["x"], "opened": "2026-01-02"})
    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    assert made.headers["Location"] == f"/api/v1/lab.folder/{made.json['id']}"
    again = ann.get(f"lab.folder/{made.json['id']}")
    assert again.json == made.json
    assert again.headers["ETag"] == '"1"'
    assert again.json["keeper"] == {"id": lab.who.ann, "label": "Ann"}
    assert again.json["opened"] == "2026-01-02"
    assert again.json["number"].startswith("F-")
    assert ann.get(f"lab.folder/{made.json['id']}", If_None_Match='"1"').status_code == 304


def test_validation_names_every_field_at_once(lab):
    wrong = {"name": "", "colour": "green", "opened": "2.1.26", "nonsense": 1, "number": "F-9", "budget": "x"}
    refused = lab.client("ann").post("lab.folder", wrong)
    assert refused.status_code == 422
    assert refused.mimetype == "application/problem+json"
    assert codes(refused) == {
        ("name", "required"),
        ("colour", "choice"),
        ("opened", "date"),
        ("nonsense", "unknown"),
        ("number", "readonly"),
        ("budget", "decimal"),
    }
    assert all(e["message"] for e in refused.json["errors"])


def test_messages_come_in_the_language_that_was_asked_for(lab):
    english = lab.client("ann").post("lab.folder", {})
    chinese = lab.client("ann").post("lab.folder", {}, Accept_Language="zh-CN,zh;q=0.9")
    assert english.json["errors"][0]["message"] == "This is needed."
    assert chinese.json["errors"][0]["message"] != "This is needed."


def test_a_change_needs_the_version_that_was_edited(lab):
    ann, ident = lab.client("ann"), lab.folder("versions", "ann")
    assert ann.patch(f"lab.folder/{ident}", {"colour": "blue"}).status_code == 428
    assert ann.patch(f"lab.folder/{ident}", {"colour": "blue"}, 7).status_code == 412
    changed = ann.patch(f"lab.folder/{ident}", {"colour": "blue"}, 1)
    assert (changed.status_code, changed.headers["ETag"], changed.json["colour"]) == (200, '"2"', "blue")
    stale = ann.patch(f"lab.folder/{ident}", {"colour": "red"}, 1)
    assert (stale.status_code, stale.json["code"], stale.json["version"]) == (412, "stale", 2)
    assert ann("PATCH", f"lab.folder/{ident}", {"colour": "red"}, If_Match="*").status_code == 200
    assert ann("PATCH", f"lab.folder/{ident}", {"colour": "blue"}, If_Match='W/"3"').status_code == 200
    assert lab.row("folder", ident).colour == "blue"


def test_delete_archives_or_removes_as_declared(lab):
    ann, folder = lab.client("ann"), lab.folder("to archive", "ann")
    drawer = lab.make("drawer", name="d", folder_id=folder)
    assert ann.delete(f"lab.drawer/{drawer}").status_code == 204
    assert ann.get(f"lab.drawer/{drawer}").status_code == 404
    assert lab.row("drawer", drawer) is None
    assert ann.delete(f"lab.folder/{folder}", If_Match='"9"').status_code == 412
    assert ann.delete(f"lab.folder/{folder}").status_code == 204
    assert lab.row("folder", folder).archived_at is not None
    names = [r["name"] for r in ann.get("lab.folder?limit=200").json["data"]]
    assert "to archive" not in names
    assert ann.get(f"lab.folder?archived=1&id={folder}").json["data"][0]["id"] == folder


def test_a_hidden_record_looks_exactly_like_an_absent_one(lab):
    ann, others = lab.client("ann"), lab.folder("of bob", "bob")
    drawer = lab.make("drawer", name="d", folder_id=others)
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        for hidden, absent in (
            (f"lab.folder/{others}", "lab.folder/99999999"),
            (f"lab.drawer/{drawer}", "lab.drawer/99999999"),
        ):
            got, expected = ann(method, hidden, body, If_Match='"1"'), ann(method, absent, body, If_Match='"1"')
            assert got.status_code == expected.status_code == 404
            assert got.data == expected.data
    assert ann.post(f"lab.folder/{others}/actions/paint", {"colour": "red"}).status_code == 404
    assert ann.get(f"lab.folder/{others}/files").status_code == 404
    for nonsense in ("abc", "0", "-1", "1.5", "9" * 40, "%00", "1%27"):
        assert ann.get(f"lab.folder/{nonsense}").status_code == 404


def test_without_the_right_the_answer_is_403_whatever_exists(lab):
    gus, folder = lab.client("gus"), lab.folder("x", "ann")
    for method, path in (
        ("GET", "lab.folder"),
        ("POST", "lab.folder"),
        ("GET", f"lab.folder/{folder}"),
        ("GET", "lab.folder/777777"),
    ):
        answer = gus(method, path, {} if method == "POST" else None)
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    sheet = lab.make("sheet", name="read only for guests")
    assert gus.get(f"lab.sheet/{sheet}").status_code == 200
    assert gus.patch(f"lab.sheet/{sheet}", {"pages": 1}, 1).status_code == 403
    assert gus.delete(f"lab.sheet/{sheet}").status_code == 403
    assert lab.client("ann").delete(f"lab.sheet/{sheet}").status_code == 403


def test_scopes_of_a_key_narrow_what_its_person_may_do(lab):
    folder = lab.folder("scoped", "ann")
    reader = lab.client("ann", "lab.folder:read")
    assert reader.get(f"lab.folder/{folder}").status_code == 200
    assert reader.get("lab.sheet").status_code == 403
    assert reader.patch(f"lab.folder/{folder}", {"colour": "blue"}, 1).status_code == 403
    assert reader.post(f"lab.folder/{folder}/actions/paint", {"colour": "blue"}).status_code == 403
    assert reader.get(f"lab.folder/{folder}").json["keeper"] == {"hidden": True}
    painter = lab.client("ann", "lab.folder:read", "lab.folder:paint")
    assert painter.post(f"lab.folder/{folder}/actions/paint", {"colour": "blue"}).status_code == 200


def test_a_page_follows_the_other_without_gap_or_repetition(lab):
    ann = lab.client("ann")
    ids = {lab.folder(f"page {n % 3}", "ann", opened=date(2026, 1, n % 4) if n % 4 else None) for n in range(11)}
    for sort in ("name", "-name", "opened", "-opened,name", "number", "keeper,-opened", "-created_at"):
        seen, cursor, pages = [], "", 0
        while cursor is not None:
            page = ann.get(f"lab.folder?name__contains=page&limit=4&sort={sort}&cursor={cursor}&count=1").json
            assert page["total"] == 11
            seen += page["data"]
            cursor, pages = page["next"], pages + 1
        assert pages == 3
        assert [r["id"] for r in seen] == list(dict.fromkeys(r["id"] for r in seen))
        assert {r["id"] for r in seen} == ids
    opened = [r["opened"] for r in ann.get("lab.folder?name__contains=page&sort=-opened").json["data"]]
    filled = [o for o in opened if o]
    assert filled == sorted(filled, reverse=True)
    assert opened[len(filled) :] == [None] * (11 - len(filled))


def test_limit_is_at_most_200_rows(lab):
    ann = lab.client("ann")
    assert len(ann.get("lab.folder?limit=1").json["data"]) == 1
    assert ann.get("lab.folder?limit=5000").status_code == 200
    total = ann.get("lab.folder?limit=200&count=1").json["total"]
    assert ann.get("lab.folder?limit=0&count=1").json == {"data": [], "next": None, "total": total}
    for bad in ("-1", "x", "1.5", "٣", ""):
        assert ann.get(f"lab.folder?limit={bad}").status_code == 400, bad


def test_every_operator_selects_what_it_says(lab):
    ann, cat = lab.client("ann"), "operators"
    one = lab.folder(f"{cat} one", "ann", opened=date(2026, 1, 1), tags=["a", "知案"], budget=Decimal("10.50"))
    two = lab.folder(f"{cat} TWO%", "ann", opened=date(2026, 2, 1), colour="blue")
    three = lab.folder(f"{cat} thr_ee", "ann")
    for question, expected in {
        "name__eq=operators one": {one},
        "name__ne=operators one": {two, three},
        "opened__lt=2026-02-01": {one},
        "opened__lte=2026-02-01": {one, two},
        "opened__gt=2026-01-01": {two},
        "opened__gte=2026-01-01": {one, two},
        "colour__in=blue,green": {two},
        "name__contains=two": {two},
        "name__contains=%25": {two},
        "name__contains=_": {three},
        "opened__isnull=1": {three},
        "opened__isnull=0": {one, two},
        "tags=知案": {one},
        "tags__ne=知案": {two, three},
        "budget=10.5": {one},
        "budget__gte=10.51": set(),
        "keeper=me": {one, two, three},
        "keeper.login=ann": {one, two, three},
        "keeper.login__ne=ann": set(),
        "opened__lt=today": {one, two},
        "q=TWO operators": {two},
        "opened=": {three},
    }.items():
        found = {r["id"] for r in ann.get(f"lab.folder?name__contains={cat}&{question}").json["data"]}
        assert found == expected, question


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("nonsense=1", "field"),
        ("name__like=1", "operator"),
        ("opened=whenever", "value"),
        ("opened__gt=2026-13-45", "value"),
        ("pages=1", "field"),
        ("id=99999999999999999999999", "value"),
        ("id=1.5", "value"),
        ("keeper=x", "value"),
        ("keeper__contains=1", "operator"),
        ("keeper__gt=1", "operator"),
        ("budget__contains=1", "operator"),
        ("sort=nonsense", "field"),
        ("sort=tags", "sort"),
        ("sort=keeper.name", "sort"),
        ("cursor=abc", "cursor"),
        ("cursor=WyJ4Il0", "cursor"),
        ("fields=name,nonsense", "field"),
        ("fields=keeper.name", "field"),
        ("expand=name", "expand"),
        ("expand=keeper.department", "expand"),
        ("count=maybe", "value"),
        ("hidden_note=1", "field"),
        ("name=%00", "value"),
        ("_x=1", "field"),
        ("keeper.password_hash__contains=a", "field"),
        ("name.x=1", "field"),
        ("name__gt=", "value"),
        (".".join(["keeper"] * 60) + "=1", "field"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_its_code(lab, question, code):
    answer = lab.client("ann").get(f"lab.folder?{question}")
    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert answer.mimetype == "application/problem+json"


def test_a_forged_cursor_is_refused_and_never_breaks(lab):
    ann = lab.client("ann")
    lab.folder("cursor a", "ann"), lab.folder("cursor b", "ann")
    good = ann.get("lab.folder?limit=1&sort=opened").json["next"]
    mark = json.loads(base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)))[0]
    for values in (
        ["x", 1],
        [{"t": "2026-01-01"}, "1"],
        [{"d": "2026-01-01T00:00:00"}, 1],
        [1, 2**70],
        [True, None],
        [[], {}],
        [None],
        [None, True],
    ):
        forged = base64.urlsafe_b64encode(json.dumps([mark, *values]).encode()).decode().rstrip("=")
        assert ann.get(f"lab.folder?sort=opened&cursor={forged}").status_code == 400, values
    assert ann.get(f"lab.folder?sort=-opened&cursor={good}").status_code == 400
    good = ann.get("lab.folder?limit=1&sort=created_at").json["next"]
    mark = json.loads(base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)))[0]
    for value in (0, "x", "\ud800", [], {"d": "9999-12-31T23:59:59-12:00"}, {"t": "2026-01-01"}, {"n": "NaN"}):
        forged = base64.urlsafe_b64encode(json.dumps([mark, value, 1]).encode()).decode().rstrip("=")
        assert ann.get(f"lab.folder?sort=created_at&cursor={forged}").status_code == 400, value
    assert ann.get(f"lab.folder?sort=created_at&cursor={good}").status_code == 200


def test_fields_and_expand_choose_what_is_shown(lab):
    ann, ident = lab.client("ann"), lab.folder("shown", "ann")
    sheet = lab.make("sheet", name="inside shown", folder_id=ident)
    assert ann.get(f"lab.folder/{ident}?fields=name").json == {"id": ident, "version": 1, "name": "shown"}
    whole = ann.get(f"lab.sheet/{sheet}?expand=folder").json["folder"]
    assert (whole["name"], whole["keeper"]["label"]) == ("shown", "Ann")
    listed = ann.get("lab.sheet?name=inside shown&expand=folder&fields=folder").json["data"][0]
    assert listed["folder"] == whole
    assert set(listed) == {"id", "version", "folder"}
    assert ann.get(f"lab.folder/{ident}?nonsense=1").status_code == 400


def test_actions_run_with_their_parameters_and_tell_their_result(lab):
    ann, ident = lab.client("ann"), lab.folder("to paint", "ann")
    done = ann.post(f"lab.folder/{ident}/actions/paint", {"colour": "blue"})
    assert done.status_code == 200
    assert done.json["result"] == {"painted": "blue"}
    assert (done.json["record"]["colour"], done.headers["ETag"]) == ("blue", '"2"')
    assert codes(ann.post(f"lab.folder/{ident}/actions/paint", {})) == {("colour", "required")}
    assert codes(ann.post(f"lab.folder/{ident}/actions/paint", {"colour": "x"})) == {("colour", "choice")}
    assert ann.post(f"lab.folder/{ident}/actions/nonsense", {}).status_code == 404
    assert ann.post(f"lab.folder/{ident}/actions/paint", {"colour": "red"}, If_Match='"1"').status_code == 412
    glass = lab.folder("glass", "ann")
    assert ann.post(f"lab.folder/{glass}/actions/paint", {"colour": "red"}).json["code"] == "not_available"


def test_bulk_actions_take_ids_that_the_person_may_touch(lab):
    ann, mine, other = lab.client("ann"), [lab.folder("b1", "ann"), lab.folder("b2", "ann")], lab.folder("b3", "bob")
    assert ann.post("lab.folder/actions/sum", {"ids": mine}).json["result"] == {"count": 2, "ids": mine}
    assert ann.post("lab.folder/actions/sum", {"ids": [*mine, other]}).status_code == 404
    for bad in ({}, {"ids": []}, {"ids": "x"}, {"ids": ["1"]}, {"ids": [True] * 501}):
        assert ann.post("lab.folder/actions/sum", bad).status_code == 400
    assert ann.post("lab.folder/actions/paint", {"ids": mine}).status_code == 404


def test_type_actions_run_without_a_record(lab):
    assert lab.client("ann").post("lab.sheet/actions/update", {}).json["result"]["folders"] > 0
    assert lab.client("gus").post("lab.sheet/actions/update", {}).status_code == 403


def test_a_refusal_of_a_hook_comes_through_with_its_field(lab):
    answer = lab.client("ann").post("lab.folder", {"name": "refuse me", "keeper": lab.who.ann})
    assert answer.status_code == 422
    assert codes(answer) == {("name", "bad_name")}


def test_nothing_can_be_made_or_moved_outside_of_ones_scope(lab):
    ann = lab.client("ann")
    assert ann.post("lab.folder", {"name": "for bob", "keeper": lab.who.bob}).status_code == 403
    assert ann.post("lab.folder", {"name": "forbidden", "keeper": lab.who.ann}).status_code == 403
    mine = lab.folder("stays mine", "ann")
    assert ann.patch(f"lab.folder/{mine}", {"keeper": lab.who.bob}, 1).status_code == 403
    assert lab.row("folder", mine).keeper_id == lab.who.ann
    assert ann.get("lab.folder?name=for bob").json["data"] == []


def test_a_hidden_target_cannot_be_linked_and_is_never_cleared_by_saving(lab):
    ann, hidden = lab.client("ann"), lab.folder("hidden target", "bob")
    refused = ann.post("lab.sheet", {"name": "s1", "folder": hidden})
    absent = ann.post("lab.sheet", {"name": "s1", "folder": 99999999})
    assert refused.status_code == 422
    assert refused.json == absent.json
    sheet = lab.make("sheet", name="s2", folder_id=hidden)
    shown = ann.get(f"lab.sheet/{sheet}").json
    assert shown["folder"] == {"hidden": True}
    assert str(hidden) not in str({k: v for k, v in shown.items() if k not in ("id", "version")})
    changed = ann.patch(f"lab.sheet/{sheet}", {"pages": 3}, 1)
    assert (changed.json["double_pages"], changed.json["folder"]) == (6, {"hidden": True})
    assert lab.row("sheet", sheet).folder_id == hidden
    back = ann.patch(f"lab.sheet/{sheet}", {"folder": {"hidden": True}, "pages": 4}, 2)
    assert back.status_code == 200, back.json
    assert lab.row("sheet", sheet).folder_id == hidden


def test_unique_values_and_links_in_use_are_refused_in_words(lab):
    carl = lab.client("carl")
    lab.make("sheet", name="only once")
    assert codes(carl.post("lab.sheet", {"name": "only once"})) == {("name", "unique")}


def test_a_value_that_no_column_takes_is_refused_not_broken(lab):
    ann = lab.client("ann")
    for body in (
        {"name": "x" * 101},
        {"name": {"a": 1}},
        {"name": "ok", "tags": [{"a": 1}]},
        {"name": "ok", "keeper": {"id": 2**60}},
        {"name": "ok", "keeper": -1},
        {"name": "ok", "opened": 5},
        {"name": "ok", "colour": ["red"]},
        {"name": "ok", "keeper": True},
    ):
        assert ann.post("lab.folder", body).status_code == 422, body
    made = ann.post("lab.folder", {"name": "nul\x00inside\nlines", "keeper": lab.who.ann})
    assert made.status_code == 201
    assert made.json["name"] == "nulinside lines"

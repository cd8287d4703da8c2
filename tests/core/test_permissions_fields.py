"""Hidden and masked fields, and links to hidden rows: not shown, not written, and not to be probed by any question."""

from __future__ import annotations

import base64
from decimal import Decimal

import pytest

from core import get
from core.db import acting_as
from core.permissions.rules import Access, FieldRule
from core.records.dump import dump, labels
from core.records.query import Filter, Query, count_records, list_records
from core.records.totals import grouped, levels_of
from core.registry import registry


@pytest.fixture(scope="module")
def secrets(lab_app, staff):
    """Folders of ann whose fields are closed to her, and sheets in folders of bob."""
    from tests.support.lab import Lab

    with lab_app.app_context():
        lab = Lab(lab_app, staff)
        one = lab.folder(
            "secret one", "ann", secret_word="swordfish", phone="13812345678", motto="open", budget=Decimal("5")
        )
        two = lab.folder("secret two", "ann", secret_word="xylophone", phone="1234", motto="closed", colour="blue")
        hidden = lab.folder("zebra of bob", "bob")
        sheets = [
            lab.make("sheet", name=f"probe {n}", folder_id=folder) for n, folder in enumerate((one, hidden, None))
        ]
    return one, two, hidden, sheets


def ids(answer):
    return {row["id"] for row in answer.json["data"]}


def test_hidden_and_masked_values_are_not_shown_anywhere(lab, secrets):
    one, two, _hidden, _sheets = secrets
    ann = lab.client("ann")
    first, second = ann.get(f"lab.folder/{one}").json, ann.get(f"lab.folder/{two}").json
    assert "secret_word" not in first
    assert (first["phone"], second["phone"]) == ("138****5678", "****")
    assert (first["motto"], second["motto"]) == ("open", "(not public)")
    assert ann.get(f"lab.folder/{two}?fields=motto", Accept_Language="zh").json["motto"] == "（未公开）"
    assert ann.get(f"lab.folder/{one}?fields=secret_word").status_code == 400
    everything = ann.get("lab.folder?limit=200").text + ann.get("lab.sheet?expand=folder&limit=200").text
    for word in ("swordfish", "xylophone", "13812345678", "closed", "zebra"):
        assert word not in everything
    assert lab.client("carl").get(f"lab.folder/{one}").json["secret_word"] == "swordfish"
    assert lab.client("carl").get(f"lab.folder/{one}").json["phone"] == "13812345678"


@pytest.mark.parametrize(
    "question",
    [
        "secret_word=swordfish", "secret_word__contains=sword", "secret_word__isnull=0", "secret_word__gt=a",
        "sort=secret_word", "fields=secret_word", "phone=13812345678", "phone__contains=138", "sort=phone",
        "folder.secret_word=x", "parent.secret_word=x", "parent.phone__contains=1",
    ],
)  # fmt: skip
def test_closed_fields_cannot_be_asked_about(lab, secrets, question):
    assert lab.client("ann").get(f"lab.folder?{question}").status_code == 400


def test_a_value_closed_in_some_rows_is_empty_for_every_question_about_them(lab, secrets):
    one, two, _hidden, _sheets = secrets
    ann = lab.client("ann")
    base = "lab.folder?name__contains=secret"
    assert ids(ann.get(f"{base}&motto__contains=clo")) == set()
    assert ids(ann.get(f"{base}&motto=closed")) == set()
    assert ids(ann.get(f"{base}&motto__in=closed,open")) == {one}
    assert ids(ann.get(f"{base}&motto__ne=closed")) == {one, two}
    assert ids(ann.get(f"{base}&motto__isnull=1")) == {two}
    ordered = [r["id"] for r in ann.get(f"{base}&sort=motto").json["data"]]
    assert ordered == [one, two]
    cursor = ann.get(f"{base}&sort=-motto&limit=1").json["next"]
    assert "closed" not in base64.urlsafe_b64decode(cursor + "==").decode()
    assert ids(lab.client("carl").get(f"{base}&motto=closed")) == {two}


def test_the_quick_search_does_not_look_into_closed_fields(lab, secrets):
    one, _two, _hidden, _sheets = secrets
    assert ids(lab.client("ann").get("lab.folder?q=swordfish")) == set()
    assert ids(lab.client("carl").get("lab.folder?q=swordfish")) == {one}


def test_a_hidden_target_of_a_link_cannot_be_probed(lab, secrets):
    one, _two, hidden, sheets = secrets
    ann = lab.client("ann")
    base = "lab.sheet?name__contains=probe"
    rows = {r["id"]: r["folder"] for r in ann.get(base).json["data"]}
    assert rows == {sheets[0]: {"id": one, "label": "secret one"}, sheets[1]: {"hidden": True}, sheets[2]: None}
    assert ids(ann.get(f"{base}&folder={hidden}")) == set()
    assert ids(ann.get(f"{base}&folder__in={hidden},{one}")) == {sheets[0]}
    assert ids(ann.get(f"{base}&folder__ne={hidden}")) == set(sheets)
    assert ids(ann.get(f"{base}&folder__ne={one}")) == {sheets[1], sheets[2]}
    assert ids(ann.get(f"{base}&folder.name__contains=zebra")) == set()
    assert ids(ann.get(f"{base}&folder.name__ne=nothing")) == {sheets[0]}
    assert ids(ann.get(f"{base}&folder.keeper.login=bob")) == set()
    assert ids(ann.get(f"{base}&folder.id={hidden}")) == set()
    for sort in ("folder", "-folder"):
        page = ann.get(f"{base}&sort={sort}&limit=1").json
        assert page["data"][0]["id"] == sheets[0]
        text = base64.urlsafe_b64decode(page["next"] + "==").decode()
        assert "zebra" not in text
    for operator in ("lt", "gt", "lte", "gte", "contains"):
        assert ann.get(f"{base}&folder__{operator}={hidden}").status_code == 400
    root = lab.client("root")
    assert ids(root.get(f"{base}&folder={hidden}")) == {sheets[1]}
    assert [r["id"] for r in root.get(f"{base}&sort=folder").json["data"]] == sheets


def test_counts_groups_and_labels_tell_nothing_hidden(lab, secrets):
    one, _two, hidden, sheets = secrets
    with acting_as(lab.principal("ann")):
        asked = Query(filters=(Filter("name", "contains", "probe"),))
        assert count_records(lab.Sheet, asked) == 3
        assert counts(lab.Sheet, asked, "folder") == {one: 1, None: 2}
        assert labels("lab.folder", [one, hidden]) == {one: "secret one"}
        folders = Query(filters=(Filter("name", "contains", "of bob"),), count=True)
        assert list_records(lab.Folder, folders).total == 0
        assert dump(get(lab.Sheet, sheets[1]))["folder"] == {"hidden": True}
    with acting_as(lab.principal("root")):
        assert counts(lab.Sheet, asked, "folder") == {one: 1, hidden: 1, None: 1}


def counts(model, query, name):
    return {g.values[0]: g.count for g in grouped(model, query, levels_of(registry().of(model), name))}


def test_closed_fields_cannot_be_written(lab, secrets):
    one, *_rest = secrets
    ann = lab.client("ann")
    for values in ({"secret_word": "x"}, {"phone": "1"}, {"budget": "1"}, {"motto": "x"}, {"hidden_note": "x"}):
        answer = ann("PATCH", f"lab.folder/{one}", values, If_Match="*")
        assert answer.status_code == 422, values
    row = lab.row("folder", one)
    assert (row.secret_word, row.phone, row.budget, row.motto) == ("swordfish", "13812345678", Decimal("5"), "open")
    assert lab.client("carl")("PATCH", f"lab.folder/{one}", {"phone": "13812345679"}, If_Match="*").status_code == 200


def test_people_without_any_role_are_bound_by_every_field_rule(lab):
    access, nobody = Access(), lab.principal("nobody")
    nobody.cache.clear()
    access.field_rules["lab.folder"].append(FieldRule("lab.folder", "phone", "hidden", ("clerk",)))
    assert set(access.treatments(lab.Folder, nobody)) == {"phone"}
    nobody.cache.clear()


def test_the_strictest_rule_on_a_field_wins(lab):
    access, ann = Access(), lab.principal("ann")
    ann.cache.clear()
    for treatment in ("readonly", "hidden", "masked"):
        access.field_rules["lab.folder"].append(FieldRule("lab.folder", "phone", treatment, ("clerk",)))
    assert access.treatments(lab.Folder, ann)["phone"].treatment == "hidden"
    ann.cache.clear()

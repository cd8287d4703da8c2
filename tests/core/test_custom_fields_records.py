"""Custom fields in records, lists and the API: typed, filtered, sorted, counted, audited, closed, as declared ones."""

from __future__ import annotations

import io
import time
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert, select, text

from core.clock import now
from core.db import db, system
from core.errors import Forbidden, Invalid, Refused
from core.records import service
from core.records.audit import AuditEntry
from core.records.bulk import bulk_create, bulk_update
from core.records.custom import known
from core.records.custom.indexes import drop_indexes, make_indexes
from core.records.custom.model import CustomField
from core.records.custom.stored import in_postgresql, in_sqlite
from core.records.query import Filter, Query, list_records
from core.records.totals import grouped, levels_of, sums
from core.registry import registry
from tests.support.custom import ASKED, CHOICES, KINDS, change, define, plan_of, shelved


@pytest.fixture(scope="module")
def made(lab_app, staff):
    """One field of each kind on folders, and some that are not for everybody."""
    with lab_app.app_context():
        closed = {
            "x_open": {"kind": "text", "searched": True},
            "x_secret": {"kind": "text", "readers": ["chief"], "searched": True},
            "x_masked": {"kind": "text", "readers": ["chief"], "closed": "masked"},
            "x_fixed": {"kind": "number", "writers": ["chief"]},
            "x_folder": {"kind": "link", "target": "lab.folder"},
        }
        return define("lab.folder", **KINDS) | define("lab.sheet", **closed)


@pytest.fixture(scope="module")
def shelf(lab_app, made, staff):
    """Four folders of ann, the last without any custom value."""
    with lab_app.app_context(), system("a shelf"):
        rows = [{"name": f"s{n}", "keeper": staff.ann} | values for n, values in enumerate(shelved(staff.ann))]
        return bulk_create(registry().types["lab.folder"].model, rows)


def found(query, lab):
    with lab.being("ann"):
        return [row["name"] for row in list_records(lab.Folder, query).rows]


def filtered(lab, name, op, value):
    return found(Query(filters=(Filter(name, op, value), Filter("name", "contains", "s")), sort=("name",)), lab)


def test_values_come_back_typed_and_exact_and_are_known_as_attributes(lab, made):
    ann = lab.client("ann")
    given = {"name": "typed", "keeper": lab.who.ann, "x_text": " a  b ", "x_number": "1.250", "x_money": "4,800.5"}
    given |= {"x_day": "2026-12-14", "x_level": "high", "x_marks": ["high", "low", "high"], "x_sure": False}
    answer = ann.post("lab.folder", given | {"x_person": {"id": lab.who.bob}})
    assert answer.status_code == 201, answer.json
    row = ann.get(f"lab.folder/{answer.json['id']}").json
    shown = {n: row[n] for n in KINDS}
    assert shown == {
        "x_text": "a  b",
        "x_long": None,
        "x_number": "1.250",
        "x_money": "4800.50",
        "x_day": "2026-12-14",
        "x_level": "high",
        "x_marks": ["high", "low"],
        "x_sure": False,
        "x_person": {"id": lab.who.bob, "label": "Bob"},
        "x_paper": None,
    }
    with lab.being("ann") as session:
        record = session.get_one(lab.Folder, row["id"])
        assert (record.x_money, record.x_day, record.x_sure) == (Decimal("4800.50"), date(2026, 12, 14), False)
        assert session.scalars(select(lab.Folder.id).where(lab.Folder.x_day == date(2026, 12, 14))).all() == [row["id"]]
        with pytest.raises(AttributeError):
            _ = record.x_folder


def test_errors_stand_at_their_fields_and_unknown_names_are_refused(lab, made):
    wrong = {"x_number": "1.2345", "x_money": "1e3", "x_day": "14.12.26", "x_level": "?", "x_marks": "low,?"}
    wrong |= {"x_sure": "perhaps", "x_person": 999_999, "x_nothing": 1, "custom": {"x_text": "past the door"}}
    refused = lab.client("ann").post("lab.folder", {"name": "wrong"} | wrong)
    assert refused.status_code == 422
    assert {e["field"]: e["code"] for e in refused.json["errors"]} == {
        "x_number": "too_fine",
        "x_money": "decimal",
        "x_day": "date",
        "x_level": "choice",
        "x_marks": "choice",
        "x_sure": "boolean",
        "x_person": "not_found",
        "x_nothing": "unknown",
        "custom": "unknown",
    }


@pytest.mark.parametrize(("name", "op", "value", "names"), ASKED)
def test_every_operator_of_a_kind_filters(lab, shelf, name, op, value, names):
    assert filtered(lab, name, op, value) == names.split()


def test_lists_are_sorted_with_empty_values_last_and_cursors_follow(lab, shelf):
    mine = (Filter("id", "in", shelf),)
    assert found(Query(filters=mine, sort=("x_number",)), lab) == ["s1", "s0", "s2", "s3"]
    assert found(Query(filters=mine, sort=("-x_money",)), lab) == ["s2", "s0", "s1", "s3"]
    for name in ("x_day", "-x_day", "x_text", "x_level", "-x_sure", "x_person"):
        whole, walked, cursor = found(Query(filters=mine, sort=(name,)), lab), [], None
        for _page in range(4):
            with lab.being("ann"):
                page = list_records(lab.Folder, Query(filters=mine, sort=(name,), limit=1, cursor=cursor))
            walked += [row["name"] for row in page.rows]
            cursor = page.next
        assert walked == whole, name
        assert cursor is None


def test_groups_are_counted_and_figures_summed_over_the_whole_list(lab, shelf):
    mine = Query(filters=(Filter("id", "in", shelf),))
    with lab.being("ann"):
        assert counts(lab.Folder, mine, "x_level") == {None: 2, "high": 1, "low": 1}
        assert counts(lab.Folder, mine, "x_person") == {None: 3, lab.who.ann: 1}
        assert sums(lab.Folder, mine, ["x_money", "x_number"]) == {
            "x_money": [(None, Decimal("20000199.95"))],
            "x_number": [(None, Decimal("9.500"))],
        }
        by_level = grouped(lab.Folder, mine, levels_of(registry().of(lab.Folder), "x_level"), ["x_money"])
    assert {g.values[0]: g.sums for g in by_level}["low"] == {"x_money": [(None, Decimal("100.00"))]}


def counts(model, query, name):
    return {g.values[0]: g.count for g in grouped(model, query, levels_of(registry().of(model), name))}


def test_the_search_finds_texts_that_are_flagged(lab, shelf):
    ann = lab.client("ann")
    assert [r["name"] for r in ann.get("lab.folder?q=琥珀").json["data"]] == ["s2"]


def test_changes_are_audited_by_field_and_reach_hooks_and_versions_hold(lab, made):
    from lab import hooks

    ann, ident = lab.client("ann"), lab.folder("audited", "ann", x_money=Decimal("5"), x_marks=["low"])
    seen = []
    original = hooks._hook
    hooks._hook = lambda name, model, items: seen.extend(items) if name == "after_update" else None
    try:
        answer = ann.patch(f"lab.folder/{ident}", {"x_money": "7.5", "x_marks": [], "x_sure": True}, 1)
    finally:
        hooks._hook = original
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert ann.patch(f"lab.folder/{ident}", {"x_money": "8"}, 1).status_code == 412
    assert seen[0].old == {"x_money": Decimal("5.00"), "x_marks": ["low"], "x_sure": None}
    assert seen[0].new == {"x_money": Decimal("7.50"), "x_marks": None, "x_sure": True}
    log = AuditEntry.__table__
    rows = select(log.c.changes).where(log.c.record_key == "lab.folder", log.c.record_id == ident).order_by(log.c.id)
    with db.engine.connect() as connection:
        created, updated = connection.scalars(rows).all()
    assert (created["x_money"], created["x_marks"]) == ([None, "5.00"], [None, ["low"]])
    assert updated == {"x_money": ["5.00", "7.50"], "x_marks": [["low"], None], "x_sure": [None, True]}
    assert lab.row("folder", ident).custom == {"x_money": 750, "x_sure": True}


def test_many_at_once_keep_and_change_custom_values(lab, made):
    with lab.being("ann"):
        ids = bulk_create(lab.Folder, [{"name": f"b{n}", "keeper": lab.who.ann, "x_number": n} for n in range(3)])
        changed = bulk_update(lab.Folder, [(ids[0], None, {"x_number": "0"}), (ids[1], 1, {"x_day": "2026-05-05"})])
        rows = list_records(lab.Folder, Query(filters=(Filter("id", "in", ids),), sort=("id",))).rows
    assert changed == [ids[1]]
    assert [(r["x_number"], r["x_day"]) for r in rows] == [
        (Decimal("0.000"), None),
        (Decimal("1.000"), date(2026, 5, 5)),
        (Decimal("2.000"), None),
    ]


def test_closed_fields_are_closed_on_every_way(lab, made):
    carl, ann = lab.client("carl"), lab.client("ann")
    given = {"name": "closed", "x_secret": "plum", "x_masked": "13812345678", "x_fixed": "3"}
    sheet = carl.post("lab.sheet", given).json
    assert (sheet["x_secret"], sheet["x_masked"]) == ("plum", "13812345678")
    seen = ann.get(f"lab.sheet/{sheet['id']}").json
    assert "x_secret" not in seen
    assert (seen["x_masked"], seen["x_fixed"]) == ("138****5678", "3.00")
    for path in ("?x_secret=plum", "?sort=x_secret", "?fields=x_secret", "?x_masked__contains=138", "?sort=x_masked"):
        assert ann.get(f"lab.sheet{path}").status_code == 400, path
    assert ann.get("lab.sheet?q=plum").json["data"] == []
    assert len(carl.get("lab.sheet?q=plum").json["data"]) == 1
    for name, value in (("x_secret", "x"), ("x_masked", "x"), ("x_fixed", "4")):
        refused = ann.patch(f"lab.sheet/{sheet['id']}", {name: value}, 1)
        assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "forbidden"), name
    assert "x_secret" not in ann("GET", "openapi.json").text
    assert "x_secret" in carl("GET", "openapi.json").text


def test_the_document_of_the_api_tells_of_custom_fields(lab, made):
    told = lab.client("ann")("GET", "openapi.json").json
    properties = told["components"]["schemas"]["lab.folder.update"]["properties"]
    assert set(KINDS) <= set(properties)
    assert properties["x_money"]["title"] == "Estimate"
    names = {p.get("name") for p in told["paths"]["/api/v1/lab.folder"]["get"]["parameters"]}
    assert {"x_money__gte", "x_text__contains", "x_person"} <= names


def test_links_honour_the_rules_of_their_target(lab, made):
    bobs, anns = lab.folder("bob's own", "bob"), lab.folder("ann's own", "ann")
    ann, bob = lab.client("ann"), lab.client("bob")
    assert ann.post("lab.sheet", {"name": "to bob", "x_folder": bobs}).status_code == 422
    sheet = bob.post("lab.sheet", {"name": "by bob", "x_folder": bobs}).json
    seen = ann.get(f"lab.sheet/{sheet['id']}").json
    assert seen["x_folder"] == {"hidden": True}
    kept = ann.patch(f"lab.sheet/{sheet['id']}", {"x_folder": {"hidden": True}, "pages": 3}, 1)
    assert kept.status_code == 200
    assert bob.get(f"lab.sheet/{sheet['id']}").json["x_folder"]["id"] == bobs
    assert ann.get(f"lab.sheet?x_folder={bobs}").json["data"] == []
    assert ann.get(f"lab.sheet?x_folder.name__contains=own&x_folder={anns}").json["data"] == []


def test_what_a_custom_link_leads_to_is_not_deleted(lab, made):
    target, ann = lab.folder("linked to", "ann"), lab.client("ann")
    sheet = ann.post("lab.sheet", {"name": "links", "x_folder": target}).json
    with pytest.raises(Refused) as refused, system("for good") as session:
        session.delete(session.get(lab.Folder, target))
    assert refused.value.code == "in_use"
    assert ann.patch(f"lab.sheet/{sheet['id']}", {"x_folder": None}, sheet["version"]).status_code == 200
    with system("for good") as session:
        session.delete(session.get(lab.Folder, target))


def test_a_file_belongs_to_its_record_and_is_closed_with_its_field(lab, made):
    from core.records.attachments import add_file
    from core.records.notes import Attachment

    ident = lab.folder("drawn", "ann")
    with lab.being("ann") as session:
        record = session.get_one(lab.Folder, ident)
        file = add_file(record, "plan.txt", io.BytesIO(b"plan"), kind="x_paper")
        service.update(record, {"x_paper": file.id})
        session.commit()
        file_id = file.id
    ann = lab.client("ann")
    assert ann.get(f"lab.folder/{ident}").json["x_paper"] == {"id": file_id, "label": "plan.txt"}
    change(made["x_paper"], readers=["chief"])
    try:
        assert "x_paper" not in ann.get(f"lab.folder/{ident}").json
        with lab.being("ann") as session:
            assert session.get(Attachment, file_id) is None
        with lab.being("carl") as session:
            assert session.get(Attachment, file_id) is not None
    finally:
        change(made["x_paper"], readers=None)


def test_required_and_default_values_hold_for_new_records_alone(lab, made):
    old = lab.make("drawer", name="older", folder_id=lab.folder("d", "ann"))
    define(
        "lab.drawer",
        x_must={"kind": "text", "needed": True},
        x_begun={"kind": "choice", "choices": CHOICES, "begins_with": "low", "needed": True},
        x_today={"kind": "date", "begins_with": "today"},
    )
    ann, folder = lab.client("ann"), lab.folder("e", "ann")
    refused = ann.post("lab.drawer", {"name": "n", "folder": folder})
    assert [(e["field"], e["code"]) for e in refused.json["errors"]] == [("x_must", "required")]
    row = ann.post("lab.drawer", {"name": "n", "folder": folder, "x_must": "yes"}).json
    assert (row["x_begun"], row["x_today"]) == ("low", now().date().isoformat())
    assert ann.patch(f"lab.drawer/{old}", {"name": "still valid"}, 1).status_code == 200
    emptied = ann.patch(f"lab.drawer/{row['id']}", {"x_must": ""}, 1)
    assert emptied.json["errors"][0]["code"] == "required"


def refusals(**values):
    with pytest.raises(Invalid) as caught, system("a wrong field"):
        service.create(CustomField, {"record_key": "lab.folder", "label_zh": "错", "kind": "text"} | values)
    return {(e.field, e.code) for e in caught.value.errors}


def test_definitions_are_checked_before_they_are_stored(lab, made):
    assert ("code", "code") in refusals(code="name")
    assert ("code", "code") in refusals(code="x_two__three")
    assert ("code", "code") in refusals(code="x_" + "a" * 36)
    assert ("record_key", "choice") in refusals(code="x_a", record_key="core.session")
    assert ("target", "choice") in refusals(code="x_a", kind="link")
    assert ("target", "choice") in refusals(code="x_a", kind="text", target="lab.folder")
    assert ("choices", "required") in refusals(code="x_a", kind="choice")
    assert ("choices", "unique") in refusals(code="x_a", kind="choice", choices=[CHOICES[0], CHOICES[0]])
    assert ("begins_with", "decimal") in refusals(code="x_a", kind="money", begins_with="much")
    assert ("readers", "choice") in refusals(code="x_a", readers=["nobody-known"])
    assert ("decimals", "range") in refusals(code="x_a", kind="number", decimals=9)
    assert ("code", "unique") in refusals(code="x_text") or ("record_key", "unique") in refusals(code="x_text")


def test_what_stored_values_hang_on_never_changes(lab, made, shelf):
    for values in ({"kind": "text"}, {"code": "x_other"}, {"record_key": "lab.sheet"}):
        with pytest.raises(Invalid) as caught, system("a wrong change"):
            service.update(service.get(CustomField, made["x_level"]), values)
        assert caught.value.errors[0].code == "permanent"
    with pytest.raises(Invalid) as caught, system("a wrong change"):
        service.update(service.get(CustomField, made["x_marks"]), {"choices": CHOICES[:1]})
    assert (caught.value.errors[0].field, caught.value.errors[0].code) == ("choices", "in_use")


def test_only_who_has_the_right_makes_fields(lab, made):
    body = {"record_key": "lab.folder", "code": "x_mine", "kind": "text", "label_zh": "我的"}
    assert lab.client("ann").post("core.custom_field", body).status_code == 403
    assert lab.client("ann").get("core.custom_field").status_code == 403
    made = lab.client("root").post("core.custom_field", body)
    assert made.status_code == 201, made.json
    assert lab.client("ann").get("lab.folder?x_mine=1").status_code == 200


def test_put_away_a_field_is_gone_and_brought_back_its_values_are_there(lab, made):
    idents = define("lab.folder", x_gone={"kind": "text", "indexed": True})
    ident = lab.folder("holds", "ann", x_gone="kept")
    ann = lab.client("ann")
    with system("away"):
        service.archive(service.get(CustomField, idents["x_gone"]))
    known.forget()
    assert "x_gone" not in ann.get(f"lab.folder/{ident}").json
    assert ann.get("lab.folder?x_gone=kept").status_code == 400
    assert ann.patch(f"lab.folder/{ident}", {"x_gone": "new"}, 1).status_code == 422
    assert ann.patch(f"lab.folder/{ident}", {"x_text": "beside"}, 1).status_code == 200
    with system("back"):
        service.restore(service.get(CustomField, idents["x_gone"]))
    known.forget()
    assert ann.get(f"lab.folder/{ident}").json["x_gone"] == "kept"


def test_a_field_made_by_another_process_is_known_within_a_second(lab, made):
    ann, table = lab.client("ann"), CustomField.__table__
    assert ann.get("lab.folder?x_far=1").status_code == 400
    row = {c.name: None for c in table.columns if c.name != "id"}
    row |= {"record_key": "lab.folder", "code": "x_far", "kind": "number", "label_zh": "远", "closed": "hidden"}
    row |= {"needed": False, "indexed": False, "searched": False, "place": 900, "version": 1}
    with db.engine.begin() as connection:
        connection.execute(insert(table).values(row | {"created_at": now(), "updated_at": now()}))
    until = time.monotonic() + 1.0
    while time.monotonic() < until and ann.get("lab.folder?x_far=1").status_code != 200:
        time.sleep(0.05)
    assert ann.get("lab.folder?x_far__gte=1&sort=-x_far").status_code == 200


def test_flagged_fields_get_an_index_that_lists_use_and_lose_it_with_the_flag(lab, made, shelf, backend):
    make_indexes()
    sqlite = backend == "sqlite"
    part = in_sqlite("custom", "x_money") if sqlite else in_postgresql("custom", "x_money", "money")
    name = f"ix_lab_folder_{made['x_money']}"
    by = f' INDEXED BY "{name}_custom"' if sqlite else ""  # SQLite scans what is as small, unless it is told
    assert name in plan_of(f"SELECT id FROM lab_folder{by} WHERE {part} = 10000")
    assert make_indexes() == {"made": [], "dropped": []}
    change(made["x_money"], indexed=False)
    assert f"{name}_custom" in make_indexes()["dropped"]
    change(made["x_money"], indexed=True)
    assert f"{name}_custom" in make_indexes()["made"]


def test_the_column_can_go_with_its_plugin_although_indexes_read_it(lab, made, backend):
    make_indexes()
    with db.engine.connect() as connection:
        drop_indexes(connection, "lab_folder")
        connection.execute(text("ALTER TABLE lab_folder DROP COLUMN custom"))
        connection.rollback()
    assert lab.client("ann").get("lab.folder?x_money__gte=1").status_code == 200


def test_definitions_travel_in_the_configuration_file(lab, made):
    from core.shaping import configuration

    with lab.being("root") as session:
        here = configuration.export()["parts"]["custom_fields"]
        assert here["lab.folder.x_level"]["choices"] == CHOICES
        assert not any(d.changes for d in configuration.differences({"custom_fields": here}))
        there = {
            "lab.folder.x_level": here["lab.folder.x_level"] | {"label_en": "Urgency"},
            "lab.folder.x_brought": here["lab.folder.x_money"] | {"label_zh": "带来的"},
            "lab.folder.x_off": here["lab.folder.x_text"] | {"away": True},
            "nowhere.thing.x_lost": here["lab.folder.x_text"],
        }
        configuration.apply({"custom_fields": there})
        session.flush()
        told = configuration.export()["parts"]["custom_fields"]
        assert told["lab.folder.x_level"]["label_en"] == "Urgency"
        assert told["lab.folder.x_brought"]["kind"] == "money"
        assert told["lab.folder.x_off"]["away"] is True
        other = {"lab.folder.x_level": here["lab.folder.x_level"] | {"kind": "text", "choices": None}}
        with pytest.raises(Refused):
            configuration.apply({"custom_fields": other})


def test_clients_of_the_portal_read_only_what_their_role_is_named_for():
    from core.permissions.principal import SYSTEM, Principal
    from core.records.custom.access import open_to

    client = Principal(user_id=1, roles=frozenset({"portal_client"}), realm="portal")
    clerk = Principal(user_id=2, roles=frozenset({"clerk"}))
    assert [open_to(p, frozenset()) for p in (client, clerk, SYSTEM)] == [False, True, True]
    assert [open_to(p, frozenset({"portal_client"})) for p in (client, clerk)] == [True, False]
    assert open_to(Principal(user_id=3, roles=frozenset({"administrator"})), frozenset({"chief"}))


def test_a_retired_choice_stays_where_it_is_and_is_not_chosen_anew(lab, made):
    ann, ident = lab.client("ann"), lab.folder("retired", "ann", x_level="low")
    change(made["x_level"], choices=[CHOICES[0] | {"retired": True}, CHOICES[1]])
    try:
        assert ann.patch(f"lab.folder/{ident}", {"x_level": "low", "name": "retired still"}, 1).status_code == 200
        refused = ann.post("lab.folder", {"name": "anew", "keeper": lab.who.ann, "x_level": "low"})
        assert [(e["field"], e["code"]) for e in refused.json["errors"]] == [("x_level", "retired")]
    finally:
        change(made["x_level"], choices=CHOICES)


def test_record_rules_may_hang_on_custom_values(lab, made):
    from sqlalchemy.orm import aliased

    from core.permissions.people import forget
    from core.permissions.rules import Rule, access

    low, high = (lab.folder(f"ruled {level}", "ann", x_level=level) for level in ("low", "high"))
    sheet = lab.make("sheet", name="of the ruled", folder_id=high)
    rule = Rule("lab.folder", "only low", lambda model, principal: model.x_level == "low")
    access().rules["lab.folder"].append(rule)
    forget()
    try:
        with lab.being("ann") as session:
            twin = aliased(lab.Folder)
            for model in (lab.Folder, twin):
                assert session.scalars(select(model.id).where(model.id.in_([low, high]))).all() == [low]
            assert session.get(lab.Folder, high) is None
            assert session.get_one(lab.Sheet, sheet).folder is None
            with pytest.raises(Forbidden):
                service.update(session.get_one(lab.Folder, low), {"x_level": "high"})
        assert lab.client("ann").get(f"lab.folder/{high}").status_code == 404
    finally:
        access().rules["lab.folder"].remove(rule)
        forget()


def renamed(old, new):
    with db.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_a_database_that_does_not_answer_takes_no_field_away(lab, made):
    before = known.edition()
    renamed("core_custom_field", "gone")
    try:
        known.forget()
        assert known.refresh() is before
    finally:
        renamed("gone", "core_custom_field")
    known.forget()
    assert known.refresh() is before


def test_no_declared_field_is_called_like_one_of_an_administrator(lab):
    from core.composing import _check
    from core.registry import Registry

    kind = lab.Folder.__table__
    spec = next(c.info["field"] for c in kind.columns if c.name == "motto")
    registry_ = Registry(
        hooks=registry().hooks, access=registry().access, types={"lab.folder": registry().types["lab.folder"]}
    )
    try:
        spec.name = "x_motto"
        _check(registry_)
    finally:
        spec.name = "motto"
    assert any("lab.folder.x_motto is reserved" in str(p) for p in registry_.problems)


def test_a_flagged_field_has_its_index_made_by_a_job(lab, made):
    from core.jobs.model import JobRun

    waiting = select(JobRun.id).where(JobRun.name == "core.custom_indexes", JobRun.state == "queued")
    with system("look at the jobs") as session:
        assert len(session.scalars(waiting).all()) == 1


def test_what_names_a_person_who_leaves_is_handed_over(lab, made):
    from core.permissions.leaving import hand_over, held_by

    ident = lab.folder("named", "ann", x_person=lab.who.dora)
    with lab.being("root") as session:
        assert [(h.name, h.number) for h in held_by(lab.who.dora) if h.field.custom] == [("lab.folder.x_person", 1)]
        assert hand_over(lab.who.dora, {"lab.folder.x_person": lab.who.carl}) == (1, 0)
        assert session.get_one(lab.Folder, ident).x_person == lab.who.carl


def test_letters_get_plain_words_of_what_their_reader_may_see(lab, made):
    from core import custom_data, use_locale

    folder = lab.folder("told", "ann", x_money=Decimal("5"), x_marks=["low", "high"], x_sure=True, x_person=lab.who.bob)
    sheet = lab.make("sheet", name="told", x_secret="plum", x_masked="13812345678")
    with lab.being("ann") as session, use_locale("en"):
        told = custom_data(session.get_one(lab.Folder, folder))
        closed = custom_data(session.get_one(lab.Sheet, sheet))
    assert told["x_money"] == {"label": "Estimate", "value": Decimal("5.00"), "text": "5.00"}
    assert [told[n]["text"] for n in ("x_marks", "x_sure", "x_person", "x_day")] == ["Low, High", "yes", "Bob", ""]
    assert "x_secret" not in closed
    assert closed["x_masked"]["text"] == "138****5678"

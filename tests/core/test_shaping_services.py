"""What administrators shape holds in the services, for every way in, on both databases."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import (
    Invalid,
    create,
    current_principal,
    run_action,
    save_shape,
    shape_versions,
    shapes,
    system,
    transaction,
    update,
)
from core.clock import today
from core.db import acting_as
from core.errors import Forbidden, Refused
from core.records.audit import AuditEntry
from core.records.numbering import NumberRule
from core.registry import registry
from core.shaping import choices, configuration, numbering
from core.shaping.conditions import compiled
from core.shaping.store import forget_shapes
from core.views import FormView, Section


def shape(kind, name, data):
    with system("shape of a test"):
        save_shape(kind, name, data)


@pytest.fixture(autouse=True)
def as_shipped(lab):
    yield
    for kind in ("layout", "choices", "numbering"):
        for name in list(shapes(kind)):
            shape(kind, name, None)


def layout(*fields, role="clerk", **section):
    rows = [{"name": name, **more} for name, more in fields]
    shape("layout", f"form:lab.folder:{role}", {"sections": [{"key": "all", "fields": rows, **section}]})


def make(lab, **values):
    with acting_as(lab.principal("ann")), transaction():
        return create(lab.Folder, {"name": "shaped", "keeper": lab.who.ann} | values)


def wrong(error):
    return [(e.field, e.code) for e in error.value.errors]


def test_what_a_roles_form_needs_is_needed_by_the_services_for_that_role_alone(lab):
    layout(("name", {}), ("tags", {"required": True}))
    with pytest.raises(Invalid) as error:
        make(lab)
    assert wrong(error) == [("tags", "required")]
    assert make(lab, tags=["1"]).tags == ["1"]
    lab.make("folder", name="by the system")
    layout(("name", {}), ("tags", {"required": True}), role="chief")
    shape("layout", "form:lab.folder:clerk", None)
    assert make(lab).tags is None


def test_the_api_is_refused_as_the_form_is(lab):
    layout(("name", {}), ("tags", {"required": True}))
    answer = lab.client("ann").post("lab.folder", {"name": "by program", "keeper": lab.who.ann})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "tags"


def test_a_change_is_asked_only_for_what_it_touches(lab):
    made = make(lab)
    layout(
        ("name", {}),
        ("tags", {"required": True}),
        ("opened", {"required": True, "require": [["colour", "eq", "blue"]]}),
    )
    with acting_as(lab.principal("ann")), transaction():
        update(_again(lab, made), {"name": "other"})
    for values, field in (({"tags": None}, "tags"), ({"colour": "blue"}, "opened")):
        with pytest.raises(Invalid) as error, acting_as(lab.principal("ann")), transaction():
            update(_again(lab, made), values)
        assert wrong(error) == [(field, "required")]


def _again(lab, record):
    from core import get

    return get(lab.Folder, record.id)


@pytest.mark.parametrize(
    ("condition", "values", "needed"),
    [
        (["colour", "eq", "blue"], {"colour": "blue"}, True),
        (["colour", "eq", "blue"], {}, False),
        (["colour", "in", "blue, red"], {}, True),
        (["opened", "gte", "2020-01-01"], {"opened": "2020-01-01"}, True),
        (["opened", "gte", "2020-01-01"], {"opened": "2019-12-31"}, False),
        (["opened", "lte", "2020-01-01"], {"opened": "2019-12-31"}, True),
        (["opened", "filled", ""], {}, False),
        (["opened", "empty", ""], {}, True),
        (["nowhere", "eq", "1"], {}, False),
    ],
)
def test_conditions_on_other_fields_decide(lab, condition, values, needed):
    layout(("tags", {"required": True, "require": [condition]}))
    if needed:
        with pytest.raises(Invalid):
            make(lab, **values)
    make(lab, tags=["1"], **values)


def test_what_is_not_shown_is_not_needed(lab):
    layout(("tags", {"required": True, "show": [["colour", "eq", "blue"]]}))
    make(lab)
    layout(("tags", {"required": True}), show=[["colour", "eq", "blue"]])
    make(lab)
    layout(("tags", {"required": True, "hidden": True}))
    make(lab)


def test_unknown_names_are_kept_and_ignored(lab):
    layout(("gone_with_its_plugin", {"required": True}), ("name", {"zh": "卷宗名"}))
    make(lab)
    view = _view_of(lab, "ann")
    assert "gone_with_its_plugin" not in [n for s in view.sections for n in s.fields]
    assert str(view.places["name"].label) == "卷宗名"
    assert shapes("layout")["form:lab.folder:clerk"]["sections"][0]["fields"][0]["name"] == "gone_with_its_plugin"


def _view_of(lab, login, kind="form"):
    with acting_as(lab.principal(login)):
        return registry().view(kind, "lab.folder")


def test_a_field_that_a_layout_does_not_know_comes_to_its_place(lab, monkeypatch):
    shipped = FormView("lab.folder", sections=(Section("a", "A", ("name", "opened")), Section("b", "B", ("motto",))))
    monkeypatch.setitem(registry().views, ("form", "lab.folder"), shipped)
    shape("layout", "form:lab.folder:*", {"sections": [{"key": "a", "fields": [{"name": "name"}]}]})
    assert [s.fields for s in _view_of(lab, "ann").sections] == [("name", "opened"), ("motto",)]


def test_of_several_roles_the_layout_with_precedence_holds(lab):
    for role, position in (("clerk", 20), ("chief", 10), ("*", 1)):
        data = {"position": position, "sections": [{"key": role, "fields": [{"name": "name"}]}]}
        shape("layout", f"form:lab.folder:{role}", data)
    assert _view_of(lab, "ann").sections[0].key == "clerk"
    assert _view_of(lab, "carl").sections[0].key == "chief"
    assert _view_of(lab, "gus").sections[0].key == "*"


def test_choices_are_renamed_ordered_and_retired_and_stay_readable(lab):
    spec = registry().types["lab.folder"].fields["colour"]
    old = make(lab, colour="blue")
    items = [{"code": "blue", "en": "Navy", "retired": True}, {"code": "red"}]
    shape("choices", "lab.folder.colour", {"items": items})
    assert [(c.code, c.label.en) for c in spec.choices] == [("blue", "Navy"), ("red", "Red")]
    with pytest.raises(Invalid) as error:
        make(lab, colour="blue")
    assert wrong(error) == [("colour", "retired")]
    with acting_as(lab.principal("ann")), transaction():
        update(_again(lab, old), {"colour": "blue", "tags": ["kept"]})


def test_values_are_added_only_where_the_owner_allows_it(lab, monkeypatch):
    spec = registry().types["lab.folder"].fields["colour"]
    more = {"items": [{"code": "green", "zh": "绿", "added": True}]}
    with pytest.raises(Invalid):
        choices.check(spec, more)
    monkeypatch.setattr(spec, "open_choices", True)
    choices.check(spec, more)
    shape("choices", "lab.folder.colour", more)
    assert make(lab, colour="green").colour == "green"
    for bad in (
        {"code": "Green!", "zh": "x", "added": True},
        {"code": "lime", "added": True},
        {"code": "red", "retired": True},
    ):
        with pytest.raises(Invalid):
            choices.check(spec, {"items": [bad]})


RULE = {"parts": [{"kind": "text", "text": "N"}, {"kind": "date", "pattern": "%Y"}, {"kind": "text", "text": "-"}]}
SEQUENCE = {"kind": "sequence", "width": 2, "reset": "year", "scope": "before"}


def test_a_changed_rule_numbers_from_now_on_and_changes_no_given_number(lab):
    before = make(lab)
    shape("numbering", "lab.folder.number", {"parts": [*RULE["parts"], SEQUENCE]})
    year = today().year
    assert [make(lab).number for _n in range(2)] == [f"N{year}-01", f"N{year}-02"]
    assert lab.row("folder", before.id).number == before.number
    shape("numbering", "lab.folder.number", None)
    assert make(lab).number.startswith("F-")


def test_a_number_that_somebody_has_is_passed_over(lab):
    year = today().year
    with acting_as(lab.principal("ann")), transaction():
        create(lab.Folder, {"name": "x", "keeper": lab.who.ann, "number": f"M{year}-01"}, allow=("number",))
    parts = [{"kind": "text", "text": "M"}, *RULE["parts"][1:], SEQUENCE]
    rule = registry().numbering["lab.folder"][0]
    assert numbering.preview(rule, {"parts": parts}, today())[0][1] == f"M{year}-02"
    shape("numbering", "lab.folder.number", {"parts": parts})
    assert make(lab).number == f"M{year}-02"


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [{"kind": "text", "text": "A"}],
        [SEQUENCE, SEQUENCE],
        [{"kind": "text", "text": "A"}, SEQUENCE],
        [{"kind": "text", "text": "<b>"}, *RULE["parts"], SEQUENCE],
        [{"kind": "date", "pattern": "%c"}, SEQUENCE],
        [{"kind": "date", "pattern": "%Y", "field": "name"}, SEQUENCE],
        [{"kind": "field", "field": "budget"}, *RULE["parts"], SEQUENCE],
        [*RULE["parts"], SEQUENCE | {"width": 0}],
        [*RULE["parts"], {"kind": "unheard"}, SEQUENCE],
    ],
)
def test_rules_that_could_not_number_are_refused(lab, parts):
    rule = registry().numbering["lab.folder"][0]
    with pytest.raises(Invalid):
        numbering.check(rule, {"parts": parts})
    numbering.check(rule, {"parts": [*RULE["parts"], SEQUENCE]})


def test_the_shipped_rule_reads_the_same_as_data(lab):
    rule = registry().numbering["lab.folder"][0]
    again = NumberRule(rule.key, rule.field, numbering.parts_of(rule, numbering.data_of(rule)))
    assert again.render(lab.Folder(), today(), 7) == rule.render(lab.Folder(), today(), 7)
    assert again.scope(lab.Folder(), today() + timedelta(1)) == rule.scope(lab.Folder(), today() + timedelta(1))


def test_shaping_needs_its_right_and_leaves_old_and_new_in_the_log(lab):
    with pytest.raises(Forbidden), acting_as(lab.principal("ann")), transaction():
        save_shape("choices", "lab.folder.colour", {"items": []})
    with acting_as(lab.principal("root")) as session, transaction():
        assert current_principal().login == "root"
        save_shape("choices", "lab.folder.colour", {"items": [{"code": "red"}]})
        save_shape("choices", "lab.folder.colour", {"items": [{"code": "blue"}]})
        log = AuditEntry.__table__.c
        chosen = select(log.changes).where(log.record_key == "core.shape").order_by(log.id.desc()).limit(1)
        changes = session.connection().execute(chosen).scalar_one()
    assert changes["data"] == [{"items": [{"code": "red"}]}, {"items": [{"code": "blue"}]}]
    newest, older = shape_versions("choices", "lab.folder.colour")[:2]
    assert (newest.data, older.data) == ({"items": [{"code": "blue"}]}, {"items": [{"code": "red"}]})
    assert newest.actor == "Root"


def test_a_change_of_another_process_is_known_within_a_second(lab):
    import time

    from core.db import db
    from core.shaping.model import Shape

    shape("choices", "lab.folder.colour", {"items": [{"code": "blue"}]})
    assert shapes("choices")["lab.folder.colour"]
    with db.engine.begin() as connection:
        table = Shape.__table__
        connection.execute(table.update().values(data=None, version=table.c.version + 1))
    deadline = time.monotonic() + 1.5
    while shapes("choices")["lab.folder.colour"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shapes("choices")["lab.folder.colour"] is None


def test_the_file_is_the_same_each_time_and_comes_back_whole_or_not_at_all(lab):
    shape("choices", "lab.folder.colour", {"items": [{"code": "blue", "en": "Navy"}]})
    layout(("name", {}))
    with system("export"):
        text = configuration.as_text(configuration.export())
        assert text == configuration.as_text(configuration.export())
    shape("choices", "lab.folder.colour", None)
    layout(("tags", {}))
    given = configuration.parse(text)
    with acting_as(lab.principal("root")):
        found = {d.name: d.what for part in configuration.differences(given) for d in part.changes}
    assert found == {"lab.folder.colour": "new", "form:lab.folder:clerk": "changed"}
    bad = given | {"numbering": {"lab.folder.number": {"parts": []}}}
    with pytest.raises(Refused), acting_as(lab.principal("root")), transaction():
        configuration.apply(bad)
    forget_shapes()
    assert not shapes("choices")["lab.folder.colour"]
    with acting_as(lab.principal("root")), transaction():
        configuration.apply(given)
    with system("export"):
        assert configuration.as_text(configuration.export()) == text


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "{", '{"format": "zhian-configuration", "version": 9, "parts": {}}', "[" * 10000]
)
def test_other_files_are_refused(lab, text):
    with pytest.raises(Refused):
        configuration.parse(text)


@pytest.mark.parametrize(
    ("value", "op", "wanted", "holds"),
    [
        (Decimal("100.00"), "gte", "100", True),
        (Decimal("99.99"), "gte", "100", False),
        ("100", "lte", "99.5", False),
        (True, "eq", "1", True),
        ("false", "eq", "0", True),
        (["a", "b"], "eq", "b", True),
        (["a", "b"], "ne", "c", True),
        ({"id": 7, "label": "x"}, "in", "7, 8", True),
        (None, "gte", "1", False),
        (None, "unheard", "", False),
    ],
)
def test_values_are_compared_alike_from_records_and_from_forms(value, op, wanted, holds):
    assert compiled([["field", op, wanted]])({"field": value}) is holds


def test_a_number_is_corrected_by_hand_under_a_right_and_leaves_a_trace(lab):
    made, other = make(lab), make(lab)
    old = made.number
    with pytest.raises(Forbidden), acting_as(lab.principal("ann")), transaction():
        run_action(_again(lab, made), "lab.folder", "correct_number", {"number": "OLD-7", "reason": "as on the file"})
    with acting_as(lab.principal("root")) as session, transaction():
        given = {"number": "OLD-7", "reason": "as on the file"}
        assert run_action(_again(lab, made), "lab.folder", "correct_number", given) == {"old": old, "number": "OLD-7"}
        log = AuditEntry.__table__.c
        chosen = select(log.action, log.changes).where(log.record_key == "lab.folder", log.record_id == made.id)
        told = {row.action: row.changes for row in session.connection().execute(chosen.order_by(log.id))}
    assert told["update"]["number"] == [old, "OLD-7"]
    assert told["action:correct_number"]["params"]["reason"] == "as on the file"
    for bad in (other.number, "F-0999999", "OLD-7"):
        with pytest.raises(Invalid), acting_as(lab.principal("root")), transaction():
            run_action(_again(lab, made), "lab.folder", "correct_number", {"number": bad, "reason": "x"})
    with acting_as(lab.principal("root")), transaction():
        answer = run_action(_again(lab, made), "lab.folder", "correct_number", {"reason": "anew"})
        assert re.fullmatch(r"F-\d{4}", answer["number"])
        assert answer["number"] not in (old, other.number)


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("layout", {"form:lab.folder:*": {"sections": [{"fields": [{}]}]}}),
        ("layout", {"form:lab.folder:*": {"sections": [{"key": "a", "fields": [{"name": "name", "show": ["x"]}]}]}}),
        ("layout", {"form:lab.folder:*": {"sections": [{"key": "a"}], "position": "first"}}),
        ("layout", {"list:lab.folder:*": {"columns": "name"}}),
        ("layout", {"board:lab.folder:*": {"sections": []}}),
        ("choices", {"lab.folder.colour": {"items": ["red"]}}),
        ("choices", {"lab.folder.colour": []}),
        ("numbering", {"lab.folder.number": {"parts": [{"kind": "sequence", "width": "wide"}]}}),
        ("numbering", {"lab.folder.number": "F"}),
    ],
)
def test_misshapen_data_of_a_file_are_refused_by_part_and_harm_no_page(lab, part, data):
    given = configuration.parse(
        configuration.as_text({"format": "zhian-configuration", "version": 1, "parts": {part: data}})
    )
    with pytest.raises(Refused) as refused, acting_as(lab.principal("root")), transaction():
        configuration.apply(given)
    assert "Nothing was changed" in str(refused.value) or "什么都没有改动" in str(refused.value)
    forget_shapes()
    assert not any(shapes(part).values())

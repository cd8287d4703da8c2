"""Custom fields in the browser: made in the settings, filled in forms, changed in place, listed, exported, imported."""

from __future__ import annotations

import io
import re

import pytest
from openpyxl import load_workbook

from core.importing.run import check, engine_of, open_plan
from core.records.custom import known
from tests.support.custom import KINDS, define

pytest_plugins = ("tests.e2e.fixtures",)
BASE = "/settings/fields/desk.paper"


@pytest.fixture(scope="module")
def made(desk):
    with desk.app.app_context():
        return define("desk.paper", **KINDS) | define(
            "desk.paper",
            x_inside={"kind": "text", "label_en": "Inside", "section": "main"},
            x_headed={"kind": "text", "label_en": "Headed", "heading_zh": "标题", "heading_en": "A heading"},
            x_clerks={"kind": "text", "label_en": "For clerks", "readers": ["clerk"]},
        )


def options(page: str, name: str) -> list[str]:
    return re.findall(r'value="([^"]*)"', re.search(rf'<select[^>]*name="{name}".*?</select>', page, re.S)[0])


def test_a_field_is_made_in_the_settings_and_stands_in_the_form_at_once(visit, made):
    root = visit("root")
    assert "Custom fields" in root.get("/settings").text
    assert BASE in root.get("/settings/fields").text
    form = root.get(f"{BASE}/new").text
    assert "choices-" not in form
    assert options(form, "kind")[:3] == ["text", "long_text", "number"]
    given = {"label_zh": "客户等级", "label_en": "Key account", "kind": "choice", "indexed": "1", "section": "main"}
    rows = {"choices-new1-zh": "甲", "choices-new1-en": "Class A", "choices-new1-tone": "done", "choices-new2-zh": "乙"}
    again = root.post(f"{BASE}/-/form", **given, **rows)
    assert 'value="甲"' in again.text
    answer = root.post(BASE, **given, **rows)
    assert answer.status_code == 303, answer.text
    page = root.follow(answer).text
    assert "<code>x_key_account</code>" in page
    assert page.count('name="x_key_account"') == 1, "the preview shows the form"
    form = visit("ann").get("/r/desk.paper/new").text
    assert options(form, "x_key_account") == ["", "class_a", "c1"]
    assert form.index('name="x_key_account"') < form.index("More</legend>"), "in the chosen section"


def test_what_is_wrong_with_a_definition_stands_at_its_field(visit, made):
    root = visit("root")
    root.get(f"{BASE}/new")
    refused = root.post(BASE, label_zh="", kind="money", begins_with="much", code="x_text")
    assert refused.status_code == 422
    assert 'aria-describedby="label_zh-e' in refused.text
    refused = root.post(BASE, label_zh="错", kind="money", begins_with="much", code="x_wrong")
    assert 'aria-describedby="begins_with-e' in refused.text


def test_choices_are_renamed_retired_and_added_but_not_lost(visit, made):
    root = visit("root")
    form = root.get(f"{BASE}/{made['x_level']}").text
    assert 'name="choices-0-id" value="low"' in form
    version = re.search(r'name="version" value="(\d+)"', form)[1]
    rows = {"choices-0-id": "low", "choices-0-zh": "很低", "choices-0-en": "Very low", "choices-0-use": "off"}
    rows |= {"choices-1-id": "high", "choices-1-zh": "高", "choices-1-en": "High", "choices-1-use": "on"}
    rows |= {"choices-new1-zh": "中", "choices-new1-en": "Middle", "choices-new1-use": "on"}
    answer = root.post(f"{BASE}/{made['x_level']}", version=version, label_zh="紧要", label_en="Level", **rows)
    assert answer.status_code == 303, answer.text
    assert options(visit("ann").get("/r/desk.paper/new").text, "x_level") == ["", "high", "middle"]
    stale = root.post(f"{BASE}/{made['x_level']}", version=version, label_zh="旧", **rows)
    assert stale.status_code == 422


def test_fields_change_places_and_are_put_away_and_brought_back(visit, made):
    root = visit("root")

    def order():
        return re.findall(r"<code>(x_\w+)</code>", root.get(BASE).text)

    before = order()
    root.post(f"{BASE}/{made['x_long']}/move", to="up")
    assert order()[:2] == [before[1], before[0]]
    root.post(f"{BASE}/{made['x_long']}/move", to="down")
    told = root.get(f"{BASE}/{made['x_sure']}/archive").text
    assert "No record holds a value" in told
    assert root.post(f"{BASE}/{made['x_sure']}/archive").status_code == 303
    assert 'name="x_sure"' not in visit("ann").get("/r/desk.paper/new").text
    assert root.post(f"{BASE}/{made['x_sure']}/restore").status_code == 303
    assert 'name="x_sure"' in visit("ann").get("/r/desk.paper/new").text


def test_only_who_makes_fields_sees_these_pages(visit, made):
    ann = visit("ann")
    for path in ("/settings/fields", BASE, f"{BASE}/new", f"{BASE}/{made['x_text']}", f"{BASE}/1/archive"):
        assert ann.get(path).status_code == 403, path
    for path in (BASE, f"{BASE}/1/move", f"{BASE}/1/archive", f"{BASE}/1/restore", f"{BASE}/-/form"):
        assert ann.post(path, label_zh="x").status_code == 403, path
    assert visit("root").get("/settings/fields/core.session").status_code == 404


def filled(**more):
    given = {"name": "By form", "state": "draft", "x_text": "词", "x_number": "2.5", "x_money": "1,200.5"}
    given |= {"x_day": "2026-12-14", "x_level": "high", "x_marks": ["", "low", "high"], "x_sure": "1"}
    return given | more


def test_a_form_fills_them_with_a_file_and_the_page_shows_them(visit, desk, made):
    ann = visit("ann")
    form = ann.get("/r/desk.paper/new").text
    assert 'enctype="multipart/form-data"' in form
    assert "<legend>Further details</legend>" in form
    assert "<legend>A heading</legend>" in form
    file = (io.BytesIO(b"a plan"), "plan.txt")
    given = filled(keeper=str(desk.ids["ann"]), x_person=str(desk.ids["bob"]), x_clerks="ours")
    answer = ann.post("/r/desk.paper", **given, **{"x_paper:here": "1"}, x_paper=file)
    assert answer.status_code == 303, answer.text
    page = ann.follow(answer).text
    for words in ("¥1,200.50", "High", "Low", "plan.txt", "2026-12-14", "Bob", "For clerks"):
        assert words in page, words
    assert "For clerks" not in visit("rea").get(answer.headers["Location"]).text
    where = answer.headers["Location"]
    form = ann.get(f"{where}/edit").text
    assert re.search(r'href="/files/\d+">plan.txt', form)
    version = re.search(r'name="version" value="(\d+)"', form)[1]
    gone = {"x_paper:here": "1", "x_paper:gone": "1"}
    answer = ann.post(where, version=version, **filled(x_money="1"), **gone)
    assert answer.status_code == 303, answer.text
    page = ann.get(where).text
    assert "¥1,200.50" in page, "the timeline tells the old value"
    assert not re.search(r'href="/files/\d+">plan.txt</a>', page[: page.index('class="z-tl')])


def test_errors_of_a_form_stand_at_their_fields(visit, desk, made):
    ann, mine = visit("ann"), {"keeper": str(desk.ids["ann"]), "x_paper:here": "1"}
    ann.get("/r/desk.paper/new")
    refused = ann.post("/r/desk.paper", **filled(x_number="2.55555"))
    assert refused.status_code == 422
    assert 'aria-describedby="x_number-e' in refused.text
    bad = ann.post("/r/desk.paper", **filled(), **mine, x_paper=(io.BytesIO(b"MZ"), "tool.exe"))
    assert 'aria-describedby="x_paper-e' in bad.text


def test_one_field_is_changed_in_place(visit, desk, made):
    ann, where = visit("ann"), f"/r/desk.paper/{desk.ids['Beta']}"
    page = ann.get(where).text
    assert f'data-edit="{where}/-/field/x_level"' in page
    part = ann.get(f"{where}/-/field/x_level").text
    version = re.search(r'name="version" value="(\d+)"', part)[1]
    assert ann.post(f"{where}/-/field/x_level", version=version, x_level="high").status_code == 303
    assert "High" in ann.get(where).text


def test_lists_show_filter_sort_group_and_sum_them(visit, desk, made):
    with desk.app.app_context():
        define("desk.paper", x_sum={"kind": "money", "label_en": "Sum of it", "indexed": True})
    ann = visit("ann")
    for name, sum_, level in (("Beta", "10.5", "high"), ("Gamma", "4", "high")):
        where = f"/r/desk.paper/{desk.ids[name]}"
        for field, value in (("x_sum", sum_), ("x_level", level)):
            version = re.search(r'name="version" value="(\d+)"', ann.get(f"{where}/-/field/{field}").text)[1]
            ann.post(f"{where}/-/field/{field}", version=version, **{field: value})
    page = ann.get("/r/desk.paper?view=-&cols=name,x_sum&x_sum__gte=1&sort=-x_sum").text
    assert re.findall(r'<b class="z-b">([^<]*)</b>', page) == ["Beta", "Gamma"]
    assert re.search(r"<tfoot>.*¥14\.50.*</tfoot>", page, re.S)
    assert "Remove condition: Sum of it" in page
    grouped = ann.get("/r/desk.paper?view=-&cols=name,x_sum&group=x_level&x_sum__gte=1").text
    assert re.search(r'class="in">.*High.*class="z-count">2<.*¥14\.50', grouped)
    assert 'value="x_level"' in ann.get("/r/desk.paper/-/group").text
    reader = visit("rea")
    assert reader.get("/r/desk.paper?x_clerks=ours").status_code == 400
    assert "For clerks" not in reader.get("/r/desk.paper?cols=name,x_clerks").text


def test_what_a_list_exports_is_imported_again_by_its_headers(visit, desk, made, tmp_path):
    ann = visit("ann")
    ann.get("/r/desk.paper/new")
    answer = ann.post("/r/desk.paper", **filled(name="Round", number="R-1", keeper=str(desk.ids["ann"])))
    columns = "name,x_text,x_number,x_money,x_day,x_level,x_marks,x_sure"
    sheet = ann.get(f"/export/desk.paper?view=-&cols={columns}&name=Round")
    file = tmp_path / "papers.xlsx"
    file.write_bytes(sheet.data)
    head, row = load_workbook(file).active.iter_rows(values_only=True)
    cells = dict(zip(head, row, strict=True))
    assert (cells["Short text"], cells["Estimate"], cells["Level"], cells["Confirmed"]) == ("词", 1200.5, "High", "yes")
    from core.db import acting_as
    from core.permissions.people import load_principal

    with desk.app.app_context(), acting_as(load_principal(desk.ids["ann"])):
        plan = open_plan("desk.paper", file, keys=("name",))
        assert set(plan.mapping.fields.values()) >= set(columns.split(","))
        told = check(plan)
        assert engine_of(plan, dry_run=True).keys == ("name",)
    assert (told["unchanged"], told["refused"], told["updated"]) == (1, 0, 0), told
    assert answer.status_code == 303


def test_an_edition_is_taken_over_whole(desk, made):
    with desk.app.app_context():
        before = known.edition()
        define("desk.paper", x_later={"kind": "text"})
        assert "x_later" not in before.of("desk.paper")
        assert "x_later" in known.edition().of("desk.paper")
        assert known.edition().number == before.number + 1


def test_a_file_that_must_be_there_is_asked_for_in_the_form(visit, desk, made):
    with desk.app.app_context():
        define("desk.paper", x_scan={"kind": "file", "label_en": "Scan", "needed": True})
    ann, mine = visit("ann"), {"keeper": str(desk.ids["ann"]), "x_scan:here": "1"}
    ann.get("/r/desk.paper/new")
    refused = ann.post("/r/desk.paper", **filled(name="Without"), **mine)
    assert refused.status_code == 422
    assert 'aria-describedby="x_scan-e' in refused.text
    with_it = ann.post("/r/desk.paper", **filled(name="With"), **mine, x_scan=(io.BytesIO(b"scan"), "scan.txt"))
    assert with_it.status_code == 303, with_it.text
    where = with_it.headers["Location"]
    version = re.search(r'name="version" value="(\d+)"', ann.get(f"{where}/edit").text)[1]
    gone = mine | {"x_scan:gone": "1", "version": version}
    assert ann.post(where, **filled(name="With"), **gone).status_code == 422
    assert "scan.txt" in ann.get(where).text

"""The pages on which layouts, choices, numbers and the configuration are shaped, by their buttons, without scripts."""

from __future__ import annotations

import io
import json
import re

import pytest
from werkzeug.datastructures import MultiDict

from core import shape, shapes
from core.web.shaping import drafts
from tests.e2e.desk import Visitor

pytest_plugins = ("tests.e2e.fixtures",)

FORM = "/settings/shaping/desk.paper/layout/form?role=clerk"


def posted(page):
    """The editor's form as a browser would send it: (name, value) in the order of the page."""
    found = []
    body = page.text.split("data-arrange-form", 1)[1].split("</form>", 1)[0]
    for tag in re.findall(r"<input[^>]*>|<select.*?</select>", body, re.S):
        name = re.search(r'name="([^"]*)"', tag)
        if name is None or name[1] == "csrf_token":
            continue
        if tag.startswith("<select"):
            chosen = re.search(r'value="([^"]*)" selected', tag) or re.search(r'value="([^"]*)"', tag)
            found.append((name[1], chosen[1]))
        elif "checkbox" not in tag or "checked" in tag:
            value = re.search(r'value="([^"]*)"', tag)
            found.append((name[1], value[1] if value else ""))
    return found


def press(person, address, pairs, do):
    form = MultiDict([*pairs, ("do", do)])
    return person.client.post(address, data=MultiDict([("csrf_token", person.token), *form.items(multi=True)]))


@pytest.fixture(scope="module")
def people(desk):
    """Browsers that are signed in already."""
    return {login: Visitor(desk.app, login) for login in ("root", "ann")}


@pytest.fixture
def visit(people):
    return people.__getitem__


def kept(desk, kind, name):
    """The data that are kept for one shaped thing."""
    with desk.app.app_context():
        return shape(kind, name)


def rows(page):
    return [v for n, v in posted(page) if n == "row"]


@pytest.fixture(autouse=True)
def as_shipped(desk):
    yield
    from core import save_shape, system

    with desk.app.app_context(), system("as shipped again"):
        for kind in ("layout", "choices", "numbering"):
            for name in list(shapes(kind)):
                save_shape(kind, name, None)


@pytest.mark.parametrize(
    "address",
    [
        "/settings/shaping",
        "/settings/shaping/desk.paper",
        FORM,
        "/settings/shaping/desk.paper/choices/state",
        "/settings/configuration",
        "/settings/configuration/export",
    ],
)
def test_only_who_shapes_opens_these_pages(visit, address):
    assert visit("root").get(address).status_code == 200
    assert visit("ann").get(address).status_code == 403


@pytest.mark.parametrize(
    "address",
    [
        "core.shape",
        "nope.nope",
        "desk.paper/layout/kanban",
        "desk.paper/layout/form?role=nobody",
        "desk.paper/choices/due",
    ],
)
def test_what_is_not_there_is_not_found(visit, address):
    assert visit("root").get(f"/settings/shaping/{address}").status_code == 404


def test_a_form_is_ordered_renamed_and_needed_for_one_role(visit, desk):
    root, ann = visit("root"), visit("ann")
    page = root.get(FORM)
    assert rows(page)[:4] == ["s:main", "f:name", "f:number", "f:state"]
    moved = press(root, FORM, posted(page), "up:f:number")
    assert rows(moved)[:3] == ["s:main", "f:number", "f:name"]
    hidden = press(root, FORM, posted(moved), "hide:f:urgent")
    pairs = [*posted(hidden), ("zh:f:due", "截止日"), ("en:f:due", "Last day"), ("required:f:due", "1")]
    pairs = [p for p in pairs if p not in (("zh:f:due", ""), ("en:f:due", ""))]
    assert press(root, FORM, pairs, "save").status_code == 303
    form = ann.get("/r/desk.paper/new").text
    assert form.index('name="number"') < form.index('name="name"')
    assert "Last day" in form
    assert 'name="urgent"' not in form
    given = {"name": "P", "state": "draft", "keeper": str(desk.ids["ann"]), "due": ""}
    refused = ann.post("/r/desk.paper", **given)
    assert refused.status_code == 422
    assert "needed on the form of your role" in refused.text
    assert ann.post("/r/desk.paper", **(given | {"due": "2031-01-01"})).status_code == 303
    assert 'name="urgent"' in visit("root").get("/r/desk.paper/new").text
    assert press(root, FORM, posted(root.get(FORM)), "shipped").status_code == 303
    assert "Last day" not in ann.get("/r/desk.paper/new").text


def test_a_field_comes_when_another_one_says_so(visit):
    root, ann = visit("root"), visit("ann")
    pairs = [p for p in posted(root.get(FORM)) if not p[0].startswith("show-") or not p[0].endswith("f:number")]
    pairs += [("show-field:f:number", "state"), ("show-op:f:number", "eq"), ("show-value:f:number", "filed")]
    assert press(root, FORM, pairs, "save").status_code == 303
    page = ann.get("/r/desk.paper/new").text
    assert "data-reform" in page
    assert 'name="number"' not in page
    again = ann.post("/r/desk.paper/-/form", state="filed", name="typed")
    assert 'name="number"' in again.text
    assert 'value="typed"' in again.text


def test_a_form_cannot_leave_out_what_every_record_needs(visit):
    root = visit("root")
    page = press(root, FORM, posted(root.get(FORM)), "hide:f:name")
    refused = press(root, FORM, posted(page), "save")
    assert refused.status_code == 422
    assert "cannot be left out" in refused.text


def test_the_preview_follows_the_editor_and_stores_nothing(visit, desk):
    root = visit("root")
    pairs = posted(press(root, FORM, posted(root.get(FORM)), "hide:f:due"))
    answer = press(root, FORM.replace("?", "/preview?"), pairs, "look")
    assert 'name="preview-name"' in answer.text
    assert "preview-due" not in answer.text
    assert kept(desk, "layout", "form:desk.paper:clerk") is None


def test_the_page_and_the_list_have_layouts_too(visit, desk):
    root, ann = visit("root"), visit("ann")
    address = "/settings/shaping/desk.paper/layout/detail?role=*"
    pairs = posted(press(root, address, posted(root.get(address)), "hide:f:due"))
    pairs = [*[p for p in pairs if p[0] != "en:f:keeper"], ("en:f:keeper", "In charge"), ("hidden:t:parts", "1")]
    assert press(root, address, pairs, "save").status_code == 303
    facts = ann.get(f"/r/desk.paper/{desk.ids['Beta']}").text
    assert "In charge" in facts
    assert "tab=parts" not in facts
    assert "2031-03-05" in ann.get(f"/r/desk.paper/{desk.ids['Beta']}?tab=all").text
    address = "/settings/shaping/desk.paper/layout/list?role=*"
    pairs = posted(press(root, address, posted(root.get(address)), "hide:f:due"))
    pairs = [p for p in pairs if p[0] != "sort"] + [("sort", "amount"), ("falling", "1")]
    assert press(root, address, pairs, "save").status_code == 303
    text = ann.get("/r/desk.paper?view=all").text
    heads = re.findall(r"<th.*?</th>", text, re.S)
    assert not any("Due" in head for head in heads)
    assert text.index("Gamma") < text.index("Beta") < text.index("Alpha")


def test_an_earlier_version_is_looked_at_and_taken_again(visit, desk):
    root = visit("root")
    for label in ("First", "Second"):
        pairs = [p for p in posted(root.get(FORM)) if p[0] != "en:s:main"] + [("en:s:main", label)]
        assert press(root, FORM, pairs, "save").status_code == 303
    page = root.get(FORM)
    older = re.findall(r'value="(version:\d+)"', page.text)[1]
    earlier = press(root, FORM, [], older)
    assert 'value="First"' in earlier.text
    assert kept(desk, "layout", "form:desk.paper:clerk")["sections"][0]["en"] == "Second"


def test_choices_are_renamed_and_retired_on_their_page(visit, desk):
    root, ann = visit("root"), visit("ann")
    address = "/settings/shaping/desk.paper/choices/state"
    pairs = [p for p in posted(root.get(address)) if p[0] != "en:f:refused"]
    pairs += [("en:f:refused", "Turned down"), ("retired:f:done", "1")]
    assert press(root, address, pairs, "save").status_code == 303
    assert kept(desk, "choices", "desk.paper.state")["items"][2] == {"code": "refused", "en": "Turned down"}
    assert "Turned down" in ann.get(f"/r/desk.paper/{desk.ids['Gamma']}").text
    assert 'value="done"' not in ann.get("/r/desk.paper/new").text
    bad = [*posted(root.get(address)), ("new-code-0", "More"), ("new-zh-0", "更多")]
    assert press(root, address, bad, "save").status_code in (303, 422)
    assert "更多" not in json.dumps(kept(desk, "choices", "desk.paper.state"), ensure_ascii=False)


def test_the_configuration_leaves_and_comes_back_with_its_difference(visit, desk):
    root = visit("root")
    pairs = [p for p in posted(root.get(FORM)) if p[0] != "en:s:main"] + [("en:s:main", "Essentials")]
    assert press(root, FORM, pairs, "save").status_code == 303
    text = root.get("/settings/configuration/export").text
    assert "Essentials" in text
    press(root, FORM, posted(root.get(FORM)), "shipped")
    root.get("/settings/configuration")
    page = root.post("/settings/configuration/compare", file=(io.BytesIO(text.encode()), "zhian.json"))
    assert "form:desk.paper:clerk" in page.text
    assert "Take over 1 change" in page.text
    assert kept(desk, "layout", "form:desk.paper:clerk") is None
    assert root.post("/settings/configuration/import", text=text, name="zhian.json").status_code == 303
    assert kept(desk, "layout", "form:desk.paper:clerk")["sections"][0]["en"] == "Essentials"
    again = root.post("/settings/configuration/compare", file=(io.BytesIO(text.encode()), "zhian.json"))
    assert "changes nothing here" in again.text
    wrong = root.post("/settings/configuration/compare", file=(io.BytesIO(b"{}"), "x.json"))
    assert wrong.status_code == 422


def test_moving_beyond_the_ends_changes_nothing():
    form = MultiDict([("row", "s:a"), ("row", "f:x"), ("row", "-")])
    assert drafts.ordered(form, "up:s:a").getlist("row") == ["s:a", "f:x", "-"]
    assert drafts.ordered(form, "down:f:x").getlist("row") == ["s:a", "-", "f:x"]
    assert drafts.ordered(form, "show:f:y").getlist("row") == ["s:a", "f:x", "-"]
    assert drafts.ordered(form, "add:").getlist("row") == ["s:a", "f:x", "s:section1", "-"]
    assert drafts.ordered(form, "drop:s:a").getlist("row") == ["f:x", "-"]


def test_words_of_administrators_are_text_and_never_markup(visit, desk):
    root, ann, bad = visit("root"), visit("ann"), "<img src=x onerror=alert(1)>"
    pairs = [p for p in posted(root.get(FORM)) if p[0] not in ("en:s:main", "en:f:due")]
    assert press(root, FORM, [*pairs, ("en:s:main", bad), ("en:f:due", bad)], "save").status_code == 303
    address = "/settings/shaping/desk.paper/choices/state"
    pairs = [p for p in posted(root.get(address)) if p[0] != "en:f:refused"]
    assert press(root, address, [*pairs, ("en:f:refused", bad)], "save").status_code == 303
    seen = [
        "/r/desk.paper/new",
        "/r/desk.paper?view=all",
        f"/r/desk.paper/{desk.ids['Gamma']}",
        "/r/desk.paper?as=board",
    ]
    for page in (*(ann.get(place) for place in seen), root.get(FORM), root.get(address), root.get("/settings/shaping")):
        assert bad not in page.text
        assert page.status_code == 200

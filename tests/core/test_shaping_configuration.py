"""One configuration file of a whole deployment: what is exported comes back as it was, part by part, and only once."""

from __future__ import annotations

import json

import pytest

from core import acting_as, create, load_principal, record_class, system, transaction
from core.errors import Refused
from core.shaping import configuration


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """Files do not depend on the database; shapes are asked on both in test_shaping_services."""
    return request.param


@pytest.fixture(scope="module")
def people(app):
    """Somebody with all rights, and a consultant."""
    with app.app_context(), system("people of a test"):
        made = {}
        for role in ("administrator", "config_admin", "consultant"):
            user = create(record_class("core.user"), {"login": f"file {role}", "name": role})
            create(record_class("core.user_role"), {"user": user.id, "role": role})
            made[role] = user.id
    return made


def exported(people):
    with acting_as(load_principal(people["administrator"])):
        return configuration.export()["parts"]


def taken_over(people, role, parts):
    with acting_as(load_principal(people[role])), transaction():
        return configuration.apply(json.loads(json.dumps(parts)))


def test_a_file_of_the_same_deployment_changes_nothing(context, people):
    parts = exported(people)
    wanted = {"choices", "layout", "numbering", "statuses", "deadline_rules", "deadline_calendars", "reminder_plans"}
    assert wanted | {"price_items", "flows", "document_templates"} <= parts.keys()
    with acting_as(load_principal(people["administrator"])):
        assert [d for part in configuration.differences(parts) for d in part.differences] == []


@pytest.mark.parametrize("role", ["administrator", "config_admin"])
def test_prices_flows_templates_and_statuses_come_over_once(context, people, role):
    parts = exported(people)
    code, item = next(iter(parts["price_items"].items()))
    flow = next(iter(parts["flows"]))
    given = {
        "price_items": {code: item | {"list_price": "4321.00", "note": role}, "FROM-FILE": item | {"name": "新项目"}},
        "flows": {flow: parts["flows"][flow] | {"name": f"来自文件 {role}"}},
        "document_templates": {"clients.client:no_such_letter:zh": {"body": "<p>x</p>", "css": ""}},
        "statuses": {"tm_application": {"states": [{"code": "preparing", "zh": f"备件 {role}"}]}},
    }
    found = taken_over(people, role, given)
    assert {d.code for d in found if d.changes} == given.keys()
    again = exported(people)
    assert again["price_items"][code]["list_price"] == "4321.00"
    assert again["price_items"]["FROM-FILE"]["name"] == "新项目"
    assert again["flows"][flow]["name"] == f"来自文件 {role}"
    assert again["statuses"] == given["statuses"]
    assert again["document_templates"] == {}
    taken_over(people, role, {"statuses": given["statuses"], "price_items": given["price_items"]})


def test_who_may_not_change_a_part_imports_nothing_at_all(context, people):
    parts = exported(people)
    given = {"choices": {"clients.client.source": {"items": [{"code": "fair", "zh": "展会", "added": True}]}}}
    with pytest.raises(Refused):
        taken_over(people, "consultant", given)
    bad = given | {"flows": {"BAD CODE": next(iter(parts["flows"].values()))}}
    with pytest.raises(Refused):
        taken_over(people, "administrator", bad)
    assert exported(people)["choices"] == parts["choices"]


def test_rights_come_over_by_name_and_only_from_who_may_set_them(context, people):
    given = {
        "role:own_night": {"name": "夜班", "name_en": "Night", "summary": None, "realm": "staff", "base": "paralegal"},
        "condition:cases.case:广东的案件": {
            "use": "scope",
            "within": "all",
            "tree": {"all": [{"field": "name", "op": "contains", "value": "广东"}]},
            "actions": None,
            "roles": None,
        },
        "right:own_night:cases.case": {"add": [["read", "condition:cases.case:广东的案件"]], "remove": []},
        "field:own_night:clients.client:phone": {"treatment": "hidden"},
    }
    field = next(n for n in ("phone", "address", "website") if n in record_class("clients.client").__table__.c)
    given[f"field:own_night:clients.client:{field}"] = given.pop("field:own_night:clients.client:phone")
    with pytest.raises(Refused, match=r"角色与权限|Roles and rights"):
        taken_over(people, "config_admin", {"rights": given})
    assert exported(people)["rights"] == {}
    taken_over(people, "administrator", {"rights": given})
    assert exported(people)["rights"] == given
    narrower = given["right:own_night:cases.case"] | {"add": [["read", "own"]]}
    taken_over(people, "administrator", {"rights": {"right:own_night:cases.case": narrower}})
    assert exported(people)["rights"]["right:own_night:cases.case"] == narrower
    with acting_as(load_principal(people["consultant"])):
        assert configuration.export()["parts"]["rights"] == {}

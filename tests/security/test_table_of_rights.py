"""The trade's table of roles and rights against what this deployment grants: line by line, with reasons where apart."""

from __future__ import annotations

import re

import pytest
import yaml

from core import registry
from core.settings import ROOT

STANDARD = ("create", "read", "update", "delete", "export")
ASKED = "whoever is asked in a flow reads it, in whatever role; starting and deciding are actions of their own"
FOLLOWS = "rights on files follow the record that they lie with; rules close those of unpublished inventions"
APART: dict[str, dict[tuple[str, str], str]] = {
    "attachment": {("*", "*"): FOLLOWS},
    "workflow_instance": {
        ("*", "read"): ASKED,
        ("*", "update"): ASKED,
        ("*", "create"): "creating is the action `start`, with the scope that the table gives",
    },
    "exchange_journal": {("finance_head", "update"): "the journal is never changed; documents are mended and replayed"},
    "client": {("dept_head", "read"): "heads also read clients for whom their department works"},
    "portal_user": {("partner", "read"): "partners open affiliates to portal users, whom they must see for it"},
    "generated_document": {("*", "create"): "the right to make documents is checked on their record as well"},
    "automation_rule": {("*", "read"): "who lends a rule their rights reads it and may stop it"},
}
"""Record of the table → (role or *, right or *) → why it differs."""
ACTIONS_APART = {
    ("billing.quotation", "approve_discount"): (
        {"client_manager"},
        "the table's limits let managers approve up to 10 %",
    ),
    ("billing.bill", "issue"): (
        {"finance_head"},
        "the head stands in for the clerk; CASH_BILL is noted on allocations",
    ),
    ("billing.payment", "confirm"): ({"finance_head"}, "the head stands in for the clerk"),
    ("billing.payment", "allocate"): ({"finance_head"}, "the head stands in for the clerk"),
}
ELSEWHERE = ("client_preference", "dunning", "todo", "role", "org_unit", "user", "api_key")
"""Kept as fields of other records, or as the core's own records with rights of their own tests."""


@pytest.fixture(scope="module")
def trade(shared_data):
    return yaml.load((shared_data / "roles-and-permissions.yaml").read_text("utf-8"), yaml.CSafeLoader)


def keys_of() -> dict[str, str]:
    """The record's key by its name in the table."""
    found: dict[str, str] = {}
    for line in (ROOT / "docs" / "records.md").read_text("utf-8").splitlines():
        row = re.match(r"\| (\w+) \| [^|]* \| (.*?) \|", line)
        keys = re.findall(r"`([a-z_]+\.[a-z_]+)`", row[2]) if row else []
        if keys:
            found.setdefault(row[1], keys[0])
    return found


def granted(key: str) -> set[tuple[str, str, str]]:
    """(role, right, scope) as this deployment has it."""
    rows = ((role, gs) for (role, of), gs in registry().access.grants.items() if of == key)
    return {(role, right, g.scope) for role, gs in rows for g in gs for right in g.actions if right in STANDARD}


def test_each_right_of_the_table_is_granted_and_no_other(context, trade):
    apart, keys = [], keys_of()
    for row in trade["records"]:
        name, key = row["record"], keys.get(row["record"])
        if name in ELSEWHERE or key not in registry().types:
            continue
        wanted = {(role, c, g["scope"]) for role, gs in row["grants"].items() for g in gs for c in g["can"]}
        reasons = APART.get(name, {})
        for role, right, scope in sorted(wanted ^ granted(key)):
            explained = {(role, right), ("*", right), (role, "*"), ("*", "*")} & reasons.keys()
            if not explained:
                kind = "missing" if (role, right, scope) in wanted else "extra"
                apart.append((kind, key, role, right, scope))
    assert apart == []


def test_each_named_action_is_for_the_roles_of_the_table(context, trade):
    apart, keys = [], keys_of()
    for row in trade["actions"]:
        key = keys.get(row["record"])
        if key not in registry().types or row["action"] not in registry().actions.get(key, {}):
            continue
        have = {
            r for (r, of), gs in registry().access.grants.items() if of == key for g in gs if row["action"] in g.actions
        }
        differing = have ^ set(row["roles"])
        if differing != ACTIONS_APART.get((key, row["action"]), (set(), ""))[0]:
            apart.append((key, row["action"], sorted(differing)))
    assert apart == []


INSTEAD = {
    ("case", "submit_review"): ("workflow.instance", "start"),
    ("case", "approve_step"): ("workflow.task", "decide"),
    ("case", "file"): ("cases.case", "record_event"),
    ("case", "change_status_by_rule"): ("cases.case", "record_event"),
    ("calendar_day", "publish"): ("deadlines.calendar_day", "publish"),
    ("user", "enable_disable"): ("core.user", "update"),
    ("role", "grant"): ("core.user_role", "create"),
    ("audit_log", "verify_chain"): ("core.audit", "verify"),
    ("export_run", "approve_large"): ("core.export_request", "approve_large"),
    ("custom_field", "create"): ("core.custom_field", "create"),
}
"""Named actions of the table that are done by another right here."""
LEFT = {
    ("client", "merge"): "clients are not merged yet",
    (
        "attachment",
        "set_visibility",
    ): "files are shown to clients by the action `release` of documents and by the portal",
    ("attachment", "bulk_download"): "files are downloaded one by one",
}
"""Named actions of records that are here, which nobody can do yet."""


def test_each_named_action_of_the_table_can_be_done_by_the_roles_of_the_table(context, trade):
    keys, access = keys_of(), registry().access
    missing, back = [], []
    for row in trade["actions"]:
        name = (row["record"], row["action"])
        key, code = INSTEAD.get(name, (keys.get(row["record"]), row["action"]))
        if key not in registry().types and key != "core.audit":
            continue
        have = {r for (r, of), gs in access.grants.items() if of == key for g in gs if code in g.actions}
        wanted = set() if "*" in have else set(row["roles"]) - have
        if name in LEFT:
            back += [name] if not wanted else []
        elif wanted:
            missing.append((*name, sorted(wanted)))
    assert missing == []
    assert back == [], "these can be done now: take them out of LEFT"


def test_each_closed_field_of_the_table_is_closed(context, trade):
    left, keys, access = [], keys_of(), registry().access
    for row in trade["field_rules"]:
        key = keys.get(row["record"])
        if (
            key not in registry().types
            or row["field"] not in registry().types[key].fields
            or row["treatment"] == "none"
        ):
            continue
        rules = [rule for rule in access.field_rules.get(key, ()) if rule.field == row["field"]]
        closing = [set(rule.roles) for rule in rules if rule.treatment in (row["treatment"], "hidden")]
        left += [(key, row["field"], role) for role in row["roles"] if not any(role in roles for roles in closing)]
    assert left == []


def test_nobody_outside_the_table_holds_a_right_on_the_six_plugins(context):
    """Rights for everybody (`*`) are few and lead to what is about oneself."""
    open_to_all = {
        (key, g.scope)
        for (role, key), gs in registry().access.grants.items()
        if role == "*" and key.partition(".")[0] not in ("core", "cases", "clients", "deadlines")
        for g in gs
    }
    assert {entry for entry in open_to_all if entry[1] not in ("own", "assigned")} <= {("documents.letterhead", "all")}


def test_administrators_of_systems_hold_no_right_on_business(context):
    """CLIENT_DATA_CONFIG: who runs or configures the system reads no client, case or money."""
    business = (
        "clients.",
        "cases.",
        "billing.",
        "portal.message",
        "portal.order",
        "documents.document",
        "workflow.task",
    )
    lists = ("billing.price_item", "billing.official_fee")
    held = [
        (role, key, g.actions)
        for (role, key), gs in registry().access.grants.items()
        if role in ("system_admin", "config_admin") and key.startswith(business) and key not in lists
        for g in gs
    ]
    assert held == []

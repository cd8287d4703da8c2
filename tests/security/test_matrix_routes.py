"""Every address and method of the running app, asked by ten kinds of people: who passes its door stands in routes.yaml.

A door is passed when the answer is neither a refusal (401, 403, 404, 405, 429) nor the way to the sign-in. What a door
leads to is asked in `test_matrix_records`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.security.world import KINDS, PORTAL, STAFF, World

TABLE = Path(__file__).with_name("routes.yaml")
STOPPED = (401, 403, 404, 405, 429)
WORDS = {"everybody": KINDS, "nobody": (), "staff": tuple(STAFF), "portal": tuple(PORTAL)}
OURS_OF = {
    "record_id": "cases.case",
    "case_id": "cases.case",
    "client_id": "clients.client",
    "document_id": "documents.document",
    "book_id": "finance_bridge.book",
    "report_id": "finance_bridge.reconciliation",
    "file_id": "core.attachment",
    "definition_id": "workflow.definition",
    "task_id": "workflow.task",
    "user_id": "core.user",
    "message_id": "core.notification",
    "run_id": "import",
    "key_id": "core.api_key",
    "field_id": "core.custom_field",
    "todo_id": "todos.todo",
    "rule_id": "automation.rule",
}
"""Whose ids the variables of addresses are; a row's `with` says otherwise."""
FIXED = {"key": "cases.case", "record_key": "cases.case", "language": "zh", "level": "today", "name": "remarks"}


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Doors do not depend on the database; records are asked on both."""
    return request.param


@pytest.fixture(scope="module")
def world(app):
    return World(app)


@pytest.fixture(scope="module")
def table():
    return yaml.safe_load(TABLE.read_text("utf-8"))


def addresses(app):
    """(rule, method) of everything that the app answers."""
    rules = ((rule.rule, rule.methods - {"HEAD", "OPTIONS"}) for rule in app.url_map.iter_rules())
    return sorted({(rule, method) for rule, methods in rules for method in methods})


def named(text: str) -> set[str]:
    """The kinds of people that a cell of the table names."""
    return {kind for word in text.split() for kind in WORDS.get(word, (word,))}


def row_of(table: dict[str, Any], rule: str, method: str) -> dict[str, Any] | None:
    cell = table.get(rule, {}).get(method)
    return {"ours": cell, "theirs": cell} if isinstance(cell, str) else cell


def filled(world: World, rule: str, given: dict[str, Any], side: str) -> str:
    """The address with ids of that side."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        word = given.get(name, OURS_OF.get(name, FIXED.get(name, 1)))
        return str(word if name in ("key", "record_key") else world.marks.ids[side].get(word, word))

    return re.sub(r"<(?:\w+:)?(\w+)>", value, rule)


def passes(answer: Any) -> bool:
    """Whether the door was open; a fault is never an answer."""
    assert answer.status_code < 500, (answer.request.path, answer.text[-300:])
    answer.close()
    to_login = answer.status_code in (302, 303) and re.search(r"/login(\?|$)", answer.headers["Location"])
    return answer.status_code not in STOPPED and not (to_login and answer.request.path not in ("/logout",))


def seen(world: World, rule: str, method: str, row: dict[str, Any]) -> dict[str, set[str]]:
    """Who passes, by side."""
    given = row.get("with", {})
    found: dict[str, set[str]] = {}
    for words, side in (("theirs", "there"), ("ours", "here")):
        path = filled(world, rule, given, side) + row.get("query", "")
        found[words] = {kind for kind in KINDS if passes(world.ask(kind, method, path, data=row.get("form")))}
        if method not in ("GET", "PUT"):
            world.renew()
    return found


def shown(found: set[str]) -> str:
    """As a cell of the table says it."""
    for word, kinds in WORDS.items():
        if found == set(kinds):
            return word
    return " ".join(kind for kind in KINDS if kind in found)


def test_every_address_has_a_row_and_every_row_an_address(app, table):
    there = addresses(app)
    missing = [f"{rule}:\n  {method}: …" for rule, method in there if row_of(table, rule, method) is None]
    gone = [(rule, method) for rule, row in table.items() for method in row if (rule, method) not in there]
    assert not missing, (
        f"say in {TABLE.name} who may pass (names out of {', '.join(WORDS)}, {', '.join(KINDS)}; "
        "`{ours: …, theirs: …}` where an id leads to a record of one side):\n" + "\n".join(missing)
    )
    assert gone == [], f"these addresses are no more; take them out of {TABLE.name}"


def test_each_door_is_passed_by_those_whom_the_table_names_and_nobody_else(world, table):
    apart = []
    for rule, method in addresses(world.app):
        row = row_of(table, rule, method)
        if row is None:
            continue
        for words, kinds in seen(world, rule, method, row).items():
            if kinds != named(row[words]):
                apart.append(f"{method} {rule} ({words}): table {row[words]!r}, seen {shown(kinds)!r}")
    assert not apart, "\n".join(apart)

"""Rights that administrators set: differences from shipped grants, made roles, conditions, fields; in SQL, at once."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select

from core.db import acting_as, system, transaction
from core.errors import Forbidden, Invalid, NotFound
from core.permissions.model import Condition, CustomRole, FieldRight, Right
from core.permissions.people import FRESH_SECONDS, forget
from core.permissions.principal import Principal
from core.permissions.rules import access
from core.records import service
from core.records.dump import dump
from core.records.query import Filter, Query, list_records


@pytest.fixture(scope="module")
def shelf(lab_app, staff):
    """Folders of ann and bob (north) and dora (south)."""
    from tests.support.lab import Lab

    with lab_app.app_context():
        lab = Lab(lab_app, staff)
        return {
            who: lab.folder(f"overlay {who}", who, colour=colour, phone="13812345678", secret_word="fish")
            for who, colour in (("ann", "red"), ("bob", "blue"), ("dora", "red"))
        }


@pytest.fixture
def set_rights(lab):
    """Store rows of the overlay as the system, take them away after the test."""
    made = []

    def put(model, **values):
        with system("rights of a test"):
            row = service.create(model, values)
            made.append((model, row.id))
        forget()
        return row.id

    yield put
    with system("rights of a test") as session:
        for model, ident in reversed(made):
            session.delete(session.get_one(model, ident))
    forget()


def seen(lab, login):
    with acting_as(lab.principal(login)) as session:
        wanted = select(lab.Folder.name).where(lab.Folder.name.startswith("overlay "))
        return sorted(name.removeprefix("overlay ") for name in session.scalars(wanted))


def more(set_rights, action, scope, role="clerk", effect="add"):
    return set_rights(Right, role=role, record="lab.folder", action=action, scope=scope, effect=effect)


def test_a_right_more_opens_rows_and_a_right_less_closes_them(lab, shelf, set_rights):
    assert seen(lab, "ann") == ["ann"]
    more(set_rights, "read", "department")
    assert seen(lab, "ann") == ["ann", "bob"]
    assert seen(lab, "dora") == ["dora"]
    more(set_rights, "read", "own", effect="remove")
    more(set_rights, "read", "department", role="chief", effect="remove")
    assert seen(lab, "carl") == []


def test_another_process_sees_it_by_the_stamp_alone(lab, shelf, set_rights):
    before = lab.principal("ann")
    assert lab.principal("ann") is before
    with system("written elsewhere") as session:
        row = {"role": "clerk", "record": "lab.folder", "action": "read", "scope": "all", "effect": "add"}
        made = service.create(Right, row)
        ident = made.id
    time.sleep(FRESH_SECONDS + 0.05)
    assert lab.principal("ann") is not before
    assert seen(lab, "ann") == ["ann", "bob", "dora"]
    with system("written elsewhere") as session:
        session.delete(session.get_one(Right, ident))
    time.sleep(FRESH_SECONDS + 0.05)
    assert seen(lab, "ann") == ["ann"]


def test_rights_taken_back_are_as_shipped(lab, shelf, set_rights):
    shipped = access().shipped("clerk", "lab.folder")
    more(set_rights, "delete", "own")
    overlay = lab.principal("ann").overlay
    assert {(a, g.scope) for g in access().held_by("clerk", "lab.folder", overlay) for a in g.actions} == shipped | {
        ("delete", "own")
    }
    assert access().shipped("clerk", "lab.folder") == shipped


def test_a_made_role_gives_what_it_is_given_and_closes_what_its_like_closes(lab, shelf, set_rights):
    from core.permissions.org import UserRole

    set_rights(CustomRole, code="own_reader", name="读者", name_en="Reader", realm="staff", base="clerk")
    more(set_rights, "read", "all", role="own_reader")
    set_rights(UserRole, user=lab.who.nobody, role="own_reader")
    person = lab.principal("nobody")
    assert (person.roles, person.held) == ({"clerk"}, {"own_reader"})
    assert person.has_role("clerk")
    assert seen(lab, "nobody") == ["ann", "bob", "dora"]
    with acting_as(person):
        row = dump(service.get(lab.Folder, shelf["ann"]))
    assert row["phone"] == "138****5678"
    assert "secret_word" not in row


def test_a_role_that_is_put_away_is_held_by_nobody(lab, shelf, set_rights):
    from core.permissions.org import UserRole

    ident = set_rights(CustomRole, code="own_gone", name="旧角色", realm="staff", base="chief")
    more(set_rights, "read", "all", role="own_gone")
    set_rights(UserRole, user=lab.who.ann, role="own_gone")
    assert seen(lab, "ann") == ["ann", "bob", "dora"]
    with system("put away") as session:
        service.archive(session.get_one(CustomRole, ident))
    forget()
    assert seen(lab, "ann") == ["ann"]
    with acting_as(lab.principal("ann")):
        assert dump(service.get(lab.Folder, shelf["ann"]))["phone"] == "138****5678"


def build(set_rights, tree, use="scope", **more_values):
    return set_rights(Condition, record="lab.folder", name="test", use=use, tree=tree, **more_values)


def test_a_condition_is_a_scope_in_sql(lab, shelf, set_rights):
    ident = build(set_rights, {"all": [{"field": "colour", "op": "in", "value": ["red"]}]})
    more(set_rights, "read", f"condition:{ident}")
    assert seen(lab, "bob") == ["ann", "bob", "dora"]
    assert seen(lab, "ann") == ["ann", "dora"]
    with acting_as(lab.principal("ann")):
        found = list_records(lab.Folder, Query(filters=(Filter("name", "contains", "overlay"),), count=True))
        assert found.total == 2


def test_a_condition_asks_about_the_person_and_about_links(lab, shelf, set_rights):
    mine = {"field": "keeper", "op": "ne", "value": "me"}
    place = {"field": "keeper.department", "op": "eq", "value": "my_department"}
    ident = build(set_rights, {"all": [mine, place]})
    more(set_rights, "read", f"condition:{ident}")
    assert seen(lab, "ann") == ["ann", "bob"]
    assert seen(lab, "dora") == ["dora"]


def test_a_limit_binds_every_right_and_also_writes(lab, shelf, set_rights):
    build(set_rights, {"all": [{"field": "colour", "op": "ne", "value": "red"}]}, use="rule", roles=["clerk", "chief"])
    assert seen(lab, "ann") == []
    assert seen(lab, "carl") == ["bob"]
    assert seen(lab, "root") == ["ann", "bob", "dora"]
    with acting_as(lab.principal("bob")), pytest.raises(Forbidden):
        service.update(service.get(lab.Folder, shelf["bob"]), {"colour": "red"})


def test_a_condition_that_does_not_fit_any_more_opens_nothing(lab, shelf, set_rights):
    ident = build(set_rights, {"all": [{"field": "colour", "op": "ne", "value": "red"}]})
    more(set_rights, "read", f"condition:{ident}")
    with system("breaks it") as session:
        from core.permissions.overlay import restamp

        table = Condition.__table__
        session.connection().execute(
            table.update().where(table.c.id == ident).values(tree={"all": [{"field": "gone", "op": "eq", "value": 1}]})
        )
        session.info["wrote"] = True
        restamp(session, {Condition})
    forget()
    assert seen(lab, "ann") == ["ann"]


@pytest.mark.parametrize(
    "tree",
    [
        {}, {"all": []}, {"all": [], "any": []}, {"none": []}, [], "x", {"all": "x"}, {"all": [1]},
        {"all": [{"field": "nope", "op": "eq", "value": 1}]},
        {"all": [{"field": "hidden_note", "op": "eq", "value": 1}]},
        {"all": [{"field": "keeper.password_hash", "op": "contains", "value": "a"}]},
        {"all": [{"field": "keeper.department.parent.name", "op": "eq", "value": "x"}]},
        {"all": [{"field": "name", "op": "eq", "value": {"a": 1}}]},
        {"all": [{"field": "name", "op": "like", "value": "a"}]},
        {"all": [{"field": "name", "op": "eq", "value": "me"}]},
        {"all": [{"field": "budget", "op": "gt", "value": "many"}]},
        {"all": [{"all": [{"all": [{"all": [{"field": "name", "op": "eq", "value": "a"}]}]}]}]},
        {"all": [{"field": "name", "op": "eq", "value": "a"}] * 31},
    ],
)  # fmt: skip
def test_conditions_that_make_no_sense_are_refused(lab, tree):
    with pytest.raises(Invalid), system("refused"):
        service.create(Condition, {"record": "lab.folder", "name": "bad", "tree": tree})


def test_fields_are_opened_masked_and_hidden_per_role(lab, shelf, set_rights):
    def row(login):
        with acting_as(lab.principal(login)):
            return dump(service.get(lab.Folder, shelf["ann"]))

    set_rights(FieldRight, role="clerk", record="lab.folder", field="phone", treatment="open")
    set_rights(FieldRight, role="clerk", record="lab.folder", field="name", treatment="masked")
    set_rights(FieldRight, role="chief", record="lab.folder", field="phone", treatment="hidden")
    assert row("ann")["phone"] == "13812345678"
    assert row("ann")["name"] == "ove**** ann"
    assert "phone" not in row("carl")
    with acting_as(lab.principal("ann")), pytest.raises(Invalid):
        service.update(service.get(lab.Folder, shelf["ann"]), {"name": "mine"})


@pytest.mark.parametrize(
    ("login", "values"),
    [
        ("ann", {"role": "chief"}),
        ("carl", {"role": "clerk"}),
        ("root", {"role": "administrator"}),
        ("root", {"role": "*"}),
        ("sec", {"role": "security_admin"}),
        ("sec", {"role": "audit_admin"}),
        ("sec", {"role": "config_admin"}),
    ],
)
def test_nobody_sets_rights_of_their_own_or_of_those_above(lab, security, login, values):
    who = security if login == "sec" else lab.principal(login)
    with pytest.raises(Forbidden), acting_as(who), transaction():
        row = {"record": "lab.folder", "action": "read", "scope": "all", "effect": "add"}
        service.create(Right, row | values)


def test_a_security_administrator_sets_rights_of_others_and_it_is_logged(lab, security, shelf, set_rights):
    from core.records.audit import AuditEntry

    with acting_as(security) as session:
        row = {"role": "guest", "record": "lab.folder", "action": "read", "scope": "all", "effect": "add"}
        made = service.create(Right, row).id
        log = AuditEntry.__table__
        rows = session.connection().execute(
            select(log).where(log.c.record_key == "core.right", log.c.record_id == made)
        )
        assert [(r.action, r.actor_id) for r in rows] == [("create", security.user_id)]
        session.rollback()


def test_who_runs_the_system_gets_no_business_rights(lab, set_rights):
    with pytest.raises(Forbidden), acting_as(lab.principal("root")), transaction():
        row = {"role": "system_admin", "record": "lab.folder", "action": "read", "scope": "all", "effect": "add"}
        service.create(Right, row)


@pytest.fixture(scope="module")
def security(lab_app, staff):
    """A security administrator."""
    from core.permissions.org import User, UserRole
    from core.permissions.people import load_principal

    with lab_app.app_context():
        with system("a security administrator") as session:
            user = User(login="sec", name="Sec", locale="en")
            session.add(user)
            session.flush()
            session.add(UserRole(user_id=user.id, role="security_admin"))
            ident = user.id
        return load_principal(ident)


def test_a_principal_made_by_hand_has_the_shipped_rights(lab):
    person = Principal(user_id=1, roles=frozenset({"clerk"}))
    assert person.granted == {"clerk"}
    assert access().can(person, "lab.folder", "read")


def test_what_one_may_not_see_stays_absent(lab, shelf):
    with acting_as(lab.principal("ann")), pytest.raises(NotFound):
        service.get(lab.Folder, shelf["dora"])

"""Information walls: the other side's records and all that hangs on them are closed in SQL; without one it is free."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import event, func, select

from core.clock import now, standing_at
from core.db import acting_as, db, system, transaction
from core.errors import Forbidden, Invalid, NotFound, Refused
from core.permissions import explaining, walling, walls
from core.permissions.model import Deputy
from core.permissions.people import forget
from core.permissions.separation import Wall
from core.records import service
from core.records.dump import dump
from core.records.notes import Note
from core.records.query import Filter, Query, list_records
from core.registry import record_class

HOUR = dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def shelf(lab_app, staff):
    """Three folders that everybody reads by an extra right, with all that hangs on them."""
    from core.permissions.model import Right
    from tests.support.lab import Lab

    with lab_app.app_context():
        lab = Lab(lab_app, staff)
        made = {name: lab.folder(f"wall {name}", "dora") for name in ("acme", "bolt", "free")}
        for name, folder in list(made.items()):
            made[f"sheet {name}"] = lab.make("sheet", name=f"wall {name}", folder_id=folder)
            made[f"drawer {name}"] = lab.make("drawer", name=f"wall {name}", folder_id=folder)
        with system("a note, and a right for both") as session:
            for name in ("acme", "bolt"):
                note = Note(record_key="lab.drawer", record_id=made[f"drawer {name}"], body=f"wall {name}")
                session.add(note)
            for record in ("lab.folder", "lab.drawer", "core.note"):
                for role in ("clerk", "chief"):
                    row = {"role": role, "record": record, "action": "read", "scope": "all", "effect": "add"}
                    service.create(Right, row)
        forget()
        db.session.remove()
        yield made
        with system("no more") as session:
            for right in session.scalars(select(Right)):
                session.delete(right)
        forget()


@pytest.fixture
def wall(lab, shelf):
    """ann and the department South stand on opposite sides of acme and bolt."""
    with system("a wall of a test") as session:
        built = walling.build({"name": "acme / bolt", "reason": "conflict", "starts_at": now() - HOUR})
        walling.put(built, "a", walls.PERSON, lab.who.ann)
        walling.put(built, "a", "lab.folder", shelf["acme"])
        walling.put(built, "b", walls.DEPARTMENT, lab.who.south)
        walling.put(built, "b", "lab.folder", shelf["bolt"])
        ident = built.id
    forget()
    yield ident
    with system("the wall goes") as session:
        session.delete(session.get_one(Wall, ident))
    forget()


def seen(lab, login, model):
    with acting_as(lab.principal(login)) as session:
        title = getattr(model, "body", None) or model.name
        names = session.scalars(select(title).where(title.startswith("wall ")))
        return sorted(name.removeprefix("wall ") for name in names)


@pytest.mark.parametrize(("login", "open_ones"), [("ann", ["acme", "free"]), ("dora", ["bolt", "free"])])
def test_each_side_sees_nothing_of_the_other_and_of_what_hangs_on_it(lab, shelf, wall, login, open_ones):
    for model in (lab.Folder, lab.Sheet, lab.Drawer):
        assert seen(lab, login, model) == open_ones
        assert seen(lab, "carl", model) == ["acme", "bolt", "free"]
    assert seen(lab, login, Note) == [name for name in open_ones if name != "free"]
    closed = "bolt" if login == "ann" else "acme"
    with acting_as(lab.principal(login)) as session:
        with pytest.raises(NotFound):
            service.get(lab.Folder, shelf[closed])
        found = list_records(lab.Folder, Query(q="wall", count=True))
        assert found.total == 2
        counted = select(func.count()).select_from(lab.Folder).where(lab.Folder.name == f"wall {closed}")
        assert session.scalar(counted) == 0
        reached = Query(filters=[Filter("folder.name", "eq", f"wall {closed}")])
        assert not list_records(lab.Sheet, reached).rows
        with pytest.raises(Invalid):
            service.create(lab.Sheet, {"name": f"by {login}", "folder": shelf[closed]})


def test_links_to_the_other_side_are_withheld(lab, shelf, wall):
    with system("a folder beneath the other side's") as session:
        below = lab.Folder(name="wall below", keeper_id=lab.who.ann, parent_id=shelf["bolt"])
        session.add(below)
        session.flush()
        ident = below.id
    with acting_as(lab.principal("ann")):
        assert dump(service.get(lab.Folder, ident))["parent"] == {"hidden": True}
    with system("gone") as session:
        session.delete(session.get_one(lab.Folder, ident))


def test_reasons_name_the_wall_and_deputies_stay_behind_it(lab, shelf, wall):
    with system("ann stands in for dora") as session:
        day = now().date()
        deputy = Deputy(user_id=lab.who.dora, deputy_id=lab.who.ann, starts_on=day, ends_on=day)
        session.add(deputy)
        session.flush()
        ident = deputy.id
    forget()
    assert seen(lab, "ann", lab.Folder) == ["acme", "free"]
    with system("why"):
        told = explaining.explain(lab.Folder, shelf["bolt"], lab.principal("ann"), "read")
    assert not told.allowed
    assert [w.name for w in told.closing if not w.holds] == [walls.WALL]
    with system("over") as session:
        session.delete(session.get_one(Deputy, ident))
    forget()


def test_a_wall_holds_from_its_start_to_its_end(lab, shelf, wall):
    with standing_at(now() - 2 * HOUR):
        forget()
        assert seen(lab, "ann", lab.Folder) == ["acme", "bolt", "free"]
    with system("ended"):
        walling.end(service.get(Wall, wall))
    forget()
    assert seen(lab, "ann", lab.Folder) == ["acme", "bolt", "free"]


def test_nobody_stands_on_both_sides_and_who_stands_behind_changes_nothing(lab, shelf, wall):
    with pytest.raises(Refused), system("twice"):
        walling.put(service.get(Wall, wall), "b", walls.PERSON, lab.who.ann)
    with system("root stands there now"):
        walling.put(service.get(Wall, wall), "a", walls.PERSON, lab.who.root)
    forget()
    with pytest.raises(Forbidden), acting_as(lab.principal("root")), transaction():
        walling.end(service.get(Wall, wall))
    with acting_as(lab.principal("ann")), pytest.raises(NotFound):
        service.get(Wall, wall)


def test_without_a_wall_nothing_is_asked_or_added(lab, shelf):
    forget()
    lab.principal("dora")  # what was set is read once for all
    told = []
    listen = lambda *given: told.append(given[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        assert seen(lab, "ann", lab.Sheet) == ["acme", "bolt", "free"]
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert not [statement for statement in told if "wall" in statement or "NOT IN" in statement]


def test_record_types_without_an_anchor_are_left_alone(lab):
    held = walls.holds(frozenset({"lab.folder"}))
    assert set(held) >= {"lab.sheet", "lab.drawer", "core.note", "core.attachment", "core.notification"}
    assert not set(held) & {"core.user", "core.department", "core.wall", "core.right"}
    assert "lab.drawer" in held["core.note"].placed
    assert record_class("core.wall_part").__record__["key"] in held

"""The record services: one transaction, one audit trail, optimistic locking, nothing left when something refuses."""

from __future__ import annotations

import sys
import threading

import pytest
from sqlalchemy import func, select

from core import Forbidden, Invalid, NotFound, Refused, Stale, archive, create, delete, get, restore, run_action, update
from core.db import acting_as, db, elevated, system, transaction
from core.hooks.manager import PluginFault
from core.records.audit import AuditEntry
from core.records.bulk import bulk_create, bulk_update


def audit_of(ident, key="lab.folder"):
    table = AuditEntry.__table__
    with db.engine.connect() as connection:
        asked = select(table).where(table.c.record_key == key, table.c.record_id == ident).order_by(table.c.id)
        return connection.execute(asked).all()


def count(model):
    with db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model.__table__))


@pytest.fixture
def ann(lab):
    with acting_as(lab.principal("ann")) as session:
        yield session
        session.rollback()


def test_all_problems_of_a_record_are_told_at_once(lab, ann):
    with pytest.raises(Invalid) as caught:
        create(lab.Folder, {"colour": "green", "opened": "soon", "budget": "1", "secret_word": "x", "folder": 1})
    found = {(e.field, e.code) for e in caught.value.errors}
    assert found >= {("name", "required"), ("colour", "choice"), ("opened", "date"), ("folder", "unknown")}
    with pytest.raises(Invalid) as caught:
        create(lab.Folder, {"name": "x", "budget": "1", "secret_word": "x"})
    assert {(e.field, e.code) for e in caught.value.errors} == {("budget", "forbidden"), ("secret_word", "forbidden")}


def test_audit_tells_who_changed_what_in_the_same_transaction(lab, ann):
    with transaction():
        made = create(lab.Folder, {"name": "audited", "keeper": lab.who.ann, "tags": ["a"]})
    ident = made.id
    with transaction():
        update(made, {"colour": "blue", "name": "audited"})
    with transaction():
        archive(made)
    with transaction():
        restore(made)
    rows = audit_of(ident)
    assert [r.action for r in rows] == ["create", "update", "archive", "restore"]
    assert rows[0].changes["keeper"] == [None, lab.who.ann]
    assert rows[1].changes == {"colour": ["red", "blue"]}
    assert {r.actor_id for r in rows} == {lab.who.ann}
    assert {r.title for r in rows} == {"audited"}
    with pytest.raises(KeyError), transaction():
        update(made, {"colour": "red"})
        raise KeyError
    assert len(audit_of(ident)) == 4
    assert lab.row("folder", ident).colour == "blue"


def test_saving_without_a_change_writes_nothing(lab, ann):
    with transaction():
        made = create(lab.Folder, {"name": "same", "keeper": lab.who.ann})
    with transaction():
        update(made, {"name": "same", "keeper": lab.who.ann})
    assert lab.row("folder", made.id).version == 1
    assert len(audit_of(made.id)) == 1


def test_two_who_edit_the_same_version_cannot_both_win(lab):
    ident, wins, losses = lab.folder("contested", "ann"), [], []
    ready = threading.Barrier(2)

    def edit(colour):
        with lab.app.app_context(), acting_as(lab.principal("ann")):
            ready.wait()
            try:
                with transaction():
                    record = get(lab.Folder, ident)
                    update(record, {"colour": colour, "name": f"by {colour}"}, version=1)
                wins.append(colour)
            except Stale:
                losses.append(colour)

    threads = [threading.Thread(target=edit, args=(c,)) for c in ("red", "blue")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(wins), len(losses)) == (1, 1)
    row = lab.row("folder", ident)
    assert (row.name, row.version) == (f"by {wins[0]}", 2)


def test_computed_fields_follow_on_every_way_of_writing(lab, ann):
    with transaction():
        sheet = create(lab.Sheet, {"name": "computed", "pages": 4})
        assert sheet.double_pages == 8
        update(sheet, {"pages": 5})
        assert sheet.double_pages == 10
        sheet.pages = 6
    assert lab.row("sheet", sheet.id).double_pages == 12
    with transaction():
        ids = bulk_create(lab.Sheet, [{"name": f"bulk {n}", "pages": n} for n in range(3)])
    assert [lab.row("sheet", i).double_pages for i in ids] == [0, 2, 4]


HOOKS = {
    "before_create": lambda lab, r: create(lab.Folder, {"name": "n", "keeper": lab.who.ann}),
    "validate_records": lambda lab, r: create(lab.Folder, {"name": "n", "keeper": lab.who.ann}),
    "after_create": lambda lab, r: create(lab.Folder, {"name": "n", "keeper": lab.who.ann}),
    "before_update": lambda lab, r: update(r, {"colour": "blue"}),
    "after_update": lambda lab, r: update(r, {"colour": "blue"}),
    "before_delete": lambda lab, r: delete(lab.drawer),
    "after_delete": lambda lab, r: delete(lab.drawer),
}


@pytest.mark.parametrize("hook", list(HOOKS))
@pytest.mark.parametrize("fault", [Refused("no"), ZeroDivisionError("broken")])
def test_a_hook_that_refuses_or_breaks_rolls_the_write_back_whole(lab, hook, fault):
    import lab.hooks as hooks

    folder = lab.folder("hooked", "ann")
    drawer = lab.make("drawer", name="hooked", folder_id=folder)
    before = (count(lab.Folder), count(AuditEntry), lab.row("folder", folder), lab.row("drawer", drawer))
    with acting_as(lab.principal("ann")) as session:
        record, lab.drawer = session.get(lab.Folder, folder), session.get(lab.Drawer, drawer)
        hooks.FAIL[hook] = fault
        with pytest.raises(Refused if isinstance(fault, Refused) else PluginFault) as caught, transaction():
            HOOKS[hook](lab, record)
        if not isinstance(fault, Refused):
            assert caught.value.detail["plugin"] == "lab"
            assert "broken" not in str(caught.value)
        session.rollback()
        hooks.FAIL.clear()
    assert (count(lab.Folder), count(AuditEntry), lab.row("folder", folder), lab.row("drawer", drawer)) == before
    with acting_as(lab.principal("ann")), transaction():
        create(lab.Folder, {"name": "works again", "keeper": lab.who.ann})


def test_hooks_get_the_whole_list_once(lab, ann):
    import lab.hooks as hooks

    hooks.CALLS.clear()
    with transaction():
        bulk_create(lab.Folder, [{"name": f"list {n}", "keeper": lab.who.ann} for n in range(7)])
    assert hooks.CALLS == [
        ("before_create", "lab.folder", 7),
        ("validate_records", "lab.folder", 7),
        ("after_create", "lab.folder", 7),
    ]


def test_bulk_ways_obey_the_same_rules_and_leave_the_same_trace(lab, ann):
    with transaction():
        ids = bulk_create(lab.Folder, [{"name": f"many {n}", "keeper": lab.who.ann} for n in range(5)])
    numbers = [lab.row("folder", i).number for i in ids]
    assert len(set(numbers)) == 5
    assert [r.action for i in ids for r in audit_of(i)] == ["create"] * 5
    for wrong in ({"keeper": lab.who.bob}, {"name": "forbidden", "keeper": lab.who.ann}):
        with pytest.raises(Forbidden), transaction():
            bulk_create(lab.Folder, [{"name": "ok", "keeper": lab.who.ann}, {"name": "w", **wrong}])
    with pytest.raises(Invalid), transaction():
        bulk_create(lab.Sheet, [{"name": "linked", "folder": lab.folder("of bob", "bob")}])
    with transaction():
        bulk_update(lab.Folder, [(ids[0], 1, {"colour": "blue"}), (ids[1], None, {"colour": "blue"})])
    assert [lab.row("folder", i).colour for i in ids[:2]] == ["blue", "blue"]
    with pytest.raises(Stale), transaction():
        bulk_update(lab.Folder, [(ids[0], 1, {"colour": "red"})])
    with pytest.raises((NotFound, Forbidden)), transaction():
        bulk_update(lab.Folder, [(lab.folder("hidden", "bob"), None, {"colour": "blue"})])
    assert not [r for r in (lab.row("folder", i) for i in ids) if r.name in ("ok", "w")]


def test_actions_obey_their_own_right_and_are_audited(lab, ann):
    with transaction():
        made = create(lab.Folder, {"name": "acted on", "keeper": lab.who.ann})
        assert run_action(made, "lab.folder", "paint", {"colour": "blue"}) == {"painted": "blue"}
    assert [r.action for r in audit_of(made.id)] == ["create", "update", "action:paint"]
    assert audit_of(made.id)[2].changes == {"params": {"colour": "blue"}}


def test_derived_writes_are_audited_as_the_persons_with_the_reason(lab, ann):
    other = lab.folder("derived", "bob")
    with transaction(), elevated("the folder of a colleague follows"):
        db.session().get(lab.Folder, other).colour = "blue"
    row = audit_of(other)[-1]
    assert (row.actor_id, row.reason, row.action) == (lab.who.ann, "the folder of a colleague follows", "update")


def test_changes_that_an_after_hook_would_lose_are_an_error_and_nothing_is_written(lab, ann, monkeypatch):
    mine, other = lab.folder("watched", "ann"), lab.folder("followed", "bob")
    seen = []

    def follow(name, model, items):
        if name == "after_update":
            with elevated("the folder of a colleague follows in a hook"):
                row = db.session().get(lab.Folder, other)
                seen.append(row.colour)
                if row.name == "followed":
                    row.colour = "blue"

    monkeypatch.setattr(sys.modules["lab.hooks"], "_hook", follow)
    with pytest.raises(PluginFault) as fault, transaction():
        update(get(lab.Folder, mine), {"name": "changed"})
    assert "would be lost" in str(fault.value.__cause__)
    with system("what is stored") as session:
        assert session.get(lab.Folder, other).colour == "red"
        assert session.get(lab.Folder, mine).name == "watched"
        session.get(lab.Folder, other).name = "only read"
    with transaction():
        update(get(lab.Folder, mine), {"name": "changed"})
    assert set(seen) == {"red"}


def test_deleting_what_others_refer_to_is_refused_in_words(lab):
    folder = lab.folder("referred to", "ann")
    lab.make("drawer", name="refers", folder_id=folder)
    with pytest.raises(Refused), system("try") as session:
        session.delete(session.get(lab.Folder, folder))
        from core.records.service import _flush

        _flush(lab.Folder, None)

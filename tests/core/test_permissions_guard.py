"""The session guard: whatever way a row is asked for or written, the record rules hold. Read as an attacker would."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    bindparam,
    case,
    column,
    delete,
    exists,
    func,
    insert,
    lateral,
    literal,
    literal_column,
    select,
    table,
    text,
    tuple_,
    union,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.orm import (
    aliased,
    contains_eager,
    immediateload,
    joinedload,
    make_transient_to_detached,
    selectinload,
    subqueryload,
)

from core.db import acting_as, db, elevated, system
from core.errors import Forbidden, NotFound, Unguarded, ZhianError


@pytest.fixture(scope="module")
def shelf(lab_app, staff):
    """One folder each of ann, bob (north) and dora (south), with a sheet in each."""
    from tests.support.lab import Lab

    with lab_app.app_context():
        lab = Lab(lab_app, staff)
        made = {
            who: lab.folder(f"shelf {who}", who, secret_word=f"word of {who}", phone="13800001111")
            for who in ("ann", "bob", "dora")
        }
        sheets = {who: lab.make("sheet", name=f"sheet {who}", folder_id=ident, pages=5) for who, ident in made.items()}
        made["forbidden"] = lab.folder("forbidden", "ann")
        for who in ("ann", "bob"):
            lab.make("drawer", name=f"drawer {who}", folder_id=made[who])
        db.session.remove()
    return made, sheets


def names(rows):
    return sorted(n for n in rows if str(n).startswith("shelf"))


EXPECTED = {
    "root": ["shelf ann", "shelf bob", "shelf dora"],
    "carl": ["shelf ann", "shelf bob"],
    "ann": ["shelf ann"],
    "dora": ["shelf dora"],
    "gus": [],
    "nobody": [],
}
ORDER = ("root", "carl", "ann", "dora", "nobody", "root", "ann", "gus")


@pytest.mark.parametrize("login", ORDER)
def test_admin_then_staff_then_stranger_in_one_process(lab, shelf, login):
    folder = lab.Folder
    with lab.being(login) as session:
        asked = select(folder.name).order_by(folder.name)
        assert names(session.scalars(asked)) == EXPECTED[login]
        assert names(f.name for f in session.scalars(select(folder))) == EXPECTED[login]
        count = session.scalar(select(func.count(folder.id)).where(folder.name.startswith("shelf")))
        assert count == len(EXPECTED[login])


def ways(lab):
    """Statements that give names of folders, each by another way."""
    folder, sheet = lab.Folder, lab.Sheet
    other = aliased(folder, name="other")
    sub = select(folder).subquery()
    inside = aliased(folder, sub)
    cte = select(folder.id, folder.name).cte("c")
    tree = select(folder.id, folder.name).where(folder.parent_id.is_(None)).cte("tree", recursive=True)
    tree = tree.union_all(select(folder.id, folder.name).join(tree, folder.parent_id == tree.c.id))
    both = union(select(folder.id, folder.name), select(folder.id, folder.name)).subquery()
    return {
        "entity": select(folder).with_only_columns(folder.name),
        "alias": select(other.name),
        "alias of subquery": select(inside.name),
        "subquery": select(sub.c.name),
        "cte": select(folder.name).where(folder.id.in_(select(cte.c.id))),
        "cte columns": select(cte.c.name).select_from(cte),
        "recursive cte": select(tree.c.name).select_from(tree),
        "union in a subquery": select(both.c.name).select_from(both),
        "in": select(folder.name).where(folder.id.in_(select(folder.id))),
        "scalar subquery": select(
            select(folder.name).where(folder.id == sheet.folder_id).correlate(sheet).scalar_subquery()
        ).select_from(sheet),
        "join": select(folder.name).join(sheet, sheet.folder_id == folder.id),
        "join by relation": select(folder.name).select_from(sheet).join(sheet.folder),
        "outer join": select(folder.name).select_from(sheet).outerjoin(folder, folder.id == sheet.folder_id),
        "join to alias": select(other.name).select_from(sheet).join(other, other.id == sheet.folder_id),
        "of type": select(other.name).select_from(sheet).join(sheet.folder.of_type(other)),
        "lateral": select(lateral(select(folder.name.label("n")).where(folder.id == sheet.folder_id)).c.n).select_from(
            sheet
        ),
        "case": select(case((folder.id > 0, folder.name), else_="")),
        "concat": select(folder.name + ""),
        "aggregate": select(func.max(folder.name)).group_by(folder.id),
        "window": select(func.first_value(folder.name).over(partition_by=folder.id)),
        "distinct": select(folder.name).distinct(),
        "having": select(folder.name).group_by(folder.name).having(func.count(folder.id) > 0),
        "order by": select(folder.name).order_by(
            select(sheet.id).where(sheet.folder_id == folder.id).correlate(folder).scalar_subquery()
        ),
        "tuple": select(folder.name).where(tuple_(folder.id, folder.name).in_(select(folder.id, folder.name))),
        "literal with entity": select(literal(1), folder.name).with_only_columns(folder.name),
        "bind": select(folder.name).where(folder.id > bindparam("least", 0)),
        "filter_by": select(folder.name).filter_by(colour="red"),
        "or true": select(folder.name).where(literal(True) | (folder.id == 0)),
    }


WAYS = (
    "entity", "alias", "alias of subquery", "subquery", "cte", "cte columns", "recursive cte", "union in a subquery",
    "in", "scalar subquery", "join", "join by relation", "outer join", "join to alias", "of type", "lateral", "case",
    "concat", "aggregate", "window", "distinct", "having", "order by", "tuple", "literal with entity", "bind",
    "filter_by", "or true",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_asking_shows_a_hidden_row(lab, shelf, way, backend):
    if way == "lateral" and backend == "sqlite":
        pytest.skip("SQLite has no LATERAL")
    for login in ("root", "ann", "carl", "nobody", "dora"):
        with lab.being(login) as session:
            try:
                found = names(n for n in session.scalars(ways(lab)[way]) if n)
            except Unguarded:
                continue  # refused outright: nothing leaks
            assert found == EXPECTED[login], login


def probes(lab, target):
    """Conditions on sheets that ask about a folder that may be hidden; true only if it can be seen."""
    folder, sheet = lab.Folder, lab.Sheet
    other = aliased(folder)
    cte = select(folder.id.label("i")).where(folder.name.like("shelf%")).cte()
    return {
        "has": sheet.folder.has(folder.name.like("shelf%")),
        "has without condition": sheet.folder.has(),
        "exists": exists().where(folder.id == sheet.folder_id),
        "exists select": select(folder.id).where(folder.id == sheet.folder_id).exists(),
        "exists alias": exists(select(other.id).where(other.id == sheet.folder_id)),
        "in": sheet.folder_id.in_(select(folder.id)),
        "in alias": sheet.folder_id.in_(select(other.id)),
        "in cte": sheet.folder_id.in_(select(cte.c.i)),
        "in union": sheet.folder_id.in_(union_all(select(folder.id), select(folder.id).where(folder.id < 0))),
        "count": select(func.count(folder.id)).where(folder.id == sheet.folder_id).correlate(sheet).scalar_subquery()
        > 0,
        "scalar": select(folder.name)
        .where(folder.id == sheet.folder_id)
        .correlate(sheet)
        .scalar_subquery()
        .like("shelf%"),
        "nested": sheet.folder_id.in_(select(folder.id).where(folder.id.in_(select(other.id)))),
        "any of pairs": tuple_(sheet.folder_id, literal(1)).in_(select(folder.id, literal(1))),
    }


PROBES = (
    "has", "has without condition", "exists", "exists select", "exists alias", "in", "in alias", "in cte", "in union",
    "count", "scalar", "nested", "any of pairs",
)  # fmt: skip


@pytest.mark.parametrize("probe", PROBES)
def test_no_condition_on_visible_rows_probes_hidden_ones(lab, shelf, probe):
    _folders, sheets = shelf
    for login in ("root", "ann", "carl", "dora"):
        with lab.being(login) as session:
            asked = select(lab.Sheet.id).where(probes(lab, None)[probe])
            try:
                found = {i for i in session.scalars(asked) if i in sheets.values()}
            except Unguarded:
                continue
            assert found == {sheets[n.split()[1]] for n in EXPECTED[login]}, login


def test_the_ways_and_probes_that_people_use_are_not_simply_refused(lab, shelf):
    refused = []
    with lab.being("ann") as session:
        common = {name: statement for name, statement in ways(lab).items() if name != "window"}
        for name, statement in {
            **common,
            **{f"probe {n}": select(lab.Sheet.id).where(c) for n, c in probes(lab, None).items()},
        }.items():
            try:
                session.execute(statement.limit(0))
            except Unguarded:
                refused.append(name)
            except Exception:  # LATERAL on SQLite
                session.rollback()
    assert refused == []


@pytest.mark.parametrize(
    "how", ["lazy", "selectinload", "joinedload", "subqueryload", "immediateload", "contains_eager"]
)
def test_relations_never_load_a_hidden_target(lab, shelf, how):
    _folders, sheets = shelf
    option = {
        "selectinload": selectinload,
        "joinedload": joinedload,
        "subqueryload": subqueryload,
        "immediateload": immediateload,
    }
    for login in ("root", "ann", "carl", "root", "dora"):
        with lab.being(login) as session:
            asked = select(lab.Sheet).where(lab.Sheet.id.in_(list(sheets.values())))
            if how in option:
                asked = asked.options(option[how](lab.Sheet.folder))
            elif how == "contains_eager":
                asked = asked.outerjoin(lab.Sheet.folder).options(contains_eager(lab.Sheet.folder))
            found = session.scalars(asked).unique().all()
            assert len(found) == 3
            assert names(s.folder.name for s in found if s.folder) == EXPECTED[login], login


def test_two_steps_of_relations_do_not_lead_around_the_rule(lab, shelf):
    folders, _sheets = shelf
    child = lab.folder("child of bob's", "ann", parent_id=folders["bob"])
    with lab.being("ann") as session:
        loaded = session.scalars(
            select(lab.Folder).where(lab.Folder.id == child).options(joinedload(lab.Folder.parent))
        ).one()
        assert loaded.parent is None
        assert loaded.parent_id == folders["bob"]
    with lab.being("ann") as session:
        assert session.scalars(select(lab.Folder).where(lab.Folder.id == child)).one().parent is None
        drawers = session.scalars(select(lab.Drawer.name)).all()
        assert "drawer ann" in drawers
        assert "drawer bob" not in drawers


def test_get_and_refresh_ask_the_database_with_the_rule(lab, shelf):
    folders, _sheets = shelf
    with lab.being("ann") as session:
        assert session.get(lab.Folder, folders["ann"]).name == "shelf ann"
        assert session.get(lab.Folder, folders["bob"]) is None
        with pytest.raises(NotFound):
            session.get_one(lab.Folder, folders["bob"])
        assert session.query(lab.Folder).filter_by(id=folders["bob"]).first() is None
        with pytest.raises(Unguarded):
            session.query(lab.Folder).get(folders["bob"])
        planted = lab.Folder(id=folders["bob"])
        make_transient_to_detached(planted)
        session.add(planted)
        with pytest.raises(InvalidRequestError):
            session.refresh(planted)
        assert "secret_word" not in planted.__dict__
        session.expunge(planted)
        planted = lab.Folder(id=folders["bob"])
        make_transient_to_detached(planted)
        session.add(planted)
        with pytest.raises(InvalidRequestError):
            planted.name  # noqa: B018
    with lab.being("ann") as session:
        merged = lab.Folder(id=folders["bob"], name="mine now")
        with pytest.raises((ZhianError, IntegrityError)):
            session.merge(merged)
            session.flush()
        session.rollback()
    assert lab.row("folder", folders["bob"]).name == "shelf bob"


def test_an_expired_row_that_left_ones_scope_is_not_shown_again(lab):
    ident = lab.folder("leaving", "ann", secret_word="old")
    with lab.being("ann") as session:
        mine = session.get(lab.Folder, ident)
        session.commit()
        with system("somebody moves it") as other:
            moved = other.get(lab.Folder, ident)
            moved.keeper_id, moved.secret_word = lab.who.bob, "new"
        session.expire(mine)
        with pytest.raises(InvalidRequestError):
            _ = mine.secret_word
        session.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        lambda lab: update(lab.Folder).values(name="x"),
        lambda lab: delete(lab.Folder),
        lambda lab: insert(lab.Folder).values(name="x"),
        lambda lab: update(lab.Folder.__table__).values(name="x"),
        lambda lab: select(lab.Folder.__table__),
        lambda lab: select(lab.Folder.__table__.c.name),
        lambda lab: select(lab.Folder.__table__.alias("t")),
        lambda lab: text("SELECT name FROM lab_folder"),
        lambda lab: select(text("name FROM lab_folder")),
        lambda lab: select(lab.Folder).from_statement(text("SELECT * FROM lab_folder")),
        lambda lab: select(literal_column("name")).select_from(text("lab_folder")),
        lambda lab: union_all(select(lab.Folder.name), select(lab.Folder.name)),
        lambda lab: select(lab.Sheet.id, lab.Folder.__table__.c.name),
        lambda lab: select(lab.Sheet.id, lab.Folder.__table__.c.name).join(lab.Folder.__table__, literal(True)),
        lambda lab: select(lab.Sheet.id).where(lab.Sheet.folder_id.in_(select(lab.Folder.__table__.c.id))),
        lambda lab: select(lab.Sheet.id).where(exists().where(lab.Folder.__table__.c.id == lab.Sheet.folder_id)),
        lambda lab: select(lab.Sheet.id).where(lab.Sheet.folder_id.in_(select(lab.Folder.__table__.alias("a").c.id))),
        lambda lab: select(lab.Sheet.id).select_from(lab.Sheet).join(lab.Folder.__table__, text("1=1")),
        lambda lab: select(lab.Sheet.id, select(lab.Folder.__table__.c.name).limit(1).scalar_subquery()),
        lambda lab: select(lab.Sheet.id).where(text("EXISTS (SELECT 1 FROM lab_folder WHERE name = 'shelf bob')")),
        lambda lab: select(lab.Sheet.id, literal_column("(SELECT max(name) FROM lab_folder)")),
        lambda lab: select(lab.Sheet.id).order_by(text("(SELECT max(name) FROM lab_folder)")),
        lambda lab: select(lab.Sheet.id).prefix_with("DISTINCT"),
        lambda lab: select(lab.Sheet.id, select(lab.Folder.__table__.c.name).cte("c").c.name),
        lambda lab: select(func.lab_folder().table_valued("name")),
        lambda lab: select(lab.Sheet.id, select(func.count()).select_from(lab.Folder.__table__).scalar_subquery()),
        lambda lab: select(lab.Folder.id, select(func.count()).select_from(lab.Folder.__table__).scalar_subquery()),
        lambda lab: select(lab.Sheet.id).join(table("lab_folder", column("id")), literal(True)),
        lambda lab: select(lab.Sheet.id, table("lab_folder", column("name")).c.name),
    ],
)  # fmt: skip
def test_statements_that_would_escape_the_rules_are_refused(lab, shelf, statement):
    with lab.being("ann") as session:
        with pytest.raises(Unguarded):
            session.execute(statement(lab))
        session.rollback()
    with lab.being("ann") as session, pytest.raises(Unguarded):
        session.bulk_insert_mappings(lab.Folder, [{"name": "x"}])


def test_tables_that_are_no_records_are_closed_to_people(lab):
    from core.records.audit import AuditEntry

    with lab.being("root") as session, pytest.raises(Unguarded):
        session.scalars(select(AuditEntry)).all()


def test_elevated_forgets_what_it_loaded_also_through_relations_and_after_errors(lab, shelf):
    folders, sheets = shelf
    with lab.being("ann") as session:
        sheet = session.get(lab.Sheet, sheets["bob"])
        with elevated("derive something"):
            assert sheet.folder.name == "shelf bob"
            assert session.get(lab.Folder, folders["dora"]).name == "shelf dora"
        assert sheet.folder is None
        assert session.get(lab.Folder, folders["bob"]) is None
        assert names(session.scalars(select(lab.Folder.name))) == ["shelf ann"]
    with lab.being("ann") as session:
        sheet = session.get(lab.Sheet, sheets["bob"])
        with pytest.raises(ZeroDivisionError), elevated("fails"):
            assert sheet.folder.name
            session.get(lab.Folder, folders["dora"])
            1 / 0  # noqa: B018
        assert sheet.folder is None
        assert not [r for r in session.identity_map.values() if isinstance(r, lab.Folder)]
        assert names(session.scalars(select(lab.Folder.name))) == ["shelf ann"]
        with elevated("outer"), elevated("inner"):
            pass
        assert names(session.scalars(select(lab.Folder.name))) == ["shelf ann"]


def test_a_session_of_somebody_else_shares_nothing(lab, shelf):
    folders, _sheets = shelf
    with lab.being("root") as session:
        assert session.get(lab.Folder, folders["bob"]) is not None
        with acting_as(lab.principal("ann")) as inner:
            assert inner.get(lab.Folder, folders["bob"]) is None
        assert session.get(lab.Folder, folders["bob"]) is not None


def test_a_count_beside_other_rows_counts_only_what_is_visible(lab, shelf):
    with lab.being("ann") as session:
        inner = select(func.count(lab.Folder.id)).scalar_subquery()
        assert session.scalar(select(inner).select_from(lab.Sheet).limit(1)) == len(
            session.scalars(select(lab.Folder.id)).all()
        )


WRITES = {
    "attribute": lambda lab, r: setattr(r, "keeper_id", lab.who.bob),
    "relation": lambda lab, r: setattr(r, "keeper", lab.other),
    "none": lambda lab, r: setattr(r, "keeper_id", None),
    "relation none": lambda lab, r: setattr(r, "keeper", None),
    "global rule": lambda lab, r: setattr(r, "name", "forbidden"),
}


@pytest.mark.parametrize("how", list(WRITES))
def test_nobody_moves_a_row_out_of_their_scope(lab, how):
    from core.permissions.org import User

    ident = lab.folder("mine to keep", "ann")
    with lab.being("ann") as session:
        record = session.get(lab.Folder, ident)
        _ = record.keeper
        lab.other = session.get(User, lab.who.bob)
        with pytest.raises(Forbidden):
            WRITES[how](lab, record)
            session.flush()
        session.rollback()
    assert (lab.row("folder", ident).keeper_id, lab.row("folder", ident).name) == (lab.who.ann, "mine to keep")


def test_nobody_writes_or_deletes_what_they_do_not_see_or_makes_it_for_others(lab, shelf):
    folders, _sheets = shelf
    with lab.being("ann") as session:
        for values in (
            {"keeper_id": lab.who.bob},
            {"keeper_id": None},
            {"keeper_id": lab.who.ann, "name": "forbidden"},
        ):
            session.add(lab.Folder(**{"name": "made", **values}))
            with pytest.raises(Forbidden):
                session.flush()
            session.rollback()
    with lab.being("ann") as session:
        planted = lab.Folder(id=folders["bob"], version=1)
        make_transient_to_detached(planted)
        session.add(planted)
        planted.name = "taken over"
        with pytest.raises(Forbidden):
            session.flush()
        session.rollback()
    with lab.being("ann") as session:
        planted = lab.Folder(id=folders["bob"], version=1)
        make_transient_to_detached(planted)
        session.add(planted)
        session.delete(planted)
        with pytest.raises(Forbidden):
            session.flush()
        session.rollback()
    with lab.being("gus") as session:
        session.add(lab.Sheet(name="by a guest"))
        with pytest.raises(Forbidden):
            session.flush()
        session.rollback()
    row = lab.row("folder", folders["bob"])
    assert (row.name, row.version) == ("shelf bob", 1)


def test_stamps_cannot_be_used_to_leave_or_enter_a_scope(lab):
    ident = lab.folder("stamped", "ann")
    with lab.being("ann") as session:
        record = session.get(lab.Folder, ident)
        record.created_by_id = lab.who.bob
        record.keeper_id = lab.who.bob
        with pytest.raises(Forbidden):
            session.flush()
        session.rollback()
    assert lab.row("folder", ident).created_by_id is None


def test_system_is_audited_with_its_reason_and_its_rows_stay_there(lab):
    from core.records.audit import AuditEntry

    with lab.being("ann"):
        with system("count for a test") as session:
            session.add(lab.Folder(name="made by the system"))
        table = AuditEntry.__table__
        with db.engine.connect() as connection:
            rows = connection.execute(select(table).where(table.c.reason == "count for a test")).all()
        assert {r.action for r in rows} == {"create", "system"}
        assert all(r.actor == "system" for r in rows)


def test_nobody_writes_a_note_to_a_record_out_of_their_sight(lab, shelf):
    folders, _sheets = shelf
    ann = lab.client("ann")
    note = {"record_key": "lab.folder", "body": "hello"}
    mine = ann.post("core.note", {**note, "record_id": folders["ann"]})
    assert mine.status_code == 201
    hidden = ann.post("core.note", {**note, "record_id": folders["bob"]})
    absent = ann.post("core.note", {**note, "record_id": 88888888})
    assert hidden.status_code == absent.status_code == 422
    assert hidden.data == absent.data
    assert ann.post("core.note", {**note, "record_key": "no.such", "record_id": 1}).status_code == 422
    moved = ann.patch(f"core.note/{mine.json['id']}", {"record_id": folders["bob"]}, 1)
    assert moved.status_code == 422
    assert lab.client("bob").get(f"core.note/{mine.json['id']}").status_code == 404

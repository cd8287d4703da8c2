"""What people give each other for a time: shares of single records, and deputies. Enforced in SQL, over by itself."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.clock import now, standing_at, today
from core.db import acting_as, db, system, transaction
from core.errors import Forbidden, Invalid, NotFound
from core.permissions import deputies, explaining, sharing, unmasking
from core.permissions.model import Deputy, Share
from core.permissions.people import forget
from core.records import service
from core.records.audit import AuditEntry

TOMORROW = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def shelf(lab_app, staff):
    """Folders of ann, bob and dora, each with a drawer that follows it."""
    from tests.support.lab import Lab

    with lab_app.app_context():
        lab = Lab(lab_app, staff)
        made = {who: lab.folder(f"lent {who}", who, phone="13812345678") for who in ("ann", "bob", "dora")}
        drawers = {who: lab.make("drawer", name=f"lent {who}", folder_id=made[who]) for who in made}
        made["closed"] = lab.folder("forbidden", "ann")
        db.session.remove()
        return made, drawers


@pytest.fixture(autouse=True)
def nothing_lent(lab):
    """Each test begins and ends with nothing lent."""
    yield
    with system("nothing lent") as session:
        for model in (Share, Deputy):
            for row in session.scalars(select(model)):
                session.delete(row)
    forget()


def open_to(lab, giver, record, *, to=None, place=None, level="read", days=3):
    with acting_as(lab.principal(giver)), transaction():
        found = service.get(lab.Folder, record)
        user = getattr(lab.who, to) if to else None
        made = sharing.share(
            found, user_id=user, department_id=place, level=level, until=today() + dt.timedelta(days=days)
        )
    forget()
    return made.id


def seen(lab, login, model=None):
    model = model or lab.Folder
    with acting_as(lab.principal(login)) as session:
        found = session.scalars(select(model.name).where(model.name.startswith("lent ")))
        return sorted(name.removeprefix("lent ") for name in found)


def rename(lab, login, ident):
    with acting_as(lab.principal(login)) as session:
        try:
            service.update(service.get(lab.Folder, ident), {"colour": "blue"})
            return True
        except (Forbidden, NotFound):
            return False
        finally:
            session.rollback()


def test_a_share_opens_one_record_and_what_follows_it(lab, shelf):
    made, _drawers = shelf
    assert seen(lab, "dora") == ["dora"]
    open_to(lab, "ann", made["ann"], to="dora")
    assert seen(lab, "dora") == ["ann", "dora"]
    assert seen(lab, "dora", lab.Drawer) == ["ann", "dora"]
    assert not rename(lab, "dora", made["ann"])
    assert seen(lab, "gus") == []


def test_a_share_at_the_level_of_change_changes_and_nothing_else(lab, shelf):
    made, _drawers = shelf
    open_to(lab, "ann", made["ann"], to="dora", level="update")
    assert rename(lab, "dora", made["ann"])
    with acting_as(lab.principal("dora")), pytest.raises(Forbidden):
        service.delete(service.get(lab.Folder, made["ann"]))


def test_people_without_any_right_on_the_type_see_what_is_shared(lab, shelf):
    made, _drawers = shelf
    open_to(lab, "ann", made["ann"], to="nobody")
    assert seen(lab, "nobody") == ["ann"]
    assert lab.principal("nobody").can("lab.folder", "read")
    assert not lab.principal("nobody").can("lab.folder", "export")


def test_a_share_with_a_department_reaches_those_below_it(lab, shelf):
    from core.permissions.org import Department, User

    made, _drawers = shelf
    with system("a place below south") as session:
        below = Department(name="South cellar", parent_id=lab.who.south)
        session.add(below)
        session.flush()
        session.get_one(User, lab.who.nobody).department_id = below.id
    open_to(lab, "ann", made["ann"], place=lab.who.south)
    try:
        assert seen(lab, "dora") == ["ann", "dora"]
        assert seen(lab, "nobody") == ["ann"]
        assert seen(lab, "bob") == ["bob"]
    finally:
        with system("back") as session:
            session.get_one(User, lab.who.nobody).department_id = None


def test_a_share_ends_by_itself_and_by_hand(lab, shelf):
    made, _drawers = shelf
    ident = open_to(lab, "ann", made["ann"], to="dora", days=0)
    assert seen(lab, "dora") == ["ann", "dora"]
    known = lab.principal("dora")
    with standing_at(now() + TOMORROW):
        with acting_as(known) as session:  # even with the picture of yesterday
            assert session.scalars(select(lab.Folder.name).where(lab.Folder.id == made["ann"])).first() is None
        forget()
        assert seen(lab, "dora") == ["dora"]
        assert not lab.principal("dora").shared
    forget()
    with acting_as(lab.principal("ann")), transaction():
        sharing.end_share(service.get(lab.Folder, made["ann"]), ident)
    forget()
    assert seen(lab, "dora") == ["dora"]


def test_limits_on_all_rights_hold_for_what_is_shared(lab, shelf):
    made, _drawers = shelf
    with system("a share that nobody could give") as session:
        session.add(
            Share(record_key="lab.folder", record_id=made["closed"], user_id=lab.who.dora, ends_at=now() + TOMORROW)
        )
    forget()
    with acting_as(lab.principal("dora")), pytest.raises(NotFound):
        service.get(lab.Folder, made["closed"])


def test_nobody_shares_more_than_their_own_rights_reach(lab, shelf):
    made, _drawers = shelf
    with pytest.raises(NotFound):
        open_to(lab, "bob", made["ann"], to="dora")
    open_to(lab, "ann", made["ann"], to="dora", level="update")
    with pytest.raises(Forbidden):
        open_to(lab, "dora", made["ann"], to="bob")
    with pytest.raises(Forbidden), acting_as(lab.principal("dora")), transaction():
        own = db.session.scalars(select(Share)).first()
        sharing.end_share(service.get(lab.Folder, made["ann"]), own.id)
    assert seen(lab, "bob") == ["bob"]


@pytest.mark.parametrize(
    "change",
    [{"days": -1}, {"days": 400}, {"level": "delete"}, {"to": None}, {"to": "ann"}, {"to": "dora", "place": 1}],
)
def test_shares_that_make_no_sense_are_refused(lab, shelf, change):
    made, _drawers = shelf
    with pytest.raises((Invalid, NotFound)):
        open_to(lab, "ann", made["ann"], **({"to": "dora"} | change))


def test_a_share_through_a_key_needs_its_scope(lab, shelf):
    made, _drawers = shelf
    reader = lab.principal("ann").narrowed(frozenset({"lab.folder:read"}))
    with acting_as(reader):
        assert not sharing.may_share(service.get(lab.Folder, made["ann"]))
    open_to(lab, "ann", made["ann"], to="dora")
    key = lab.principal("dora").narrowed(frozenset({"lab.sheet:read"}))
    assert not key.can("lab.folder", "read")


def test_sharing_stands_in_the_log_and_the_receiver_is_told(lab, shelf):
    from core.records.notes import Notification

    made, _drawers = shelf
    open_to(lab, "ann", made["ann"], to="dora")
    with db.engine.connect() as connection:
        log = AuditEntry.__table__
        rows = connection.execute(select(log.c.action).where(log.c.record_id == made["ann"], log.c.actor == "Ann"))
        assert "opened this to %(who)s until %(day)s" in rows.scalars().all()
        mail = Notification.__table__
        told = connection.execute(select(mail.c.record_id).where(mail.c.user_id == lab.who.dora)).scalars().all()
    assert made["ann"] in told


def stand_in(lab, away, deputy, by=None, start=0, days=2):
    with acting_as(lab.principal(by or away)), transaction():
        first = today() + dt.timedelta(days=start)
        made = deputies.name_deputy(
            getattr(lab.who, away), getattr(lab.who, deputy), first, first + dt.timedelta(days=days)
        )
    forget()
    return made.id


def test_a_deputy_does_the_own_work_of_whoever_is_away(lab, shelf):
    made, _drawers = shelf
    stand_in(lab, "ann", "dora")
    assert seen(lab, "dora") == ["ann", "dora"]
    assert seen(lab, "dora", lab.Drawer) == ["ann", "dora"]
    assert rename(lab, "dora", made["ann"])
    assert lab.principal("dora").acting_ids == {lab.who.dora, lab.who.ann}
    with standing_at(now() + dt.timedelta(days=3)):
        forget()
        assert seen(lab, "dora") == ["dora"]
    forget()


def test_a_deputy_gets_no_wider_scope_and_no_administration(lab, shelf):
    stand_in(lab, "carl", "gus")
    assert seen(lab, "gus") == []
    stand_in(lab, "root", "gus")
    assert seen(lab, "gus") == []
    assert not lab.principal("gus").can("core.user", "update")
    assert not lab.principal("gus").can("core.api_key", "create")


def test_nobody_stands_in_by_way_of_another(lab, shelf):
    stand_in(lab, "ann", "bob")
    stand_in(lab, "bob", "dora")
    assert seen(lab, "dora") == ["bob", "dora"]


def test_what_a_deputy_does_is_logged_on_behalf_of_whom(lab, shelf):
    made, _drawers = shelf
    stand_in(lab, "ann", "dora")
    for ident in (made["ann"], made["dora"]):
        with acting_as(lab.principal("dora")), transaction():
            service.update(service.get(lab.Folder, ident), {"colour": "blue"})
    with db.engine.connect() as connection:
        log = AuditEntry.__table__
        rows = connection.execute(
            select(log.c.record_id, log.c.actor, log.c.actor_id, log.c.changes).where(
                log.c.action == "update", log.c.record_key == "lab.folder", log.c.actor_id == lab.who.dora
            )
        ).all()
    told = {row.record_id: (row.actor, row.changes.get("on_behalf_of")) for row in rows}
    assert told[made["ann"]] == ("Dora / Ann", lab.who.ann)
    assert told[made["dora"]] == ("Dora", None)
    with system("as before") as session:
        for ident in (made["ann"], made["dora"]):
            session.get_one(lab.Folder, ident).colour = "red"


def test_only_oneself_a_head_or_an_administrator_names_a_deputy(lab, shelf):
    from core.permissions.org import Department

    with pytest.raises(Forbidden):
        stand_in(lab, "ann", "dora", by="bob")
    stand_in(lab, "ann", "dora", by="root")
    with system("carl heads north") as session:
        session.get_one(Department, lab.who.north).head_id = lab.who.carl
    stand_in(lab, "bob", "dora", by="carl")
    with pytest.raises(Forbidden):
        stand_in(lab, "dora", "bob", by="carl")
    for start, days, deputy in ((0, -1, "dora"), (-9, 2, "dora"), (0, 400, "dora"), (0, 1, "ann")):
        with pytest.raises(Invalid):
            stand_in(lab, "ann", deputy, start=start, days=days)


def test_messages_about_records_also_reach_the_deputy(lab, shelf):
    from core import notify
    from core.records.notes import Notification

    made, _drawers = shelf
    stand_in(lab, "ann", "dora")
    with system("a message") as session:
        notify([lab.who.ann], "look", record=session.get_one(lab.Folder, made["ann"]), key="look-once")
        notify([lab.who.ann], "private")
    with db.engine.connect() as connection:
        mail = Notification.__table__
        told = connection.execute(select(mail.c.subject).where(mail.c.user_id == lab.who.dora)).scalars().all()
    assert [subject for subject in told if "look" in subject and "Ann" in subject]
    assert "private" not in told


def test_a_masked_value_is_shown_for_a_reason_and_kept_in_the_log(lab, shelf):
    from core.permissions.model import Right

    made, _drawers = shelf
    with acting_as(lab.principal("ann")), pytest.raises(Forbidden):
        unmasking.unmask(service.get(lab.Folder, made["ann"]), "phone", "to call")
    with system("a right") as session:
        right = service.create(
            Right, {"role": "clerk", "record": "lab.folder", "action": "unmask", "scope": "own", "effect": "add"}
        ).id
        session.flush()
    forget()
    with acting_as(lab.principal("ann")), transaction():
        folder = service.get(lab.Folder, made["ann"])
        with pytest.raises(Invalid):
            unmasking.unmask(folder, "phone", " ")
        with pytest.raises(NotFound):
            unmasking.unmask(folder, "secret_word", "curious")
        assert unmasking.unmask(folder, "phone", "to call him back") == "13812345678"
    with db.engine.connect() as connection:
        log = AuditEntry.__table__
        row = connection.execute(select(log).where(log.c.action == "unmask")).one()
    assert (row.actor_id, row.reason, row.changes["field"]) == (lab.who.ann, "to call him back", "phone")
    with system("as before") as session:
        session.delete(session.get_one(Right, right))
    forget()


WHO = ("ann", "bob", "carl", "dora", "gus", "nobody")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shares=st.lists(
        st.tuples(st.sampled_from(("ann", "bob", "dora")), st.sampled_from(WHO), st.sampled_from(("read", "update"))),
        max_size=4,
    ),
    away=st.lists(st.tuples(st.sampled_from(WHO), st.sampled_from(WHO)), max_size=3),
)
def test_lists_writes_and_explanations_agree_for_everybody(lab, shelf, shares, away):
    """The matrix: whatever is lent, seeing in a list, reading by id, changing, explaining and `who` say the same."""
    made, _drawers = shelf
    with system("lent") as session:
        for model in (Share, Deputy):
            for row in session.scalars(select(model)):
                session.delete(row)
        for owner, to, level in shares:
            session.add(
                Share(
                    record_key="lab.folder",
                    record_id=made[owner],
                    user_id=getattr(lab.who, to),
                    level=level,
                    ends_at=now() + TOMORROW,
                )
            )
        for absent, deputy in away:
            if absent != deputy:
                ids = (getattr(lab.who, absent), getattr(lab.who, deputy))
                session.add(Deputy(user_id=ids[0], deputy_id=ids[1], starts_on=today(), ends_on=today()))
    forget()
    owners = ("ann", "bob", "dora")
    expected = {(p, o, a): allowed(p, o, a, shares, away) for p, o, a in product(WHO, owners, ("read", "update"))}
    for person in WHO:
        assert seen(lab, person) == [o for o in owners if expected[person, o, "read"]]
    with acting_as(lab.principal("root")):
        for person, owner, action in expected:
            told = explaining.explain(lab.Folder, made[owner], lab.principal(person), action)
            assert told.allowed == expected[person, owner, action], (person, owner, action)
        for owner in owners:
            names = {s.person.login for s in explaining.seers(lab.Folder, made[owner])} & set(WHO)
            assert names == {p for p in WHO if expected[p, owner, "read"]}
    for person, owner in product(("bob", "dora", "gus"), owners):
        assert rename(lab, person, made[owner]) == expected[person, owner, "update"]


def allowed(person, owner, action, shares, away):
    """What should hold, told without SQL."""
    clerks = {"ann", "bob", "dora"}
    if person == "carl" and owner in ("ann", "bob"):
        return True
    if person in clerks and person == owner:
        return True
    if any(deputy == person and absent == owner and absent != deputy for absent, deputy in away):
        return True
    levels = ("read", "update") if action == "read" else ("update",)
    return any(o == owner and to == person and level in levels for o, to, level in shares)


def test_shares_by_the_api(lab, shelf):
    made, _drawers = shelf
    ann, dora = lab.client("ann"), lab.client("dora")
    place, day = f"lab.folder/{made['ann']}", (today() + TOMORROW).isoformat()
    assert dora.get(place).status_code == 404
    given = ann("POST", f"{place}/shares", {"user": lab.who.dora, "until": day, "note": "look"})
    assert given.status_code == 201, given.text
    forget()
    assert dora.get(place).status_code == 200
    assert dora.get(f"{place}/files").status_code == 200
    assert [s["user"]["label"] for s in ann.get(f"{place}/shares").json["data"]] == ["Dora"]
    assert dora("POST", f"{place}/shares", {"user": lab.who.bob, "until": day}).status_code == 403
    assert dora("DELETE", f"{place}/shares/{given.json['id']}").status_code == 403
    assert lab.client("bob").get(f"{place}/shares").status_code == 404
    for body in ({}, {"until": day}, {"user": "x", "until": day}, {"user": lab.who.dora, "until": "soon"}, {"odd": 1}):
        assert ann("POST", f"{place}/shares", body).status_code == 422, body
    assert lab.client("ann", "lab.folder:read")("POST", f"{place}/shares", {"user": 1, "until": day}).status_code == 403
    assert ann("DELETE", f"{place}/shares/{given.json['id']}").status_code == 204
    forget()
    assert dora.get(place).status_code == 404
    assert "/api/v1/lab.folder/{id}/shares" in ann.get("openapi.json").json["paths"]

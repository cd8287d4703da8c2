"""The index on both databases: kept with each write, made anew, found by those who may, the best first."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, func, select, update

from core import acting_as, bulk_create, create, db, load_principal, record_class, settle, system
from core.registry import registry
from core.search import finding, rebuilding
from core.search.model import SearchEntry, SearchWait
from core.search.sight import found_by, quick

CITIES = ("北京", "重庆", "深圳", "长沙", "西安")
SYLLABLES = "堃垚琥珀云岫山海青石长安乐清曾河"
ENTRIES = SearchEntry.__table__


def client_values(name: str, **more) -> dict:
    return {"name": name, "kind": "enterprise", **more}


@pytest.fixture(scope="module")
def made(app):
    """Clients with invented names, one with a past, and a case with goods and applicants."""
    chance = random.Random(8)
    client, case, user = record_class("clients.client"), record_class("cases.case"), record_class("core.user")
    with app.app_context():
        with system("clients to be found"):
            names = [f"{chance.choice(CITIES)}{''.join(chance.sample(SYLLABLES, 3))}科技有限公司" for _ in range(12)]
            ids = [create(client, client_values(name)).id for name in dict.fromkeys(names)]
            past = {"former_names": ["旧时月色有限公司"], "brands": ["暮雪"]}
            main = create(client, client_values("北京堃垚科技有限公司", **past)).id
            mark = {"case_type": "tm_application", "mark_name": "听泉", "client": main}
            mark |= {"goods": [{"class": "30", "items": ["茶饮料", "蜂蜜"]}], "applicants": [{"name": "桃源里合作社"}]}
            case_id = create(case, mark | {"application_number": "87654321"}).id
            person = user(login="seeker", name="寻", realm="staff")
            db.session.add(person)
            db.session.flush()
            db.session.add(record_class("core.user_role")(user_id=person.id, role="partner"))
            user_id = person.id
        yield SimpleNamespace(ids=ids, main=main, case=case_id, user=user_id)


def found(key: str, text: str, ask=found_by) -> set[int]:
    kind = registry().types[key]
    condition = ask(kind, text)
    if condition is None:
        return set()
    return set(db.session().connection().execute(select(kind.model.__table__.c.id).where(condition)).scalars())


def test_every_part_of_a_name_finds_just_the_records_that_hold_it(app, made):
    with app.app_context(), system("look"):
        table = record_class("clients.client").__table__
        names = dict(db.session().connection().execute(select(table.c.id, table.c.name)).all())
        parts = {
            name[a:b] for name in list(names.values())[:4] for a in range(len(name)) for b in (a + 2, a + 5, a + 9)
        }
        for part in sorted(part for part in parts if len(part) > 1):
            wanted = {ident for ident, name in names.items() if part in name}
            assert found("clients.client", part) == wanted, part
            assert found("clients.client", part, quick) == wanted, part


def test_records_are_found_by_what_belongs_to_them(app, made):
    with app.app_context(), system("look"):
        for text in ("bjky", "旧时月色", "暮雪", "jsys", "科技 堃垚", "kunyao"):
            assert made.main in found("clients.client", text), text
        for text in ("蜂蜜", "桃源里", "tyl", "87654321", "8765-4321", "4321", "听泉", "tingquan", "听泉 茶饮料"):
            assert made.case in found("cases.case", text), text
        for text in ("咖啡", "蜂蜜 咖啡", "99999", "%", "'", '"'):
            assert made.case not in found("cases.case", text), text
        case = record_class("cases.case")
        number = db.session.scalar(select(case.number).where(case.id == made.case))
        for text in (number, number.replace("-", ""), number.lower(), number[-5:]):
            assert made.case in found("cases.case", text), text


def test_each_write_is_found_at_once_and_nothing_stays_behind(app, made):
    client, goods = record_class("clients.client"), record_class("cases.goods")
    with app.app_context(), system("write") as session:
        one = create(client, client_values("初名有限公司"))
        assert found("clients.client", "初名") == {one.id}
        one.name = "次名有限公司"
        session.flush()
        assert (found("clients.client", "初名"), found("clients.client", "次名")) == (set(), {one.id})
        row = create(goods, {"case": made.case, "nice_class": "32", "items": ["苏打水"]})
        assert found("cases.case", "苏打水") == {made.case}
        session.delete(row)
        settle(session)
        assert found("cases.case", "苏打水") == set()
        ident = one.id
        session.delete(one)
        session.flush()
        rows = select(func.count()).where(ENTRIES.c.record_key == "clients.client", ENTRIES.c.record_id == ident)
        assert session.connection().execute(rows).scalar() == 0
        session.rollback()


def test_many_at_once_are_found_before_and_after_they_are_taken_in(app, made):
    client = record_class("clients.client")
    with app.app_context():
        with system("an import"):
            ids = bulk_create(client, [client_values(f"潮汐{n}号有限公司") for n in range(40)])
        waits = select(func.count()).select_from(SearchWait.__table__)
        with system("look"):
            assert db.session().connection().execute(waits).scalar() > 0
            assert found("clients.client", "潮汐") == set(ids)
            assert found("clients.client", "chaoxi") == set()
            assert {hit.id for hit in finding.find("潮汐39")[0].hits} == {ids[39]}
        rebuilding.catch_up()
        with system("look"):
            assert db.session().connection().execute(waits).scalar() == 0
            assert found("clients.client", "chaoxi") == set(ids)
            assert len(finding.find("潮汐", 5)[0].hits) == 5
            assert finding.find("潮汐", 5)[0].more
            pages = [finding.page_of(registry().types["clients.client"], "潮汐", n, 15) for n in (1, 2, 3)]
            assert [len(page.hits) for page in pages] == [15, 15, 10]
            assert [page.more for page in pages] == [True, True, False]


def test_a_rebuild_mends_what_a_statement_past_the_records_did(app, made):
    client = record_class("clients.client").__table__
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(update(client).where(client.c.id == made.ids[0]).values(name="改头换面公司"))
            connection.execute(delete(ENTRIES).where(ENTRIES.c.record_key == "cases.case"))
        with system("look"):
            assert found("clients.client", "改头换面") == set()
            assert any("cases.case" in fault for fault in rebuilding.faults())
        written = rebuilding.rebuild()
        assert written["clients.client"] == 1
        assert written["cases.case"] == 1
        assert sum(rebuilding.rebuild().values()) == 0
        assert list(rebuilding.faults()) == []
        with system("look"):
            assert found("clients.client", "改头换面") == {made.ids[0]}
            assert made.case in found("cases.case", "桃源里")


def test_exact_numbers_come_first_then_names_then_the_rest(app, made):
    case, client = record_class("cases.case"), record_class("clients.client")
    with app.app_context():
        with system("rank"):
            named = create(client, client_values("泉州听泉茶业有限公司")).id
            mark = {"case_type": "tm_application", "mark_name": "山居"}
            other = create(case, mark | {"goods": [{"class": "30", "items": ["听泉茶"]}]}).id
            longer = create(case, mark | {"client_reference": "876543219"}).id
        with acting_as(load_principal(made.user)):
            groups = {group.kind.key: group for group in finding.find("听泉")}
            assert [hit.id for hit in groups["cases.case"].hits] == [made.case, other]
            assert groups["cases.case"].hits[1].because
            assert named in [hit.id for hit in groups["clients.client"].hits]
            assert [hit.id for hit in finding.find("8765 4321")[0].hits][:2] == [made.case, longer]
            assert [hit.id for hit in finding.find("87654321")[0].hits][:2] == [made.case, longer]

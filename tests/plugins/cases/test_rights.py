"""Who sees and changes which cases: scopes of roles, parts, closed titles, and the pack of grants."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from core import Forbidden, Invalid, NotFound, create, db, dump, get, record_class, registry, system, update
from plugins.roles import role_codes

CASE, CLIENT = "cases.case", "clients.client"


@pytest.fixture(scope="module")
def docket(app, agency):
    """Cases of two departments and two branches; ids by name."""
    place = {"department": agency.trademarks, "client": agency.client}
    with app.app_context(), system("cases for a test") as session:
        made = {
            "mark": create(record_class(CASE), {"case_type": "tm_application", "mark_name": "云岫", **place}),
            "secret": create(
                record_class(CASE),
                {
                    "case_type": "invention",
                    "title": "秘密发明",
                    "department": agency.patents,
                    "agent": agency.patent_agent,
                },
            ),
            "public": create(
                record_class(CASE),
                {
                    "case_type": "invention",
                    "title": "公开发明",
                    "publication_date": "2020-01-01",
                    "department": agency.patents,
                },
            ),
        }
        branch = db.session.scalar(
            select(record_class("core.user").branch_id).where(record_class("core.user").id == agency.clerk)
        )
        for case in made.values():
            case.branch_id = branch
        made["mark"].agent_id = agency.agent
        create(record_class("cases.applicant"), {"case": made["mark"].id, "name": "云岫茶业"})
        session.flush()
        return {name: case.id for name, case in made.items()}


def seen(docket):
    ids = set(db.session.scalars(select(record_class(CASE).id)))
    return {name for name, ident in docket.items() if ident in ids}


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("administrator", {"mark", "secret", "public"}),
        ("partner", {"mark", "secret", "public"}),
        ("clerk", {"mark", "secret", "public"}),
        ("elsewhere", set()),
        ("agent", {"mark"}),
        ("other_agent", {"mark"}),
        ("patent_agent", {"secret"}),
        ("head", {"mark"}),
        ("patent_head", {"secret", "public"}),
        ("manager", {"mark"}),
        ("consultant", set()),
    ],
)
def test_each_role_sees_its_own_circle(acting, docket, login, expected):
    with acting(login):
        assert seen(docket) == expected


def test_a_colleague_reads_but_only_the_named_agent_changes(acting, docket):
    with acting("agent"):
        update(get(record_class(CASE), docket["mark"]), {"remarks": "已联系"})
    with pytest.raises(Forbidden), acting("other_agent"):
        update(get(record_class(CASE), docket["mark"]), {"remarks": "不该"})


def test_parts_follow_their_case(acting, docket):
    applicant = record_class("cases.applicant")
    for login, count in (("agent", 1), ("patent_agent", 0), ("elsewhere", 0)):
        with acting(login):
            found = db.session.scalars(select(applicant.id).where(applicant.case_id == docket["mark"])).all()
            assert len(found) == count, login


def test_an_agent_reads_the_clients_of_the_own_cases_alone(acting, agency, docket):
    with acting("agent"):
        assert get(record_class(CLIENT), agency.client).name == "杭州云岫茶业有限公司"
    with pytest.raises(NotFound), acting("patent_agent"):
        get(record_class(CLIENT), agency.client)


def test_titles_of_unpublished_inventions_stay_closed_for_finance(acting, docket):
    with acting("finance"):
        hidden = dump(get(record_class(CASE), docket["secret"]))
        open_ = dump(get(record_class(CASE), docket["public"]))
        assert "秘密发明" not in str(hidden)
        assert open_["title"] == "公开发明"
    with acting("patent_agent"):
        assert dump(get(record_class(CASE), docket["secret"]))["title"] == "秘密发明"


def test_a_hidden_title_cannot_be_searched_out(acting, docket):
    from core import Filter, Query, list_records

    with acting("finance"):
        for query in (
            Query(q="秘密", limit=10),
            Query(filters=(Filter("title", "contains", "秘密"),), limit=10),
            Query(filters=(Filter("name", "eq", "秘密发明"),), limit=10),
        ):
            try:
                rows = list_records(record_class(CASE), query).rows
            except Forbidden:
                continue
            assert docket["secret"] not in [row["id"] for row in rows]


def test_every_grant_names_a_known_role_and_action(app):
    roles = {*role_codes(), "administrator", "*"}
    standard = {"create", "read", "update", "delete", "export", "unmask"}
    for (role, record), grants in registry().access.grants.items():
        if not record.startswith(("cases.", "clients.")):
            continue
        assert role in roles
        for grant in grants:
            unknown = set(grant.actions) - standard - set(registry().actions.get(record, {}))
            assert not unknown, (role, record, unknown)


def test_files_of_unpublished_inventions_open_for_those_who_work_on_them_alone(acting, docket):
    import io

    from core import keep

    attachment = record_class("core.attachment")

    def files(login, case):
        with acting(login):
            statement = select(attachment.filename).where(attachment.record_id == docket[case])
            return db.session.scalars(statement).all()

    with acting("administrator"):
        for name in ("secret", "public"):
            sha256, size = keep(io.BytesIO(name.encode()), 1 << 20)
            values = {
                "record_key": CASE,
                "record_id": docket[name],
                "filename": f"{name}.pdf",
                "mime": "application/pdf",
            }
            create(attachment, values | {"sha256": sha256, "size": size}, allow=("sha256", "size", "mime"))
    assert files("patent_agent", "secret") == ["secret.pdf"]
    assert files("clerk", "secret") == ["secret.pdf"]
    assert files("finance", "secret") == []
    assert files("finance", "public") == ["public.pdf"]
    assert files("elsewhere", "public") == []


def test_a_department_head_sees_the_clients_of_the_department_s_cases(acting, agency):
    with system("a client of another department"):
        client = create(record_class("clients.client"), {"name": "外部门客户", "department": agency.patents}).id
        values = {"case_type": "tm_application", "mark_name": "跨部门", "client": client}
        case = create(record_class("cases.case"), values | {"department": agency.trademarks}).id
    with acting("head"):
        assert get(record_class("clients.client"), client).name == "外部门客户"
        assert dump(get(record_class("cases.case"), case))["client"]["label"] == "外部门客户"
    with acting("patent_head"), pytest.raises(NotFound):
        get(record_class("cases.case"), case)


def test_a_consultant_who_opens_an_invention_sees_a_word_in_place_of_its_title(acting, agency):
    with acting("consultant"):
        values = {"case_type": "invention", "title": "一种新茶杯"}
        shown = dump(create(record_class("cases.case"), values))
        assert "一种新茶杯" not in str(shown)
        marks = dump(create(record_class("cases.case"), {"case_type": "tm_application", "mark_name": "顾问立案"}))
        assert marks["name"] == "顾问立案"


def test_a_head_s_clients_are_found_without_reading_the_cases_themselves(context, backend):
    if backend != "sqlite":
        pytest.skip("the plan of SQLite")
    asked = "SELECT id FROM cases_case WHERE client_id = 1 AND (department_id IN (1) OR agent_id = 1)"
    with db.engine.connect() as connection:
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {asked}")).all()
    assert "COVERING INDEX ix_cases_case_client_work" in plan[0][-1]


def test_an_agent_named_for_a_client_takes_in_its_first_case(acting, agency):
    with system("a client without any case"):
        fresh = create(record_class(CLIENT), {"name": "全新的客户有限公司", "owner": agency.manager}).id
    given = {"case_type": "tm_application", "mark_name": "新芽", "client": fresh, "agent": agency.agent}
    with pytest.raises(Invalid), acting("agent"):
        create(record_class(CASE), given)
    with acting("manager"):
        update(get(record_class(CLIENT), fresh), {"trademark_agent": agency.agent})
    with acting("agent"):
        made = create(record_class(CASE), given)
        assert made.client_id == fresh
    with pytest.raises(NotFound), acting("other_agent"):
        get(record_class(CLIENT), fresh)

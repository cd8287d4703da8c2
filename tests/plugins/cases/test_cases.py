"""Cases in a real deployment: fields, numbers, parts, computed dates."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from core import Invalid, Query, create, db, get, list_records, record_class, registry, run_action, update
from plugins.cases import status

CASE = "cases.case"


def cases():
    return record_class(CASE)


def new_mark(agency, **values):
    given = {"case_type": "tm_application", "mark_name": "云岫 YUNXIU", "client": agency.client, "agent": agency.agent}
    return create(cases(), given | values)


def test_every_field_of_every_case_type_is_a_field_of_the_record(app):
    fields = registry().types[CASE].fields
    for model in status.all_models():
        named = {"version": "software_version"}
        assert [n for n in model.type_fields if named.get(n, n) not in fields] == []


def test_numbers_follow_the_rule_and_count_within_the_day(acting, agency):
    with acting("clerk"):
        first = new_mark(agency, opened_on="2024-05-20")
        second = new_mark(agency, opened_on="2024-05-20")
        patent = create(cases(), {"case_type": "invention", "title": "一种茶叶", "opened_on": "2024-05-20"})
        assert first.number == "TM20240520-001"
        assert second.number == "TM20240520-002"
        assert patent.number == "PI20240520-001"


def test_an_issued_number_never_changes(acting, agency):
    with acting("clerk"):
        case = new_mark(agency, opened_on="2024-06-01")
        number = case.number
        update(case, {"opened_on": "2025-01-01"})
        assert case.number == number


def test_the_renewal_reminder_stands_one_year_before_the_end(acting, agency):
    with acting("clerk"):
        case = new_mark(agency, registration_date="2025-03-10", status="registered")
        assert case.valid_from == date(2025, 3, 10)
        assert case.valid_to == date(2035, 3, 9)
        assert case.next_renewal_reminder == date(2034, 3, 9)


def test_applicants_and_goods_get_rows_and_follow_changes_on_both_sides(acting, agency):
    applicant, goods = record_class("cases.applicant"), record_class("cases.goods")
    with acting("clerk"):
        case = new_mark(
            agency,
            applicants=[{"name": "杭州云岫茶业有限公司", "client": agency.client}, "惠普发展公司,有限责任合伙企业"],
            goods=[{"class": 30, "items": ["茶", "茶饮料"]}],
            classes=["43"],
        )
        ident = case.id
    with acting("clerk"):
        of_case = select(applicant).where(applicant.case_id == ident)
        rows = db.session.scalars(of_case.order_by(applicant.position)).all()
        assert [(r.name, r.client_id) for r in rows] == [
            ("杭州云岫茶业有限公司", agency.client),
            ("惠普发展公司,有限责任合伙企业", None),
        ]
        case = get(cases(), ident)
        assert case.classes == ["30", "43"]
        assert case.goods == [{"class": 30, "items": ["茶", "茶饮料"]}, {"class": 43, "items": []}]
        create(applicant, {"case": ident, "position": 3, "name": "何清越"})
        row = db.session.scalars(select(goods).where(goods.case_id == ident, goods.nice_class == "43")).one()
        update(row, {"items": ["茶馆"]})
    with acting("clerk"):
        case = get(cases(), ident)
        assert [a["name"] for a in case.applicants][-1] == "何清越"
        assert case.goods[1] == {"class": 43, "items": ["茶馆"]}
        assert "何清越" in case.applicant_names
        update(case, {"applicants": ["何清越"]})
    with acting("clerk"):
        names = db.session.scalars(select(applicant.name).where(applicant.case_id == ident)).all()
        assert names == ["何清越"]


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"case_type": "invention", "application_number": "202410123456.1"}, "application_number", "check_digit"),
        ({"case_type": "invention", "application_number": "2.02E+12"}, "application_number", "ruined_number"),
        ({"case_type": "tm_application", "status": "granted"}, "status", "status"),
        ({"case_type": "tm_application", "right_kind": "design"}, "right_kind", "right_kind"),
        ({"case_type": "invention", "fee_reduction": 50}, "fee_reduction", "invalid"),
        ({"case_type": "tm_application", "goods": [{"class": 46}]}, "goods", "invalid"),
        ({"case_type": "nothing"}, "case_type", "choice"),
        ({"title": "ohne Typ"}, "case_type", "required"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(acting, values, field, code):
    with pytest.raises(Invalid) as refused, acting("clerk"):
        create(cases(), values)
    assert [(e.field, e.code) for e in refused.value.errors] == [(field, code)]


def test_numbers_are_stored_in_their_plain_form_by_jurisdiction(acting):
    with acting("clerk"):
        chinese = create(cases(), {"case_type": "invention", "title": "a", "application_number": "ZL 2017 1 0601862.3"})
        foreign = create(
            cases(),
            {"case_type": "tm_application", "mark_name": "b", "jurisdiction": "TW", "application_number": "113-012345"},
        )
        assert chinese.application_number == "201710601862.3"
        assert foreign.application_number == "113012345"


def test_a_case_may_lack_a_client_and_its_name_comes_from_its_type(acting):
    with acting("clerk"):
        software = create(cases(), {"case_type": "cr_software", "software_name": "知案", "software_version": "V1.0"})
        assert software.client_id is None
        assert software.title == "知案"
        assert software.right_kind == "copyright"


def test_the_field_called_class_keeps_its_name_outside(acting):
    with acting("clerk"):
        case = create(cases(), {"case_type": "tm_opposition", "opposed_mark": "云袖", "class": "30"})
        assert case.class_ == "30"


def test_the_number_of_a_client_finds_its_cases_also_after_a_correction(acting, agency):
    client = record_class("clients.client")
    with acting("clerk"):
        case = new_mark(agency, mark_name="随号而动")
        ident, number = case.id, get(client, agency.client).number
        assert case.client_number == number
    with acting("partner"):
        run_action(
            get(client, agency.client), "clients.client", "correct_number", {"number": "E-9999", "reason": "更正"}
        )
    with acting("clerk"):
        found = list_records(cases(), Query(q="E-9999", limit=50)).rows
        assert ident in [row["id"] for row in found]

"""Clients in a real deployment: numbers, tiers, corrections, names, masks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from core import (
    Filter,
    Forbidden,
    Invalid,
    Query,
    Refused,
    acting_as,
    create,
    dump,
    get,
    list_records,
    load_principal,
    record_class,
    run_action,
    system,
    transaction,
    update,
)
from plugins.clients import find_by_name, name_index

CLIENT = "clients.client"
PEOPLE = {
    "consultant": "consultant",
    "clerk": "process_clerk",
    "head": "dept_head",
    "second_head": "dept_head",
    "partner": "partner",
    "manager": "client_manager",
    "reviewer": "reviewer",
}


@pytest.fixture(scope="module")
def office(app):
    """Ids of people of one department, by login."""
    made = {}
    with app.app_context(), system("a test office") as session:
        branch = create(record_class("core.branch"), {"name": "杭州"})
        department = create(record_class("core.department"), {"name": "客户部", "branch": branch.id})
        for login, role in PEOPLE.items():
            place = {"department": department.id, "branch": branch.id}
            user = create(record_class("core.user"), {"login": login, "name": login, **place})
            create(record_class("core.user_role"), {"user": user.id, "role": role})
            made[login] = user.id
        session.flush()
    return SimpleNamespace(**made)


@pytest.fixture
def acting(context, office):
    """`with acting("head"):` as that person, committed."""
    from contextlib import contextmanager

    @contextmanager
    def act(login):
        with acting_as(load_principal(getattr(office, login))), transaction() as session:
            yield session

    return act


def new(**values):
    return create(record_class(CLIENT), {"name": "云岫茶业有限公司"} | values)


def test_numbers_are_made_of_kind_region_and_sequence(acting):
    with acting("head"):
        first = new(kind="enterprise", region="广东省深圳市南山区")
        second = new(kind="enterprise", region="4403")
        foreign = new(kind="foreign", region="德国")
        assert (first.number, second.number) == ("E-4403-0001", "E-4403-0002")
        assert foreign.number == "F-DE-0001"


def test_what_is_not_known_prints_as_x_and_zeros_and_stays_so(acting):
    with acting("head"):
        client = new()
        number = client.number
        assert number.startswith("X-0000-")
        update(client, {"kind": "university", "region": "420106"})
        assert client.number == number


def test_a_correction_needs_its_right_and_leaves_the_old_number_searchable(acting):
    with acting("head"):
        client = new(name="沪沅生物", kind="enterprise", region="3101")
        ident, old = client.id, client.number
    params = {"number": "KH-2019-001", "reason": "纸本档案号"}
    with pytest.raises(Forbidden), acting("head"):
        run_action(get(record_class(CLIENT), ident), CLIENT, "correct_number", params)
    with acting("partner"):
        run_action(get(record_class(CLIENT), ident), CLIENT, "correct_number", params)
    with acting("partner"):
        assert get(record_class(CLIENT), ident).number == "KH-2019-001"
        found = list_records(record_class(CLIENT), Query(q=old, limit=10)).rows
        assert [row["id"] for row in found] == [ident]
    with acting("partner"):
        other = new(name="另一家", kind="enterprise", region="3101").id
    taken = {"number": old, "reason": "占用旧号"}
    with pytest.raises(Invalid), acting("partner"):
        run_action(get(record_class(CLIENT), other), CLIENT, "correct_number", taken)


def test_every_name_finds_the_client(acting):
    with acting("partner"):
        client = new(name="屿灵传感技术有限公司", name_en="Yuling Sensing", former_names=["屿灵电子有限公司"])
        for name in ("屿灵传感技术有限责任公司", "YULING SENSING", "屿灵电子有限公司"):
            assert [c.id for c in find_by_name(name)] == [client.id]
        assert find_by_name("屿灵传感") == []
        index = name_index()
        assert index["屿灵电子有限公司"] == client.id


def test_a_wrong_credit_code_is_refused_in_words(acting):
    with pytest.raises(Invalid) as refused, acting("head"):
        new(uscc="9135O100M000100Y43")
    assert refused.value.errors[0].field == "uscc"
    assert "5" in str(refused.value.errors[0].message)


def test_tiers_are_given_by_those_who_may(acting, office):
    with pytest.raises(Invalid), acting("consultant"):
        new(tier="strategic")
    with acting("consultant"):
        ident = new(name="潜在", tier="potential", owner=office.consultant).id
    with pytest.raises(Refused), acting("consultant"):
        update(get(record_class(CLIENT), ident), {"tier": "strategic"})
    with acting("head"):
        run_action(get(record_class(CLIENT), ident), CLIENT, "change_tier", {"tier": "partner", "reason": "年度评估"})
        assert get(record_class(CLIENT), ident).tier == "partner"


def test_who_looks_after_a_client_does_not_rate_it(acting, office):
    with acting("second_head"):
        ident = new(name="自己的", owner=office.head).id
    with pytest.raises(Refused), acting("head"):
        run_action(get(record_class(CLIENT), ident), CLIENT, "change_tier", {"tier": "partner", "reason": "自评"})


def test_clients_move_to_another_consultant_in_bulk(acting, office):
    with acting("head"):
        clients = [new(name="甲", owner=office.consultant), new(name="乙", owner=office.consultant)]
        run_action(clients, CLIENT, "transfer_owner", {"owner": office.manager, "reason": "离职"})
        assert {client.owner_id for client in clients} == {office.manager}


def test_a_clerk_sees_a_masked_mobile_and_a_head_the_whole(acting):
    contact = record_class("clients.contact")
    with acting("head"):
        client = new(name="杭知味食品有限公司")
        ident = create(contact, {"client": client.id, "name": "陶静", "mobile": "13812345678"}).id
        assert dump(get(contact, ident))["mobile"] == "13812345678"
    with acting("clerk"):
        shown = dump(get(contact, ident))["mobile"]
        assert shown != "13812345678"
        assert shown.endswith("5678")


def test_contacts_follow_their_client(acting, office):
    contact = record_class("clients.contact")
    with acting("partner"):
        hidden = new(name="别人的客户", owner=office.partner)
        create(contact, {"client": hidden.id, "name": "无人可见"})
    with acting("consultant"):
        rows = list_records(contact, Query(filters=(Filter("name", "eq", "无人可见"),), limit=5)).rows
        assert rows == []


def test_a_number_of_unknown_parts_is_drawn_anew_once_they_are_known(acting):
    with acting("partner"):
        client = new(name="补录客户")
        old = client.number
        update(client, {"kind": "research_institute", "region": "310104"})
        run_action(client, CLIENT, "correct_number", {"reason": "补全类型与地区"})
        assert client.number == "R-3101-0001"
        assert client.former_numbers == [old]
        assert new(name="下一家", kind="research_institute", region="3101").number == "R-3101-0002"


def test_a_number_that_the_rule_will_give_is_not_given_by_hand(acting):
    with acting("partner"):
        ident = new(name="超前", kind="government", region="3301").id
    ahead = {"number": "G-3301-0002", "reason": "想要这个号"}
    with pytest.raises(Invalid) as refused, acting("partner"):
        run_action(get(record_class(CLIENT), ident), CLIENT, "correct_number", ahead)
    assert [e.code for e in refused.value.errors] == ["ahead"]
    with acting("partner"):
        assert new(name="后来", kind="government", region="3301").number == "G-3301-0002"

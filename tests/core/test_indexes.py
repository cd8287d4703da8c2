"""Indexes for search, scopes and default orders are there after an upgrade, once, and the planner can use them."""

from __future__ import annotations

from sqlalchemy import inspect, text

from core.db import db
from core.hooks.indexes import ensure_indexes
from core.registry import registry


def indexes(table):
    with db.engine.connect() as connection:
        return {row["name"] for row in inspect(connection).get_indexes(table)}


def test_an_upgraded_database_has_them_and_a_second_time_makes_none(context):
    with db.engine.begin() as connection:
        assert ensure_indexes(connection, registry()) == []

    assert "ix_clients_client_created_by_id_scope" in indexes("clients_client")
    assert "ix_clients_client_owner_id_scope" not in indexes("clients_client")
    assert "ix_core_user_name_order" in indexes("core_user")


def test_words_of_two_characters_are_served_on_postgresql(context, backend):
    if backend != "postgresql":
        assert not any(name.endswith("_bigram") for name in indexes("clients_client"))
        return
    query = "EXPLAIN SELECT id FROM clients_client WHERE zhian_bigrams(name) @> zhian_bigrams('电池')"
    with db.engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(connection.scalars(text(query)))
        pieces = connection.scalar(text("SELECT zhian_bigrams('Ab电池')"))
        short = connection.scalar(text("SELECT zhian_bigrams('A')"))

    assert "ix_clients_client_name_bigram" in plan
    assert sorted(pieces) == sorted(["ab", "b电", "电池"])
    assert short == []


def test_the_list_of_a_person_s_own_open_records_is_walked_in_its_order(context, backend):
    assert {"ix_cases_case_agent_id_mine", "ix_clients_client_owner_id_mine"} <= indexes("cases_case") | indexes(
        "clients_client"
    )
    if backend != "sqlite":
        return
    mine = "FROM cases_case WHERE agent_id = 1 AND branch_id = 1 AND closed_on IS NULL AND archived_at IS NULL"
    with db.engine.connect() as connection:
        page = connection.execute(
            text(f"EXPLAIN QUERY PLAN SELECT id {mine} ORDER BY opened_on DESC NULLS LAST, id DESC LIMIT 50")
        )
        plan = "\n".join(row[-1] for row in page)
        count = connection.execute(text(f"EXPLAIN QUERY PLAN SELECT count(*) {mine}")).all()[0][-1]
    assert "ix_cases_case_agent_id_mine" in plan
    assert "TEMP B-TREE" not in plan
    assert "COVERING INDEX ix_cases_case_agent_id_mine" in count

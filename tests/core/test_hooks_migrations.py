"""One history per plugin: the schema is what the records declare, a second upgrade changes nothing, states are told."""

from __future__ import annotations

import threading

from sqlalchemy import inspect

from core.db import db, write_intent
from core.hooks import migrations
from core.registry import registry


def test_the_migrations_make_exactly_what_the_records_declare(context, monkeypatch):
    monkeypatch.setattr(migrations, "_write", lambda *arguments: arguments[3].upgrade_ops.as_diffs())
    write_intent.set(False)
    differences = {
        name: migrations.revision(registry(), db.engine, name, "x") for name in migrations.histories(registry())
    }
    assert {name: found for name, found in differences.items() if found} == {}


def test_every_history_stands_at_its_head_with_a_version_table_of_its_own(context, settings):
    states = migrations.status(registry(), db.engine)
    assert [s.plugin for s in states if not s.ok] == []
    tables = set(inspect(db.engine).get_table_names())
    assert {f"alembic_version_{s.plugin}" for s in states} <= tables
    write_intent.set(True)
    assert migrations.upgrade(registry(), db.engine, settings) == []


def test_upgrades_of_two_processes_wait_for_each_other(context, settings):
    app, order = context, []

    def hold(name):
        with app.app_context(), migrations.upgrade_lock(db.engine, settings):
            order.append(f"{name} in")
            threading.Event().wait(0.3)
            order.append(f"{name} out")

    threads = [threading.Thread(target=hold, args=(n,)) for n in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert order[0][0] == order[1][0] != order[2][0] == order[3][0]


def test_tables_belong_to_the_plugin_that_declares_them(context):
    for kind in registry().types.values():
        assert migrations.owner_of(kind.model.__table__, registry()) == kind.plugin
        assert kind.model.__tablename__.startswith(f"{kind.plugin}_")

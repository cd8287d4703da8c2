"""Making a deployment ready: each step once, whole or not at all, again when its source changes."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.db import system
from core.permissions.org import Team
from core.registry import Demo, Seed, registry
from core.setup import database
from core.setup.people import create_user, ensure_administrator, first_administrator


def teams(prefix: str) -> list[str]:
    with system("look") as session:
        return sorted(session.scalars(select(Team.name).where(Team.name.startswith(prefix))))


@pytest.fixture
def only(context, monkeypatch):
    """Replaces seeds and demo chapters."""

    def replace(seeds=(), demos=()):
        monkeypatch.setattr(registry(), "seeds", list(seeds))
        monkeypatch.setattr(registry(), "demos", list(demos))

    return replace


def test_preparing_twice_changes_nothing_and_a_changed_seed_runs_again(app, settings, only, monkeypatch):
    runs = []
    only(seeds=[Seed("test.seed", lambda session: runs.append(1))])
    database.prepare(app, settings)
    database.prepare(app, settings)
    assert len(runs) == 1
    monkeypatch.setattr(database, "_source_state", lambda fn: "edited")
    database.prepare(app, settings)
    assert len(runs) == 2


def test_a_demo_chapter_that_breaks_leaves_nothing_and_the_next_start_goes_on_there(app, only):
    broken = {"yes": True}

    def first(session):
        session.add(Team(name="demo one"))

    def second(session):
        session.add(Team(name="demo two"))
        session.flush()
        if broken["yes"]:
            raise OSError("power cut")

    only(demos=[Demo(1, first), Demo(2, second)])
    with pytest.raises(OSError, match="power cut"):
        database.load_demo(app)
    assert teams("demo") == ["demo one"]
    broken["yes"] = False
    assert database.load_demo(app)
    assert teams("demo") == ["demo one", "demo two"]
    assert not database.load_demo(app)


def test_the_first_administrator_is_made_once_and_gets_a_password_later(context):
    made = ensure_administrator("chief")
    assert made.login == "chief"
    assert made.password_hash is None
    assert ensure_administrator("somebody else", "correct horse battery").login == "chief"
    assert first_administrator().password_hash.startswith("$argon2id$")
    create_user("later.admin", ["administrator"], None)
    assert first_administrator().login == "chief"

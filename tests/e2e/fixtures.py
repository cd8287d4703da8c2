"""Fixtures of the web tests, used by tests/core/test_web_*.py and tests/e2e."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.settings import DEFAULT_CONFIG, load_settings
from tests.e2e.desk import Visitor, fill, make_app


@pytest.fixture(scope="module")
def desk(scratch: Path, request: pytest.FixtureRequest) -> Iterator[SimpleNamespace]:
    """`app` and `ids` of a fresh deployment; on PostgreSQL where the test module says `BACKEND = "postgresql"`."""
    from core.db import db
    from tests.support.databases import _command, _url

    folder = Path(tempfile.mkdtemp(dir=scratch))
    settings = load_settings(DEFAULT_CONFIG, data=folder, testing=True, secret="s" * 40, plugins=("desk",))
    name = f"zhian_desk_{os.getpid()}"
    server = request.getfixturevalue("postgres") if getattr(request.module, "BACKEND", "") == "postgresql" else None
    if server:
        _command(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
        settings = replace(settings, database_url=_url(server, name))
    app = make_app(settings)
    yield SimpleNamespace(app=app, ids=fill(app))
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    if server:
        _command(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def visit(desk: SimpleNamespace) -> Callable[..., Visitor]:
    """Opens a browser of a person: `visit("ann")`, `visit()` for a stranger."""
    from core.web.shell import forget_counts

    forget_counts()
    return lambda login=None, **headers: Visitor(desk.app, login, **headers)

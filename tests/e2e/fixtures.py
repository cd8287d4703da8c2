"""Fixtures of the web tests, used by tests/core/test_web_*.py and tests/e2e."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.settings import DEFAULT_CONFIG, load_settings
from tests.e2e.desk import Visitor, fill, make_app


@pytest.fixture(scope="module")
def desk(scratch: Path) -> Iterator[SimpleNamespace]:
    """`app` and `ids` of a fresh deployment on SQLite."""
    from core.db import db

    settings = load_settings(
        DEFAULT_CONFIG, data=Path(tempfile.mkdtemp(dir=scratch)), testing=True, secret="s" * 40, plugins=("desk",)
    )
    app = make_app(settings)
    yield SimpleNamespace(app=app, ids=fill(app))
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def visit(desk: SimpleNamespace) -> Callable[..., Visitor]:
    """Opens a browser of a person: `visit("ann")`, `visit()` for a stranger."""
    from core.web.shell import forget_counts

    forget_counts()
    return lambda login=None, **headers: Visitor(desk.app, login, **headers)

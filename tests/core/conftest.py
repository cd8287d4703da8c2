"""A deployment with the small `lab` plugin and a handful of people, on both databases."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from core.settings import DEFAULT_CONFIG, Settings, load_settings
from tests.support.lab import LAB, Lab, lab_database, people


@pytest.fixture(scope="module")
def lab_settings(backend: str, request: pytest.FixtureRequest, scratch: Path) -> Iterator[Settings]:
    """Core and lab alone on a fresh database."""
    server = request.getfixturevalue("postgres") if backend == "postgresql" else None
    data = Path(tempfile.mkdtemp(dir=scratch))
    wanted = load_settings(DEFAULT_CONFIG, data=data, testing=True, secret="s" * 40, plugins=("lab",))
    with lab_database(wanted, server) as ready:
        yield ready


@pytest.fixture(scope="module")
def lab_app(lab_settings: Settings) -> Iterator[Flask]:
    """The app, with the API and without the web shell."""
    from core.api import init_api
    from core.app import create_app
    from core.db import db
    from core.permissions.people import forget

    forget()
    app = create_app(lab_settings, web=False, plugin_folder=LAB)
    init_api(app)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def staff(lab_app: Flask) -> SimpleNamespace:
    """The people, by login; see `people`."""
    with lab_app.app_context():
        return people()


@pytest.fixture
def lab(lab_app: Flask, staff: SimpleNamespace) -> Iterator[Lab]:
    """An app context, and who is who."""
    with lab_app.app_context():
        yield Lab(lab_app, staff)
        from core.db import db
        from core.permissions.principal import ANONYMOUS, set_principal

        db.session.rollback()
        db.session.remove()
        set_principal(ANONYMOUS)
        hooks = sys.modules["lab.hooks"]
        hooks.FAIL.clear()
        hooks.CALLS.clear()

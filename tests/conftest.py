"""Fixtures of all tests: a deployment on SQLite and on PostgreSQL, the private Valkey, a browser, a running server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from flask import Flask

from bootstrap.system import chromium
from core.i18n import set_locale
from core.settings import DEFAULT_CONFIG, ROOT, Settings, load_settings
from tests.support.hashes import quick_hashes, usual_hashes

__all__ = ["quick_hashes", "usual_hashes"]
SHARED = ROOT.parent / "shared"
"""Reference data that lies beside the project; tests that read it skip without it."""

for _name in ("DATABASE_URL", "REDIS_URL", "ZHIAN_DATA", "ZHIAN_CONFIG", "ZHIAN_SECRET", "ZHIAN_DEMO"):
    os.environ.pop(_name, None)  # a developer's own deployment is none of the tests' business
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):  # hundreds of processes would each compile everything anew
    sys.dont_write_bytecode = False
os.environ["ZHIAN_OUTGOING_ALLOW"] = "127.0.0.1,::1,localhost"  # the stand-ins of other companies' servers
_slow = [hypothesis.HealthCheck.too_slow]  # as machines are at times
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=_slow)
hypothesis.settings.load_profile("suite")


LONGEST = (
    "e2e/test_story.py",
    "core/test_conformance.py",
    "core/test_launcher_up.py",
    "security/test_every_record.py",
    "plugins/demo/test_story.py",
    "plugins/finance_bridge/test_sending.py",
    "core/test_plugin_lifecycle.py",
    "examples/test_examples.py",
    "security/test_matrix_routes.py",
    "security/test_api_fuzz.py",
    "core/test_docs.py",
    "core/test_combinations.py",
    "core/test_plugin_new.py",
    "core/test_faults.py",
    "plugins/cases/test_importing.py",
)
"""Modules that take longest, begun first: at the end of a run one of them would have a core for itself alone."""


def pytest_configure(config: pytest.Config) -> None:
    """The pytest plugin that Zhian offers, where Zhian runs from its source and is not installed."""
    from core.testing import plugin

    if not config.pluginmanager.is_registered(plugin):
        config.pluginmanager.register(plugin, "zhian")
    config.option.loadscopereorder = False  # the order is ours; that of xdist ends with few and long tests


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Benchmarks run only when asked for by path or mark; the longest modules come first."""
    asked = config.option.markexpr or any("bench" in argument for argument in config.args)
    left = [item for item in items if ("bench" in item.keywords and not asked) or _proven_on_sqlite(item)]
    config.hook.pytest_deselected(items=left)
    out = set(left)
    places = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST)}
    items[:] = sorted((i for i in items if i not in out), key=lambda item: places.get(item.path, len(places)))


def _proven_on_sqlite(item: pytest.Item) -> bool:
    """Whether this is the run on PostgreSQL of a test that does not depend on the database."""
    if item.get_closest_marker("one_database") is None:
        return False
    return getattr(item, "callspec").params.get("backend") == "postgresql"  # noqa: B009 - not declared by pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of reference data."""
    if not SHARED.is_dir():
        pytest.skip(f"the reference data are not here ({SHARED})")
    return SHARED / "data"


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder of this process, in memory where there is room."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30
    folder = Path(tempfile.mkdtemp(prefix="zhian-test-", dir=memory if roomy else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Path:
    """A folder that all processes of this run share; its name is the run's."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / f"run{testrun_uid[:12]}"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server on which databases may be made: `ZHIAN_TEST_PG`, or a private cluster."""
    from tests.support.postgres import Cluster

    if given := os.environ.get("ZHIAN_TEST_PG"):
        yield given
        return
    try:
        cluster = Cluster()
    except LookupError as problem:
        pytest.skip(str(problem))
    with cluster as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each test runs on both databases."""
    return request.param


@pytest.fixture(scope="module")
def settings(backend: str, request: pytest.FixtureRequest, scratch: Path, run_folder: Path) -> Iterator[Settings]:
    """A deployment with all bundled plugins on a fresh database, schema made by the migrations."""
    from tests.support.databases import fresh_database

    server = request.getfixturevalue("postgres") if backend == "postgresql" else None
    data = Path(tempfile.mkdtemp(dir=scratch))
    given = os.environ.get("ZHIAN_TEST_PLUGINS")
    chosen = None if given is None else tuple(name for name in given.split(",") if name)
    wanted = load_settings(DEFAULT_CONFIG, data=data, testing=True, secret="s" * 40, plugins=chosen)
    with fresh_database(wanted, server, run_folder) as ready:
        yield ready
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    """The app on that database. Tests of one module share it."""
    from core.app import create_app
    from core.db import db
    from core.permissions.people import forget

    forget()
    application = create_app(settings)
    yield application
    with application.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(autouse=True)
def _streams_end_at_once() -> None:
    """Test clients read whole answers; a stream of minutes would be waited for. Without the plugin there is none."""
    if live := sys.modules.get("plugins.inbox.live"):
        live.LIFE, live.BEAT = 0.2, 0.1  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _in_chinese() -> None:
    """Requests of a test client leave their language behind; each test begins in the default one."""
    set_locale(None)


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """An app context around one test; what it did not commit is rolled back."""
    with app.app_context():
        yield app


@pytest.fixture
def redis(settings: Settings) -> Iterator[str]:
    """The private Valkey of the deployment, running; its address."""
    from core.jobs import connection
    from core.jobs.embedded import Embedded, server_binary

    embedded = Embedded.of(settings.data)
    process = subprocess.Popen([server_binary(), str(embedded.prepare())])
    connection._resting_until = 0.0
    try:
        assert embedded.wait(10, lambda: process.poll() is None)
        yield embedded.url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    if chromium() is None:
        pytest.skip("Chromium is missing; `./zhian test` installs it")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=chromium(), args=flags)
        yield instance
        instance.close()


@pytest.fixture(scope="session")
def demo_site(scratch: Path) -> Iterator[str]:
    """Address of a running deployment with the demo agency; one per process of the run."""
    from tests.support.running import running

    with running(scratch / "demo", "--demo", seconds=180) as deployment:
        yield deployment.url

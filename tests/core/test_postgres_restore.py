"""What docs/postgresql.md says about a dump: it restores into a fresh database, which then serves as the first did."""

import os
import subprocess
from dataclasses import replace

import pytest
from sqlalchemy import text

from core import create, db, record_class, system
from core.app import create_app
from core.hooks.migrations import status
from tests.support.databases import _command, _url

NAME = f"zhian_restored_{os.getpid()}"


def test_a_dump_restores_into_a_fresh_database_with_schema_search_and_rows(app, settings, request, tmp_path):
    if "postgresql" not in settings.database:
        pytest.skip("dumps are a matter of PostgreSQL")
    server = request.getfixturevalue("postgres")
    with app.app_context(), system("a row to find again"):
        create(record_class("core.branch"), {"name": "恢复分所"})
        db.session.commit()
    plain = settings.database.replace("postgresql+psycopg://", "postgresql://")
    dump = tmp_path / "zhian.dump"
    _run("pg_dump", "--format=custom", f"--file={dump}", plain)
    _command(server, f"DROP DATABASE IF EXISTS {NAME}")
    _command(server, f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
    try:
        _run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={_url(server, NAME)}", str(dump))
        restored = create_app(replace(settings, database_url=_url(server, NAME)))
        with restored.app_context():
            assert all(state.ok for state in status(restored.extensions["zhian"], db.engine))
            with db.engine.connect() as connection:
                found = text("SELECT count(*) FROM core_branch WHERE zhian_bigrams(name) @> zhian_bigrams('恢复')")
                assert connection.execute(found).scalar() == 1
            assert restored.test_client().get("/healthz").json["schema"]["ok"]
            db.engine.dispose()
    finally:
        _command(server, f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

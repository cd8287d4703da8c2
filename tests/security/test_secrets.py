"""Stored secrets stand nowhere in the clear, and their key changes while everybody reads."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import os
import secrets
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest
import redis as redis_client
from cryptography.fernet import Fernet
from sqlalchemy import String, insert, inspect, select, text, type_coerce, update

from bootstrap.system import postgres_bin
from core import Unavailable
from core.clock import now
from core.db import db, system
from core.jobs.runs import enqueue
from core.messages.model import Mail
from core.permissions.org import User
from core.records import keys, rotation
from core.records import secrets as stored
from core.records.keys import ring
from core.registry import registry
from core.webhooks.model import Webhook, WebhookMessage

CANARIES = 40
VALUES, MANY = 1_000, int(os.environ.get("ZHIAN_TEST_SECRETS", "100000"))
"""Of every day, and of the long form."""
TABLE = Webhook.__table__


def owner():
    """Whose webhooks they are."""
    with system("a person for secrets") as session:
        found = session.scalars(select(User).where(User.login == "secrets")).first() or User(login="secrets", name="S")
        session.add(found)
        session.flush()
        return found.id


def seeded():
    """Forty secrets in every place that keeps them: each field of the kind, in turn."""
    planted = [f"canary-{n:02d}-{secrets.token_hex(12)}" for n in range(CANARIES)]
    person = owner()
    with system("canaries") as session:
        for n, canary in enumerate(planted[:20]):
            session.add(
                Webhook(name=f"hook {n}", url="https://x.example", user_id=person, records=[], kinds=[], secret=canary)
            )
        for n, canary in enumerate(planted[20:]):
            mail = Mail(recipient="a@b.c", subject=f"mail {n}", body="{hidden}", message_id=f"<{n}>", status="sent")
            mail.hidden_part = canary
            session.add(mail)
        session.flush()
        for hook in session.scalars(select(Webhook)):  # changed ones leave old and new values behind
            hook.secret, hook.old_secret, hook.old_until = hook.old_secret, hook.secret, now()
    return planted


def dump():
    """All rows of all tables, as they stand."""
    found = io.StringIO()
    with db.engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{name}"')).all()
            found.write("\n".join(map(repr, rows)))
    return found.getvalue()


def backup(app, folder):
    """What an administrator takes to another place: a copy of SQLite while it is in use, `pg_dump` of PostgreSQL."""
    settings = app.config["ZHIAN"]
    if settings.is_sqlite:
        with sqlite3.connect(settings.data / "zhian.db") as source, sqlite3.connect(folder / "copy.db") as target:
            source.backup(target)
        return (folder / "copy.db").read_bytes()
    program = Path(postgres_bin() or "/usr/bin") / "pg_dump"
    address = settings.database_url.replace("+psycopg", "")
    return subprocess.run([program, "--inserts", address], capture_output=True, check=True).stdout


def test_no_canary_is_found_in_dump_files_logs_or_queue(app, redis, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    with app.app_context():
        planted = seeded()
        with system("work that speaks of them") as session:
            enqueue(next(iter(registry().jobs)), key=None)
            assert {h.old_secret for h in session.scalars(select(Webhook))} >= set(planted[:20])
        places = {"dump": dump(), "logs": caplog.text, "backup": backup(app, tmp_path).decode("latin-1")}
    client = redis_client.Redis.from_url(redis)
    places["redis"] = repr([(k, client.dump(k)) for k in client.scan_iter()])
    files = [f for f in app.config["ZHIAN"].data.rglob("*") if f.is_file()]
    places["files"] = b"".join(f.read_bytes() for f in files).decode("latin-1")
    assert [(name, canary) for name, place in places.items() for canary in planted if canary in place] == []
    assert "hook 7" in places["dump"]
    assert "hook 7" in places["backup"]


def test_each_value_names_its_key_and_old_ones_still_open(app, monkeypatch):
    with app.app_context():
        first = stored.encrypt("甲")
        assert stored.key_id(first) == keys.own_key("s" * 40)[0]
        assert stored.decrypt(first) == "甲"
        assert stored.encrypt("甲") != first
        assert stored.decrypt(Fernet(_old_key()).encrypt(b"old").decode()) == "old"
        for broken in (first[:-4] + "AAAA", first.replace(".", "!"), "z1.00000000.AAAA", "nonsense"):
            with pytest.raises(Unavailable):
                stored.decrypt(broken)
        other = first.replace(stored.key_id(first), keys.make_key())
        with pytest.raises(Unavailable):
            stored.decrypt(other)


def _old_key():
    return base64.urlsafe_b64encode(hashlib.pbkdf2_hmac("sha256", b"s" * 40, b"zhian stored secrets", 100_000))


def test_a_changed_secret_of_the_deployment_opens_with_the_old_one_beside_it_and_is_wrapped_anew(app, monkeypatch):
    settings = app.config["ZHIAN"]
    with app.app_context():
        keys.make_key()
        kept = stored.encrypt("kept")
        monkeypatch.setitem(app.config, "SECRET_KEY", "n" * 40)
        app.extensions.pop("zhian.keys", None)
        with pytest.raises(Unavailable):
            stored.decrypt(kept)
        object.__setattr__(settings, "old_secrets", ("s" * 40,))
        try:
            app.extensions.pop("zhian.keys", None)
            assert stored.decrypt(kept) == "kept"
            keys.wrap_anew()
            object.__setattr__(settings, "old_secrets", ())
            app.extensions.pop("zhian.keys", None)
            assert stored.decrypt(kept) == "kept"
        finally:
            object.__setattr__(settings, "old_secrets", ("n" * 40,))
            monkeypatch.setitem(app.config, "SECRET_KEY", "s" * 40)
            keys.wrap_anew()
            object.__setattr__(settings, "old_secrets", ())
            app.extensions.pop("zhian.keys", None)


def many(number):
    """So many values, written fast."""
    at = now()
    same = {"user_id": owner(), "url": "x", "active": False, "records": [], "kinds": [], "version": 1}
    same |= {"created_at": at, "updated_at": at}
    rows = [same | {"name": f"n{n}", "secret": f"value {n}"} for n in range(number)]
    with db.engine.begin() as connection:
        for start in range(0, number, 5_000):
            connection.execute(insert(TABLE), rows[start : start + 5_000])


def test_the_key_changes_under_load_with_no_failed_read(app, monkeypatch):
    rotate_under_load(app, monkeypatch, VALUES)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_key_of_a_hundred_thousand_values_changes_with_no_failed_read(app, monkeypatch):
    rotate_under_load(app, monkeypatch, MANY)


def rotate_under_load(app, monkeypatch, number):
    """Readers and writers go on meanwhile; afterwards every value is under the new key and holds what it held."""
    failed, reads, stop, began = [], [], threading.Event(), time.monotonic()
    monkeypatch.setattr(rotation, "FRESH_SECONDS", 0.1)  # this process knows of the new key at once
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(WebhookMessage.__table__.delete())
            connection.execute(TABLE.delete())
        many(number)
        with db.engine.connect() as connection:
            first = connection.scalar(select(TABLE.c.id).order_by(TABLE.c.id).limit(1))

    def read():
        with app.app_context():
            while not stop.is_set():
                try:
                    ident = first + secrets.randbelow(number - 10)
                    with db.engine.connect() as connection:
                        rows = connection.execute(
                            select(TABLE.c.name, TABLE.c.secret).where(TABLE.c.id.between(ident, ident + 9))
                        )
                        reads.extend(name for name, value in rows if not value.startswith(("value ", "written ")))
                        reads.append(None)
                except Exception as fault:
                    failed.append(fault)

    def write():
        with app.app_context():
            while not stop.is_set():
                with db.engine.begin() as connection:
                    ident = first + secrets.randbelow(number)
                    connection.execute(update(TABLE).where(TABLE.c.id == ident).values(secret=f"written {ident}"))
                time.sleep(0.005)

    threads = [threading.Thread(target=one) for one in (read, read, write)]
    for one in threads:
        one.start()
    try:
        with app.app_context():
            outcome = rotation.rotate()
    finally:
        stop.set()
        for one in threads:
            one.join()
    took = time.monotonic() - began
    print(f"\n  {number} values under a new key in {took:.0f} s, {len(reads)} reads, {len(failed)} failed")
    assert failed == []
    assert len(reads) > 20
    assert [name for name in reads if name] == []
    with app.app_context():
        raw = type_coerce(TABLE.c.secret, String)
        with db.engine.connect() as connection:
            kept = connection.execute(select(raw, TABLE.c.name, TABLE.c.secret, TABLE.c.id)).all()
        assert {stored.key_id(stands) for stands, _name, _value, _ident in kept} == {outcome["key"]}
        assert all(value in (f"value {name[1:]}", f"written {ident}") for _stands, name, value, ident in kept)
        assert len(kept) == number
        assert ring().current == outcome["key"]
        with db.engine.begin() as connection:
            connection.execute(TABLE.delete())
        assert rotation.rotate(new_key=False)["key"] == outcome["key"]

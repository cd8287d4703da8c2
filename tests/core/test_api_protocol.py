"""The API as a protocol: problem+json for everything, keys, repeated requests, files, OpenAPI, health."""

from __future__ import annotations

import hashlib
import io
import logging
import multiprocessing
import os
import signal
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.api import idempotency
from core.api.keys import _table as keys_table
from core.api.keys import authenticate, forget_keys, issue_key
from core.api.model import IdempotentRequest
from core.clock import now
from core.db import db, system, write_intent
from core.errors import NotSignedIn, Refused
from core.permissions.org import ApiKey, User
from core.permissions.people import forget
from core.records.audit import AuditEntry
from tests.support.lab import Client


def raw(lab, method, path, **options):
    return lab.app.test_client().open(path, method=method, **options)


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def key(lab):
    return issue_key(lab.who.ann, ["*"], "protocol")


def test_everything_is_refused_without_a_valid_key(lab, key):
    wrong = [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {key}",
        f"Bearer {key}x",
        f"Bearer {key[:-1]}",
        "Bearer zk_000000000000_x",
        "Bearer zk__",
        "Bearer \u00e9",
    ]
    for path in (
        "/api/v1/lab.folder",
        "/api/v1/openapi.json",
        "/api/v1/nothing",
        "/api/v1/lab.folder/1/actions/paint",
        "/api/",
    ):
        assert raw(lab, "GET", path).status_code == 401
        for header in wrong:
            answer = raw(lab, "GET", path, headers={"Authorization": header})
            assert answer.status_code == 401, header
            assert answer.mimetype == "application/problem+json"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert raw(lab, "GET", "/api/v1/lab.folder", headers=bearer(key)).status_code == 200
    assert raw(lab, "GET", "/api/v1/lab.folder").status_code == 401


def test_only_the_hash_of_a_secret_is_kept_and_never_shown(lab, key):
    _mark, prefix, secret = key.split("_", 2)
    with db.engine.connect() as connection:
        row = connection.execute(select(keys_table).where(keys_table.c.prefix == prefix)).mappings().one()
    assert row["secret_hash"] == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(dict(row))
    answer = lab.client("root").get("core.api_key?limit=200")
    assert answer.status_code == 200
    assert "secret_hash" not in answer.text
    with db.engine.connect() as connection:
        assert secret not in str(connection.execute(select(AuditEntry.__table__)).all())


@pytest.mark.parametrize("stop", ["revoked", "expired", "archived", "disabled", "changed"])
def test_a_stopped_key_or_person_is_refused_within_a_second(lab, stop):
    with system("a person to stop") as session:
        user = User(login=f"stop {stop} {db.engine.dialect.name}", name="Stop", locale="en")
        session.add(user)
        session.flush()
        ident = user.id
    key = issue_key(ident, ["*"], stop)
    assert raw(lab, "GET", "/api/v1/core.branch", headers=bearer(key)).status_code == 200
    with system("stop") as session:
        found = session.scalars(select(ApiKey).where(ApiKey.user_id == ident)).one()
        if stop == "disabled":
            session.get(User, ident).active = False
        elif stop == "changed":
            found.secret_hash = "0" * 64
        else:
            setattr(found, {"revoked": "revoked_at", "expired": "expires_at", "archived": "archived_at"}[stop], now())
    time.sleep(0.95)
    assert raw(lab, "GET", "/api/v1/core.branch", headers=bearer(key)).status_code == 401


def test_use_of_a_key_is_noted_at_most_once_a_minute_and_never_waits_for_a_writer(lab, key):
    prefix = key.split("_", 2)[1]

    def used():
        with db.engine.connect() as connection:
            return connection.scalar(select(keys_table.c.last_used_at).where(keys_table.c.prefix == prefix))

    assert raw(lab, "GET", "/api/v1/lab.sheet", headers=bearer(key)).status_code == 200
    first = used()
    assert first is not None
    forget_keys()
    raw(lab, "GET", "/api/v1/lab.sheet", headers=bearer(key))
    assert used() == first
    other = issue_key(lab.who.ann, ["*"], "busy")
    token = write_intent.set(True)
    with db.engine.begin() as writer:
        write_intent.reset(token)
        writer.execute(update(keys_table).where(keys_table.c.prefix == other.split("_", 2)[1]).values(name="held"))
        started = time.monotonic()
        assert raw(lab, "GET", "/api/v1/lab.sheet", headers=bearer(other)).status_code == 200
        assert time.monotonic() - started < 2


def test_unknown_scopes_are_refused_when_a_key_is_made(lab):
    for scopes in (
        [],
        ["nonsense"],
        ["lab.folder"],
        ["lab.folder:fly"],
        ["nope.nope:read"],
        ["lab.folder:read", "x:y"],
    ):
        with pytest.raises(Refused):
            issue_key(lab.who.ann, scopes)
    assert issue_key(lab.who.ann, ["lab.folder:read", "lab.folder:paint", "lab.sheet:*"])
    with pytest.raises(NotSignedIn):
        authenticate("Bearer nonsense")


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/api/v1/nope.nope", {}, 404, "not_found"),
        ("GET", "/api/v2/lab.folder", {}, 404, "not_found"),
        ("GET", "/api/v1/lab.folder/1/nope", {}, 404, "not_found"),
        ("GET", "/api/", {}, 404, "not_found"),
        ("PUT", "/api/v1/lab.folder", {}, 405, "method"),
        ("DELETE", "/api/v1/lab.folder", {}, 405, "method"),
        ("POST", "/api/v1/lab.folder/1", {}, 405, "method"),
        ("GET", "/api/v1/lab.folder/1/actions/paint", {}, 405, "method"),
        ("POST", "/api/v1/openapi.json", {}, 405, "method"),
        ("POST", "/api/v1/lab.folder", {"data": b"{"}, 400, "json"),
        ("POST", "/api/v1/lab.folder", {"data": b""}, 400, "json"),
        ("POST", "/api/v1/lab.folder", {"data": b"[]"}, 400, "json"),
        ("POST", "/api/v1/lab.folder", {"data": b"\xff\xfe"}, 400, "json"),
        ("POST", "/api/v1/lab.folder", {"data": b"[" * 100_000}, 400, "json"),
        ("POST", "/api/v1/lab.folder", {"data": b'{"name": NaN}'}, 400, "json"),
        ("POST", "/api/v1/lab.folder", {"data": b"{}", "content_type": "text/plain"}, 415, "content_type"),
        (
            "POST",
            "/api/v1/lab.folder",
            {"data": {"name": "x"}, "content_type": "multipart/form-data"},
            415,
            "content_type",
        ),
        ("POST", "/api/v1/lab.folder", {"data": b" " * (9 * 1024 * 1024)}, 413, "too_large"),
        ("POST", "/api/v1/lab.folder", {"data": b"{}", "headers": {"Idempotency-Key": ""}}, 400, "idempotency_key"),
        (
            "POST",
            "/api/v1/lab.folder",
            {"data": b"{}", "headers": {"Idempotency-Key": "k" * 201}},
            400,
            "idempotency_key",
        ),
    ],
)
def test_every_refusal_is_problem_json(lab, key, method, path, options, status, code):
    options = {"content_type": "application/json", **options}
    options["headers"] = {**options.get("headers", {}), **bearer(key)}
    answer = raw(lab, method, path, **options)
    assert (answer.status_code, answer.json["code"], answer.json["status"]) == (status, code, status)
    assert answer.mimetype == "application/problem+json"
    assert answer.json["title"]
    assert answer.json["detail"]
    if status == 405:
        assert "GET" in answer.headers["Allow"] or "POST" in answer.headers["Allow"]


def test_a_fault_shows_an_incident_number_and_no_trace(lab, key, caplog):
    import lab.hooks as hooks

    hooks.FAIL["before_create"] = KeyError("a secret detail")
    with caplog.at_level(logging.ERROR):
        answer = raw(lab, "POST", "/api/v1/lab.folder", json={"name": "x", "keeper": lab.who.ann}, headers=bearer(key))
    assert answer.status_code == 500
    assert answer.json["code"] == "plugin_fault"
    assert answer.json["incident"] in caplog.text
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


def test_head_and_options_answer_without_a_body(lab, key):
    folder = lab.folder("head", "ann")
    answer = raw(lab, "HEAD", f"/api/v1/lab.folder/{folder}", headers=bearer(key))
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (200, b"", '"1"')
    answer = raw(lab, "OPTIONS", "/api/v1/lab.folder", headers=bearer(key))
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


def test_a_repeated_request_has_one_effect_and_one_answer(lab):
    ann, name = lab.client("ann"), "sent twice"
    first = ann.post("lab.folder", {"name": name, "keeper": lab.who.ann}, Idempotency_Key="k1")
    again = ann.post("lab.folder", {"name": name, "keeper": lab.who.ann}, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert (again.headers["Location"], again.headers["ETag"]) == (first.headers["Location"], '"1"')
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(ann.get(f"lab.folder?name={name}").json["data"]) == 1
    other = ann.post("lab.folder", {"name": "something else", "keeper": lab.who.ann}, Idempotency_Key="k1")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key")
    assert ann.patch(f"lab.folder/{first.json['id']}", {"name": "y"}, 1, Idempotency_Key="k1").status_code == 422
    bob = lab.client("bob").post("lab.folder", {"name": name, "keeper": lab.who.bob}, Idempotency_Key="k1")
    assert bob.status_code == 201
    assert bob.json["id"] != first.json["id"]


def test_a_refused_request_may_be_mended_under_the_same_key(lab):
    ann = lab.client("ann")
    assert ann.post("lab.folder", {"name": ""}, Idempotency_Key="k2").status_code == 422
    assert ann.post("lab.folder", {"name": "mended", "keeper": lab.who.ann}, Idempotency_Key="k2").status_code == 201


def test_a_hundred_parallel_requests_have_one_effect(lab):
    key, statuses, bodies = issue_key(lab.who.ann, ["*"], "parallel"), [], set()
    lock = threading.Lock()

    def send():
        with lab.app.app_context():
            answer = Client(lab.app, key, {}).post(
                "lab.folder", {"name": "one of a hundred", "keeper": lab.who.ann}, Idempotency_Key="k100"
            )
            with lock:
                statuses.append(answer.status_code)
                bodies.add(answer.data if answer.status_code == 201 else b"")

    threads = [threading.Thread(target=send) for _n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(statuses) == 100
    assert set(statuses) <= {201, 409, 503}
    assert 201 in statuses
    assert len(bodies - {b""}) == 1
    assert len(lab.client("ann").get("lab.folder?name=one of a hundred").json["data"]) == 1


def test_the_lease_of_a_running_request_answers_409_until_it_runs_out_and_cannot_commit_afterwards(lab, monkeypatch):
    lease = idempotency.begin(lab.who.ann, "k3", "mark")
    with pytest.raises(Exception, match="Idempotency-Key"):
        idempotency.begin(lab.who.ann, "k3", "mark")
    monkeypatch.setattr(idempotency, "now", lambda: now() + timedelta(seconds=60))
    second = idempotency.begin(lab.who.ann, "k3", "mark")
    assert isinstance(second, idempotency.Lease)
    stored = idempotency.Stored(201, {}, b"x")
    token = write_intent.set(True)
    with db.engine.begin() as connection:
        write_intent.reset(token)
        with pytest.raises(Exception, match="Idempotency-Key"):
            lease.finish(connection, stored)
        second.finish(connection, stored)
    assert idempotency.begin(lab.who.ann, "k3", "mark") == stored
    second.release()
    assert idempotency.begin(lab.who.ann, "k3", "mark") == stored


def _killed(app, who, key):
    """In a process of its own: the request is killed after its work and before its commit."""
    with app.app_context():
        db.engine.dispose(close=False)
        import lab.hooks as hooks

        hooks.after_create.__globals__["_hook"] = lambda *_args: os.kill(os.getpid(), signal.SIGKILL)
        Client(app, key, {}).post("lab.folder", {"name": "killed", "keeper": who}, Idempotency_Key="k9")


def test_after_a_kill_the_request_can_be_sent_again_and_has_one_effect(lab, monkeypatch):
    key = issue_key(lab.who.ann, ["*"], "kill")
    child = multiprocessing.get_context("fork").Process(target=_killed, args=(lab.app, lab.who.ann, key))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    client, body = Client(lab.app, key, {}), {"name": "killed", "keeper": lab.who.ann}
    assert client.post("lab.folder", body, Idempotency_Key="k9").status_code == 409
    assert client.get("lab.folder?name=killed").json["data"] == []
    monkeypatch.setattr(idempotency, "now", lambda: now() + timedelta(seconds=60))
    assert client.post("lab.folder", body, Idempotency_Key="k9").status_code == 201
    assert client.post("lab.folder", body, Idempotency_Key="k9").status_code == 201
    assert len(client.get("lab.folder?name=killed").json["data"]) == 1


def test_old_answers_are_swept(lab, monkeypatch):
    ann = lab.client("ann")
    ann.post("lab.folder", {"name": "old", "keeper": lab.who.ann}, Idempotency_Key="old")
    monkeypatch.setattr(idempotency, "_swept", 0.0)
    monkeypatch.setattr(idempotency, "now", lambda: now() + timedelta(days=8))
    ann.post("lab.folder", {"name": "new", "keeper": lab.who.ann}, Idempotency_Key="new")
    with db.engine.connect() as connection:
        table = IdempotentRequest.__table__
        assert connection.scalar(select(func.count()).select_from(table).where(table.c.key == "old")) == 0


def test_what_the_api_does_is_audited_with_its_origin(lab):
    made = lab.client("ann").post("lab.folder", {"name": "audited", "keeper": lab.who.ann})
    with db.engine.connect() as connection:
        table = AuditEntry.__table__
        asked = select(table).where(table.c.record_key == "lab.folder", table.c.record_id == made.json["id"])
        row = connection.execute(asked).one()
    assert (row.action, row.actor_id, row.actor, row.via, row.ip) == ("create", lab.who.ann, "Ann", "api", "127.0.0.1")
    assert row.request_id
    assert row.changes["name"] == [None, "audited"]


def test_files_follow_the_rights_of_their_record_and_are_never_overwritten(lab, key):
    mine, other = lab.folder("with files", "ann"), lab.folder("files of bob", "bob")

    def upload(folder, content, name="图.txt", **more):
        data = {"file": (io.BytesIO(content), name)}
        return raw(lab, "POST", f"/api/v1/lab.folder/{folder}/files", data=data, headers={**bearer(key), **more})

    first = upload(mine, b"one")
    assert first.status_code == 201
    assert (first.json["filename"], first.json["size"], first.json["revision"]) == ("图.txt", 3, 1)
    second = upload(mine, b"two")
    assert second.json["revision"] == 2
    got = raw(lab, "GET", first.headers["Location"], headers=bearer(key))
    assert (got.data, got.status_code) == (b"one", 200)
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert raw(lab, "GET", second.headers["Location"], headers=bearer(key)).data == b"two"
    listed = raw(lab, "GET", f"/api/v1/lab.folder/{mine}/files", headers=bearer(key)).json["data"]
    assert [f["id"] for f in listed] == [second.json["id"], first.json["id"]]
    assert upload(other, b"x").status_code == 404
    bob = bearer(issue_key(lab.who.bob, ["*"]))
    assert raw(lab, "GET", first.headers["Location"], headers=bob).status_code == 404
    moved = first.headers["Location"].replace(f"/{mine}/", f"/{other}/")
    assert raw(lab, "GET", moved, headers=bob).status_code == 404
    assert upload(mine, b"x", "../../etc/passwd").json["filename"] == "passwd"
    assert (
        raw(
            lab, "POST", f"/api/v1/lab.folder/{mine}/files", data={"x": (io.BytesIO(b"y"), "y")}, headers=bearer(key)
        ).status_code
        == 400
    )
    plain = raw(lab, "POST", f"/api/v1/lab.folder/{mine}/files?filename=a.bin", data=b"abc", headers=bearer(key))
    assert (plain.status_code, plain.json["sha256"]) == (201, hashlib.sha256(b"abc").hexdigest())
    reader = bearer(issue_key(lab.who.ann, ["lab.folder:read"]))
    assert raw(lab, "POST", f"/api/v1/lab.folder/{mine}/files?filename=a", data=b"a", headers=reader).status_code == 403


def test_openapi_describes_exactly_what_is_enabled_and_is_valid(lab):
    from openapi_spec_validator import validate

    document = lab.client("ann").get("openapi.json").json
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/lab.folder/{id}/actions/paint" in document["paths"]
    assert "/api/v1/lab.folder/actions/sum" in document["paths"]
    assert not any("cases.case" in path for path in document["paths"])
    folder = document["components"]["schemas"]["lab.folder"]["properties"]
    assert folder["colour"]["enum"] == ["red", "blue"]
    assert folder["keeper"]["x-record"] == "core.user"
    assert "hidden_note" not in folder
    assert document["components"]["schemas"]["lab.folder.create"]["required"] == ["name"]
    named = {p.get("name") for p in document["paths"]["/api/v1/lab.folder"]["get"]["parameters"]}
    assert {"name__contains", "opened__gte", "colour__in", "sort"} <= named


def test_health_tells_its_parts_and_is_503_when_the_schema_is_behind(lab, monkeypatch):
    from core.api import health
    from core.hooks import migrations
    from core.hooks.migrations import State

    answer = raw(lab, "GET", "/healthz")
    assert answer.status_code == 200
    assert answer.json["database"] == {"ok": True, "kind": db.engine.dialect.name}
    assert answer.json["schema"] == {"ok": True, "behind": []}
    assert {"queue", "scheduler", "version", "status"} <= set(answer.json)
    monkeypatch.setattr(health, "_schema", {})
    monkeypatch.setattr(migrations, "status", lambda *_: [State("lab", None, "lab_0001")])
    behind = raw(lab, "GET", "/healthz")
    assert (behind.status_code, behind.json["status"], behind.json["schema"]["behind"]) == (503, "down", ["lab"])
    monkeypatch.setattr(health, "_schema", {})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_health_refuses_other_methods_in_json(lab, method):
    answer = raw(lab, method, "/healthz")
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
    assert {"GET", "HEAD"} <= {name.strip() for name in answer.headers["Allow"].split(",")}
    assert answer.json["status"] == 405


def test_an_empty_file_is_refused_with_a_word(lab, key):
    folder = lab.folder("with an empty file", "ann")
    files = {"file": (io.BytesIO(b""), "nothing.pdf")}
    answer = raw(lab, "POST", f"/api/v1/lab.folder/{folder}/files", data=files, headers=bearer(key))
    assert answer.status_code == 422
    assert answer.json["errors"][0]["code"] == "empty"


def test_a_database_that_is_gone_is_503_with_retry_after(lab, key, monkeypatch):
    from sqlalchemy import exc

    authenticate(f"Bearer {key}")

    class Gone(Exception):
        sqlstate = "57P01"

    def lost(*_args, **_options):
        raise exc.OperationalError("SELECT", {}, Gone("terminating connection"), connection_invalidated=True)

    import core.records.query as query

    monkeypatch.setattr(query, "run", lost)
    answer = raw(lab, "GET", "/api/v1/lab.folder", headers=bearer(key))
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", "1")
    forget()

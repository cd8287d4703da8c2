"""What the audit log holds and who reads it: refusals without a flood, files that leave, keys, pages, exports."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import delete, func, select

from core import create
from core.api.keys import issue_key
from core.audit import export, folding, search, verify, words
from core.audit.own import EXPORT
from core.audit.search import Wanted
from core.db import acting_as, db, system, transaction
from core.jobs import runs
from core.permissions.org import User, UserRole
from core.permissions.passwords import hash_password
from core.permissions.people import forget, load_principal
from core.records.audit import AuditEntry, entry
from tests.security.offices import PASSWORD, Browser

LOG = AuditEntry.__table__


@pytest.fixture(scope="module")
def people(app):
    if "clients.client" not in app.extensions["zhian"].types:
        pytest.skip("this deployment has no clients")
    roles = {"auditor": "audit_admin", "chief": "administrator", "officer": "system_admin", "helper": "consultant"}
    with app.app_context(), system("people for the log") as session:
        found = {}
        for login, role in roles.items():
            user = User(login=f"log {login}", name=login.title(), password_hash=hash_password(PASSWORD))
            session.add(user)
            session.flush()
            session.add(UserRole(user_id=user.id, role=role))
            found[login] = user.id
    forget()
    return found


@pytest.fixture(scope="module")
def browsers(app, people):
    return {login: Browser(app, f"log {login}") for login in people}


@pytest.fixture(scope="module")
def client(app, people):
    """A client that the consultant may not see, with a field that some rule masks."""
    with app.app_context(), acting_as(load_principal(people["chief"])), transaction():
        model = app.extensions["zhian"].types["clients.client"].model
        given = {"name": "=cmd|某某有限公司", "kind": "enterprise", "credit_limit": "88888.00"}
        return create(model, given | {"owner": people["chief"]}).id


def rows(app, **wanted):
    with app.app_context(), db.engine.connect() as connection:
        asked = select(LOG).where(*(LOG.c[name] == value for name, value in wanted.items())).order_by(LOG.c.id)
        return connection.execute(asked).all()


@pytest.fixture
def fresh(app):
    """No happening is folded yet."""
    folding._folds.clear()
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(delete(LOG).where(LOG.c.action == "refused"))


def test_refused_access_is_logged_on_page_and_api_whether_the_thing_exists_or_not(app, people, browsers, client, fresh):
    helper = browsers["helper"]
    key = issue_key_of(app, people["helper"])
    headers = {"Authorization": f"Bearer {key}"}
    api = app.test_client()
    hidden = [helper.get(f"/r/clients.client/{client}"), api.get(f"/api/v1/clients.client/{client}", headers=headers)]
    absent = [helper.get("/r/clients.client/999999"), api.get("/api/v1/clients.client/999999", headers=headers)]
    forbidden = [helper.get("/settings/audit"), api.post("/api/v1/core.user", json={}, headers=headers)]
    assert [a.status_code for a in (*hidden, *absent, *forbidden)] == [404, 404, 404, 404, 403, 403]
    assert hidden[1].json == absent[1].json
    found = rows(app, action="refused")
    assert {r.actor_id for r in found} == {people["helper"]}
    told = [(r.via, r.changes["status"], r.record_id, r.changes.get("exists"), bool(r.key_id)) for r in found]
    assert ("web", 404, client, True, False) in told
    assert ("api", 404, client, True, True) in told
    assert ("web", 403, None, None, False) in told
    assert all(r.ip == "127.0.0.1" and r.request_id and r.mark for r in found)
    assert key.split("_")[1] in {r.key_id for r in found}


def issue_key_of(app, person):
    with app.app_context():
        return issue_key(person, ["*"])


def test_a_flood_of_refusals_is_a_handful_of_rows_with_counts(app, browsers, client, fresh):
    helper = browsers["helper"]
    for number in range(60):
        assert helper.get(f"/r/clients.client/{number + 5000}").status_code == 404
    for _n in range(20):
        assert (
            app.test_client().get("/api/v1/clients.client", headers={"Authorization": "Bearer zk_no_no"}).status_code
            == 401
        )
    assert len(rows(app, action="refused")) == 2
    with app.app_context():
        assert folding.close_folds() == 2
    counts = [r.changes.get("repeated") for r in rows(app, action="refused")]
    assert counts == [None, None, 59, 19]


def test_however_many_doors_are_tried_the_log_stays_small(app, fresh, monkeypatch):
    monkeypatch.setattr(folding, "MOST", 5)
    with app.app_context():
        for number in range(60):
            folding.note_folded(("door", number), entry("refused", changes={"path": f"/{number}"}))
        folding.close_folds()
    assert len(rows(app, action="refused")) <= 7


def test_a_program_leaves_the_id_of_its_key_with_what_it_writes(app, people):
    key = issue_key_of(app, people["chief"])
    made = app.test_client().post(
        "/api/v1/core.branch", json={"name": "by key"}, headers={"Authorization": f"Bearer {key}"}
    )
    [row] = rows(app, record_key="core.branch", record_id=made.json["id"], action="create")
    assert (row.via, row.key_id, row.actor_id) == ("api", key.split("_")[1], people["chief"])
    assert key.split("_", 2)[2] not in str(row)


def test_files_that_leave_are_logged_once(app, browsers, client, monkeypatch):
    chief = browsers["chief"]
    before = len(rows(app, action="export"))
    assert chief.get("/export/clients.client").status_code == 200
    assert len(rows(app, action="export")) == before + 1
    assert rows(app, action="download") == []
    form = chief.get("/import/clients.client")
    assert form.status_code == 200
    monkeypatch.setitem(app.view_functions, "web.styleguide", lambda: (b"x", 200, {
        "Content-Type": "application/pdf", "Content-Disposition": 'attachment; filename="x.pdf"'}))  # fmt: skip
    assert chief.get("/styleguide").status_code == 200
    [row] = rows(app, action="download")
    assert (row.changes["file"], row.changes["type"], row.actor) == ("x.pdf", "application/pdf", "Chief")


def test_the_log_is_read_under_a_right_of_its_own_and_exported_under_another(app, browsers):
    for login, status in {"auditor": 200, "chief": 200, "officer": 403, "helper": 403}.items():
        for path in ("/settings/audit", "/settings/audit/proof", "/settings/audit/export"):
            assert browsers[login].get(path).status_code == status, (login, path)
    anybody = app.test_client().get("/settings/audit")
    assert anybody.status_code in (302, 303)
    auditor = browsers["auditor"]
    assert auditor.get("/r/clients.client").status_code == 403
    assert auditor.post("/settings/audit/verify").status_code in (302, 303)
    assert browsers["officer"].post("/settings/audit/verify").status_code == 403
    assert "/settings/audit" in auditor.get("/settings").text


def test_the_page_finds_by_each_condition_and_shows_old_and_new(app, people, browsers, client):
    auditor = browsers["auditor"]
    [row] = rows(app, record_key="clients.client", record_id=client, action="create")
    asked = ["person=chief", "person=log+chief", "group=writes", f"record=clients.client&record_id={client}",
             "text=某某", "since=2020-01-01&until=2099-01-01", f"request={row.request_id or ''}"]  # fmt: skip
    for query in asked:
        assert f"/settings/audit/{row.id}" in auditor.get(f"/settings/audit?{query}").text, query
    for query in ("person=nobody", "group=refused&record=clients.client&record_id=1", "since=2099-01-01", "ip=8.8"):
        assert f"/settings/audit/{row.id}" not in auditor.get(f"/settings/audit?{query}").text, query
    page = auditor.get(f"/settings/audit/{row.id}").text
    assert "某某有限公司" in page
    assert "88888" not in page, "a masked or hidden field stays so"
    assert words.MASK in page
    assert "88888" in browsers["chief"].get(f"/settings/audit/{row.id}").text
    for locale in ("zh", "en"):
        for path in ("/settings/audit", f"/settings/audit/{row.id}", "/settings/audit/proof"):
            assert auditor.get(f"{path}?locale={locale}").status_code == 200
    assert auditor.get("/settings/audit/99999999").status_code == 404
    assert auditor.get("/settings/audit?record_id=x&since=never&before=-1&group=%00").status_code == 200


def test_pages_follow_each_other_without_gap_or_repeat(app):
    with app.app_context():
        seen, before = [], None
        while True:
            found = search.find(Wanted(), before, 20)
            seen += [r.id for r in found.rows]
            before = found.before
            if before is None:
                break
        with db.engine.connect() as connection:
            ids = list(connection.execute(select(LOG.c.id).order_by(LOG.c.id.desc())).scalars())
    assert seen == ids


def test_an_export_is_masked_safe_in_spreadsheets_and_logged(app, people, browsers, client):
    auditor = browsers["auditor"]
    answer = auditor.get(f"/settings/audit/export?record=clients.client&record_id={client}&form=csv")
    found = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert answer.mimetype == "text/csv"
    assert found[1][11].startswith("'=cmd")
    assert "88888" not in answer.data.decode()
    sheet = auditor.get(f"/settings/audit/export?record=clients.client&record_id={client}")
    cells = [c for r in openpyxl.load_workbook(io.BytesIO(sheet.data)).active.iter_rows() for c in r]
    assert "=cmd|某某有限公司" in [c.value for c in cells]
    assert {c.data_type for c in cells} <= {"s", "n"}
    told = rows(app, action="audit_export", actor_id=people["auditor"])
    assert told[-1].changes["count"] == len(found) - 1
    assert told[-1].changes["filters"] == {"record": "clients.client", "record_id": str(client)}
    assert rows(app, action="download", actor_id=people["auditor"]) == []


def test_a_long_export_is_made_in_the_background_for_its_reader_alone(app, people, browsers, monkeypatch):
    monkeypatch.setattr(export, "AT_ONCE", 3)
    answer = browsers["auditor"].get("/settings/audit/export?form=csv")
    place = answer.headers["Location"]
    run = int(place.rpartition("/")[2])
    with app.app_context():
        runs.run_job(run)
        with acting_as(load_principal(people["auditor"])):
            assert runs.run_view(run)["name"] == EXPORT
            name = runs.run_view(run)["result"]["file"]
            assert (export.exports_folder() / name).stat().st_mode & 0o077 == 0
    assert browsers["auditor"].get(place).status_code == 200
    file = browsers["auditor"].get(f"{place}/file")
    assert file.data.count(b"\n") > 4
    assert browsers["chief"].get(f"{place}/file").status_code == 404


def test_a_log_that_does_not_verify_shows_on_every_page(app, browsers, monkeypatch):
    from core.audit import own

    with app.app_context():
        verify.keep_result(verify.Result(sealed=1, bad=1, kinds={"edited": 1}, first=[verify.Finding("edited", 1, 1)]))
    monkeypatch.setattr(own, "_seen", (0.0, True))
    try:
        assert "/settings/audit/proof" in browsers["auditor"].get("/").text
        monkeypatch.setattr(own, "_seen", (0.0, True))
        assert "/settings/audit/proof" not in browsers["helper"].get("/").text
        with app.app_context():
            told = own.verify_and_tell()
        assert told["bad"] == 0
        assert Path(app.config["ZHIAN"].data, "audit", "head.json").exists()
    finally:
        monkeypatch.setattr(own, "_seen", (0.0, True))


def test_nothing_in_the_application_changes_a_row(app, browsers):
    """No address takes a change of the log, and the record rules know no such type."""
    ways = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/settings/audit")]
    assert [rule.rule for rule in ways if rule.methods & {"POST", "PUT", "PATCH", "DELETE"}] == [
        "/settings/audit/verify"
    ]
    for path in ("/r/core.audit", "/r/core.audit/1", "/export/core.audit"):
        assert browsers["chief"].get(path).status_code == 404
    with app.app_context(), db.engine.connect() as connection:
        unmarked = select(func.count()).select_from(LOG).where(LOG.c.mark.is_(None))
        assert connection.scalar(unmarked) == 0


def test_a_closed_title_is_neither_shown_nor_found_nor_exported(app, browsers, client, monkeypatch):
    auditor = browsers["auditor"]
    monkeypatch.setattr(words, "title_is_closed", lambda kind, reader: kind.key == "clients.client")
    asked = f"record=clients.client&record_id={client}"
    [row] = rows(app, record_key="clients.client", record_id=client, action="create")
    listed = auditor.get(f"/settings/audit?{asked}").text
    assert f"/settings/audit/{row.id}" in listed
    assert "某某有限公司" not in listed
    assert f"/settings/audit/{row.id}" not in auditor.get("/settings/audit?text=某某有限").text
    with app.app_context():
        sheet = list(export.lines(Wanted.of({"record": "clients.client"}), 50, load_principal(1)))
    assert {line[11] for line in sheet[1:]} == {""}

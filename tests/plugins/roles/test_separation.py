"""Client data opened in an emergency and large exports by two, as people meet them in the browser."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import select

from core import Refused, acting_as, load_principal, now, record_class, system
from core.clock import standing_at
from core.permissions import exports, glass
from core.permissions.holders import able, role_holders
from core.permissions.people import forget
from core.permissions.separation import ExportRequest
from core.records.audit import AuditEntry
from core.records.notes import Notification
from core.shaping import configuration
from core.testing.deployment import Deployment

CLIENT = "clients.client"


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """What is asked here does not depend on the database; the SQL of walls is asked on both."""
    return request.param


class Person:
    """Somebody in a browser."""

    def __init__(self, site, login, *roles):
        self.ident = site.person(login, *roles)
        self.browser = site.browser(self.ident)

    def get(self, path):
        forget()
        return self.browser.get(path, follow_redirects=True)

    def post(self, path, **form):
        forget()
        token = re.search(r'name="csrf_token" value="(\w+)"', self.browser.get("/settings/me").text)[1]
        return self.browser.post(path, data=form | {"csrf_token": token})


@pytest.fixture(scope="module")
def office(app):
    """People, and three clients; exports of more than two rows need a second person."""
    site = Deployment(app, app.config["ZHIAN"])
    roles = {"sys": "system_admin", "sec": "security_admin", "aud": "audit_admin", "boss": "partner", "two": "partner"}
    people = {login: Person(site, login, role) for login, role in roles.items()}
    site.configure("core", large_export=2)
    people["ids"] = [site.make(CLIENT, name=f"青禾{n}", kind="enterprise") for n in range(3)]
    people["contact"] = site.make("clients.contact", name="陆一鸣", mobile="13812345678", client_id=people["ids"][0])
    return people


def subjects(ident):
    with system("messages of a test") as session:
        return list(session.scalars(select(Notification.subject).where(Notification.user_id == ident)))


def test_who_runs_the_system_opens_client_data_for_hours_to_read_only(app, context, office):
    admin, page = office["sys"], f"/r/{CLIENT}/{office['ids'][0]}"
    assert admin.get(page).status_code in (403, 404)
    assert office["boss"].get("/settings/client-data").status_code == 200
    assert office["boss"].post("/settings/client-data", reason="out of curiosity").status_code == 403
    assert admin.post("/settings/client-data", reason="?").status_code == 422
    assert admin.post("/settings/client-data", reason="the import of Friday broke names").status_code == 303
    seen = admin.get(page)
    assert "青禾0" in seen.text
    assert "Client data are open to you until" in seen.text
    assert "13812345678" not in admin.get(f"/r/clients.contact/{office['contact']}").text
    assert admin.post(page, name="x").status_code in (403, 404)
    assert admin.get(f"/export/{CLIENT}").status_code == 403
    for login in ("aud", "sec", "boss"):
        assert any("sys" in subject.lower() for subject in subjects(office[login].ident)), login
    with system("the log of a test") as session:
        log = session.scalars(select(AuditEntry).where(AuditEntry.actor_id == admin.ident)).all()
    assert {("looked", office["ids"][0]), ("break_glass", admin.ident)} <= {(r.action, r.record_id) for r in log}
    assert admin.post("/settings/client-data/end").status_code == 303
    assert admin.get(page).status_code in (403, 404)


def test_it_ends_by_itself_and_opens_nothing_to_keys(app, context, office):
    with acting_as(load_principal(office["sys"].ident)) as session:
        glass.break_glass("something is on fire here")
        session.commit()
    forget()
    person = load_principal(office["sys"].ident)
    assert person.can(CLIENT, "read")
    assert not person.can(CLIENT, "update")
    assert not person.narrowed(frozenset({"*"})).can(CLIENT, "read")
    with standing_at(now() + timedelta(hours=glass.HOURS, seconds=1)):
        forget()
        assert not load_principal(office["sys"].ident).can(CLIENT, "read")
    forget()


def test_a_large_export_waits_for_another_person_and_leaves_once(app, context, office):
    boss, second = office["boss"], office["two"]
    refused = boss.browser.get(f"/export/{CLIENT}?name__contains=青禾")
    assert refused.status_code in (302, 303)
    assert refused.headers["Location"].startswith("/exports/new?")
    assert "More than 2 rows" in boss.get(refused.headers["Location"]).text
    asked = {"key": CLIENT, "address": f"/r/{CLIENT}?name__contains=青禾"}
    assert boss.post("/exports", **asked, reason="").status_code == 422
    assert boss.post("/exports", **asked, reason="annual report").status_code == 303
    with system("requests of a test") as session:
        request = session.scalars(select(ExportRequest).order_by(ExportRequest.id.desc())).first()
        assert (request.state, request.rows, request.user_id) == ("waiting", 3, boss.ident)
        ident = request.id
    assert any("3" in subject for subject in subjects(second.ident))
    assert boss.post(f"/exports/{ident}/decide", decision="approve").status_code == 403
    assert office["sys"].post(f"/exports/{ident}/decide", decision="approve").status_code == 403
    assert boss.post(f"/exports/{ident}/file").status_code == 422
    assert "annual report" in second.get("/exports").text
    assert second.post(f"/exports/{ident}/decide", decision="approve", note="fine").status_code == 303
    assert second.post(f"/exports/{ident}/file").status_code == 404
    sent = boss.post(f"/exports/{ident}/file")
    assert openpyxl.load_workbook(io.BytesIO(sent.data)).active.max_row == 4
    assert boss.post(f"/exports/{ident}/file").status_code == 422


def test_small_exports_of_a_day_are_added_up(app, context, office):
    second, first = office["two"], f"/export/{CLIENT}?name__eq=青禾1"
    assert second.browser.get(first).status_code == 200
    assert second.browser.get(f"/export/{CLIENT}?name__eq=青禾2").status_code == 200
    assert second.browser.get(first).status_code in (302, 303)
    assert second.browser.get("/export/core.department").status_code in (200, 403)
    with standing_at(now() + timedelta(hours=exports.HOURS, minutes=1)), acting_as(load_principal(second.ident)):
        assert exports.taken(CLIENT) == 0


def test_the_page_of_duties_shows_all_three_as_held(app, context, office):
    page = office["sec"].get("/settings/separation").text
    for code in ("CHINESE_WALL", "CLIENT_DATA_CONFIG", "EXPORT", "GRANT_SELF"):
        row = page[page.index(f">{code}<") :][:400]
        assert "refused by the server" in row, code


def test_holders_of_a_role_made_like_another_are_its_holders(app, context, office):
    from core.permissions.model import CustomRole

    site = Deployment(app, app.config["ZHIAN"])
    values = {"code": "own_second_partner", "name": "二级合伙人", "realm": "staff", "base": "partner"}
    made = site.make("core.role", **values)
    holder = site.person("like", "own_second_partner")
    forget()
    assert holder in role_holders("partner")
    assert holder not in role_holders("finance")
    assert load_principal(holder).has_role("partner")
    assert office["boss"].ident in able("core.export_request", "approve_large")
    with system("the role goes") as session:
        session.get_one(CustomRole, made).archived_at = now()
    forget()
    assert holder not in role_holders("partner")
    assert not load_principal(holder).has_role("partner")
    assert record_class("core.role") is CustomRole


def test_a_wall_is_built_in_the_browser(app, context, office):
    sec, boss, two = office["sec"], office["boss"], office["two"]
    acme, bolt = office["ids"][:2]
    built = boss.post("/settings/walls", name="青禾0 / 青禾1", reason="conflict", starts=now().date().isoformat())
    assert built.status_code == 303
    where = built.headers["Location"]
    assert office["aud"].post("/settings/walls", name="x", reason="y", starts="2026-01-01").status_code == 403
    for side, person, client in (("a", two.ident, acme), ("b", office["sec"].ident, bolt)):
        form = {"side": side, "core.user": person, CLIENT: client}
        assert boss.post(f"{where}/parts", **form).status_code == 303
    assert "青禾0" in boss.get(where).text
    assert two.get(f"/r/{CLIENT}/{bolt}").status_code == 404
    assert "青禾1" not in two.get(f"/r/{CLIENT}").text
    assert two.get(f"/r/{CLIENT}/{acme}").status_code == 200
    assert two.post(f"{where}/end").status_code == 403
    assert sec.post(f"{where}/end").status_code == 403
    assert boss.post(f"{where}/end").status_code == 303
    assert two.get(f"/r/{CLIENT}/{bolt}").status_code == 200


def test_price_lists_leave_in_the_configuration_file_only_as_their_exports_do(app, context, office):
    with acting_as(load_principal(office["two"].ident)), pytest.raises(Refused) as refused:
        configuration.export()
    assert refused.value.code == "large_export"
    with system("the command line writes it"):
        assert len(configuration.export()["parts"]["price_items"]) > 2

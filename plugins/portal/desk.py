"""The ground of all pages of the portal: how they are declared, drawn and logged. Each page is in a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Response, current_app, g, make_response, redirect, render_template, request
from sqlalchemy import or_, update

from core import (
    Endpoints,
    NotFound,
    _,
    current_locale,
    current_principal,
    db,
    elevated,
    gettext,
    insert_derived,
    now,
    public,
    registry,
    signed_in,
    start_writing,
    use_locale,
)
from plugins.portal import words
from plugins.portal.looks import look
from plugins.portal.people import Me, client_names, me
from plugins.portal.records import Access, PortalUser

portal = Endpoints("portal", "/portal", realm="portal")
OWN = signed_in("people of clients; record rules hold inside")
OUTSIDE = public("people of clients before they are known: sign-in, links from mails, the agency's look")
SEEN = timedelta(seconds=60)


@dataclass
class Entry:
    """What the access log will say of this request."""

    act: str
    what: str = ""
    record_key: str | None = None
    record_id: int | None = None
    client_id: int | None = None


def page(rule: str, act: str = "page", methods: tuple[str, ...] = ("GET",)) -> Callable[..., Any]:
    """Declare a page of signed-in people; what was opened or done is logged, also when it was refused."""

    def keep(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def logged(**arguments: Any) -> Any:
            g.portal_entry = Entry(act)
            try:
                answer = make_response(view(**arguments))
            except NotFound:
                start_writing()
                g.portal_entry = Entry("refused", request.path)
                write_log()
                db.session.commit()
                raise
            if request.method in ("GET", "HEAD"):
                start_writing()
                write_log()
                db.session.commit()
            elif answer.status_code < 400:
                write_log()
            return answer

        return portal.route(rule, methods=methods, permission=OWN)(logged)

    return keep


def tell(
    what: Any, *, act: str | None = None, record: tuple[str, int] | None = None, client: int | None = None
) -> None:
    """Say what the log should tell of this request; its readers are staff, so it is told in their language."""
    entry: Entry = g.portal_entry
    with use_locale("zh"):
        entry.what = str(what)
    entry.client_id, entry.act = client, act or entry.act
    if record is not None:
        entry.record_key, entry.record_id = record


def write_log() -> None:
    """Write what this request did into the access log, in the current transaction."""
    person = me()
    if person is None:
        return
    entries = [e for e in (g.get("portal_entry"), *g.pop("portal_more", ())) if e is not None]
    with elevated("access log of the portal"):
        insert_derived(Access, [_row(person, entry) for entry in entries])
        stale = or_(PortalUser.last_seen_at.is_(None), PortalUser.last_seen_at < now() - SEEN)
        db.session.execute(update(PortalUser).where(PortalUser.id == person.id, stale).values(last_seen_at=now()))
    g.portal_entry = None


def _row(person: Me, entry: Entry) -> Access:
    return Access(
        client_id=entry.client_id or person.client,
        portal_user_id=person.id,
        person=person.name,
        act=entry.act,
        what=(entry.what or request.path)[:300],
        path=request.path[:300],
        record_key=entry.record_key,
        record_id=entry.record_id,
        at=now(),
        ip=origin_address(),
        browser=(request.user_agent.string or "")[:300],
    )


def origin_address() -> str | None:
    """From where the request came."""
    return request.remote_addr


NAVIGATION = (
    ("cases", "/portal/cases", "folder", ("cases.case", "read")),
    ("files", "/portal/files", "file-text", ("core.attachment", "read")),
    ("bills", "/portal/bills", "receipt", ("billing.bill", "read")),
    ("messages", "/portal/messages", "message", ("portal.message", "read")),
)


def navigation() -> list[dict[str, Any]]:
    """The entries that lead this person somewhere."""
    labels = {
        "cases": gettext("Cases"),
        "files": gettext("Documents"),
        "bills": gettext("Bills"),
        "messages": gettext("Ask us"),
    }
    person = current_principal()
    found = []
    for key, url, icon, (record, action) in NAVIGATION:
        if record in registry().types and person.can(record, action):
            current = request.path.startswith(url) or (key == "cases" and request.path in ("/portal", "/portal/"))
            found.append({"key": key, "url": url, "icon": icon, "label": labels[key], "current": current})
    return found


def draw(template: str, status: int = 200, **context: Any) -> Response:
    """A page of the portal in the agency's look."""
    person = me()
    kept = look()
    body = render_template(
        f"portal/{template}",
        me=person,
        names=client_names() if person else {},
        nav=navigation() if person else [],
        brand=kept,
        brand_name=kept["name"] if current_locale() == "zh" else kept["name_en"],
        said=_said(),
        money=words.money,
        comma=words.comma(),
        **context,
    )
    answer = make_response(body, status)
    if request.cookies.get("portal_said"):
        answer.delete_cookie("portal_said", path="/portal")
    return answer


SAID = {
    "sent": _("Your question is on its way. We answer here and by mail."),
    "ordered": _("Your order is with us. We will be in touch."),
    "confirmed": _("Thank you. Your confirmation is recorded."),
    "changed": _("Thank you. We see to the change and ask you again."),
    "instructed": _("Thank you. Your instruction is recorded; we see to it."),
    "password": _("Your password is changed. Other devices are signed out."),
    "saved": _("Saved."),
    "invited": _("The invitation is on its way."),
    "ended": _("That device is signed out."),
    "disabled": _("This account is closed."),
    "ready": _("Your password is set. Sign in with it now."),
    "reset": _("If this address has an account, a mail with a link is on its way to it."),
}
"""What a page says after something was done, by a code that travels in a cookie for one request."""


def _said() -> str:
    code = request.cookies.get("portal_said", "")
    return str(SAID[code]) if code in SAID else ""


def onward(target: str, said: str = "") -> Response:
    """To another page after something was done."""
    answer = make_response(redirect(target, 303))
    if said:
        secure = current_app.config["ZHIAN"].base_url.startswith("https://") or request.is_secure
        answer.set_cookie("portal_said", said, max_age=60, path="/portal", httponly=True, samesite="Lax", secure=secure)
    return answer

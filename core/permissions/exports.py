"""Large exports: more rows of guarded record types than one person takes alone wait for another person's decision.

Which types are guarded their plugins say (`"guarded": True`); from how many rows on, the setting `core.large_export`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from core.clock import now
from core.db import db, elevated
from core.errors import FieldError, Forbidden, Invalid, NotFound, Refused
from core.i18n import _, gettext, use_locale
from core.messages.writing import notify
from core.permissions.holders import able
from core.permissions.org import User
from core.permissions.separation import APPROVED, REFUSED, USED, WAITING, ExportRequest
from core.plugin_settings.store import setting
from core.records.audit import AuditEntry, note_action
from core.registry import registry

KEY = "core.export_request"
APPROVE = "approve_large"
MOST_ROWS = 1000
HOURS = 24
"""How long an approved export may be downloaded, and over what time small ones of one person are added up."""
GROWS = 1.05
"""By how much a list may grow between the request and the download."""
SHORTEST_REASON = 4
LONGEST_ADDRESS = 8000


def most_rows() -> int:
    """From how many rows on an export needs a second person."""
    known = setting("core.large_export")
    return MOST_ROWS if known is None else int(known)


def guarded(key: str) -> bool:
    """Whether exports of the record type are counted."""
    return registry().types[key].guarded


def needs_another(key: str, rows: int) -> bool:
    """Whether so many rows of the type, with what the person took of it within a day, need another's approval."""
    if not guarded(key) or not rows or db.session().principal.is_system:
        return False
    return rows + taken(key) > most_rows()


def taken(key: str) -> int:
    """How many rows of the type the person exported within a day without anybody's approval."""
    log, who = AuditEntry.__table__.c, db.session().principal
    mine = (log.actor_id == who.user_id, log.action == "export", log.record_key == key)
    recent = select(log.changes).where(*mine, log.at > now() - timedelta(hours=HOURS))
    rows = db.session().connection().execute(recent).scalars()
    return sum(int(told.get("count") or 0) for told in rows if told and not told.get("request"))


def ask(key: str, address: str, format_code: str | None, rows: int, reason: str) -> ExportRequest:
    """A request that waits for another person. Raises `Forbidden` or `Invalid`."""
    principal = db.session().principal
    if principal.viewer is not None or not principal.can(key, "export"):
        raise Forbidden(detail={"record": key, "action": "export"})
    reason = " ".join(reason.split())[:300]
    if len(reason) < SHORTEST_REASON:
        raise Invalid([FieldError("reason", "required", _("Say what you need it for."))])
    if len(address) > LONGEST_ADDRESS:
        raise Invalid([FieldError("address", "too_long", _("This list has too many filters to wait for approval."))])
    with elevated("a large export is asked for"):
        found = ExportRequest(
            user_id=principal.user_id,
            record_key=key,
            address=address,
            format=format_code,
            rows=rows,
            reason=reason,
            state=WAITING,
        )
        db.session.add(found)
        db.session.flush()
        _tell(
            (one for one in able(KEY, APPROVE) if one != principal.user_id),
            lambda: gettext(
                "%(who)s asks to export %(n)s rows of %(records)s",
                who=principal.name,
                n=rows,
                records=registry().types[key].plural,
            ),
            found,
            reason,
        )
    return found


def _tell(people: Any, subject: Any, about: ExportRequest, body: str) -> None:
    """Everybody in their own language."""
    user = User.__table__.c
    chosen = select(user.id, user.locale).where(user.id.in_(list(people)))
    for ident, locale in db.session().connection().execute(chosen).all():
        with use_locale(locale):
            notify([ident], subject(), body=body, record=about, key=f"export {about.id} {about.state} {ident}")


def may_decide(row: Any) -> bool:
    """Whether the person who acts may decide this request: never their own."""
    principal = db.session().principal
    return principal.can(KEY, APPROVE) and row.user_id != principal.user_id and row.state == WAITING


def decide(ident: int, yes: bool, note: str | None = None) -> ExportRequest:
    """Approve or refuse. Raises `NotFound`, `Forbidden` for one's own, `Refused` when it is decided already."""
    principal = db.session().principal
    if principal.viewer is not None or not principal.can(KEY, APPROVE):
        raise Forbidden(detail={"record": KEY, "action": APPROVE})
    with elevated("a large export is decided"):
        found = db.session.get(ExportRequest, ident)
        if found is None:
            raise NotFound()
        if found.user_id == principal.user_id:
            raise Forbidden(_("Nobody decides their own export. Ask another person."))
        if found.state != WAITING:
            raise Refused(_("This was decided already."), code="decided")
        found.state = APPROVED if yes else REFUSED
        found.decided_by_id, found.decided_at = principal.user_id, now()
        found.ends_at = now() + timedelta(hours=HOURS) if yes else None
        found.note = (note or "").strip()[:300] or None
        db.session.flush()
        words = (
            (lambda: gettext("Your export was approved: download it within %(n)s hours", n=HOURS))
            if yes
            else (lambda: gettext("Your export was not approved"))
        )
        _tell([found.user_id], words, found, found.note or "")
        note_action(db.session(), APPROVE if yes else "refuse_large", found, reason=found.note)
    return found


def approved(ident: int) -> Any:
    """The person's own approved request, ready to be downloaded; raises `NotFound` or `Refused`."""
    table = ExportRequest.__table__
    row = db.session().connection().execute(select(table).where(table.c.id == ident)).first()
    if row is None or row.user_id != db.session().principal.user_id:
        raise NotFound()
    if row.state != APPROVED or row.ends_at <= now():
        raise Refused(_("This export cannot be downloaded any more. Ask for it anew."), code="used")
    return row


def use(ident: int, rows: int) -> None:
    """Spend the approval, once, whoever else tries at the same moment. Raises `Refused`."""
    table = ExportRequest.__table__
    row = approved(ident)
    if rows > row.rows * GROWS + 1:
        raise Refused(_("The list has grown to %(n)s rows since. Ask for it anew.", n=rows), code="grown")
    spent = update(table).where(table.c.id == ident, table.c.state == APPROVED).values(state=USED)
    if db.session().connection().execute(spent).rowcount != 1:
        raise Refused(_("This export cannot be downloaded any more. Ask for it anew."), code="used")
    db.session().info["wrote"] = True


def requests() -> list[Any]:
    """What the person may see: their own; for who decides, all. The newest first, rows of the table with names."""
    table, user, principal = ExportRequest.__table__, User.__table__, db.session().principal
    wanted = select(table, user.c.name.label("who")).join(user, user.c.id == table.c.user_id)
    if not (principal.can(KEY, APPROVE) or principal.can("core.audit", "read")):
        wanted = wanted.where(table.c.user_id == principal.user_id)
    return list(db.session().connection().execute(wanted.order_by(table.c.id.desc()).limit(200)))

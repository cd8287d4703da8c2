"""Breaking the glass: who runs or configures the system reads client data for four hours, for a reason, under a banner.

What it opens is decided in `rules`: reading every record of plugins, nothing else. It ends by itself or by a click.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core.clock import local, now
from core.db import db, elevated
from core.errors import FieldError, Forbidden, Invalid
from core.i18n import _, gettext, use_locale
from core.messages.writing import notify
from core.permissions.declared import CONFIGURING
from core.permissions.holders import role_holders
from core.permissions.org import User
from core.permissions.principal import Principal
from core.permissions.separation import Glass
from core.records.audit import note_action

HOURS = 4
SHORTEST_REASON = 10
TOLD = ("audit_admin", "security_admin", "partner")
"""Who learns of it at once."""


def may_break(person: Principal) -> bool:
    """Whether the person is one of those who see no client data by default, in their own browser."""
    own = person.viewer is None and person.scopes is None and person.realm == "staff"
    return own and not person.granted.isdisjoint(CONFIGURING)


def break_glass(reason: str) -> Glass:
    """Open client data for reading to the person who acts. Raises `Forbidden`, or `Invalid` without a reason."""
    principal = db.session().principal
    if not may_break(principal):
        raise Forbidden(_("Client data are opened this way only to who runs or configures the system."))
    reason = " ".join(reason.split())[:300]
    if len(reason) < SHORTEST_REASON:
        raise Invalid([FieldError("reason", "required", _("Say what happened and what you need to see."))])
    end_glass()
    with elevated("client data opened"):
        found = Glass(user_id=principal.user_id, reason=reason, ends_at=now() + timedelta(hours=HOURS))
        db.session.add(found)
        db.session.flush()
    note_action(db.session(), "break_glass", db.session.get_one(User, principal.user_id), reason=reason)
    _tell(principal, reason, found.id, found.ends_at)
    return found


def _tell(person: Principal, reason: str, ident: int, until: Any) -> None:
    people = [one for one in role_holders(*TOLD) if one != person.user_id]
    user = User.__table__.c
    spoken = db.session().connection().execute(select(user.id, user.locale).where(user.id.in_(people))).all()
    for one, locale in spoken:
        with use_locale(locale):
            subject = gettext(
                "%(who)s opened client data until %(time)s", who=person.name, time=f"{local(until):%Y-%m-%d %H:%M}"
            )
            notify([one], subject, body=reason, severity="urgent", key=f"glass {ident} {one}")


def end_glass() -> None:
    """What the person has opened is closed from now on."""
    principal = db.session().principal
    with elevated("client data closed"):
        rows = db.session.scalars(select(Glass).where(Glass.user_id == principal.user_id, Glass.ends_at > now()))
        found = list(rows)
        for row in found:
            row.ends_at = now()
        db.session.flush()
    if found:
        note_action(db.session(), "glass_closed", db.session.get_one(User, principal.user_id))


def open_until(person: Principal) -> Any:
    """Until when the person reads client data through broken glass; None when they do not."""
    if not person.glass:
        return None
    table = Glass.__table__.c
    return db.session().connection().execute(select(table.ends_at).where(table.id == person.glass)).scalar()


def openings(limit: int = 20) -> list[Any]:
    """The last openings with the names of those who asked, the newest first: rows of the table."""
    glass, user = Glass.__table__, User.__table__
    wanted = select(glass, user.c.name).join(user, user.c.id == glass.c.user_id).order_by(glass.c.id.desc())
    return list(db.session().connection().execute(wanted.limit(limit)))

"""Single-use links: made, put into a mail, recognised and used up. A link is signed, expires and is kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select, update

from core import db, gettext, insert_derived, now, send_mail, use_locale
from plugins.portal.looks import agency_name
from plugins.portal.records import Invitation, PortalUser

LIFE = {"invite": timedelta(days=7), "reset": timedelta(hours=2)}
SALT = "portal-link"
PAUSE = timedelta(minutes=3)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=SALT)


def digest(secret: str) -> str:
    """What the table keeps of a link."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make(user: PortalUser, purpose: str) -> str:
    """A new link's token; earlier ones of the person are void. The session must be free of rules."""
    void(user.id)
    secret = secrets.token_urlsafe(32)
    expires = now() + LIFE[purpose]
    made = Invitation(portal_user_id=user.id, purpose=purpose, token_hash=digest(secret), expires_at=expires)
    insert_derived(Invitation, [made])
    return str(_signer().dumps(secret))


def was_just_made(portal_user_id: int, purpose: str) -> bool:
    """Whether a live link of this kind is so young that another mail would only annoy."""
    young = (Invitation.created_at > now() - PAUSE, Invitation.used_at.is_(None), Invitation.purpose == purpose)
    return (
        db.session.scalar(select(Invitation.id).where(Invitation.portal_user_id == portal_user_id, *young)) is not None
    )


def void(portal_user_id: int) -> None:
    """All links of a person lead nowhere from now on."""
    live = (Invitation.portal_user_id == portal_user_id, Invitation.used_at.is_(None))
    db.session.execute(update(Invitation).where(*live).values(used_at=now()))


def find(token: str) -> Invitation | None:
    """The live link behind a token, or None: forged, unknown, used and expired ones look the same."""
    try:
        secret = _signer().loads(token, max_age=int(max(LIFE.values()).total_seconds()))
    except BadSignature:
        return None
    live = (Invitation.token_hash == digest(str(secret)), Invitation.used_at.is_(None), Invitation.expires_at > now())
    return db.session.scalars(select(Invitation).where(*live)).first()


def use(link: Invitation) -> bool:
    """Use a link up; false when somebody was faster."""
    mine = (Invitation.id == link.id, Invitation.used_at.is_(None))
    return db.session.execute(update(Invitation).where(*mine).values(used_at=now())).rowcount == 1


def address(path: str) -> str:
    """A page of the portal as written in mails: from the deployment's own setting, never from a request."""
    return f"{current_app.config['ZHIAN'].base_url.rstrip('/')}{path}"


def write(user: PortalUser, token: str, purpose: str, locale: str) -> None:
    """Put the mail with the link into the outbox."""
    with use_locale(locale):
        agency: Any = agency_name()
        if purpose == "invite":
            subject = gettext("%(agency)s: your sign-in to the client portal", agency=agency)
            text = gettext(
                "Dear %(name)s,\n\n%(agency)s has opened its client portal to you: cases, documents, confirmations and "
                "bills of your company.\n\nSet your password here, within 7 days; the link works once:\n{hidden}\n\n"
                "Afterwards you sign in at %(login)s with this e-mail address.\n\n%(agency)s",
                name=user.called,
                agency=agency,
                login=address("/portal/login"),
            )
        else:
            subject = gettext("%(agency)s: set a new password", agency=agency)
            text = gettext(
                "Dear %(name)s,\n\nset a new password for the client portal here, within 2 hours; the link works "
                "once:\n{hidden}\n\nIf you did not ask for it, ignore this mail: your password stays as it is.\n\n"
                "%(agency)s",
                name=user.called,
                agency=agency,
            )
    link = address(f"/portal/password/{token}")
    if current_app.config["ZHIAN"].demo:  # the demo has no mail server: who tries it out reads the link among the mails
        send_mail(user.email, subject, text.replace("{hidden}", link), record=user)
    else:
        send_mail(user.email, subject, text, record=user, hidden_part=link)

"""Links that set a password: signed, single use, expiring. An earlier one of the person dies with each new one."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import insert, select, update

from core.clock import now
from core.i18n import gettext, use_locale
from core.identity.model import Link
from core.messages.writing import send_mail

LIFE = {"invite": timedelta(days=7), "reset": timedelta(hours=2)}
PAUSE = timedelta(minutes=3)
_table = Link.__table__


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="password-link")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def make_link(connection: Any, user_id: int, purpose: str) -> str:
    """The token of a new link; `purpose` is invite or reset."""
    void_links(connection, [user_id])
    secret = secrets.token_urlsafe(32)
    values = {"user_id": user_id, "purpose": purpose, "token_hash": _digest(secret), "created_at": now()}
    connection.execute(insert(_table).values(values | {"expires_at": now() + LIFE[purpose]}))
    return str(_signer().dumps(secret))


def void_links(connection: Any, user_ids: list[int]) -> None:
    """All links of these people lead nowhere from now on."""
    live = (_table.c.user_id.in_(user_ids), _table.c.used_at.is_(None))
    connection.execute(update(_table).where(*live).values(used_at=now()))


def was_just_made(connection: Any, user_id: int) -> bool:
    """Whether a live link is so young that another mail would only annoy."""
    young = (_table.c.created_at > now() - PAUSE, _table.c.used_at.is_(None), _table.c.user_id == user_id)
    return connection.execute(select(_table.c.id).where(*young)).first() is not None


def find_link(connection: Any, token: str) -> Any:
    """The live row behind a token, or None: forged, unknown, used and expired ones look the same."""
    try:
        secret = _signer().loads(token, max_age=int(max(LIFE.values()).total_seconds()))
    except BadSignature:
        return None
    live = (_table.c.token_hash == _digest(str(secret)), _table.c.used_at.is_(None), _table.c.expires_at > now())
    return connection.execute(select(_table).where(*live)).first()


def use_link(connection: Any, link_id: int) -> bool:
    """Use a link up; false when somebody was faster."""
    mine = (_table.c.id == link_id, _table.c.used_at.is_(None))
    return connection.execute(update(_table).where(*mine).values(used_at=now())).rowcount == 1


def write_link(user: Any, token: str, purpose: str) -> None:
    """Put the mail with the link into the outbox; its address comes from the setting `base_url`, not from a request."""
    settings = current_app.config["ZHIAN"]
    with use_locale(user.locale):
        agency = settings.agency if user.locale == "zh" else settings.agency_en
        if purpose == "invite":
            subject = gettext("%(agency)s: your sign-in", agency=agency)
            text = gettext(
                "Dear %(name)s,\n\nyou have an account at %(agency)s. Set your password here, within 7 days; the link "
                "works once:\n{hidden}\n\nAfterwards you sign in at %(address)s as %(login)s.",
                name=user.called,
                agency=agency,
                address=f"{settings.base_url.rstrip('/')}/login",
                login=user.login,
            )
        else:
            subject = gettext("%(agency)s: set a new password", agency=agency)
            text = gettext(
                "Dear %(name)s,\n\nset a new password here, within 2 hours; the link works once:\n{hidden}\n\nIf you "
                "did not ask for it, ignore this mail: your password stays as it is.\n\n%(agency)s",
                name=user.called,
                agency=agency,
            )
    link = f"{settings.base_url.rstrip('/')}/password/{token}"
    if settings.demo:  # the demo has no mail server: who tries it out reads the link among the mails
        send_mail(user.email, subject, text.replace("{hidden}", link), user_id=user.id)
    else:
        send_mail(user.email, subject, text, user_id=user.id, hidden_part=link)

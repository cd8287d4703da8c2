"""Changes of an account that could lead somebody else into it: who may make them, and who is told."""

from __future__ import annotations

from typing import Any

from flask import current_app
from sqlalchemy import select

from core.db import db
from core.errors import Forbidden
from core.i18n import _, gettext, use_locale
from core.messages.writing import send_mail
from core.permissions.granting import TOP_ROLES
from core.permissions.org import UserRole
from core.permissions.rules import access


def check_account(user: Any) -> None:
    """Account, e-mail and state of an administrator are changed by who gives roles; of the highest, by their like.

    Whoever could change the address alone would have the link for a new password sent to their own. Raises `Forbidden`.
    """
    principal = db.session().principal
    table = UserRole.__table__.c
    held = set(db.session().connection().execute(select(table.role).where(table.user_id == user.id)).scalars())
    known = access().roles
    high = any(code in known and known[code].realm == "admin" for code in held)
    if high and not principal.can("core.user_role", "create"):
        raise Forbidden(_("This person administers the deployment. Who gives roles changes their account and address."))
    if held & TOP_ROLES and not principal.has_role(*TOP_ROLES):
        raise Forbidden(_("Only an administrator with all rights changes this person's account and address."))


def tell_old_address(user: Any, old: str | None) -> None:
    """The address that an account had is told that it has another one now."""
    if not old or old == user.email:
        return
    settings = current_app.config["ZHIAN"]
    with use_locale(user.locale):
        agency = settings.agency if user.locale == "zh" else settings.agency_en
        send_mail(
            old,
            gettext("%(agency)s: your account has another e-mail address now", agency=agency),
            gettext(
                "Dear %(name)s,\n\nthe account %(login)s at %(agency)s no longer uses this e-mail address. If you do "
                "not know why, tell an administrator at once.",
                name=user.called,
                login=user.login,
                agency=agency,
            ),
            user_id=user.id,
        )

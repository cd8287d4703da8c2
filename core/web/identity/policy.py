"""`/settings/sign-in`: how people of this deployment prove who they are: the policy, second steps, single sign-on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template
from sqlalchemy import distinct, func, select

from core.clock import now
from core.db import db
from core.i18n import _, gettext
from core.identity.model import Passkey, Totp, Tries
from core.identity.policy import current_policy, lines_of
from core.permissions.org import LoginSession, User
from core.permissions.rules import access
from core.web import sessions
from core.web.settings_items import require_administrator

PROFILES = {
    "modern": _("Modern (NIST SP 800-63B): length counts, nothing expires by itself"),
    "mlps": _("等保 (GB/T 22239): kinds of characters, rotation, history, short idle time"),
}


def page() -> Any:
    """The policy as it holds, and how far people are."""
    require_administrator()
    settings, policy = current_app.config["ZHIAN"], current_policy()
    title = gettext("Sign-in and passwords")
    return render_template(
        "web/policy.html",
        title=title,
        crumbs=[(gettext("Settings"), "/settings"), (title, None)],
        profile=str(PROFILES[policy.name]),
        rules=lines_of(policy),
        rows=_rows(settings),
        figures=_figures(),
        providers=settings.identity.oidc,
        must=_roles(settings.identity.second_factor_roles),
    )


def _rows(settings: Any) -> list[tuple[str, str]]:
    """What holds besides passwords."""
    identity = settings.identity
    idle = int(sessions.idle_time().total_seconds() // 60)
    stay = gettext("%(n)s days when asked for", n=settings.session_days)
    tries = gettext(
        "%(n)s of an account and %(m)s from an address in 15 minutes", n=identity.tries, m=identity.address_tries
    )
    return [
        (gettext("Signed out after"), gettext("%(n)s minutes without a click", n=idle)),
        (gettext("Staying signed in"), stay if current_policy().may_stay else gettext("no")),
        (gettext("Tries"), tries),
        (gettext("Asked again before sensitive changes"), gettext("after %(n)s minutes", n=identity.fresh_minutes)),
    ]


def _roles(codes: tuple[str, ...]) -> list[str]:
    if "*" in codes:
        return [gettext("everybody")]
    known = access().roles
    return [str(known[code].label) if code in known else code for code in codes]


def _figures() -> list[dict[str, Any]]:
    """Active staff, and how many of them have what."""
    user = User.__table__.c
    staff = (user.realm == "staff", user.active, user.archived_at.is_(None))
    session, totp, key, tries = LoginSession.__table__.c, Totp.__table__.c, Passkey.__table__.c, Tries.__table__.c
    counts = (
        (gettext("People"), select(func.count()).where(*staff)),
        (
            gettext("With an app"),
            select(func.count()).where(*staff, totp.user_id == user.id, totp.confirmed_at.is_not(None)),
        ),
        (gettext("With passkeys"), select(func.count(distinct(user.id))).where(*staff, key.user_id == user.id)),
        (
            gettext("Signed-in devices"),
            select(func.count()).where(
                session.ended_at.is_(None), session.expires_at > now(), session.pending.is_(None)
            ),
        ),
        (gettext("Resting now"), select(func.count()).where(tries.rests_until > now())),
    )
    connection = db.session().connection()
    return [{"label": label, "value": connection.execute(query).scalar_one()} for label, query in counts]


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/settings/sign-in", "policy", page)

"""What pages outside the shell share, in every realm: how they are drawn, where they lie, who is half known."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from sqlalchemy import select

from core.db import reading
from core.i18n import LOCALES, _, current_locale, gettext, set_locale
from core.identity import passkeys, sso
from core.permissions.org import User
from core.permissions.principal import current_principal
from core.registry import STAFF, registry
from core.web.lifecycle import app_response
from core.web.security import safe_next


def here(path: str) -> str:
    """An address of the realm in which this request is."""
    return f"{g.realm.prefix}{path}"


def home() -> str:
    """Where people of the realm begin."""
    return g.realm.prefix or "/"


def onward() -> str:
    """Where the person wanted to go, when that is a page of the realm; else its home."""
    target = safe_next(request.values.get("next"), home())
    return target if registry().realm_of(target.partition("?")[0]) is g.realm else home()


def draw(template: str, title: str, status: int = 200, **context: Any) -> Any:
    """A page in the look of the realm; staff who are signed in see it within the shell."""
    inside = g.realm is STAFF and current_principal().user_id is not None
    body = render_template(
        f"web/identity/{template}",
        page="web/identity/inside.html" if inside else g.realm.outside,
        crumbs=[(gettext("Settings"), "/settings"), (gettext("My account"), "/settings/me"), (title, None)],
        title=title,
        base=g.realm.prefix,
        next=onward() if request.values.get("next") else "",
        passkeys_possible=passkeys.possible(),
        **context,
    )
    return app_response((body, status))


def person_row(user_id: int) -> Any:
    """Login, names, e-mail and language of a person who is half known, read by themself."""
    user = User.__table__.c
    wanted = select(
        user.id, user.login, user.name, user.name_en, user.email, user.locale, user.realm, user.password_hash
    )
    with reading() as connection:
        return connection.execute(wanted.where(user.id == user_id)).one()


def name_of(person: Any) -> str:
    """What somebody is called in the language of the page."""
    return (person.name_en if current_locale() == "en" else None) or person.name


def ways_in() -> dict[str, Any]:
    """For sign-in pages: what else than a password leads in, and whether a password does."""
    found = [
        {"label": label(p), "href": here(f"/login/with/{p.name}"), "name": p.name} for p in sso.providers(g.realm.name)
    ]
    only = sso.only_provider(g.realm.name)
    return {
        "providers": [f for f in found if only is None or f["name"] == only.name],
        "passkeys": only is None and passkeys.possible(),
        "password": only is None,
        "base": g.realm.prefix,
    }


def label(provider: Any) -> str:
    """What the button of a provider says."""
    return gettext("Sign in with %(name)s", name=sso.shown(provider))


WAYS = {
    "password": _("password"),
    "totp": _("app"),
    "passkey": _("passkey"),
    "recovery": _("recovery code"),
    "provider": "",
}


def way_words(way: str) -> str:
    """By what somebody signed in, in words: `password, app`."""
    parts = [part.removeprefix("sso:") if part.startswith("sso:") else WAYS.get(part, part) for part in way.split("+")]
    return gettext(" + ").join(str(part) for part in parts if str(part))


def speak(locale: str | None) -> None:
    """The language of somebody who is half known."""
    if locale in LOCALES and request.cookies.get("zhian_locale") not in LOCALES:
        set_locale(locale)

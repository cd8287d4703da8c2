"""One's own account: language, password, devices; and for the main account the people of the client."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import select

from core import (
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    _,
    check_new,
    create,
    current_principal,
    db,
    elevated,
    end_sign_in,
    end_sign_ins,
    get,
    gettext,
    hash_password,
    note_action,
    own_sign_ins,
    record_class,
    run_action,
    verify,
)
from plugins.portal.choices import ROLES
from plugins.portal.desk import draw, onward, page, tell
from plugins.portal.people import me
from plugins.portal.records import PortalUser

LOCALES = ("zh", "en")


@page("/account")
def account() -> Any:
    """Language, password, devices, and the client's people."""
    tell(_("My account"))
    return _page({})


def _page(errors: dict[str, str], status: int = 200) -> Any:
    return draw(
        "account.html",
        status,
        title=gettext("My account"),
        sign_ins=own_sign_ins(),
        errors=errors,
        given=request.form,
        roles={c.code: str(c.label) for c in ROLES},
        people=_people(),
    )


def _people() -> list[PortalUser]:
    """The portal users of the client, for its main account."""
    if not current_principal().can("portal.user", "read"):
        return []
    return list(db.session.scalars(select(PortalUser).order_by(PortalUser.name).limit(200)))


@page("/account/language", act="account", methods=("POST",))
def language() -> Any:
    """The language of pages and mails."""
    locale = request.form.get("locale", "")
    if locale not in LOCALES:
        raise NotFound()
    with elevated("own language"):
        _account().locale = locale
    tell(_("Language"))
    answer = onward("/portal/account", "saved")
    answer.set_cookie("zhian_locale", locale, max_age=31_536_000, samesite="Lax")
    return answer


def _account() -> Any:
    return db.session.get_one(record_class("core.user"), current_principal().user_id)


@page("/account/password", act="account", methods=("POST",))
def change_password() -> Any:
    """A new password; other devices are signed out."""
    user_id, new, person = current_principal().user_id, request.form.get("new", ""), me()
    try:
        with elevated("own password"):
            stored = _account().password_hash
        if not verify(stored, request.form.get("old", "")):
            raise Invalid([FieldError("old", "wrong", _("This is not your present password."))])
        check_new(new, person.email if person else "", "new")
    except Invalid as error:
        return _page({e.field: str(e.message) for e in error.errors}, 422)
    with elevated("own password"):
        found = _account()
        found.password_hash = hash_password(new)
        note_action(db.session(), "password_changed", found)
    end_sign_ins(user_id or 0, but_this=True)
    tell(_("New password"))
    return onward("/portal/account", "password")


@page("/account/devices/<int:ident>/end", act="account", methods=("POST",))
def end_device(ident: int) -> Any:
    """Sign another device out; an id of somebody else ends nothing and looks the same as one that is not there."""
    if ident not in {row["id"] for row in own_sign_ins()}:
        raise NotFound()
    end_sign_in(ident)
    tell(_("A device was signed out"))
    return onward("/portal/account", "ended")


@page("/account/people", act="account", methods=("POST",))
def invite() -> Any:
    """The main account invites a colleague."""
    person = me()
    if person is None or not current_principal().can("portal.user", "create"):
        raise NotFound()
    given = {name: request.form.get(name, "").strip() or None for name in ("name", "name_en", "email", "role")}
    try:
        made = create(PortalUser, {**given, "client": person.client})
    except (Invalid, Refused) as error:
        db.session.rollback()
        rows = error.errors if isinstance(error, Invalid) else []
        return _page({e.field: str(e.message) for e in rows} or {"email": str(error.message)}, 422)
    tell(_("%(name)s was invited", name=made.name), record=("portal.user", made.id))
    return onward("/portal/account", "invited")


@page("/account/people/<int:ident>/<what>", act="account", methods=("POST",))
def change_person(ident: int, what: str) -> Any:
    """Send the invitation again, or close an account."""
    if what not in ("invite", "disable") or not current_principal().can("portal.user", what):
        raise NotFound()
    user = get(PortalUser, ident)
    try:
        run_action(user, "portal.user", what)
    except (Refused, Forbidden) as error:
        db.session.rollback()
        return _page({"people": str(error.message)}, 422)
    tell(_("%(name)s: account changed", name=user.name), record=("portal.user", ident))
    return onward("/portal/account", "invited" if what == "invite" else "disabled")

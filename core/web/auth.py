"""Sign in and out, and what a person sets for themself: look, language, password, own sessions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g, redirect, render_template, request

from core.db import db, elevated
from core.errors import FieldError, Invalid
from core.i18n import LOCALES, _, gettext
from core.identity import tries
from core.permissions.org import User
from core.permissions.passwords import check_new, hash_password, verify
from core.permissions.people import forget
from core.permissions.principal import current_principal
from core.records.audit import note_action
from core.setup.demo import demo_logins
from core.web import sessions
from core.web.lifecycle import commit, done, go
from core.web.realms import sign_in_days
from core.web.security import CLEARED, cookie_name, over_https, safe_next, set_cookie
from core.web.toasts import say

YEAR = 365 * 24 * 3600


def login() -> Any:
    """The sign-in page."""
    if current_principal().user_id is not None:
        return go(safe_next(request.args.get("next")))
    page = current_app.make_response(_page())
    if request.args.get("locale") in LOCALES:
        page.set_cookie("zhian_locale", request.args["locale"], max_age=YEAR, samesite="Lax", secure=over_https())
    return page


def _page(error: str = "", login: str = "") -> str:
    settings = current_app.config["ZHIAN"]
    return render_template(
        "web/login.html",
        title=gettext("Sign in"),
        error=error,
        login=login,
        next=safe_next(request.values.get("next"), ""),
        chosen=request.values.get("locale") if request.values.get("locale") in LOCALES else "",
        keep_days=sign_in_days(),
        links=bool(settings.smtp_url or settings.demo),
        demo_people=_demo_people() if settings.demo else (),
    )


def _demo_people() -> list[dict[str, str]]:
    """The demo's logins, for buttons that fill the form; read once."""
    kept = current_app.extensions.get("zhian.demo_people")
    if not kept:
        found = demo_logins()
        kept = [
            {"login": login, "password": secret, "name": name.split("  ")[0], "role": name.split("  ")[-1]}
            for login, secret, name in found
        ]
        current_app.extensions["zhian.demo_people"] = kept
    return kept


def sign_in() -> Any:
    """Check and start a session, or say why not."""
    name, keep = request.form.get("login", ""), request.form.get("keep") == "1"
    result = sessions.sign_in(name, request.form.get("password", ""), keep)
    if result.locked_minutes:
        message = gettext("Too many tries. Wait %(n)s minutes, or ask an administrator.", n=result.locked_minutes)
        return _page(message, name), 429
    if result.token is None:
        return _page(gettext("Account or password does not fit. Check both and try again."), name), 401
    answer = redirect(safe_next(request.form.get("next")), 303)
    if (chosen := request.form.get("locale")) in LOCALES:
        _speak(answer, chosen, sessions.resolve(result.token))
    days = current_app.config["ZHIAN"].session_days
    set_cookie(answer, "zhian", result.token, days * 86_400 if result.keep else None)
    answer.delete_cookie(cookie_name("zhian_visit"), path="/", secure=over_https())
    return answer


def sign_out() -> Any:
    """End this session."""
    if token := g.get("session_token"):
        sessions.end(sessions.digest(token))
        note_action(db.session(), "sign_out")
        commit()
    answer = redirect("/login", 303)
    answer.headers["Clear-Site-Data"] = CLEARED
    answer.delete_cookie(cookie_name("zhian"), path="/", secure=over_https(), httponly=True, samesite="Lax")
    return answer


def look() -> Any:
    """Theme, density and language."""
    answer = done(safe_next(request.form.get("next")))
    for name, allowed in (("theme", ("light", "dark")), ("density", ("compact", "comfortable"))):
        if request.form.get(name) in allowed:
            answer.set_cookie(f"zhian_{name}", request.form[name], max_age=YEAR, samesite="Lax", secure=over_https())
    locale = request.form.get("locale")
    if locale in LOCALES:
        _speak(answer, locale, current_principal().user_id)
    return answer


def _speak(answer: Any, locale: str, user_id: int | None) -> None:
    """Keep the language that a person chose, in this browser and on the account."""
    answer.set_cookie("zhian_locale", locale, max_age=YEAR, samesite="Lax", secure=over_https())
    if user_id is None:  # a second step is to come
        return
    with elevated("own language"):
        db.session.get_one(User, user_id).locale = locale
    commit()
    forget(user_id)


def me() -> Any:
    """The page of one's own account."""
    return _me_page({})


def _me_page(errors: dict[str, Any]) -> Any:
    user_id = current_principal().user_id
    assert user_id is not None
    page = render_template(
        "web/me.html",
        title=gettext("My account"),
        crumbs=[(gettext("Settings"), "/settings"), (gettext("My account"), None)],
        user=_me(),
        sessions=sessions.sessions_of(user_id),
        this_session=g.get("session_id"),
        errors=errors,
    )
    return (page, 422) if errors else page


def change_password() -> Any:
    """A new password; all other sessions of the person end."""
    user, new = _me(), request.form.get("new", "")
    try:
        _check_old(user.id, user.password_hash, request.form.get("old", ""))
        check_new(new, user.login, "new")
    except Invalid as error:
        return _me_page({e.field: str(e.message) for e in error.errors})
    with elevated("own password"):
        user = _me()
        user.password_hash = hash_password(new)
        note_action(db.session(), "password_changed", user)
    sessions.end_all(user.id, except_id=g.get("session_id"))
    say(gettext("Password changed. Other devices are signed out."))
    return done("/settings/me")


def _check_old(user_id: int, stored: str | None, given: str) -> None:
    """Raises `Invalid` unless this is the present password; tries are counted."""
    db.session.rollback()
    try:
        entered = tries.enter(tries.person_key("proof", user_id), request.remote_addr)
    except tries.Resting as rest:
        text = _("Too many tries. Wait %(n)s minutes.", n=rest.minutes)
        raise Invalid([FieldError("old", "resting", text)]) from None
    if not verify(stored, given):
        raise Invalid([FieldError("old", "wrong", _("This is not your present password."))])
    tries.was_right(entered)


def end_session(session_id: int) -> Any:
    """Sign another device out."""
    user_id = current_principal().user_id
    assert user_id is not None
    sessions.end_one(user_id, session_id)
    say(gettext("That device is signed out."))
    return done("/settings/me")


def _me() -> User:
    return db.session.get_one(User, current_principal().user_id)


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/login", "login", login)
    web.add_url_rule("/login", "sign_in", sign_in, methods=["POST"])
    web.add_url_rule("/logout", "sign_out", sign_out, methods=["POST"])
    web.add_url_rule("/settings/look", "look", look, methods=["POST"])
    web.add_url_rule("/settings/me", "me", me)
    web.add_url_rule("/settings/me/password", "change_password", change_password, methods=["POST"])
    web.add_url_rule("/settings/me/sessions/<int:session_id>/end", "end_session", end_session, methods=["POST"])

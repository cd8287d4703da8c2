"""Sign-in, the links that set a password, and asking for one. Nothing here tells whether an address is known."""

from __future__ import annotations

from typing import Any

from flask import current_app, redirect, request

from core import (
    Invalid,
    current_locale,
    current_principal,
    enqueue,
    gettext,
    next_page,
    realm_cookie,
    realm_sign_in,
    realm_sign_out,
    sign_in_days,
)
from plugins.portal import accounts
from plugins.portal.demo import shown_logins
from plugins.portal.desk import OUTSIDE, OWN, draw, onward, portal

HOME = "/portal"
LOCALES = ("zh", "en")


@portal.route("/login", permission=OUTSIDE)
def login() -> Any:
    """The sign-in page."""
    if current_principal().user_id is not None:
        return redirect(HOME)
    answer = _login_page()
    if request.args.get("locale") in LOCALES:
        answer.set_cookie("zhian_locale", request.args["locale"], max_age=31_536_000, samesite="Lax", httponly=False)
    return answer


def _login_page(error: str = "", email: str = "", status: int = 200) -> Any:
    demo = shown_logins() if current_app.config["ZHIAN"].demo else []
    return draw(
        "login.html",
        status,
        title=gettext("Sign in"),
        error=error,
        email=email,
        next=next_page(""),
        demo=demo,
        days=sign_in_days(),
    )


@portal.route("/login", methods=("POST",), permission=OUTSIDE)
def sign_in() -> Any:
    """Check and start a session; one answer for a wrong password, an unknown address and a locked account."""
    email = request.form.get("email", "").strip().lower()
    outcome = realm_sign_in("portal", email, request.form.get("password", ""), request.form.get("keep") == "1")
    if outcome.token is None:
        text = gettext(
            "E-mail address or password does not fit. After several tries the account rests for some minutes; "
            "wait a little, or ask for a new password."
        )
        return _login_page(text, email, 401)
    return realm_cookie("portal", redirect(next_page(HOME), 303), outcome)


@portal.route("/logout", methods=("POST",), permission=OWN)
def sign_out() -> Any:
    """End this session."""
    return realm_sign_out("portal", redirect("/portal/login", 303))


@portal.route("/forgotten", permission=OUTSIDE)
def forgotten() -> Any:
    """Where a new password is asked for."""
    return draw("forgotten.html", title=gettext("New password"))


@portal.route("/forgotten", methods=("POST",), permission=OUTSIDE)
def ask_for_password() -> Any:
    """The same answer after the same work for every address; a job looks whether it is known."""
    email = request.form.get("email", "").strip().lower()[:80]
    if email:
        enqueue("portal.reset", key=f"portal.reset-{email}"[:120], email=email, locale=current_locale())
    return onward("/portal/login", "reset")


@portal.route("/password/<token>", permission=OUTSIDE)
def password(token: str) -> Any:
    """The page of a link."""
    return _password_page(token)


def _password_page(token: str, errors: dict[str, str] | None = None) -> Any:
    known = accounts.open_link(token)
    if known is None:
        return draw("dead_link.html", 410, title=gettext("This link does not work any more"))
    status = 422 if errors else 200
    return draw("password.html", status, title=gettext("Set your password"), link=known, errors=errors or {})


@portal.route("/password/<token>", methods=("POST",), permission=OUTSIDE)
def set_password(token: str) -> Any:
    """Use the link up."""
    new = request.form.get("password", "")
    if new != request.form.get("again", new):
        return _password_page(token, {"again": gettext("The two passwords differ.")})
    try:
        email = accounts.set_password(token, new, current_locale())
    except Invalid as error:
        return _password_page(token, {"password": str(error.errors[0].message)})
    if email is None:
        return draw("dead_link.html", 410, title=gettext("This link does not work any more"))
    return onward("/portal/login", "ready")

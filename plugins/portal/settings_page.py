"""The page on which the agency's administrator sets the name, logo and colour of the portal."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from sqlalchemy import select

from core import Endpoints, FieldError, Invalid, _, add_file, create, db, done, gettext, update
from plugins.portal import colours, looks
from plugins.portal.records import Look

settings = Endpoints("portal_settings", "/settings/portal")
PICTURES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}
MOST_BYTES = 512 * 1024


@settings.route("", permission=("portal.look", "update"))
def show() -> Any:
    """The form."""
    return _page({})


def _page(errors: dict[str, str], status: int = 200) -> Any:
    row = db.session.scalars(select(Look).order_by(Look.id)).first()
    colour = (row and row.colour) or colours.DEFAULT
    page = render_template(
        "portal/settings.html",
        title=gettext("Client portal"),
        crumbs=[(gettext("Settings"), "/settings"), (gettext("Client portal"), None)],
        row=row,
        colour=colour,
        contrast=f"{colours.contrast(colour, '#ffffff'):.1f}",
        logo=looks.look()["logo"],
        errors=errors,
        given=request.form,
        shown=looks.look(),
    )
    return page, status


@settings.route("", methods=("POST",), permission=("portal.look", "update"))
def save() -> Any:
    """Keep what was given; an empty field goes back to the deployment's own name and colour."""
    values: dict[str, Any] = {n: request.form.get(n, "").strip() or None for n in ("name", "name_en", "colour")}
    try:
        row = db.session.scalars(select(Look).order_by(Look.id)).first() or create(Look, {})
        update(row, values)
        _keep_logo(row)
    except Invalid as error:
        db.session.rollback()
        return _page({e.field: str(e.message) for e in error.errors}, 422)
    looks.forget()
    return done("/settings/portal")


def _keep_logo(row: Look) -> None:
    if request.form.get("no_logo") == "1":
        update(row, {"logo": None})
    given = request.files.get("logo")
    if given is None or not given.filename:
        return
    start = given.stream.read(8)
    given.stream.seek(0)
    ending = next((e for magic, e in PICTURES.items() if start.startswith(magic)), None)
    if ending is None:
        raise Invalid([FieldError("logo", "kind", _("The logo is a PNG or JPEG picture."))])
    if len(given.stream.read(MOST_BYTES + 1)) > MOST_BYTES:
        raise Invalid([FieldError("logo", "too_large", _("The logo is larger than 512 KB."))])
    given.stream.seek(0)
    row.logo_id = add_file(row, f"logo.{ending}", given.stream, kind="logo").id

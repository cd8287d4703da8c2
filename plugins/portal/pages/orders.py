"""New instructions to the agency, with files."""

from __future__ import annotations

from typing import Any

from flask import current_app, request

from core import FieldError, Invalid, NotFound, Query, _, add_file, create, current_principal, db, gettext, list_records
from plugins.portal.choices import ORDER_KINDS
from plugins.portal.desk import draw, onward, page, tell
from plugins.portal.people import client_ids, me
from plugins.portal.records import Order

MOST_FILES = 10


def _allowed(action: str) -> None:
    if not current_principal().can("portal.order", action):
        raise NotFound()


@page("/orders")
def orders() -> Any:
    """What was sent, and the form for more."""
    _allowed("read")
    tell(_("Orders"))
    return _page({})


def _page(errors: dict[str, str], status: int = 200) -> Any:
    rows = list_records(Order, Query(sort=("-id",), limit=50, page=1)).rows
    kinds = {c.code: str(c.label) for c in ORDER_KINDS}
    return draw(
        "orders.html", status, title=gettext("New order"), rows=rows, kinds=kinds, errors=errors, given=request.form
    )


@page("/orders", act="order", methods=("POST",))
def send() -> Any:
    """A new order with its files."""
    _allowed("create")
    person = me()
    chosen = request.form.get("client", "")
    client = int(chosen) if chosen.isascii() and chosen.isdigit() else (person.client if person else 0)
    if client not in client_ids():
        raise NotFound()
    given = {name: request.form.get(name, "").strip() or None for name in ("kind", "subject", "details")}
    try:
        order = create(Order, {**given, "client": client})
        _keep_files(order)
    except Invalid as error:
        db.session.rollback()
        return _page({e.field: str(e.message) for e in error.errors}, 422)
    tell(order.subject, record=("portal.order", order.id), client=client)
    return onward("/portal/orders", "ordered")


def _keep_files(order: Order) -> None:
    files = [f for f in request.files.getlist("file") if f.filename]
    if len(files) > MOST_FILES:
        raise Invalid([FieldError("file", "too_many", gettext("At most %(n)s files.", n=MOST_FILES))])
    for each in files:
        try:
            add_file(order, each.filename or "", each.stream, kind="client_upload", client_visible=True)
        except ValueError:
            most = current_app.config["ZHIAN"].max_upload_mb
            message = gettext("%(name)s is larger than %(n)s MB.", name=each.filename, n=most)
            raise Invalid([FieldError("file", "too_large", message)]) from None

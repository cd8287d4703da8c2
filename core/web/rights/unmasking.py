"""The button behind a masked value: a reason is asked, the value is shown once, and the log keeps who looked."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from markupsafe import Markup

from core.db import db
from core.errors import Invalid, NotFound
from core.i18n import gettext
from core.permissions import unmasking
from core.permissions.rules import access
from core.records import service
from core.registry import RecordType
from core.web import components as z
from core.web.facts import caption_of
from core.web.lifecycle import commit, wants_fragment
from core.web.listing import kind_of


def ask(key: str, record_id: int, name: str) -> Any:
    """The dialog that asks why."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    rule = access().treatments(kind.model, db.session().principal).get(name)
    if rule is None or rule.treatment != "masked" or not unmasking.may_unmask(record):
        raise NotFound()
    return _dialog(kind, record_id, name, {})


def show(key: str, record_id: int, name: str) -> Any:
    """The value, once there is a reason."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    try:
        value = unmasking.unmask(record, name, request.form.get("reason", ""))
    except Invalid as error:
        return _dialog(kind, record_id, name, {"reason": str(error.errors[0].message)}), 422
    commit()
    return _dialog(kind, record_id, name, {}, value)


def _dialog(kind: RecordType, record_id: int, name: str, errors: dict[str, str], value: str | None = None) -> str:
    back = f"/r/{kind.key}/{record_id}"
    title = gettext("Show %(field)s", field=str(kind.fields[name].label))
    context = {
        "title": title,
        "caption": caption_of(kind, record_id),
        "target": f"{back}/-/unmask/{name}",
        "back": back,
        "errors": errors,
        "value": value,
        "label": str(kind.fields[name].label),
    }
    if wants_fragment():
        return render_template("web/rights/_unmask.html", **context)
    crumbs = [(str(kind.plural), f"/r/{kind.key}"), (context["caption"], back), (title, None)]
    return render_template("web/ask.html", ask_template="web/rights/_unmask.html", crumbs=crumbs, **context)


def with_button(kind: RecordType, record: Any, name: str, shown: Any) -> Any:
    """A masked value with the button that shows it, for whoever has that right."""
    if shown == "" or not unmasking.may_unmask(record):
        return shown
    href = f"/r/{kind.key}/{record.id}/-/unmask/{name}"
    words = gettext("Show %(field)s", field=str(kind.fields[name].label))
    button = Markup('<a class="z-ib" href="%s" data-ask="%s" aria-label="%s" title="%s">%s</a>')
    return Markup('<span class="z-row">%s%s</span>') % (shown, button % (href, href, words, words, z.z_icon("eye", 14)))


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/<int:record_id>/-/unmask/<name>", "ask_unmask", ask)
    web.add_url_rule("/r/<key>/<int:record_id>/-/unmask/<name>", "unmask", show, methods=["POST"])

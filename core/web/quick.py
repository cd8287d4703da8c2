"""Adding a record in place: the few fields that matter, in a dialog of the page that the new record hangs on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from core.db import db
from core.errors import Invalid, NotFound, Refused
from core.i18n import gettext
from core.records import service
from core.registry import RecordType
from core.views import FormView, Section
from core.web.facts import caption_of
from core.web.forms import fieldsets, read_form, sections_of
from core.web.lifecycle import commit, done, wants_fragment
from core.web.listing import kind_of
from core.web.security import safe_next
from core.web.shell import forget_counts, registry
from core.web.toasts import say

MOST = 8
"""More fields than this belong on a page."""


def names_of(kind: RecordType, given: dict[str, Any]) -> tuple[str, ...]:
    """The fields of the dialog: all of a small form; of a large one the needed ones, then its first ones."""
    written = [n for s in sections_of(kind) for n in s.fields if n in kind.fields and kind.fields[n].writable]
    written = [n for n in dict.fromkeys(written) if kind.fields[n].kind != "file" and n not in given]
    if len(written) <= MOST:
        return tuple(written)
    needed = [n for n in written if kind.fields[n].required and kind.fields[n].default is None]
    view: FormView | None = registry().view("form", kind.key)
    placed = view.places if view is not None else {}
    needed += [n for n in written if n in placed and placed[n].needed is not None and n not in needed]
    others = [n for n in written if n not in needed]
    return tuple([*needed, *others][: max(MOST - 2, len(needed))])


def ask(key: str) -> Any:
    """The dialog; fields in the address are fixed."""
    return _dialog(*_target(key), {}, {}, request.args.get("back", ""))


def _target(key: str) -> tuple[RecordType, dict[str, str]]:
    kind = kind_of(key, "create")
    if ("form", key) not in registry().views:
        raise NotFound()
    asked = request.form if request.method == "POST" else request.args
    return kind, {n: v for n, v in asked.items() if n in kind.fields and kind.fields[n].kind == "link" and v.isdigit()}


def create(key: str) -> Any:
    """Make the record and show the page that it was added from, or the dialog with what to mend."""
    kind = kind_of(key, "create")
    if ("form", key) not in registry().views:
        raise NotFound()
    fixed = {n: v for n in request.form.getlist("fixed") if n in kind.fields and (v := request.form.get(n))}
    given = read_form(kind, [Section("quick", "", tuple(kind.fields))], request.form, new=True)
    back = safe_next(request.form.get("back"), f"/r/{key}")
    try:
        record = service.create(kind.model, given)
        commit()
    except (Invalid, Refused) as error:
        db.session.rollback()
        errors = {e.field: str(e.message) for e in error.errors} if isinstance(error, Invalid) else {"": str(error)}
        return _dialog(kind, fixed, given, errors, back), 422
    forget_counts()
    say(
        gettext("%(name)s is stored", name=caption_of(kind, record.id)),
        "done",
        gettext("Open"),
        f"/r/{key}/{record.id}",
    )
    return done(back)


def _dialog(kind: RecordType, fixed: dict[str, str], given: dict[str, Any], errors: dict[str, str], back: str) -> str:
    view: FormView | None = registry().view("form", kind.key)
    begun = view.begin() if view is not None and view.begin is not None else {}
    defaults = {n: f.default for n, f in kind.fields.items() if not callable(f.default)}
    sections = [Section("quick", "", names_of(kind, fixed))]
    drawn = fieldsets(kind, None, sections, defaults | begun | given, errors)
    fields = [f | {"wide": True} for s in drawn for f in s["fields"]]
    known = {f["name"] for f in fields}
    whole = f"/r/{kind.key}/new?" + "&".join(f"{n}={v}" for n, v in fixed.items())
    title = gettext("New %(record)s", record=str(kind.label))
    context = {
        "title": title,
        "crumbs": [(str(kind.plural), f"/r/{kind.key}"), (title, None)],
        "target": f"/r/{kind.key}/-/quick",
        "fixed": fixed,
        "fields": fields,
        "back": safe_next(back, f"/r/{kind.key}"),
        "whole": whole,
        "other_errors": [m for n, m in errors.items() if n not in known],
    }
    if wants_fragment():
        return render_template("web/_quick.html", **context)
    return render_template("web/ask.html", ask_template="web/_quick.html", **context)


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/-/quick", "quick", ask)
    web.add_url_rule("/r/<key>/-/quick", "quick_create", create, methods=["POST"])

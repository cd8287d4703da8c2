"""Sharing from a record's page: the dialog, what is open to whom, and `/shared`: what was opened to oneself."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, render_template, request

from core.clock import today
from core.db import db
from core.errors import FieldError, Invalid
from core.i18n import _, gettext
from core.permissions import sharing
from core.permissions.principal import current_principal
from core.records import service
from core.records.dump import labels
from core.registry import RecordType, registry
from core.views import Panel
from core.web import format as fmt
from core.web.facts import caption_of
from core.web.lifecycle import done, wants_fragment
from core.web.listing import kind_of
from core.web.toasts import say

DAYS = 30
LEVELS = (("read", _("may read")), ("update", _("may read and change")))


def ask(key: str, record_id: int) -> Any:
    """The dialog."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    until = (today() + dt.timedelta(days=DAYS)).isoformat()
    return _dialog(kind, record, {"level": "read", "until": until}, {})


def _dialog(kind: RecordType, record: Any, values: dict[str, Any], errors: dict[str, str]) -> Any:
    title, target = gettext("Share with others"), f"/r/{kind.key}/{record.id}"
    levels = [(code, str(words)) for code, words in LEVELS if sharing.may_share(record, code)]
    shown = {
        n: labels(f"core.{n}", [int(values[n])]).get(int(values[n]), "")
        for n in ("user", "department")
        if _id(values.get(n))
    }
    context = {
        "title": title,
        "caption": caption_of(kind, record.id),
        "target": f"{target}/-/share",
        "back": target,
        "levels": levels,
        "values": values,
        "shown": shown,
        "errors": errors,
        "shares": rows(kind, record),
    }
    if wants_fragment():
        return render_template("web/rights/_share.html", **context), 422 if errors else 200
    crumbs = [(str(kind.plural), f"/r/{kind.key}"), (context["caption"], target), (title, None)]
    template = "web/rights/_share.html"
    return render_template("web/ask.html", ask_template=template, crumbs=crumbs, **context), 422 if errors else 200


def _id(value: Any) -> int | None:
    return int(value) if str(value or "").isdigit() else None


def share(key: str, record_id: int) -> Any:
    """Open the record."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    form = request.form
    try:
        made = sharing.share(
            record,
            user_id=_id(form.get("user")),
            department_id=_id(form.get("department")),
            level=form.get("level", "read"),
            until=_day(form.get("until", "")),
            note=form.get("note"),
        )
    except Invalid as error:
        db.session.rollback()
        fresh = service.get(kind.model, record_id)
        return _dialog(kind, fresh, form.to_dict(), {e.field: str(e.message) for e in error.errors})
    who = _who(made.user_id, made.department_id)
    say(gettext("%(name)s is open to %(who)s", name=caption_of(kind, record_id), who=who))
    return done(f"/r/{key}/{record_id}")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid([FieldError("until", "date", _("Write the day as 2026-12-14."))]) from None


def _who(user_id: int | None, department_id: int | None) -> str:
    key, ident = ("core.user", user_id) if user_id is not None else ("core.department", department_id)
    return labels(key, [ident] if ident else []).get(ident or 0) or gettext("a record you may not see")


def rows(kind: RecordType, record: Any) -> list[dict[str, Any]]:
    """Live shares of a record, as lines."""
    me = current_principal()
    own = sharing.may_share(record, "update") or me.can("core.share", "delete")
    return [
        {
            "who": _who(s.user_id, s.department_id),
            "words": str(dict(LEVELS)[s.level]),
            "until": fmt.instant(s.ends_at - dt.timedelta(seconds=1))[:10],
            "end": f"/r/{kind.key}/{record.id}/-/share/{s.id}/end" if own or s.created_by_id == me.user_id else None,
            "note": s.note,
        }
        for s in sharing.shares_of(record)
    ]


def panel(kind: RecordType, record: Any) -> Panel | None:
    """The part of a record's aside that says to whom it is open; None when to nobody."""
    if not sharing.shareable(kind.key) or not (found := rows(kind, record)):
        return None
    return Panel("web/rights/_shares.html", {"shares": found}, order=5)


def end(key: str, record_id: int, share_id: int) -> Any:
    """Close it again."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    sharing.end_share(record, share_id)
    say(gettext("That share has ended"))
    return done(f"/r/{key}/{record_id}")


def shared() -> Any:
    """`/shared`: what is open to this person for a time, and what they opened to others."""
    me = current_principal()
    title = gettext("Shared with me")
    return render_template(
        "web/rights/shared.html",
        title=title,
        crumbs=[(title, None)],
        taken=[_line(row) for row in sharing.given_or_taken(me, taken=True)],
        given=[_line(row) for row in sharing.given_or_taken(me, taken=False)],
    )


def _line(row: Any) -> dict[str, Any]:
    kind = registry().types.get(row.record_key)
    name = labels(row.record_key, [row.record_id]).get(row.record_id) if kind is not None else None
    return {
        "name": name or gettext("a record you may not see"),
        "href": f"/r/{row.record_key}/{row.record_id}" if name else None,
        "kind": str(kind.label) if kind is not None else row.record_key,
        "icon": kind.icon if kind is not None else "file",
        "words": str(dict(LEVELS)[row.level]),
        "by": _who(row.created_by_id, None),
        "to": _who(row.user_id, row.department_id),
        "until": fmt.instant(row.ends_at - dt.timedelta(seconds=1))[:10],
        "note": row.note,
    }


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/shared", "shared", shared)
    web.add_url_rule("/r/<key>/<int:record_id>/-/share", "ask_share", ask)
    web.add_url_rule("/r/<key>/<int:record_id>/-/share", "share", share, methods=["POST"])
    web.add_url_rule("/r/<key>/<int:record_id>/-/share/<int:share_id>/end", "end_share", end, methods=["POST"])

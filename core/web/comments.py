"""Comments on a record: writing them, people for an @, changing one's own for a while; and the timeline by parts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from sqlalchemy import select

from core.db import db
from core.desk import comments, drafts
from core.errors import BadRequest, Invalid, NotFound
from core.i18n import _, gettext
from core.records import service, undoing
from core.records.notes import Note
from core.records.query import Query, list_records
from core.registry import RecordType, record_class
from core.web import timeline
from core.web.forms import say_undoable
from core.web.lifecycle import commit, done, wants_fragment
from core.web.listing import kind_of

OFFERED = 8


def part(key: str, record_id: int) -> Any:
    """One stretch of the timeline: of one kind, or what is older."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    raw = request.args.get("before", "")
    try:
        before = datetime.fromisoformat(raw) if raw else None
        if before is not None and before.tzinfo is None:
            raise ValueError
    except ValueError:
        raise BadRequest(_("This page mark is not valid any more. Start the list again.")) from None
    story = timeline.story(kind, record.id, request.args.get("kind", ""), before)
    template = "web/_story.html" if before else "web/_timeline.html"
    return render_template(template, kind=kind, record=record, story=story)


def people(key: str, record_id: int) -> Any:
    """People to mention, as one types: those who may see the record. `{data: [{id, label, note}], none}`."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    typed = request.args.get("q", "").strip()[:40]
    user = record_class("core.user")
    found = list_records(user, Query(q=typed, fields=("name", "title_text", "active"), limit=3 * OFFERED, page=1))
    named = {row["id"]: row for row in found.rows if row["active"]}
    able = service.readers(record, named)[:OFFERED]
    data = [{"id": i, "label": named[i]["name"], "note": named[i]["title_text"] or ""} for i in able]
    return jsonify(data=data, none=gettext("Nobody of this name may see this record"))


def write(key: str, record_id: int) -> Any:
    """A comment on the timeline; a refusal comes back in the composer with what was written."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    values = {
        "record_key": key,
        "record_id": record.id,
        "body": request.form.get("body", ""),
        "visibility": request.form.get("visibility", "internal"),
        "mentions": _mentions(),
    }
    try:
        service.create(Note, values)
        drafts.drop(request.form.get("draft"))
        commit()
    except Invalid as error:
        if not wants_fragment():
            raise
        db.session.rollback()
        return _composer(kind, service.get(kind.model, record_id), values, error), 422
    return done(f"/r/{key}/{record_id}")


def _mentions() -> list[int] | None:
    """Whom the writer chose out of the list, as far as their names still stand in the text."""
    return [int(i) for i in request.form.getlist("mention") if i.isdigit()] or None


def _composer(kind: RecordType, record: Any, values: dict[str, Any], error: Invalid) -> str:
    told = [str(e.message) for e in error.errors]
    return render_template("web/_composer.html", kind=kind, record=record, values=values, errors=told)


def _own(key: str, record_id: int, note_id: int) -> Any:
    """One's own comment on that record, which can still be changed; raises `NotFound` and `Refused`."""
    kind = kind_of(key)
    service.get(kind.model, record_id)
    note = db.session.scalars(select(Note).where(Note.id == note_id)).first()
    if note is None or (note.record_key, note.record_id) != (key, record_id) or not service.may(note, "update"):
        raise NotFound()
    comments.check_time(note)
    return note


def ask(key: str, record_id: int, note_id: int) -> Any:
    """The comment as a small form in its place."""
    note = _own(key, record_id, note_id)
    return render_template("web/_note.html", target=f"/r/{key}/{record_id}/-/note/{note.id}", note=note, error=None)


def change(key: str, record_id: int, note_id: int) -> Any:
    """Change one's own comment."""
    note = _own(key, record_id, note_id)
    before = undoing.values_before(note, ["body"])
    try:
        service.update(note, {"body": request.form.get("body", "").strip()})
        token = undoing.keep(gettext("comment"), [undoing.change_step(note, before)])
        commit()
    except Invalid as error:
        db.session.rollback()
        note = _own(key, record_id, note_id)
        note.body = request.form.get("body", "")
        told = str(error.errors[0].message)
        target = f"/r/{key}/{record_id}/-/note/{note_id}"
        shown = render_template("web/_note.html", target=target, note=note, error=told)
        db.session.rollback()
        return shown, 422
    say_undoable(gettext("The comment is changed"), token)
    return done(f"/r/{key}/{record_id}")


def remove(key: str, record_id: int, note_id: int) -> Any:
    """Delete one's own comment, with the way back in the message."""
    number = service.delete(_own(key, record_id, note_id))
    token = undoing.keep(gettext("comment"), [undoing.bin_step(number)] if number else [])
    say_undoable(gettext("The comment is deleted"), token)
    return done(f"/r/{key}/{record_id}")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    base = "/r/<key>/<int:record_id>/-"
    web.add_url_rule(f"{base}/timeline", "timeline", part)
    web.add_url_rule(f"{base}/people", "people_for", people)
    web.add_url_rule(f"{base}/note", "note", write, methods=["POST"])
    web.add_url_rule(f"{base}/note/<int:note_id>", "note_form", ask)
    web.add_url_rule(f"{base}/note/<int:note_id>", "note_change", change, methods=["POST"])
    web.add_url_rule(f"{base}/note/<int:note_id>/delete", "note_remove", remove, methods=["POST"])

"""The dialog of one move: what it needs, with the papers uploaded in the same step."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from sqlalchemy import select

from core import (
    Endpoints,
    FieldError,
    Invalid,
    NotFound,
    Param,
    Refused,
    _,
    add_file,
    current_locale,
    db,
    get,
    gettext,
    labels,
    registry,
    run_action,
)
from plugins.cases import page, status
from plugins.cases.actions import BASE, event_params, need_param
from plugins.cases.case import Case
from plugins.cases.entry import Entry, roles_now
from plugins.cases.facts import document_kinds, field_values
from plugins.cases.records import Event

cases = Endpoints("cases", "/cases")
RIGHT = ("cases.case", "record_event")
WIDGETS = {
    "text": "text",
    "tags": "text",
    "long_text": "textarea",
    "integer": "number",
    "decimal": "number",
    "money": "number",
    "date": "date",
    "boolean": "select",
    "choice": "select",
    "multi_choice": "options",
    "link": "link",
}
GENERAL = ("date", "dispatch_date", "receipt_date", "delivery", "notice_number", "outcome", "classes", "filed_at")
OF_PAPERS = ("period_months", "period_days", "postmark_receipt_date", "proved_receipt_date")
OF_COURTS = ("service_date", "foreign_party")
MORE_ABOUT = {"office": OF_PAPERS, "court": (*OF_PAPERS, *OF_COURTS)}


@cases.route("/<int:case_id>/moves", permission=RIGHT)
def moves(case_id: int) -> Any:
    """The moves open to the person, and the other events that may be put on record."""
    case = get(Case, case_id)
    return _page("cases/moves_dialog.html", case, gettext("Record an event"))


@cases.route("/<int:case_id>/event", permission=RIGHT)
def event_form(case_id: int) -> Any:
    """The form of the event named in the address."""
    case = get(Case, case_id)
    return _form(case, _code(), {}, {})


@cases.route("/<int:case_id>/event", permission=RIGHT, methods=("POST",))
def event_post(case_id: int) -> Any:
    """Record it; errors come back at their fields."""
    case, code = get(Case, case_id), _code()
    given = _given(case)
    try:
        documents = _store_papers(case)
        run_action(case, "cases.case", "record_event", {**given, **documents, "event": code})
    except (Invalid, Refused) as error:
        db.session.rollback()
        errors = {e.field: str(e.message) for e in error.errors} if isinstance(error, Invalid) else {"": str(error)}
        return make_response(_form(get(Case, case_id), code, given, errors), 422)
    return _go(f"/r/cases.case/{case_id}")


def _code() -> str:
    code = request.values.get("event", "")
    if code not in status.event_types():
        raise NotFound()
    return code


def _go(target: str) -> Response:
    if request.headers.get("HX-Request"):
        answer = make_response("")
        answer.headers["HX-Redirect"] = target
        return answer
    return make_response(redirect(target, 303))


def _given(case: Case) -> dict[str, Any]:
    """Posted values of declared inputs; several values only where several may be chosen."""
    given: dict[str, Any] = {}
    for param in event_params(case):
        values = [value.strip() for value in request.form.getlist(param.name) if value.strip()]
        if values:
            given[param.name] = values if param.kind == "multi_choice" else values[0]
    return given


def _store_papers(case: Case) -> dict[str, Any]:
    """Keep the uploaded papers with the case; the one of the event itself becomes its document."""
    found: dict[str, Any] = {}
    for name, part in request.files.items(multi=True):
        if not part.filename:
            continue
        stored = _attach(case, name.removeprefix("paper:"), part)
        if name == "paper:event":
            found["document"] = stored
    return found


def _attach(case: Case, kind: str, part: Any) -> int:
    try:
        return add_file(case, part.filename, part.stream, None if kind == "event" else kind).id
    except ValueError:
        raise Invalid([FieldError("document", "too_large", _("This file is too large."))]) from None
    except Invalid as error:
        raise Invalid([FieldError("document", e.code, e.message) for e in error.errors]) from None


def _form(case: Case, code: str, given: dict[str, Any], errors: dict[str, str]) -> Any:
    model, locale = status.model(case.case_type), current_locale()
    open_now = status.moves(model, case.status, roles_now(), frozenset(registry().types))
    found = [move for move in open_now if move.event == code]
    names = {n: "dates" for move in found for n in move.dates} | {n: "fields" for move in found for n in move.fields}
    required = {n for n in names if all(n in (*move.dates, *move.fields) for move in found)}
    held = field_values(case) | _held_by_event(case)
    needs = [
        _field(need_param(name, kind, name in required), given.get(name, held.get(name)), errors.get(name))
        for name, kind in names.items()
        if name != "reason"
    ]
    shown = set(names) if found else {param.name for param in BASE[:3]}
    about = {*GENERAL, *MORE_ABOUT.get(status.event_type(code).source, ())}
    papers = sorted({name for move in found for name in move.docs})
    own = [name for name in papers if status.need(name, "docs").event_document]
    conditions = [move.condition for move in found if move.condition]
    return _page(
        "cases/event_dialog.html",
        case,
        status.event_type(code).label(locale),
        code=code,
        note=status.event_type(code).note,
        targets=[(move.to.code, move.to.label(locale)) for move in found] if len(found) > 1 else [],
        chosen=given.get("to"),
        needs=needs if found else [_field(p, given.get(p.name), errors.get(p.name)) for p in BASE[:3]],
        general=[_field(p, given.get(p.name), errors.get(p.name)) for p in BASE if p.name in about - shown],
        own=" / ".join(status.need(name, "docs").label(locale) for name in own),
        papers=[_paper(name, case, locale) for name in papers if name not in own],
        conditions=[c.label(locale) for c in conditions],
        confirm=any(c.confirm for c in conditions) or "reason" in errors or "reason" in names,
        reason=given.get("reason") or "",
        complete=request.values.get("complete") or "",
        errors=errors,
        other_errors=[text for name, text in errors.items() if name in ("", "event", "document")],
        keepable=status.event_type(code).source in ("office", "court", "fact", "derived") and bool(errors),
    )


def _held_by_event(case: Case) -> dict[str, Any]:
    """What the waiting event that is being completed already holds."""
    ident = request.values.get("complete", type=int)
    event = (
        db.session.scalars(select(Event).where(Event.id == ident, Event.case_id == case.id)).first() if ident else None
    )
    if event is None:
        return {}
    entry = Entry(event.code)
    entry.fill_from(event)
    return entry.values


def _paper(name: str, case: Case, locale: str) -> dict[str, Any]:
    need = status.need(name, "docs")
    there = document_kinds(case)
    return {
        "name": name,
        "label": need.label(locale),
        "there": bool({name, *need.any_of} & there) or bool(need.field and field_values(case).get(need.field)),
        "optional": need.optional,
    }


def _field(param: Param, value: Any, error: str | None) -> dict[str, Any]:
    """A parameter as the field macro of the shell wants it."""
    options = [(choice.code, str(choice.label)) for choice in (param.choices or ()) if not callable(param.choices)]
    if callable(param.choices):
        options = [(choice.code, str(choice.label)) for choice in param.choices()]
    if param.kind == "boolean":
        options = [("1", gettext("yes")), ("0", gettext("no"))]
        value = "" if value is None else "1" if value in (True, "1") else "0"
    shown = labels(param.target, [int(value)]).get(int(value)) if param.target and value else None
    if param.kind == "tags" and isinstance(value, list):
        value = "; ".join(map(str, value))
    return {
        "name": param.name,
        "label": str(param.label),
        "widget": WIDGETS.get(param.kind, "text"),
        "required": param.required,
        "readonly": False,
        "help": str(param.help) if param.help else None,
        "error": error,
        "options": options,
        "wide": param.kind in ("long_text", "multi_choice", "tags"),
        "max_length": None,
        "step": {"integer": "1", "money": "0.01", "decimal": "any"}.get(param.kind),
        "source": f"/r/{param.target}/-/pick" if param.target else None,
        "focus": False,
        "value": value.isoformat() if hasattr(value, "isoformat") else value if value is not None else "",
        "shown": shown,
    }


def _page(template: str, case: Case, title: str, **context: Any) -> str:
    """The dialog, or a page of its own where no script asked."""
    back = f"/r/cases.case/{case.id}"
    plural = str(registry().types["cases.case"].plural)
    crumbs = [(plural, "/r/cases.case"), (case.title, back), (title, None)]
    context |= {"record": case, "title": title, "back": back, "crumbs": crumbs, "target": f"/cases/{case.id}/event"}
    context |= {"open_moves": page.open_moves(case)}
    if request.headers.get("HX-Request"):
        return render_template(template, **context)
    return render_template("web/ask.html", ask_template=template, **context)

"""Create and edit forms from specs: widgets, errors under fields, the comparison when somebody was faster."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from core.db import db
from core.desk import drafts
from core.errors import Invalid, NotFound, Refused, Stale
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service, undoing
from core.records.dump import labels
from core.records.fields import Field
from core.registry import RecordType
from core.views import FieldPlace, FormView, Section
from core.web import cells, lines, uploads
from core.web.facts import caption_of, shown_values
from core.web.lifecycle import commit, done
from core.web.listing import kind_of
from core.web.shell import forget_counts, registry
from core.web.toasts import say
from core.web.widgets import WIDGETS, field_of

Errors = dict[str, str]


def sections_of(kind: RecordType, record: Any = None) -> list[Section]:
    """The form's sections for this record; without a view one of all writable fields."""
    view: FormView | None = registry().view("form", kind.key)
    if view is None or not view.sections:
        names = tuple(f.name for f in kind.fields.values() if f.writable and f.kind in WIDGETS)
        return [Section("all", "", names)]
    subject, values = _draft(kind) if record is None else record, typed_values(kind, record)
    shown = (s for s in view.sections if s.when is None or s.when(subject))
    return [s for s in shown if s.given is None or s.given(values)]


def typed_values(kind: RecordType, record: Any) -> dict[str, Any]:
    """The record's values by field name, or the defaults of a new one, under what is being typed or given now."""
    if record is not None:
        known = {n: getattr(record, f.attr, None) for n, f in kind.fields.items()}
    else:
        known = {n: None if callable(f.default) else f.default for n, f in kind.fields.items()}
    asked = request.form if request.method == "POST" else request.args
    many = {n for n, f in kind.fields.items() if f.kind == "multi_choice"}
    given = {n: asked.getlist(n) if n in many else asked[n] for n in asked if n in kind.fields}
    return known | {n: [v for v in value if v] if n in many else value for n, value in given.items()}


def _draft(kind: RecordType) -> SimpleNamespace:
    """What is known of a record that is still to be made: defaults and what the address or the form says."""
    known = {f.attr: None if callable(f.default) else f.default for f in kind.fields.values()}
    given = {f.attr: v for n, f in kind.fields.items() if (v := request.values.get(n))}
    return SimpleNamespace(id=None, **known | given)


def new_form(key: str) -> Any:
    """`/r/<key>/new`; fields in the address are filled in."""
    kind = kind_of(key, "create")
    values = {n: v for n, v in request.args.items() if n in kind.fields}
    view: FormView | None = registry().view("form", kind.key)
    begun = view.begin() if view is not None and view.begin is not None else {}
    defaults = {n: f.default for n, f in kind.fields.items() if not callable(f.default)}
    return _page(kind, None, defaults | begun | values, {})


def create(key: str) -> Any:
    """Make the record, or show what to mend."""
    kind = kind_of(key, "create")
    given = read_form(kind, sections_of(kind), request.form, new=True)
    try:
        record = service.create(kind.model, given)
        lines.store(kind, record, request.form)
        uploads.store(kind, record)
        drafts.drop(request.form.get("draft"))
        commit()
    except (Invalid, Refused) as error:
        return refused(kind, None, given, error)
    forget_counts()
    say(gettext("%(name)s is stored", name=caption_of(kind, record.id)))
    return done(f"/r/{key}/{record.id}")


def edit_form(key: str, record_id: int) -> Any:
    """`/r/<key>/<id>/edit`."""
    kind = kind_of(key, "update")
    record = service.get(kind.model, record_id)
    return _page(kind, record, _values_of(kind, record_id), {})


def update(key: str, record_id: int) -> Any:
    """Save, or show what to mend, or both versions side by side when somebody was faster."""
    kind = kind_of(key, "update")
    record = service.get(kind.model, record_id)
    given = read_form(kind, sections_of(kind, record), request.form)
    version = request.form.get("version", type=int)
    if given and "keep" in request.form:
        given = {n: v for n, v in given.items() if request.form.get(f"keep:{n}", "mine") == "mine"}
    try:
        if version is None:
            raise Stale()
        before = undoing.values_before(record, given)
        service.update(record, given, version)
        lines.store(kind, record, request.form)
        uploads.store(kind, record)
        drafts.drop(request.form.get("draft"))
        title = caption_of(kind, record.id)
        token = None if _rows_posted() else undoing.keep(title, [undoing.change_step(record, before)])
        commit()
    except (Invalid, Refused) as error:
        return refused(kind, record, given, error)
    except Stale:
        db.session.rollback()
        return conflict(kind, record_id, given)
    forget_counts()
    say_undoable(gettext("%(name)s is saved", name=title), token)
    return done(f"/r/{key}/{record_id}")


def _rows_posted() -> bool:
    """Whether the form also wrote rows of other types, which one step back would not bring with it."""
    return any(name.startswith("lines-") for name in request.form)


def say_undoable(text: str, token: str | None) -> None:
    """A message with the way back, where there is one."""
    say(text, "done", gettext("Undo") if token else None, f"/undo/{token}" if token else None)


def _treated(kind: RecordType, new: bool) -> dict[str, Any]:
    """Fields that the person may not fill; rules that depend on a stored record do not bind a new one."""
    found = access().treatments(kind.model, db.session().principal)
    return {name: rule for name, rule in found.items() if not (new and rule.when is not None)}


def read_form(
    kind: RecordType, sections: list[Section], form: MultiDict[str, str], *, new: bool = False
) -> dict[str, Any]:
    """Posted values by field name; fields that the form did not show are left out."""
    treated = _treated(kind, new)
    given: dict[str, Any] = {}
    for section in sections:
        for name in section.fields:
            spec = kind.fields.get(name)
            if spec is None or not spec.writable or name in treated or name not in form or spec.kind == "file":
                continue
            if spec.kind == "multi_choice":
                given[name] = [v for v in form.getlist(name) if v]
            elif spec.kind == "secret" and not form.get(name):
                continue  # an empty box keeps what is stored
            else:
                given[name] = form.get(name, "").strip() or None
    return given


def refused(kind: RecordType, record: Any, given: dict[str, Any], error: Invalid | Refused) -> Any:
    """The form again, with the errors at their fields."""
    record_id = record.id if record is not None else None
    db.session.rollback()
    errors = (
        {e.field: str(e.message) for e in error.errors}
        if isinstance(error, Invalid)
        else {getattr(error, "field", None) or "": str(error)}
    )
    values = (_values_of(kind, record_id) if record_id else {}) | given
    fresh = service.get(kind.model, record_id) if record_id else None
    return _page(kind, fresh, values, errors, version=request.form.get("version")), 422


def conflict(kind: RecordType, record_id: int, given: dict[str, Any]) -> Any:
    """Both versions side by side; the person chooses what to keep."""
    record = service.get(kind.model, record_id)
    theirs = shown_values(kind, record_id)
    rows = []
    given = {n: v for n, v in given.items() if kind.fields[n].kind != "secret"}
    for name, mine in given.items():
        spec = kind.fields[name]
        loaded, errors = service.loader(kind.model).load({name: mine}, partial=True)
        value = loaded.get(name) if not errors else mine
        other = theirs.get(name)
        if (other["id"] if isinstance(other, dict) and "id" in other else other) != value:
            shown = _linked(spec, value) if spec.target else value
            rows.append(
                {
                    "name": name,
                    "label": str(spec.label),
                    "mine": cells.show(spec, shown),
                    "theirs": cells.show(spec, other),
                    "raw": mine,
                }
            )
    who = labels("core.user", [record.updated_by_id]).get(record.updated_by_id) or gettext("Somebody")
    own = record.updated_by_id == current_principal().user_id
    context = {
        "title": gettext("You changed this in another window") if own else gettext("Somebody was faster"),
        "kind": kind,
        "record": record,
        "rows": rows,
        "who": who,
        "own": own,
        "given": given,
    }
    crumbs = [
        (str(kind.plural), f"/r/{kind.key}"),
        (caption_of(kind, record.id), f"/r/{kind.key}/{record_id}"),
        (context["title"], None),
    ]
    return render_template("web/conflict.html", crumbs=crumbs, **context), 409


def _linked(spec: Field, value: Any) -> Any:
    known = labels(spec.target or "", [value] if value else [])
    return {"id": value, "label": known.get(value, str(value))} if value else None


def _values_of(kind: RecordType, record_id: int) -> dict[str, Any]:
    return shown_values(kind, record_id)


def fieldsets(
    kind: RecordType, record: Any, sections: list[Section], values: dict[str, Any], errors: Errors
) -> list[dict[str, Any]]:
    """The sections with their fields as the templates draw them; each field stands once."""
    treated, made, seen = _treated(kind, record is None), [], set()
    places, typed = places_of(kind), typed_values(kind, record)
    for section in sections:
        names = [n for n in dict.fromkeys(section.fields) if n not in seen and _shown(kind, n, treated, record)]
        seen.update(names)
        names = [n for n in names if n not in places or stands(places[n], typed)]
        drawn = [(n, field_of(kind.fields[n], values.get(n), errors.get(n))) for n in names]
        fields = [f | placed(places.get(n), kind.fields[n], typed) for n, f in drawn]
        if fields:
            folded = section.folded and not any(f["error"] for f in fields)
            made.append({"label": str(section.label or ""), "fields": fields, "folded": folded})
    return made


def places_of(kind: RecordType) -> Mapping[str, FieldPlace]:
    """What the person's layout says of single fields of the form."""
    view: FormView | None = registry().view("form", kind.key)
    return view.places if view is not None else {}


def stands(place: FieldPlace, values: Mapping[str, Any]) -> bool:
    """Whether the field is shown with these values."""
    return place.given is None or place.given(values)


def placed(place: FieldPlace | None, spec: Field, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a layout changes of a field as it is drawn: its label, and whether it is needed."""
    if place is None:
        return {}
    changed: dict[str, Any] = {"label": str(place.label)} if place.label else {}
    needed = place.needed is not None and place.needed(values)
    return changed | ({"required": True} if needed and spec.writable else {})


def again(key: str, record_id: int | None = None) -> Any:
    """The sections anew while somebody fills in a form, because a choice decides which ones apply. Stores nothing."""
    kind = kind_of(key, "update" if record_id else "create")
    record = service.get(kind.model, record_id) if record_id else None
    many = {n for n, f in kind.fields.items() if f.kind == "multi_choice"}
    values = {n: request.form.getlist(n) if n in many else v for n, v in request.form.items()}
    return render_template(
        "web/_fieldsets.html",
        sections=fieldsets(kind, record, sections_of(kind), values, {}),
        tables=_tables(kind, record, request.form, {}),
    )


def _tables(kind: RecordType, record: Any, form: Any, errors: Errors) -> list[dict[str, Any]]:
    return lines.tables(kind, record, _draft(kind) if record is None else record, form, errors)


def _reform(kind: RecordType, action: str) -> str | None:
    """Where the form asks for its sections anew; None when they never change."""
    view = registry().view("form", kind.key)
    changing = view is not None and any(s.when for s in (*view.sections, *view.lines))
    depends = view is not None and (
        any(s.given for s in view.sections) or any(p.given or p.needed for p in view.places.values())
    )
    return f"{action}/-/form" if changing or depends else None


def _page(kind: RecordType, record: Any, values: dict[str, Any], errors: Errors, version: Any = None) -> str:
    sections = fieldsets(kind, record, sections_of(kind, record), values, errors)
    tables = _tables(kind, record, request.form if request.method == "POST" else None, errors)
    known = {f["name"] for s in sections for f in s["fields"]}
    known |= {f["name"] for table in tables for row in table["rows"] for f in row["fields"]}
    if not errors and sections:
        first = next((f for s in sections for f in s["fields"] if not f["readonly"]), None)
        if first is not None:
            first["focus"] = True
    title = (
        gettext("New %(record)s", record=_lower(kind.label))
        if record is None
        else gettext("Edit %(name)s", name=caption_of(kind, record.id))
    )
    crumbs = [(str(kind.plural), f"/r/{kind.key}")] + (
        [(caption_of(kind, record.id), f"/r/{kind.key}/{record.id}")] if record is not None else []
    )
    action = f"/r/{kind.key}/{record.id}" if record is not None else f"/r/{kind.key}"
    return render_template(
        "web/form.html",
        title=title,
        reform=_reform(kind, action),
        crumbs=[*crumbs, (title, None)],
        kind=kind,
        record=record,
        version=version if version is not None else (record.version if record is not None else None),
        sections=sections,
        tables=tables,
        other_errors=[
            (kind.fields[n].label if n in kind.fields else "", m) for n, m in errors.items() if n not in known
        ],
        action=action,
        back=action,
        draft=draft_place(kind, record),
    )


def draft_place(kind: RecordType, record: Any) -> str:
    """Under which address the person's draft of this form is kept; new records by what they are made for."""
    if record is not None:
        return f"/r/{kind.key}/{record.id}"
    if request.method == "POST":
        return request.form.get("draft", f"/r/{kind.key}")
    given = urlencode(sorted((n, v) for n, v in request.args.items() if n in kind.fields))
    return f"/r/{kind.key}?{given}" if given and len(given) < 200 else f"/r/{kind.key}"


def _lower(label: Any) -> str:
    text = str(label)
    return text[:1].lower() + text[1:]


def _shown(kind: RecordType, name: str, treated: dict[str, Any], record: Any) -> bool:
    spec = kind.fields.get(name)
    if spec is None or spec.hidden or spec.kind not in WIDGETS or (spec.kind == "file" and not spec.custom):
        return False
    if name in treated:
        return treated[name].treatment == "readonly" and record is not None
    return spec.writable or record is not None


def archive(key: str, record_id: int) -> Any:
    """Put a record away, with the way back in the message."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    title = caption_of(kind, record.id)
    if not registry().of(kind.model).archive:
        raise NotFound()
    token = undoing.keep(title, [undoing.archive_step(service.archive(record))])
    say_undoable(gettext("%(name)s is archived", name=title), token)
    return done(f"/r/{key}")


def restore(key: str, record_id: int) -> Any:
    """Bring it back."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    title = caption_of(kind, record.id)
    token = undoing.keep(title, [undoing.archive_step(service.restore(record))])
    say_undoable(gettext("%(name)s is back", name=title), token)
    return done(f"/r/{key}/{record_id}")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/new", "new_form", new_form)
    web.add_url_rule("/r/<key>/-/form", "again_new", again, methods=["POST"])
    web.add_url_rule("/r/<key>/<int:record_id>/-/form", "again", again, methods=["POST"])
    web.add_url_rule("/r/<key>", "create", create, methods=["POST"])
    web.add_url_rule("/r/<key>/<int:record_id>/edit", "edit_form", edit_form)
    web.add_url_rule("/r/<key>/<int:record_id>", "update", update, methods=["POST"])
    web.add_url_rule("/r/<key>/<int:record_id>/-/archive", "archive", archive, methods=["POST"])
    web.add_url_rule("/r/<key>/<int:record_id>/-/restore", "restore", restore, methods=["POST"])

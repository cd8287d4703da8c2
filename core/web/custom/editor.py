"""The form of one custom field: what it is, its choices, where it stands, who reads and fills it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, render_template, request

from core.db import db
from core.errors import FieldError, Invalid, Refused, Stale
from core.i18n import _, gettext
from core.permissions.rules import access
from core.records import service
from core.records.custom import rules
from core.records.custom.model import CustomField
from core.records.fields import Field
from core.registry import RecordType
from core.web import format as fmt
from core.web import forms
from core.web.custom import choices
from core.web.custom.overview import BASE, crumbs, field_of_type, require, type_of
from core.web.lifecycle import commit, go
from core.web.shell import registry
from core.web.toasts import say
from core.web.widgets import field_of

MANY = ("readers", "writers")
LISTED = ("choice", "multi_choice")
FIGURES = ("number",)
TEXTS = ("text", "long_text")
UNFILLED = ("link", "file")
UNSORTED = ("long_text", "file")
Errors = dict[str, str]


def new(key: str) -> Any:
    """`/settings/fields/<key>/new`."""
    kind = type_of(key)
    require("create")
    begin = {"kind": "text", "needed": False, "indexed": True, "searched": False, "decimals": 2}
    return _page(kind, None, begin | request.args.to_dict(), {})


def create(key: str) -> Any:
    """Make the field, or show what to mend."""
    kind = type_of(key)
    require("create")
    given = _given(kind, None)
    try:
        field = service.create(CustomField, given | {"record_key": key, "code": _code(given)})
        commit()
    except (Invalid, Refused) as error:
        return _refused(kind, None, given, error)
    say(gettext("%(name)s stands in forms and lists now", name=field.called))
    return go(f"{BASE}/{key}")


def edit(key: str, field_id: int) -> Any:
    """`/settings/fields/<key>/<id>`."""
    kind = type_of(key)
    field = field_of_type(kind, field_id)
    return _page(kind, field, _values(field), {})


def update(key: str, field_id: int) -> Any:
    """Save, or show what to mend."""
    kind = type_of(key)
    field = field_of_type(kind, field_id)
    given = _given(kind, field)
    try:
        service.update(field, given, request.form.get("version", type=int))
        commit()
    except (Invalid, Refused) as error:
        return _refused(kind, field_id, given, error)
    except Stale:
        message = _("Somebody changed this field meanwhile. Look at it as it is now, and change it again.")
        return _refused(kind, field_id, {}, Refused(message))
    say(gettext("%(name)s is saved", name=field.called))
    return go(f"{BASE}/{key}")


def again(key: str, field_id: int | None = None) -> Any:
    """The form anew while somebody fills it in: the kind decides what is asked. Stores nothing."""
    kind = type_of(key)
    field = field_of_type(kind, field_id) if field_id else None
    values = (_values(field) if field is not None else {}) | _given(kind, field)
    sections, tables = _sections(kind, field, values, {}), _tables(values, field)
    return render_template("web/_fieldsets.html", sections=sections, tables=tables)


def _values(field: Any) -> dict[str, Any]:
    return {name: getattr(field, name) for name in registry().types["core.custom_field"].fields}


def _given(kind: RecordType, field: Any) -> dict[str, Any]:
    """What was posted, by field name; only what this kind of field has."""
    form = request.form
    chosen = field.kind if field is not None else form.get("kind", "text")
    known = registry().types["core.custom_field"].fields
    given: dict[str, Any] = {
        name: form.get(name, "").strip() or None for name in known if name in form and name not in MANY
    }
    given |= {name: [v for v in form.getlist(name) if v] or None for name in MANY if name in form}
    for name in ("needed", "indexed", "searched"):
        given[name] = form.get(name) in ("1", "true", "on")
    if chosen in LISTED:
        given["choices"] = choices.posted(form)
    if field is not None:
        given = {n: v for n, v in given.items() if n not in rules.PERMANENT}
    elif chosen != "link":
        given["target"] = None
    if chosen not in TEXTS:
        given["searched"] = False
    return given


def _code(given: dict[str, Any]) -> str:
    """As given, with its beginning; else made of the English name, else numbered."""
    wanted = choices.slug(given.get("code") or given.get("label_en") or "")
    wanted = wanted.removeprefix("x_")[: rules.LONGEST - 2].strip("_")
    return f"x_{wanted}" if wanted[:1].isalpha() else f"x_field_{rules.next_place(request.view_args['key'])}"  # type: ignore[index]


def _refused(kind: RecordType, field_id: int | None, given: dict[str, Any], error: Invalid | Refused) -> Any:
    db.session.rollback()
    found = error.errors if isinstance(error, Invalid) else [FieldError(error.field or "", error.code, error.message)]
    field = field_of_type(kind, field_id) if field_id else None
    values = (_values(field) if field is not None else {}) | given
    return _page(kind, field, values, {e.field: str(e.message) for e in found}), 422


def _page(kind: RecordType, field: Any, values: dict[str, Any], errors: Errors) -> Any:
    sections = _sections(kind, field, values, errors)
    known = {f["name"] for s in sections for f in s["fields"]}
    labels = {"choices": gettext("Choices")}
    title = field.called if field is not None else gettext("New field of %(records)s", records=fmt.within(kind.plural))
    action = f"{BASE}/{kind.key}" + (f"/{field.id}" if field is not None else "")
    return render_template(
        "web/form.html",
        title=title,
        crumbs=crumbs((str(kind.plural), f"{BASE}/{kind.key}"), (title, None)),
        kind=SimpleNamespace(label=_("field")),
        record=field,
        version=field.version if field is not None else None,
        sections=sections,
        tables=_tables(values, field),
        other_errors=[(labels.get(n, ""), m) for n, m in errors.items() if n not in known],
        action=action,
        back=f"{BASE}/{kind.key}",
        reform=f"{action}/-/form",
        reform_by="kind section",
    )


def _tables(values: dict[str, Any], field: Any) -> list[dict[str, Any]]:
    return [choices.table(values.get("choices"), stored=field)] if values.get("kind") in LISTED else []


def _sections(kind: RecordType, field: Any, values: dict[str, Any], errors: Errors) -> list[dict[str, Any]]:
    """The form as it is asked of this kind of field."""
    what = values.get("kind") or "text"
    parts = [
        (_("What it is"), _what(field, what)),
        (_("In the form"), _form(kind, values, what)),
        (_("In lists"), _lists(what)),
        (_("Who may read it and fill it in"), ("readers", "writers", "closed")),
    ]
    made = []
    for label, names in parts:
        fields = [_drawn(kind, field, name, values.get(name), errors.get(name)) for name in names]
        if fields:
            folded = "readers" in names and not any(values.get(n) for n in MANY) and not any(f["error"] for f in fields)
            made.append({"label": str(label), "fields": fields, "folded": folded})
    return made


def _what(field: Any, what: str) -> tuple[str, ...]:
    more = ("decimals",) if what in FIGURES else ("target",) if what == "link" else ()
    return ("label_zh", "label_en", "kind", "code", *more)


def _form(kind: RecordType, values: dict[str, Any], what: str) -> tuple[str, ...]:
    heading = () if values.get("section") else ("heading_zh", "heading_en")
    begins = () if what in UNFILLED else ("begins_with",)
    return ("needed", *begins, "help_zh", "help_en", "section", *heading)


def _lists(what: str) -> tuple[str, ...]:
    return (*(() if what in UNSORTED else ("indexed",)), *(("searched",) if what in TEXTS else ()))


def _drawn(kind: RecordType, field: Any, name: str, value: Any, error: str | None) -> dict[str, Any]:
    """One input of the editor."""
    spec: Field = registry().types["core.custom_field"].fields[name]
    drawn = field_of(spec, value, error)
    if name in MANY:
        roles = [(c, str(r.label)) for c, r in access().all_roles().items() if c != "administrator"]
        drawn |= {"widget": "options", "options": roles, "value": value or [], "wide": True}
    elif name in ("target", "section", "decimals"):
        options = {"target": _targets, "section": lambda: _places(kind), "decimals": _decimals}[name]()
        drawn |= {"widget": "select", "options": options, "value": "" if value is None else str(value), "step": None}
        drawn["required"] = name == "target"
    if field is not None and name in rules.PERMANENT:
        return drawn | {"readonly": True, "shown": _words(spec, name, value), "help": None}
    return drawn | {"help": str(HELP[name]) if name in HELP else drawn["help"]}


def _words(spec: Field, name: str, value: Any) -> str:
    if name == "target" and value in registry().types:
        return str(registry().types[value].label)
    found = spec.choice(value) if spec.kind == "choice" else None
    return str(found.label) if found else str(value or "")


def _targets() -> list[tuple[str, str]]:
    kinds = [k for k in registry().types.values() if rules.takes_custom_link(k)]
    return sorted(((k.key, str(k.label)) for k in kinds), key=lambda pair: pair[1])


def _places(kind: RecordType) -> list[tuple[str, str]]:
    shown = (s for s in forms.sections_of(kind) if s.label and not s.key.startswith("custom:"))
    return [("", gettext("Under a heading of its own")), *((s.key, str(s.label)) for s in shown)]


def _decimals() -> list[tuple[str, str]]:
    return [(str(n), str(n)) for n in range(5)]


HELP = {
    "code": _("How programs, sheets and letters name it; it never changes. Left empty, the English name gives it."),
    "kind": _("It stays as it is made, because stored values hang on it."),
    "label_en": _("Shown to whoever reads in English; without it the Chinese name."),
    "begins_with": _("For a day also “today”; for several choices their codes with commas."),
    "needed": _("Asked of new records, and of older ones when somebody changes this field."),
    "heading_zh": _("Fields with the same heading stand together. Without one: “Further details”."),
    "indexed": _("Makes lists by it fast, also with hundreds of thousands of records."),
    "searched": _("The search of lists looks into it, too."),
    "readers": _("Nobody chosen: all staff who may read the record. Clients see it only if their role is chosen."),
    "writers": _("Nobody chosen: whoever may change the record."),
}


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule(f"{BASE}/<key>/new", "new_custom", new)
    web.add_url_rule(f"{BASE}/<key>", "create_custom", create, methods=["POST"])
    web.add_url_rule(f"{BASE}/<key>/-/form", "again_new_custom", again, methods=["POST"])
    web.add_url_rule(f"{BASE}/<key>/<int:field_id>", "edit_custom", edit)
    web.add_url_rule(f"{BASE}/<key>/<int:field_id>", "update_custom", update, methods=["POST"])
    web.add_url_rule(f"{BASE}/<key>/<int:field_id>/-/form", "again_custom", again, methods=["POST"])

"""The workshop of templates: what is shipped, editing with live preview, versions, back to the shipped one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Response, current_app, redirect, render_template, request
from sqlalchemy import func, select, update

from core import (
    BadRequest,
    Endpoints,
    FieldError,
    Invalid,
    NotFound,
    Query,
    _,
    create,
    current_principal,
    db,
    elevated,
    get,
    gettext,
    list_records,
    local,
    record_class,
    registry,
)
from plugins.documents import failures, gathering, jobs, kinds, services
from plugins.documents.pages import framed
from plugins.documents.press.plain import decode, encode
from plugins.documents.printing import Unprintable, press_of
from plugins.documents.records import LANGUAGES, Template

pages = Endpoints("document_templates", "/documents/templates")
READ = ("documents.template", "read")
EDIT = ("documents.template", "update")
PREVIEW_SECONDS = 12
SAMPLES = 12
LONGEST_EXAMPLE = 60


@pages.route("", permission=READ)
def index() -> Any:
    """All kinds of documents with what is printed now."""
    rows = [
        _line(kind)
        for found in registry().documents.values()
        for kind in found.values()
        if kind.record in registry().types
    ]
    return render_template(
        "documents/templates.html",
        title=gettext("Document templates"),
        crumbs=[(gettext("Settings"), "/settings"), (gettext("Document templates"), None)],
        rows=rows,
    )


def _line(kind: Any) -> dict[str, Any]:
    return {
        "label": str(kind.label),
        "record": str(registry().types[kind.record].label),
        "code": kind.code,
        "formats": ", ".join(f.upper() for f in kind.formats),
        "languages": [
            {
                "label": str(language.label),
                "href": _address(kind, language.code),
                "version": _version_words(kinds.edited(kind, language.code)),
            }
            for language in LANGUAGES
        ],
    }


def _version_words(own: Template | None) -> str:
    return gettext("version %(n)s", n=own.version_no) if own else gettext("as shipped")


def _address(kind: Any, language: str) -> str:
    return f"/documents/templates/{kind.record}/{kind.code}/{language}"


def _kind(record_key: str, code: str, language: str) -> Any:
    if language not in {choice.code for choice in LANGUAGES} or record_key not in registry().types:
        raise NotFound()
    return kinds.kind_of(record_key, code)


@pages.route("/<record_key>/<code>/<language>", permission=READ)
def edit(record_key: str, code: str, language: str) -> Any:
    """The workshop of one template."""
    kind = _kind(record_key, code, language)
    return _workshop(kind, language, kinds.in_force(kind, language))


def _workshop(kind: Any, language: str, source: kinds.Source, error: str | None = None) -> Any:
    samples = _samples(kind)
    return render_template(
        "documents/workshop.html",
        title=str(kind.label),
        crumbs=[
            (gettext("Settings"), "/settings"),
            (gettext("Document templates"), "/documents/templates"),
            (str(kind.label), None),
        ],
        kind=kind,
        language=language,
        languages=[(str(c.label), _address(kind, c.code), c.code == language) for c in LANGUAGES],
        address=_address(kind, language),
        source=source,
        samples=samples,
        fields=_fields(kind, language, samples[0]["id"]) if samples else [],
        versions=_versions(kind, language),
        error=error,
        may_edit=current_principal().can(*EDIT),
    )


def _samples(kind: Any) -> list[dict[str, Any]]:
    """Records to look at the letter with: the newest that it can be made of."""
    model = registry().types[kind.record].model
    found = []
    for row in list_records(model, Query(fields=("id",), sort=["-id"], limit=60)).rows:
        record = get(model, row["id"])
        if kind.available is None or kind.available(record) is True:
            found.append({"id": record.id, "label": services.caption(record)})
        if len(found) == SAMPLES:
            break
    return found


def _data(kind: Any, record_id: int, language: str) -> dict[str, Any]:
    record = get(registry().types[kind.record].model, record_id)
    data = gathering.gathered(kind, record, language)
    sample = {"number": "DOC-000000-0000", "verify_code": "AAAABBBBCCCCDDDD", "template_version": "-"}
    square = {"qr": gathering.square(gathering.verify_url("https://example.com", "AAAABBBBCCCCDDDD"))}
    return data | {"doc": data["doc"] | encode(sample | square)}


def _fields(kind: Any, language: str, record_id: int) -> list[dict[str, str]]:
    """Every name that a template of this kind may use, with what it holds for one record."""
    try:
        data = decode(json.dumps(_data(kind, record_id, language)))
    except (TypeError, NotFound):
        return []
    return [{"name": name, "example": example} for name, example in _walk(data)]


def _walk(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict) and set(value) != {"$picture"}:
        return [pair for key, item in value.items() for pair in _walk(item, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _walk(value[0], f"{path}[]")
    if isinstance(value, dict):
        return [(path, gettext("(picture)"))]
    text = "—" if value is None else str(value)
    if text.startswith("data:"):
        text = gettext("(picture)")
    return [(path, text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}…")]


def _versions(kind: Any, language: str) -> list[dict[str, Any]]:
    rows = db.session.scalars(_same(select(Template), kind, language).order_by(Template.version_no.desc()).limit(50))
    people = record_class("core.user")
    names = dict(db.session.execute(select(people.id, people.name)).all())
    return [
        {
            "id": row.id,
            "number": row.version_no,
            "note": row.note,
            "current": row.state == "published",
            "who": names.get(row.created_by_id, ""),
            "when": f"{local(row.created_at):%Y-%m-%d %H:%M}",
        }
        for row in rows
    ]


def _same(statement: Any, kind: Any, language: str) -> Any:
    return statement.where(
        Template.record_key == kind.record, Template.code == kind.code, Template.language == language
    )


@pages.route("/<record_key>/<code>/<language>/preview", permission=READ, methods=("POST",))
def preview(record_key: str, code: str, language: str) -> Response:
    """The letter as it would be printed, for the frame beside the editor; or why it cannot be."""
    kind = _kind(record_key, code, language)
    ident = request.form.get("record", "")
    if not ident.isdigit():
        raise BadRequest(_("Choose a record to look at the letter with."))
    data = _data(kind, int(ident), language)
    source = kinds.Source(request.form.get("body", ""), request.form.get("css", ""), "preview")
    if not current_principal().can(*EDIT):
        source = kinds.in_force(kind, language)
    asked = jobs.request_of(kind, source, data, language)
    db.session.rollback()
    try:
        with press_of(Path(current_app.config["ZHIAN"].data)) as press:
            printed = press.print(asked | {"sheet": None}, PREVIEW_SECONDS)
    except Unprintable as fault:
        return _framed_words(failures.words(fault.code, fault.message, fault.line))
    answer = framed(printed.pdf, "preview")
    answer.headers["X-Unknown-Fields"] = str(len(printed.unknown))
    return answer


def _framed_words(text: Any) -> Response:
    answer = current_app.make_response(render_template("documents/refused.html", text=text))
    answer.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'self'"
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@pages.route("/<record_key>/<code>/<language>", permission=EDIT, methods=("POST",))
def save(record_key: str, code: str, language: str) -> Any:
    """Keep a new version and print with it from now on. A template that cannot be printed is not kept."""
    kind = _kind(record_key, code, language)
    body, css = request.form.get("body", "").replace("\r\n", "\n"), request.form.get("css", "").replace("\r\n", "\n")
    if not body.strip():
        raise Invalid([FieldError("body", "required", _("The template is empty."))])
    refusal = _refusal(kind, language, body, css)
    if refusal:
        return _workshop(kind, language, kinds.Source(body, css, "unsaved"), str(refusal)), 422
    keep_version(kind, language, body, css, request.form.get("note"))
    return redirect(_address(kind, language), 303)


def _refusal(kind: Any, language: str, body: str, css: str) -> Any:
    """Why this cannot be printed, tried on the record that was looked at; None when it can."""
    ident = request.form.get("record", "")
    if not ident.isdigit():
        return None
    asked = jobs.request_of(kind, kinds.Source(body, css, "try"), _data(kind, int(ident), language), language)
    try:
        with press_of(Path(current_app.config["ZHIAN"].data)) as press:
            press.print(asked | {"sheet": None}, PREVIEW_SECONDS)
    except Unprintable as fault:
        return failures.words(fault.code, fault.message, fault.line)
    return None


def keep_version(kind: Any, language: str, body: str, css: str, note: str | None) -> Template:
    """A new version in use; the one before it is kept."""
    newest = db.session.scalar(_same(select(func.max(Template.version_no)), kind, language)) or 0
    _retire(kind, language)
    values = {"record_key": kind.record, "code": kind.code, "language": language, "body": body, "css": css or None}
    with elevated("a new version of a template"):
        values |= {"note": note or None, "version_no": newest + 1}
        return create(Template, values, allow=tuple(values))


def _retire(kind: Any, language: str) -> None:
    with elevated("a new version of a template") as session:
        session.execute(_same(update(Template), kind, language).values(state="retired"))


@pages.route("/<record_key>/<code>/<language>/reset", permission=EDIT, methods=("POST",))
def reset(record_key: str, code: str, language: str) -> Any:
    """Print with the shipped template again; own versions are kept."""
    kind = _kind(record_key, code, language)
    _retire(kind, language)
    return redirect(_address(kind, language), 303)


@pages.route("/<record_key>/<code>/<language>/restore/<int:version_id>", permission=EDIT, methods=("POST",))
def restore(record_key: str, code: str, language: str, version_id: int) -> Any:
    """An earlier version as a new one."""
    kind = _kind(record_key, code, language)
    old = get(Template, version_id)
    if (old.record_key, old.code, old.language) != (kind.record, kind.code, language):
        raise NotFound()
    keep_version(kind, language, old.body, old.css or "", gettext("version %(n)s again", n=old.version_no))
    return redirect(_address(kind, language), 303)

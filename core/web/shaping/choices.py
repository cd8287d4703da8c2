"""The editor of the choices of a field: other words, another order, further values, values that retire."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from core.errors import FieldError, Invalid, NotFound
from core.i18n import _, gettext, use_locale
from core.records.fields import Field
from core.registry import RecordType
from core.shaping import choices
from core.shaping.store import save_shape, shape, shape_versions
from core.web import format as fmt
from core.web.lifecycle import done
from core.web.shaping import drafts
from core.web.shaping.index import BASE, crumbs, type_of
from core.web.toasts import say

NEW = 3
"""Empty rows for further values."""


def editor(key: str, name: str) -> Any:
    """`/settings/shaping/<key>/choices/<field>`."""
    kind, spec = _asked(key, name)
    return _page(kind, spec, shape(choices.KIND, choices.name_of(spec)))


def change(key: str, name: str) -> Any:
    """Save, back to shipped, an earlier version, or a step that only moves a row."""
    kind, spec = _asked(key, name)
    order, place = request.form.get("do", "save"), choices.name_of(spec)
    if order == "shipped":
        added = [
            row | {"retired": True} for row in (shape(choices.KIND, place) or {}).get("items", ()) if row.get("added")
        ]
        save_shape(choices.KIND, place, {"items": added} if added else None)
        say(gettext("%(field)s has its shipped values again", field=fmt.within(spec.label)))
        return done(f"{BASE}/{key}")
    if order.startswith("version:"):
        found = next((v for v in shape_versions(choices.KIND, place) if str(v.id) == order[8:]), None)
        if found is None:
            raise NotFound()
        return _page(kind, spec, found.data)
    data = _read(spec, drafts.ordered(request.form, order))
    if order != "save":
        return _page(kind, spec, data)
    try:
        if not data["items"]:
            raise Invalid([FieldError("", "required", _("Nothing came in; load the page again."))])
        data["items"] += _fresh(request.form)
        choices.check(spec, data)
        _check_kept(spec, data)
    except Invalid as error:
        return _page(kind, spec, data, {e.field: str(e.message) for e in error.errors}), 422
    save_shape(choices.KIND, place, data)
    say(gettext("The values of %(field)s are saved", field=fmt.within(spec.label)))
    return done(f"{BASE}/{key}/choices/{name}")


def _check_kept(spec: Field, data: dict[str, Any]) -> None:
    """A value that was added stays, because records may hold it; it can retire. Raises `Invalid`."""
    before = (shape(choices.KIND, choices.name_of(spec)) or {}).get("items", ())
    kept = {row["code"] for row in data["items"]}
    data["items"] += [row for row in before if row.get("added") and row["code"] not in kept]


def _asked(key: str, name: str) -> tuple[RecordType, Field]:
    kind = type_of(key)
    spec = kind.fields.get(name)
    if spec is None or spec not in choices.shapeable(kind):
        raise NotFound()
    return kind, spec


def _read(spec: Field, form: MultiDict[str, str]) -> dict[str, Any]:
    """The posted rows; a word that reads as shipped is not kept, so that it follows the plugin."""
    shipped = {c.code: c for c in spec.shipped_choices}
    items = []
    for token in dict.fromkeys(form.getlist("row")):
        code = token.removeprefix("f:")
        item: dict[str, Any] = {"code": code}
        for locale in ("zh", "en"):
            text = form.get(f"{locale}:{token}", "").strip()[:80]
            if text and not (code in shipped and text == _said(shipped[code], locale)):
                item[locale] = text
        if code not in shipped:
            item["added"] = True
        if f"retired:{token}" in form:
            item["retired"] = True
        items.append(item)
    return {"items": items}


def _fresh(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    """The further values that were filled in."""
    found = []
    for n in range(NEW):
        code, zh, en = (form.get(f"new-{part}-{n}", "").strip() for part in ("code", "zh", "en"))
        if code or zh or en:
            item = {"code": code, "added": True} | {k: v[:80] for k, v in (("zh", zh), ("en", en)) if v}
            found.append(item)
    return found


def _said(choice: Any, locale: str) -> str:
    with use_locale(locale):
        return str(choice.label)


def _page(kind: RecordType, spec: Field, data: Any, errors: dict[str, str] | None = None) -> str:
    rows = [
        {
            "token": f"f:{c.code}",
            "code": c.code,
            "zh": _said(c, "zh"),
            "en": _said(c, "en"),
            "retired": c.retired,
            "added": c.code not in {s.code for s in spec.shipped_choices},
            "fixed": c.code == spec.default or not spec.writable,
            "error": (errors or {}).get(c.code),
        }
        for c in choices.shaped(spec, spec.shipped_choices, data or {})
    ]
    title = gettext("Values of %(field)s", field=fmt.within(spec.label))
    return render_template(
        "web/shaping/choices.html",
        title=title,
        crumbs=crumbs((str(kind.plural), f"{BASE}/{kind.key}"), (str(spec.label), None)),
        kind=kind,
        spec=spec,
        rows=rows,
        new=range(NEW) if spec.open_choices else (),
        asked=request.form,
        stored=bool(shape(choices.KIND, choices.name_of(spec))),
        errors=errors or {},
        versions=[
            {"id": v.id, "at": fmt.instant(v.at), "actor": v.actor, "shipped": v.data is None}
            for v in shape_versions(choices.KIND, choices.name_of(spec))
        ],
        action=f"{BASE}/{kind.key}/choices/{spec.name}",
    )


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule(f"{BASE}/<key>/choices/<name>", "shaping_choices", editor)
    web.add_url_rule(f"{BASE}/<key>/choices/<name>", "shaping_choices_change", change, methods=["POST"])

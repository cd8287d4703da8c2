"""What an approval shows of its record: facts, files and earlier opinions, as far as the reader may see them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import select

from core import (
    NotFound,
    current_locale,
    current_principal,
    db,
    dump,
    get,
    gettext,
    local,
    record_class,
    registry,
)
from plugins.workflow.choices import STEPS, WAYS, label
from plugins.workflow.flow import Flow
from plugins.workflow.people import names_of
from plugins.workflow.records import Instance, Step
from plugins.workflow.values import has_path

MOST_FACTS = 12
MOST_FILES = 24
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def record_of(key: str, ident: int) -> Any:
    """The bound record, or None when it is hidden from the person, gone, or of a plugin that is off."""
    if key not in registry().types:
        return None
    try:
        return get(registry().types[key].model, ident)
    except NotFound:
        return None


def facts(record: Any, names: Any = ()) -> list[tuple[str, str, bool]]:
    """(label, words, wide) of the fields that the definition names, else of the first section of the record's page."""
    kind = registry().of(type(record))
    wanted = [n for n in names or _usual(kind) if n in kind.fields and has_path(kind.key, n)]
    values = dump(record, wanted)
    rows = [(str(kind.fields[n].label), _words(kind.fields[n], values.get(n))) for n in wanted if n in values]
    return [(name, text, len(text) > 60) for name, text in rows if text][:MOST_FACTS]


def _usual(kind: Any) -> list[str]:
    view = registry().view("detail", kind.key)
    names = list(dict.fromkeys(n for section in (view.facts if view else ())[:2] for n in section.fields))
    return names or [n for n, spec in kind.fields.items() if not spec.hidden and spec.kind != "json"]


def _words(spec: Any, value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, dict):
        return gettext("hidden") if value.get("hidden") else str(value.get("label") or "")
    if isinstance(value, list):
        return gettext(", ").join(_words(spec, v) for v in value)
    if spec.kind == "boolean":
        return gettext("yes") if value else gettext("no")
    found = spec.choice(str(value)) if spec.choices_source is not None else None
    return str(found.label) if found else str(value)


def files(key: str, ident: int, flow: Flow | None = None) -> list[dict[str, Any]]:
    """Files of a record that the person may see, the newest revision of each name, pictures with their address."""
    file = record_class("core.attachment")
    chosen = select(file.id, file.filename, file.kind, file.mime, file.revision, file.created_at).where(
        file.record_key == key, file.record_id == ident, file.archived_at.is_(None)
    )
    kinds = _kinds(flow)
    newest: dict[str, Any] = {}
    for row in db.session.execute(chosen.order_by(file.id)):
        newest[row.filename] = row
    return [_file(row, kinds) for row in list(newest.values())[-MOST_FILES:]]


def _kinds(flow: Flow | None) -> dict[str, str]:
    """Words for kinds of papers, as the definition names them."""
    english = current_locale() == "en"
    needs = [need for node in flow or () for need in node.get("needs", ())]
    return {n["kind"]: (n.get("name_en") if english else None) or n.get("name") or n["kind"] for n in needs}


def _file(row: Any, kinds: dict[str, str]) -> dict[str, Any]:
    named = kinds.get(row.kind or "")
    parts = [f"{local(row.created_at):%m-%d}"]
    if row.revision > 1:
        parts.insert(0, gettext("version %(n)s", n=row.revision))
    return {
        "id": row.id,
        "title": named or row.filename,
        "note": gettext(", ").join([*([row.filename] if named else []), *parts]),
        "picture": row.mime in PICTURES,
        "extension": PurePosixPath(row.filename).suffix.lstrip(".")[:4] or "file",
    }


def log_of(instance: Instance, *, said_only: bool = False) -> list[dict[str, Any]]:
    """The log as rows for the page, the newest last; only lines with words or files when asked for."""
    chosen = select(Step).where(Step.instance_id == instance.id).order_by(Step.id)
    steps = [s for s in db.session.scalars(chosen) if not said_only or s.opinion or s.files]
    named = _file_names({i for s in steps for i in (s.files or ())})
    people = names_of({s.actor_id for s in steps})
    return [
        {
            "who": people.get(s.actor_id or 0) or s.actor_name or gettext("the flow"),
            "what": label(STEPS, s.what),
            "step": s.named(),
            "at": f"{local(s.at):%Y-%m-%d %H:%M}",
            "way": next((str(way.label) for way in WAYS if way.code == s.via), ""),
            "opinion": s.opinion,
            "note": s.note,
            "files": [(i, named[i]) for i in (s.files or ()) if i in named],
        }
        for s in steps
    ]


def _file_names(ids: set[int]) -> dict[int, str]:
    file = record_class("core.attachment")
    rows = db.session.execute(select(file.id, file.filename).where(file.id.in_(ids))) if ids else ()
    return {row.id: row.filename for row in rows}


def may_see_log() -> bool:
    """Whether the person reads logs at all; clients do not."""
    return current_principal().can("workflow.step", "read")

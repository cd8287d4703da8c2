"""What the pages of the wizard show, as plain values. Requests are handled in `web.py`."""

from __future__ import annotations

from typing import Any

from core.i18n import _, gettext, ngettext
from core.jobs.runs import run_view
from core.registry import RecordType, registry

from .mapping import targets_of
from .models import ImportRun
from .run import Plan
from .text import as_text
from .values import ImportTarget

SHOWN = 100
"""Refused rows on the page; the sheet has them all."""
SAMPLE_CHARS = 40
STATE_NAMES = {
    "uploaded": _("Columns to be confirmed"),
    "checking": _("Being checked"),
    "checked": _("Checked, not yet imported"),
    "running": _("Being imported"),
    "done": _("Imported"),
    "failed": _("Could not be read"),
    "undoing": _("Being undone"),
    "undone": _("Undone"),
}
TONES = {"done": "done", "running": "accent", "checking": "accent", "undoing": "accent", "failed": "danger"}
KEPT = {
    "changed_since": _("changed by somebody since"),
    "in_use": _("other records refer to it by now"),
}


def targets_of_type(kind: RecordType) -> list[ImportTarget]:
    """Everything that a column can be given to."""
    supports = [source.support for source in registry().import_sources.get(kind.key, [])]
    return list(targets_of(kind, supports).values())


def frame(kind: RecordType, step: int) -> dict[str, Any]:
    """Title, crumbs and steps of every page."""
    steps = [gettext("Upload"), gettext("Match columns"), gettext("Dry run"), gettext("Import")]
    plural = str(kind.plural)
    return {
        "title": gettext("Import %(records)s", records=plural[:1].lower() + plural[1:]),
        "crumbs": [(plural, f"/r/{kind.key}"), (gettext("Import"), None)],
        "kind": kind,
        "steps": steps,
        "step": step,
    }


def line(found: ImportRun) -> dict[str, Any]:
    """An earlier import in the list below the upload."""
    counts = found.counts or {}
    return {
        "href": f"/import/{found.record_key}/{found.id}",
        "filename": found.filename,
        "state": str(STATE_NAMES[found.state]),
        "tone": TONES.get(found.state),
        "at": found.created_at,
        "created": counts.get("created", 0),
        "updated": counts.get("updated", 0),
        "refused": counts.get("refused", 0),
    }


def about(found: ImportRun, plan: Plan | None = None) -> str:
    """The line under the title: file, sheet, rows."""
    parts = [found.filename]
    if plan is not None and plan.sheet.name:
        parts.append(plan.sheet.name)
    if found.total:
        parts.append(ngettext("%(n)s row", "%(n)s rows", found.total))
    return gettext(", ").join(parts)


def columns(kind: RecordType, found: ImportRun, plan: Plan) -> dict[str, Any]:
    """The page on which columns are given to fields."""
    own = list(plan.targets.values())
    options = sorted(((target.name, str(target.label)) for target in own), key=lambda pair: pair[1])
    keys = [(t.name, str(t.label)) for t in own if not t.virtual and t.kind in ("text", "integer")]
    mapped = [column(plan, name, place) for place, name in enumerate(plan.sheet.columns)]
    return frame(kind, 2) | {
        "run": found,
        "about": about(found, plan),
        "sheets": [(sheet.name, sheet.name or gettext("whole file")) for sheet in plan.source.sheets],
        "sheet": plan.sheet.name,
        "columns": mapped,
        "options": options,
        "keys": sorted(keys, key=lambda pair: pair[1]),
        "key": plan.keys[0] if len(found.plan.get("keys", ())) == 1 and plan.keys else "",
        "key_labels": gettext(", ").join(str(plan.targets[name].label) for name in plan.keys if name in plan.targets),
        "constants": constants(plan),
        "given": sum(bool(item["field"]) for item in mapped),
    }


def column(plan: Plan, name: str, place: int) -> dict[str, Any]:
    """One column with samples and the field it goes to."""
    chosen = plan.mapping.fields.get(name, "")
    samples = gettext(", ").join(as_text(value)[:SAMPLE_CHARS] for value in plan.sheet.samples.get(name, [])[:2])
    return {
        "name": name,
        "place": place,
        "samples": samples,
        "field": chosen,
        "label": str(plan.targets[chosen].label) if chosen in plan.targets else "",
        "is_key": chosen in plan.keys,
    }


def constants(plan: Plan) -> list[tuple[str, str]]:
    """Values that hold for every row, as label and text."""
    shown = []
    for name, value in plan.mapping.constants.items():
        target, spec = plan.targets.get(name), plan.record_type.fields.get(name)
        choice = spec.choice(value) if spec is not None and spec.kind == "choice" else None
        shown.append((str(target.label) if target else name, str(choice.label) if choice else str(value)))
    return shown


def check(kind: RecordType, found: ImportRun, plan: Plan) -> dict[str, Any]:
    """The result of the dry run with the refused rows to be mended."""
    outcome = found.check or {}
    columns_of = {field: name for name, field in plan.mapping.fields.items()}
    rows = [_refused(plan, row, columns_of) for row in outcome.get("refused_rows", [])[:SHOWN]]
    mapped = [column(plan, name, place) for place, name in enumerate(plan.sheet.columns)]
    ready = outcome.get("created", 0) + outcome.get("updated", 0)
    return frame(kind, 3) | {
        "run": found,
        "about": about(found, plan),
        "counts": outcome,
        "ratio": ratio(outcome),
        "refused": rows,
        "columns": mapped,
        "given": sum(bool(item["field"]) for item in mapped),
        "constants": constants(plan),
        "ready": ready,
        "related": related(outcome),
        "title_label": str(kind.label),
    }


def _refused(plan: Plan, row: dict[str, Any], columns_of: dict[str, str]) -> dict[str, Any]:
    name = columns_of.get(row["field"], "")
    target = plan.targets.get(row["field"])
    cells = row.get("cells") or {}
    titles = (columns_of.get(field) for field in ("title", "mark_name", plan.record_type.title or ""))
    said = next((as_text(cells.get(title)) for title in titles if title and cells.get(title)), "")
    return {
        "row": row["row"],
        "said": said[:60],
        "column": name,
        "label": str(target.label) if target else "",
        "cell": as_text(cells.get(name)) if name else "",
        "reason": row["reason"],
        "code": row["code"],
    }


def ratio(counts: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Parts of the bar as (outcome, start, width) of a thousand."""
    total = counts.get("rows") or 1
    parts, start = [], 0.0
    for name in ("created", "updated", "refused", "unchanged"):
        width = counts.get(name, 0) * 1000 / total
        if width:
            parts.append((name, round(start, 2), round(max(width - 2, 1), 2)))
        start += width
    return parts


def related(outcome: dict[str, Any]) -> list[str]:
    """What happens to records of other types on the way, in words."""
    words = []
    for key, counts in (outcome.get("related") or {}).items():
        kind = registry().types.get(key)
        label = str(kind.plural) if kind else key
        if made := counts.get("created"):
            words.append(gettext("%(records)s made on the way: %(n)s", records=label, n=made))
        if matched := counts.get("matched"):
            words.append(gettext("%(records)s recognised: %(n)s", records=label, n=matched))
    return words


def waiting(kind: RecordType, found: ImportRun) -> dict[str, Any]:
    """A page that waits for a job: how far it is."""
    view = run_view(found.job_id) if found.job_id else {}
    done = max(int(view.get("done") or 0), (found.counts or {}).get("rows", 0) if found.state == "running" else 0)
    labels = {
        "checking": gettext("Checking the rows"),
        "running": gettext("Importing"),
        "undoing": gettext("Undoing the import"),
    }
    counts = found.counts or {}
    total = counts.get("created", 0) + counts.get("updated", 0) if found.state == "undoing" else found.total
    return frame(kind, 4 if found.state != "checking" else 3) | {
        "run": found,
        "about": about(found),
        "label": labels[found.state],
        "done": done,
        "total": max(total or 0, done),
        "lost": view.get("state") == "failed",
        "error": view.get("error") or found.error,
        "queued": view.get("state") == "queued",
    }


def result(kind: RecordType, found: ImportRun) -> dict[str, Any]:
    """What an import did, or that it was undone or could not be read."""
    counts = found.counts or {}
    undone = found.undo or {}
    kept = [
        entry | {"why": str(KEPT.get(entry["reason"], entry["reason"])), "href": f"/r/{entry['record']}/{entry['id']}"}
        for entry in undone.get("kept", [])
    ]
    return frame(kind, 5) | {
        "run": found,
        "about": about(found),
        "counts": counts,
        "ratio": ratio(counts),
        "related": related({"related": found.related}),
        "undone": undone,
        "kept": kept,
    }

"""A dry run: whom a rule would touch now, and what each step would do. Everything is done with the rights of the rule's
person and taken back; nothing is kept but the mark that it was shown."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select

from core import (
    BadRequest,
    NotFound,
    Refused,
    ZhianError,
    _,
    acting_as,
    db,
    elevated,
    get,
    labels,
    load_principal,
    readable,
    registry,
    today,
    use_locale,
)
from plugins.automation import catching, conditions, looking
from plugins.automation.records import Rule
from plugins.automation.steps import base
from plugins.automation.working import carry_out, occasion_of

SHOWN = 10
AHEAD = timedelta(days=30)


def action(rule: Rule, _given: dict[str, Any]) -> dict[str, Any]:
    """The named action: the dry run, and the mark that this version was tried out."""
    told = dry_run(rule)
    rule.tested_version = rule.version_no
    return told


def dry_run(rule: Any) -> dict[str, Any]:
    """`{"count", "rows", "until"}`: how many records there are for it, and for the first what each step would do.

    Names and words of records that whoever looks may not read are left out.
    """
    person = load_principal(rule.runs_as_id) if rule.runs_as_id else None
    if person is None:
        raise Refused(_("The person with whose rights it runs is gone or may not sign in."))
    if rule.record_key is None:
        return {"count": None, "rows": [_row(rule, person, None, {})], "until": None}
    with acting_as(person), elevated("a dry run counts what its person may read"):
        count, found = _touched(rule, person)
    seen = labels(rule.record_key, [ident for ident, _day in found])
    rows = [_row(rule, person, ident, seen) | {"day": day} for ident, day in found]
    until = (today() + AHEAD).isoformat() if rule.trigger == "date" else None
    return {"count": count, "rows": rows, "until": until}


def _touched(rule: Any, person: Any) -> tuple[int, list[tuple[int, str | None]]]:
    model = registry().types[rule.record_key].model
    try:
        if rule.trigger == "date":
            first = today() if rule.when.get("include") is not True else today() - timedelta(days=3660)
            chosen = looking.due_dates(rule, first, today() + AHEAD, person)
            if rule.when.get("include"):
                column = looking.date_column(rule)
                chosen = chosen.where(column >= today())
            rows = db.session.execute(chosen.order_by(looking.date_column(rule)).limit(SHOWN))
            found = [(row.id, row.day) for row in rows]
            return db.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0, found
        where = [readable(model, person), conditions.expression(rule.record_key, rule.condition, person)]
    except BadRequest as error:
        raise Refused(error.message) from None
    where.append(model.archived_at.is_(None))
    if rule.trigger == "entered":
        spec = registry().types[rule.record_key].fields[rule.when["field"]]
        where.append(getattr(model, spec.attr).in_(rule.when["values"]))
    ids = list(db.session.scalars(select(model.id).where(*where).order_by(model.id.desc()).limit(SHOWN)))
    return db.session.scalar(select(func.count(model.id)).where(*where)) or 0, [(ident, None) for ident in ids]


def _row(rule: Any, person: Any, ident: int | None, seen: dict[int, str]) -> dict[str, Any]:
    """One record: what each step would do, tried and taken back."""
    results: list[dict[str, Any]] = []
    error = _tried(rule, person, ident, results)
    shown = ident is None or ident in seen
    steps = [
        {
            "label": str(kind.label) if (kind := base.kind_of(r["do"])) else r["do"],
            "ok": r["ok"],
            "text": r["text"] if shown else "",
        }
        for r in results
    ]
    href = f"/r/{rule.record_key}/{ident}" if ident is not None and shown else None
    return {
        "name": seen.get(ident or 0),
        "href": href,
        "steps": steps,
        "error": error if shown else None,
        "ok": error is None,
        "shown": shown,
    }


def _tried(rule: Any, person: Any, ident: int | None, results: list[dict[str, Any]]) -> str | None:
    run = SimpleNamespace(id=0, key=f"trial/{rule.id}/{ident}", payload={}, record_key=rule.record_key)
    token = catching.running.set((*catching.running.get(), rule.id))
    try:
        with acting_as(person, via="trial"), use_locale(person.locale):
            try:
                record = get(registry().types[rule.record_key].model, ident) if ident is not None else None
                carry_out(rule.steps or [], occasion_of(rule, run, record, trial=True), results)
            finally:
                db.session.rollback()
    except NotFound as gone:
        return str(gone)
    except ZhianError as error:
        return str(error)
    finally:
        catching.running.reset(token)
    return None

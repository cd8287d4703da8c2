"""Deadline rules in the browser: what is in force, a draft of another version, its trial over the stock, publishing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import redirect, render_template, request

from core import (
    Endpoints,
    Invalid,
    NotFound,
    _,
    current_locale,
    current_principal,
    db,
    gettext,
    labels,
    local,
    run_action,
    say,
    today,
)
from plugins.cases import event_types
from plugins.deadlines import overlay, ruling, simulating
from plugins.deadlines.choices import SEVERITIES, rolls
from plugins.deadlines.engine import own, pack_data
from plugins.deadlines.engine.words import BASES, UNITS, period_words
from plugins.deadlines.pages import trigger_words
from plugins.deadlines.records import RuleChange

RECORD = "deadlines.rule_change"
READ, WRITE, PUBLISH = (RECORD, "read"), (RECORD, "create"), (RECORD, "publish")
rules = Endpoints("deadlines_rules", "/deadlines/rules")
NEW = "new"
KINDS = {
    "trademark": _("Trademark"),
    "invention": _("Invention"),
    "utility_model": _("Utility model"),
    "design": _("Design"),
    "pct": _("PCT"),
    "madrid": _("Madrid mark"),
    "copyright": _("Copyright"),
}


@rules.route("", permission=READ)
def overview() -> Any:
    """`/deadlines/rules`: every rule with its length, changed ones and drafts marked."""
    wanted = request.args.get("q", "").strip().lower()
    changed, drafts = ruling.in_force(), {row.code: row for row in _drafts()}
    data = overlay.data_in_force(overlay.changes_in_effect(today()))
    known = {row["code"]: row for row in pack_data()["rules"]} | {row["code"]: row for row in data["rules"]}
    rows = [_line(row, changed.get(code), drafts.get(code)) for code, row in known.items()]
    rows += [_new_line(draft) for code, draft in drafts.items() if code not in known]
    shown = [r for r in rows if not wanted or wanted in f"{r['code']} {r['name']}".lower()]
    shown.sort(key=lambda r: (not r["draft"], not r["changed"], r["code"]))
    title = gettext("Changes of deadline rules")
    return render_template(
        "deadlines/rules.html",
        title=title,
        crumbs=_crumbs((title, None)),
        rows=shown,
        q=request.args.get("q", ""),
        may_write=current_principal().can(*WRITE),
    )


def _drafts() -> list[RuleChange]:
    from sqlalchemy import select

    return list(db.session.scalars(select(RuleChange).where(RuleChange.status == "draft")))


def _line(row: Mapping[str, Any], changed: RuleChange | None, draft: RuleChange | None) -> dict[str, Any]:
    zh = current_locale() == "zh"
    off = changed is not None and (changed.changes or {}).get("off")
    return {
        "code": row["code"],
        "name": row["deadline"]["zh" if zh else "en"],
        "period": _period(row["period"]),
        "severity": _label(SEVERITIES, row["severity"]),
        "changed": changed if changed is not None and changed.changes else None,
        "off": off,
        "draft": draft,
    }


def _new_line(draft: RuleChange) -> dict[str, Any]:
    period = (draft.changes or {}).get("period")
    return {
        "code": draft.code,
        "name": draft.name,
        "period": _period(period) if period else "",
        "severity": _label(SEVERITIES, (draft.changes or {}).get("severity")),
        "changed": None,
        "off": False,
        "draft": draft,
    }


def _period(period: Mapping[str, Any]) -> str:
    return period_words([(period["n"], period["unit"])], current_locale()) if isinstance(period.get("n"), int) else ""


def _label(choices: Any, code: Any) -> str:
    return next((str(c.label) for c in choices if c.code == code), str(code or ""))


def _crumbs(*more: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    return [(gettext("Settings"), "/settings"), *more]


@rules.route("/<code>", permission=READ)
def one(code: str) -> Any:
    """`/deadlines/rules/<code>`: what is in force, the draft, its trial, earlier versions. `new` begins a rule."""
    draft = ruling.draft_of(code)
    if code != NEW and draft is None and not ruling.versions_of(code) and ruling.rule_row(code) is None:
        raise NotFound()
    return _page(code, dict(draft.changes or {}) if draft else _now(code), draft)


def _now(code: str) -> dict[str, Any]:
    """The changes in effect, as what a new draft begins with."""
    row = ruling.in_force().get(code)
    return dict(row.changes or {}) if row is not None else {}


@rules.route("/<code>", permission=WRITE, methods=("POST",))
def save(code: str) -> Any:
    """Keep the draft; with `do=try` begin its trial at once."""
    form, order = request.form, request.form.get("do", "save")
    known = code if code != NEW else form.get("code", "").strip().upper()
    changes = {} if order == "shipped" else read(known, form)
    reason = form.get("reason", "").strip()
    try:
        since = date.fromisoformat(form.get("effect_from", ""))
    except ValueError:
        since = today()
    try:
        change = ruling.write(known, changes, since, reason)
    except Invalid as error:
        told = {e.field: str(e.message) for e in error.errors}
        return _page(code, changes, ruling.draft_of(known), told, since=since, reason=reason), 422
    if order == "try":
        simulating.start(simulating.rule_subject(change))
    say(gettext("The draft is kept. It counts nothing until somebody else publishes it."))
    return redirect(f"/deadlines/rules/{known}", 303)


@rules.route("/<code>/withdraw", permission=WRITE, methods=("POST",))
def withdraw(code: str) -> Any:
    """Give the draft up."""
    draft = ruling.draft_of(code)
    if draft is None:
        raise NotFound()
    ruling.withdraw(draft)
    say(gettext("The draft is withdrawn"))
    return redirect("/deadlines/rules", 303)


@rules.route("/<code>/publish", permission=PUBLISH, methods=("POST",))
def publish(code: str) -> Any:
    """Put the draft in force: the second person's step."""
    draft = ruling.draft_of(code)
    if draft is None:
        raise NotFound()
    run_action(draft, RECORD, "publish", {})
    say(gettext("Published. Open deadlines are computed anew."))
    return redirect(f"/deadlines/rules/{code}", 303)


@rules.route("/progress/<int:ident>", permission=READ)
def progress(ident: int) -> Any:
    """How far a computation is, as a piece of page that asks again until it is done."""
    from plugins.deadlines.records import Computation

    return render_template("deadlines/_computation.html", **shown(db.session.get_one(Computation, ident)))


def read(code: str, form: Any) -> dict[str, Any]:
    """The changes that were posted; figures that are as shipped are left out."""
    shipped = next((row for row in pack_data()["rules"] if row["code"] == code), None)
    if shipped is not None and form.get("off"):
        return {"off": True}
    changes: dict[str, Any] = {}
    number, unit = form.get("n", "").strip(), form.get("unit", "")
    if number:
        period = {"n": int(number) if number.isdecimal() and len(number) < 6 else 0, "unit": unit}
        if shipped is None or period != {"n": shipped["period"]["n"], "unit": shipped["period"]["unit"]}:
            changes["period"] = period
    for name in ("roll", "severity"):
        value = form.get(name, "")
        if value and (shipped is None or value != shipped[name]):
            changes[name] = value
    for name in own.MARGINS:
        text = form.get(name, "").strip()
        if text:
            changes[name] = int(text) if text.isdecimal() and len(text) < 6 else -1
    steps = [step for part in form.get("steps", "").replace("，", ",").split(",") if (step := part.strip().lower())]
    if steps:
        changes["reminders"] = {"steps": steps, "strong": bool(form.get("strong"))}
    if shipped is None:
        changes["new"] = _new(form)
    return changes


def _new(form: Any) -> dict[str, Any]:
    lines = {name: form.get(name, "").replace("；", ";").replace("\n", ";").split(";") for name in ("cleared", "law")}
    found = {name: form.get(name, "").strip()[:200] for name in ("zh", "en", "trigger", "base")}
    event = event_types().get(found["trigger"])
    return found | {
        "trigger_zh": event.label("zh") if event else found["trigger"],
        "right_kinds": [k for k in form.getlist("right_kinds") if k in KINDS],
        "cleared_by": [t.strip() for t in lines["cleared"] if t.strip()],
        "legal_basis": [t.strip()[:200] for t in lines["law"] if t.strip()],
    }


def _page(
    code: str,
    changes: Mapping[str, Any],
    draft: RuleChange | None,
    errors: Mapping[str, str] | None = None,
    *,
    since: date | None = None,
    reason: str | None = None,
) -> str:
    shipped = next((row for row in pack_data()["rules"] if row["code"] == code), None)
    how = pack_data()["mechanisms"]["rules"].get(code, {})
    name = gettext("New rule") if code == NEW else _name(shipped, changes, code)
    computation = simulating.latest(simulating.rule_subject(draft)) if draft else _recomputing(code)
    at = 1 if current_locale() == "zh" else 0
    return render_template(
        "deadlines/rule.html",
        title=name,
        crumbs=_crumbs((gettext("Changes of deadline rules"), "/deadlines/rules"), (name, None)),
        code=code,
        new=shipped is None,
        shipped=shipped,
        plain=shipped is None or own.period_is_plain(shipped, how),
        shipped_period=_period(shipped["period"]) if shipped else "",
        trigger=trigger_words(shipped["trigger"]["code"], shipped["trigger"]["zh"]) if shipped else "",
        changes=changes,
        draft=draft,
        errors=errors or {},
        since=since or (draft.effect_from if draft else today() + timedelta(1)),
        reason=reason if reason is not None else (draft.reason if draft else ""),
        units=[(u, UNITS[u][at]) for u in own.UNITS],
        rolls=[(c.code, str(c.label)) for c in rolls()],
        severities=[(c.code, str(c.label)) for c in SEVERITIES],
        kinds=[(k, str(v)) for k, v in KINDS.items()],
        triggers=_triggers(),
        bases=sorted(((b, BASES[b][at]) for b in pack_data()["mechanisms"]["bases"] if b in BASES), key=lambda i: i[1]),
        may_write=current_principal().can(*WRITE),
        publishable=_publishable(draft),
        tried=bool(draft and computation and computation.of_version == draft.version and computation.status == "done"),
        computation=shown(computation) if computation else None,
        versions=_versions(code),
    )


def _name(shipped: Mapping[str, Any] | None, changes: Mapping[str, Any], code: str) -> str:
    words = shipped["deadline"] if shipped else changes.get("new") or {}
    return words.get("zh" if current_locale() == "zh" else "en") or code


def _triggers() -> list[tuple[str, str]]:
    locale = current_locale()
    known = {e.code: e.label(locale) for e in event_types().values()}
    known |= {c: trigger_words(c, c) for c in pack_data()["mechanisms"]["case_triggers"] if c not in known}
    return sorted(known.items(), key=lambda item: item[1])


def _publishable(draft: RuleChange | None) -> Any:
    """True, the reason why not, or None for who has no right to publish."""
    if draft is None or not current_principal().can(*PUBLISH):
        return None
    found = ruling.can_publish(draft)
    return found if found is True else str(found)


def _recomputing(code: str) -> Any:
    newest = next((row for row in ruling.versions_of(code) if row.status == "published"), None)
    return simulating.latest(f"recompute:rule:{newest.id}") if newest else None


def _versions(code: str) -> list[dict[str, Any]]:
    rows = ruling.versions_of(code)
    names = labels("core.user", [i for row in rows for i in (row.created_by_id, row.published_by_id) if i])
    return [
        {
            "row": row,
            "author": names.get(row.created_by_id or 0, ""),
            "publisher": names.get(row.published_by_id or 0, ""),
            "at": f"{local(row.published_at):%Y-%m-%d %H:%M}" if row.published_at else "",
            "words": changed_words(row.changes or {}),
        }
        for row in rows
    ]


def changed_words(changes: Mapping[str, Any]) -> str:
    """A version in one line."""
    if not changes:
        return gettext("as shipped")
    if changes.get("off"):
        return gettext("switched off")
    told = [gettext("period %(period)s", period=_period(changes["period"]))] if changes.get("period") else []
    told += [_label(rolls(), changes["roll"])] if changes.get("roll") else []
    told += [_label(SEVERITIES, changes["severity"])] if changes.get("severity") else []
    margins = {"safe_margin": _("safe margin"), "internal": _("internal date"), "client": _("client's date")}
    told += [
        gettext("%(what)s %(n)s days before", what=words, n=changes[name])
        for name, words in margins.items()
        if changes.get(name) is not None
    ]
    if changes.get("reminders"):
        told.append(gettext("reminders %(steps)s", steps=", ".join(changes["reminders"].get("steps") or ())))
    return gettext(", ").join(told) or gettext("a rule of our own")


def shown(found: Any) -> dict[str, Any]:
    """A computation as its piece of page: progress, counts, and rows whose cases the reader may know by name."""
    result = found.result or {}
    rows = result.get("rows", ())
    names = labels("cases.case", [row["case"] for row in rows])
    zh = current_locale() == "zh"
    told = [
        row
        | {
            "label": names.get(row["case"]) or gettext("case no. %(n)s", n=row["case"]),
            "href": f"/r/cases.case/{row['case']}" if row["case"] in names else None,
            "name": row["zh" if zh else "en"],
        }
        for row in rows
    ]
    return {"computation": found, "counts": result.get("counts", {}), "rows": told, "on": result.get("on", "")}

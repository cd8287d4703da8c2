"""What the page of a deadline shows: the three dates, how they came about in words, the months, evidence, reminders."""

from __future__ import annotations

import calendar as months
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core import _, current_locale, db, gettext, labels, local, record_class
from plugins.cases import event_types
from plugins.deadlines.choices import LIVE
from plugins.deadlines.engine import Evaluator, InputError, Outcome
from plugins.deadlines.engine.milestones import milestones
from plugins.deadlines.engine.trace import Step, explain
from plugins.deadlines.engine.words import FACTS, STEPS
from plugins.deadlines.overlay import engine as engine_in_force
from plugins.deadlines.reading import engine_inputs
from plugins.deadlines.records import MANUAL, Deadline, Reminder

VERSIONS_SHOWN = 6


def head(deadline: Deadline) -> dict[str, Any]:
    """The context of the head of a deadline's page."""
    engine = engine_in_force()
    rule = engine.pack.rules.get(deadline.rule_code)
    steps, found = _trace(engine, deadline)
    names = labels("core.user", [deadline.wanted_by_id, deadline.second_id]) if deadline.wanted_due else {}
    return {
        "asker": names.get(deadline.wanted_by_id, gettext("Somebody")),
        "second": names.get(deadline.second_id, gettext("a second person")),
        "deadline": deadline,
        "live": deadline.status in LIVE,
        "rule": rule,
        "rule_record": _rule_record(deadline.rule_code),
        "steps": [*(why_step(step, rule) for step in steps), *_own_steps(deadline)],
        "milestones": _milestones(engine, rule, deadline, found),
        "months": _months(engine, deadline, steps),
        "legend": _legend(deadline),
        "before": db.session.get(Deadline, deadline.replaces_id) if deadline.replaces_id else None,
        "after": _successor(deadline),
    }


def _trace(engine: Evaluator, deadline: Deadline) -> tuple[list[Step], Outcome | None]:
    """The steps by the inputs that were kept; none where the rule is gone or the inputs do not compute."""
    rule = engine.pack.rules.get(deadline.rule_code)
    if rule is None:
        return [], None
    inputs = engine_inputs(deadline.inputs)
    found = Outcome(
        deadline.base_date or deadline.nominal_date,
        deadline.nominal_date,
        deadline.computed_due or deadline.due,
        deadline.safe_date,
    )
    try:
        return explain(engine, rule, inputs, found), found
    except (InputError, KeyError, TypeError, ValueError):
        return [], found


def why_step(step: Step, rule: Any) -> dict[str, Any]:
    """A step of the trace as the page draws it; the law stands in Chinese, the event in the reader's language."""
    laws = [{"label": part} for part in step.source.split("; ") if part and part != rule.trigger]
    if rule.trigger in step.source:
        words = trigger_words(rule.trigger, rule.trigger_zh)
        laws.insert(0, {"label": words, "icon": "file-text"})
    return {
        "title": step.text(current_locale()),
        "laws": laws[:4],
        "result": step.date.isoformat() if step.date else "",
        "result_note": weekday_words(step.date) if step.date else "",
        "end": step.code in ("roll.moved", "roll.kept", "roll.never"),
    }


def trigger_words(code: str, zh: str) -> str:
    """What sets the period running, in the reader's language: the event's name, or where it is no event, a fact's."""
    event, locale = event_types().get(code), current_locale()
    if event is not None:
        return event.label(locale)
    return zh if locale == "zh" else FACTS.get(code, code.replace("_", " ").capitalize())


def weekday_words(day: date) -> str:
    """`周一` or `Mon`."""
    return f"周{'一二三四五六日'[day.weekday()]}" if current_locale() == "zh" else f"{day:%a}"


def _own_steps(deadline: Deadline) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if deadline.rule_code == MANUAL:
        day = deadline.computed_due or deadline.due
        found.append({"title": gettext("Entered by hand, taken as it is"), "result": day.isoformat(), "end": True})
    if deadline.overridden:
        found.append(
            {
                "title": gettext("Set by hand"),
                "text": deadline.reason,
                "result": deadline.due.isoformat(),
                "end": True,
            }
        )
    if deadline.internal_date < deadline.safe_date:
        text = gettext("%(n)s days before the safe date, set by the agency.", n=_days(deadline))
        found.append(
            {"title": gettext("Internal date"), "text": text, "result": deadline.internal_date.isoformat(), "laws": []}
        )
    return found


def _days(deadline: Deadline) -> int:
    return (deadline.safe_date - deadline.internal_date).days


def _milestones(engine: Evaluator, rule: Any, deadline: Deadline, found: Outcome | None) -> list[tuple[str, str]]:
    """Windows and late-fee months as (words, dates) rows."""
    if rule is None or found is None:
        return []
    try:
        rows = milestones(engine, rule, engine_inputs(deadline.inputs), found) or []
    except (InputError, KeyError, TypeError, ValueError):
        return []
    return [_milestone(row) for row in rows]


def _milestone(row: Mapping[str, Any]) -> tuple[str, str]:
    if "step" in row:
        words = STEPS.get(row["step"], row["step"]) if current_locale() == "zh" else row["step"]
        fee = f" · ¥{row['fee_cny']}" if "fee_cny" in row else ""
        return words, f"{row['date']}{fee}"
    fee = "" if row["late_fee_cny"] is None else f" · ¥{row['late_fee_cny']}"
    return f"{row['from']} – {row['to']}", f"{row['late_fee_pct']}%{fee}"


def _rule_record(code: str) -> Any:
    model = record_class("deadlines.rule")
    return db.session.scalars(select(model).where(model.code == code).order_by(model.origin).limit(1)).first()


def _case(case_id: int) -> Any:
    model = record_class("cases.case")
    return db.session.scalars(select(model).where(model.id == case_id)).first()


def _successor(deadline: Deadline) -> Any:
    return db.session.scalars(select(Deadline).where(Deadline.replaces_id == deadline.id).limit(1)).first()


def _months(engine: Evaluator, deadline: Deadline, steps: list[Step]) -> list[dict[str, Any]]:
    """The month of the official date and the one before, with rest days and the dates that matter."""
    rule = engine.pack.rules.get(deadline.rule_code)
    roll = engine.calendars["tm" if rule is None or rule.roll == "none" else rule.roll]
    marks = _marks(deadline)
    last = deadline.due.replace(day=1)
    first = (last - timedelta(1)).replace(day=1)
    return [_month(start, roll, marks) for start in (first, last)]


def _marks(deadline: Deadline) -> dict[date, str]:
    """Later entries win: the official date is always drawn."""
    marks = {deadline.nominal_date: "last"}
    if deadline.base_date:
        marks[deadline.base_date] = "send"
    return marks | {deadline.internal_date: "int", deadline.safe_date: "safe", deadline.due: "due"}


def _month(start: date, roll: Any, marks: dict[date, str]) -> dict[str, Any]:
    weeks = [
        [_cell(day, roll, marks) if day.month == start.month else None for day in week]
        for week in months.Calendar().monthdatescalendar(start.year, start.month)
    ]
    title = f"{start.year} 年 {start.month} 月" if current_locale() == "zh" else f"{start:%B %Y}"
    return {"title": title, "weeks": weeks}


def _cell(day: date, roll: Any, marks: dict[date, str]) -> dict[str, Any]:
    classes = " ".join(filter(None, ("rest" if roll.is_rest(day) else "", marks.get(day, ""))))
    return {"day": day.day, "classes": classes, "strong": day in marks}


def _legend(deadline: Deadline) -> list[tuple[str, str]]:
    rows = [("int", deadline.internal_date, _("Internal date")), ("safe", deadline.safe_date, _("Safe date"))]
    rows += [("due", deadline.due, _("Official date"))]
    found = [(mark, f"{day.day} {label}") for mark, day, label in rows]
    return [*found, ("rest", gettext("Rest day"))]


def closing_needs(deadline: Deadline) -> dict[str, Any]:
    """The aside: what is needed to close, who is responsible, which reminders went out."""
    done, still = "done", "later"
    fatal = deadline.severity == "fatal"
    checks = [
        {
            "moon": done if deadline.evidence or deadline.evidence_file_id else still,
            "label": gettext("Receipt or receipt number"),
            "note": deadline.evidence,
        }
    ]
    if fatal:
        confirmed = deadline.confirmed_by_id is not None and deadline.status == "met"
        note = gettext("A fatal deadline is closed by two people.")
        checks.append({"moon": done if confirmed else still, "label": gettext("Second person"), "note": note})
    return {
        "deadline": deadline,
        "case": _case(deadline.case_id),
        "computed": _versions(deadline),
        "checks": checks,
        "people": _named(deadline),
        "reminders": _reminders(deadline),
        "live": deadline.status in LIVE,
    }


def _named(deadline: Deadline) -> list[tuple[str, str]]:
    rows = [
        (gettext("Responsible"), deadline.responsible_id),
        (gettext("Deputy"), deadline.deputy_id),
        (gettext("Closed by"), deadline.closed_by_id),
        (gettext("Confirmed by"), deadline.confirmed_by_id),
    ]
    names = labels("core.user", {ident for _label, ident in rows if ident})
    return [(label, names.get(ident, "")) for label, ident in rows if ident or label == gettext("Responsible")]


def _reminders(deadline: Deadline) -> list[dict[str, Any]]:
    """Reminders that were decided, one line for each step."""
    query = select(Reminder).where(Reminder.deadline_id == deadline.id).order_by(Reminder.planned_for, Reminder.id)
    found: dict[str, dict[str, Any]] = {}
    for row in db.session.scalars(query):
        label = step_words(row.step)
        note = gettext("covered by a later one") if row.status == "covered" else None
        item = found.setdefault(
            row.step, {"moon": "done", "label": label, "time": f"{row.planned_for:%m-%d}", "note": note}
        )
        if row.mail_id and "href" not in item:
            item |= {"href": f"/r/core.mail/{row.mail_id}", "href_label": gettext("Mail")}
    return list(found.values())


def _versions(deadline: Deadline) -> list[dict[str, Any]]:
    """Each time it was computed, the newest first: the date that came out, by which rules and calendar."""
    rows, held = [], deadline
    while held is not None and len(rows) < VERSIONS_SHOWN:
        first = held.replaces_id is None
        words = gettext("First computed") if first else gettext("Computed anew")
        note = gettext(
            "rules %(rules)s, calendar %(calendar)s", rules=held.rule_version, calendar=held.calendar_version
        )
        label = f"{words}: {(held.computed_due or held.due).isoformat()}"
        rows.append({"moon": "done", "label": label, "note": note, "time": f"{local(held.created_at):%m-%d %H:%M}"})
        held = None if first else db.session.get(Deadline, held.replaces_id)
    return rows


def step_words(step: str) -> str:
    """`15d` as words."""
    number, unit = int(step[:-1]), step[-1]
    if unit == "m":
        return gettext("%(n)s months before", n=number)
    if number < 0:
        return gettext("%(n)s days after", n=-number)
    return gettext("%(n)s days before", n=number) if number else gettext("on the day")

"""What a case's page draws beside its fields: the road, what it waits for, classes apart, relations. Only reads."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from core import _, current_locale, db, gettext, may, registry, today
from plugins.cases import choices, status
from plugins.cases.case import Case
from plugins.cases.entry import roles_now, waiting_words
from plugins.cases.facts import events_of, field_values, travelled
from plugins.cases.records import Goods, Relation

WIDEST = 8
"""So many stops fit on the road of a wide page; older ones in the middle are left out."""


def head(case: Case) -> dict[str, Any]:
    """The head's drawing and notes."""
    model = status.model(case.case_type)
    return {
        "steps": road_steps(case, model),
        "days": (today() - case.opened_on).days if case.opened_on else None,
        "waiting": [event_line(event) for event in events_of([case.id]) if event.waiting],
        "split": split_classes(case, model),
        "verify": case.verified_at is None and bool(case.entered_by_id) and may(case, "verify_critical"),
        "status_words": model.states[case.status].label(current_locale()) if case.status in model.states else "",
    }


def road_steps(case: Case, model: status.Model) -> list[dict[str, Any]]:
    """The stops as the road macro draws them."""
    stops = status.road(model, travelled(case), field_values(case))
    if len(stops) > WIDEST:
        stops = [stops[0], *stops[-(WIDEST - 1) :]]
    locale = current_locale()
    return [
        {"label": s.place.label(locale), "note": stop_note(s), "state": s.state, "low": s.low or None} for s in stops
    ]


def stop_note(stop: status.Stop) -> str | None:
    """Under a stop: the day it was reached, or the expected range."""
    if stop.state != "next":
        return short_day(stop.day) if stop.day else None
    if not stop.latest:
        return None
    first, last = stop.earliest or stop.latest, stop.latest
    if (first.year, first.month) == (last.year, last.month):
        return gettext("about %(month)s", month=f"{last:%Y-%m}")
    if first.year == last.year:
        return gettext("about %(month)s", month=f"{first:%Y-%m}~{last:%m}")
    return gettext("about %(month)s", month=f"{first:%y-%m}~{last:%y-%m}")


def short_day(day: date) -> str:
    """The day without its year in this year."""
    return f"{day:%m-%d}" if day.year == today().year else f"{day:%Y-%m-%d}"


def event_line(event: Any) -> dict[str, Any]:
    """An event in one line, with what it waits for in words."""
    return {
        "id": event.id,
        "label": status.event_type(event.code).label(current_locale()),
        "code": event.code,
        "date": event.date,
        "waits_for": gettext(", ").join(waiting_words(event.waiting or "")),
    }


def split_classes(case: Case, model: status.Model) -> list[tuple[str, str]]:
    """Classes whose status differs from that of the case, with its words."""
    if not model.per_class:
        return []
    rows = db.session.execute(
        select(Goods.nice_class, Goods.status).where(Goods.case_id == case.id, Goods.status.is_not(None))
    )
    return [(number, model.states[code].label(current_locale())) for number, code in rows if code in model.states]


def open_moves(case: Case) -> list[dict[str, Any]]:
    """The moves the person may make now, with what each asks, for the dialog that offers them."""
    model, locale = status.model(case.case_type), current_locale()
    moves = status.moves(model, case.status, roles_now(), frozenset(registry().types))
    return [_move_line(case, move, locale) for move in moves]


def other_events(case: Case) -> list[tuple[str, str]]:
    """Events of the offices and other facts that go on record in any status, by their words."""
    locale, kinds = current_locale(), ("office", "court", "fact", "derived", "filing")
    named = [(e.code, e.label(locale)) for e in status.event_types().values() if e.source in kinds]
    own = status.model(case.case_type).events
    return sorted(named, key=lambda pair: (pair[0] not in own, pair[1]))


def add_event_words(rows: list[dict[str, Any]]) -> None:
    """The words of each event of a list."""
    kinds, locale = status.event_types(), current_locale()
    for row in rows:
        known = kinds.get(row.get("code") or "")
        row["event_words"] = known.label(locale) if known else row.get("code")


def cases_of_client(client: Any) -> dict[str, Any]:
    """How many cases a client has in each group of states, with the way to them."""
    counts = dict(
        db.session.execute(
            select(Case.status_group, func.count(Case.id))
            .where(Case.client_id == client.id, Case.archived_at.is_(None))
            .group_by(Case.status_group)
        ).all()
    )
    base = f"/r/cases.case?client={client.id}"
    items = [
        {"label": str(c.label), "value": counts[c.code], "href": f"{base}&status_group={c.code}"}
        for c in choices.GROUPS
        if counts.get(c.code)
    ]
    return {"items": items, "total": sum(counts.values()), "all": base, "new": f"/r/cases.case/new?client={client.id}"}


def add_states(rows: list[dict[str, Any]]) -> None:
    """What the status cell of a list draws: words of the case's own model, tone, how far it is."""
    for row in rows:
        row["state"] = state_cell(row.get("case_type"), row.get("status"))


def state_cell(case_type: str | None, code: str | None) -> dict[str, Any]:
    """Words, tone and progress of one state."""
    state = status.model(case_type).states.get(code) if case_type in status.codes() else None
    if state is None:
        return {"label": code or "", "tone": "plain", "step": 0, "steps": len(STEPS), "bad": False}
    step = PROGRESS.get(state.group, len(STEPS))
    return {
        "label": state.label(current_locale()),
        "tone": choices.TONES[state.group],
        "step": step,
        "steps": len(STEPS),
        "bad": state.group in ("action", "at_risk", "dead"),
    }


STEPS = ("intake", "filed", "pending", "published", "granted")
PROGRESS = {"intake": 1, "pending": 3, "action": 3, "published": 4, "granted": 5, "at_risk": 5, "won": 5, "closed": 5}
"""How far a group of states is on the way of five steps."""


def _move_line(case: Case, move: status.Move, locale: str) -> dict[str, Any]:
    stays = move.to.code == case.status
    asked = [("dates", n) for n in move.dates] + [("fields", n) for n in move.fields] + [("docs", n) for n in move.docs]
    return {
        "code": move.event,
        "label": status.event_type(move.event).label(locale),
        "to": move.to.code,
        "to_label": None if stays else move.to.label(locale),
        "tone": choices.TONES[move.to.group],
        "needs": [status.need(name, kind).label(locale) for kind, name in asked],
        "condition": move.condition.label(locale) if move.condition else None,
    }


def relations(case: Case) -> dict[str, Any]:
    """Family and relations in both directions, and the cases that name this one as parent or registration."""
    there = db.session.scalars(
        select(Relation).where(or_(Relation.case_id == case.id, Relation.to_id == case.id))
    ).all()
    words = {choice.code: str(choice.label) for choice in choices.RELATIONS}
    rows = []
    for relation in there:
        outward = relation.case_id == case.id
        other = relation.to if outward else relation.case
        rows.append(_related(other, words[relation.kind] if outward else str(_("Referred to as")), relation, words))
    named = select(Case).where(or_(Case.parent_case_id == case.id, Case.registration_id == case.id))
    rows += [_related(other, gettext("Proceeding on this case"), None, words) for other in db.session.scalars(named)]
    above = [i for i in (case.parent_case_id, case.registration_id) if i]
    for other in db.session.scalars(select(Case).where(Case.id.in_(above))) if above else ():
        rows.append(_related(other, gettext("Concerns"), None, words))
    return {"rows": rows, "can_add": may(case, "update")}


def _related(other: Case | None, kind: str, relation: Relation | None, words: dict[str, str]) -> dict[str, Any]:
    line: dict[str, Any] = {"kind": kind, "note": relation.note if relation else None}
    if other is None:
        return line | {"name": relation.external if relation else "", "href": None}
    model = status.model(other.case_type)
    state = model.states.get(other.status)
    return line | {
        "name": other.name or other.number,
        "number": other.number,
        "href": f"/r/cases.case/{other.id}",
        "type": model.label(current_locale()),
        "status": state.label(current_locale()) if state else "",
        "tone": choices.TONES[state.group] if state else "plain",
    }

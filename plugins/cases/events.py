"""Recording events: the one place where a case moves. Guards are the machine's, rights and writing are here."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import or_, select

from core import FieldError, Forbidden, Invalid, _, current_locale, current_principal, db, elevated, registry, today
from plugins.cases import status
from plugins.cases.case import Case
from plugins.cases.facts import machine_facts
from plugins.cases.records import Event, Goods, Relation

COLUMNS = ("dispatch_date", "receipt_date", "delivery", "notice_number", "outcome")
"""What an event keeps in columns of its own; everything else that was entered goes into its details."""

GIVEN = ("document", "filed_at", "to", "keep", "complete", "date")
"""What is said about the event itself and is no fact of the case."""

EFFECTS = {"new_filing_date": "filing_date", "new_expiry": "valid_to", "annuity_year": "paid_to_year"}
"""Values of an event that change a case field of another name."""

LIVE_ORDER = ("action", "at_risk", "pending", "published", "granted", "won", "intake", "closed", "withdrawn", "dead")
"""Of classes in different states the case shows the first live one in this order of groups."""

PASSED_ON = ("submission_date", "publication_date", "approval_date", "dispatch_date", "receipt_date", "payment_date")
USUAL_DAYS = (
    "dispatch_date",
    "receipt_date",
    "submission_date",
    "filing_date",
    "publication_date",
    "registration_date",
    "payment_date",
    "entry_date",
)
WHY = "an event is written with the rights of its own action"


def roles_now() -> frozenset[str] | None:
    """The roles by which moves are allowed; None for the system and the all-rights administrator."""
    principal = current_principal()
    return None if principal.is_system or principal.has_role("administrator") else principal.roles


def record_event(
    case: Case, entered: dict[str, Any], *, roles: Any = "mine", raised_by: int | None = None
) -> dict[str, Any]:
    """Record an event on a case and move it as the model says.

    `entered`: `event` and whatever was typed: dates, fields, `document` (attachment id), `filed_at` (where the paper
    lies), `reason` (confirms what only a person knows), `to` (the target where several are possible), `classes`,
    `keep` (put an official event on record even if the case cannot move yet), `complete` (a waiting event's id).
    Returns the event's id, the status, whether it moved, what it waits for, and the events raised on other cases.
    Raises `Invalid` naming each missing need, `Forbidden` when other roles make this move.
    """
    typed = {name: value for name, value in entered.items() if value not in (None, "", [], {})}
    code = typed.pop("event")
    given = {
        name: typed.pop(name, None) for name in ("document", "filed_at", "reason", "to", "keep", "complete", "date")
    }
    given["actor"] = current_principal().user_id
    classes = [str(number) for number in typed.pop("classes", ())]
    typed.update(typed.pop("details", None) or {})
    with elevated(WHY):
        rows = _class_rows(case, classes)
        state = _state(case, rows, classes)
        facts = machine_facts(case, code, _as_values(typed), given)
        result = status.apply_event(
            status.model(case.case_type),
            state,
            case.overlays or (),
            code,
            facts,
            roles_now() if roles == "mine" else roles,
        )
        if result.problems and not (given["keep"] and _recordable(result)):
            raise _refusal(result)
        event = _write(case, result, typed, given, classes, state, raised_by)
        _move(case, result, typed, rows, classes, event)
        db.session.flush()
        raised = [made for also in result.raises for made in _raise(case, also, event, typed)]
        return {
            "event": event.id,
            "status": case.status,
            "moved": result.moved,
            "waiting": event.waiting,
            "raised": raised,
        }


def _recordable(result: status.Outcome) -> bool:
    return status.event_type(result.event).source in ("office", "court", "fact", "derived", "filing")


def _as_values(typed: dict[str, Any]) -> dict[str, Any]:
    """Typed values with dates as dates, under the case's names too."""
    values = {name: _day(value) for name, value in typed.items()}
    for name, value in list(values.items()):
        alias = _case_field(name)
        if alias and alias != name:
            values.setdefault(alias, value)
    return values


def _day(value: Any) -> Any:
    if isinstance(value, str) and len(value) == 10 and value[4:5] == "-":
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def _case_field(name: str) -> str | None:
    """The case field that takes a value entered under `name`, None when it belongs to the event alone."""
    fields = registry().types["cases.case"].fields
    try:
        alias = status.need(name).field
    except KeyError:
        alias = None
    found = EFFECTS.get(name) or alias or name
    return found if found in fields and not fields[found].readonly and fields[found].kind != "file" else None


def _class_rows(case: Case, classes: list[str]) -> dict[str, Goods]:
    if not classes or not status.model(case.case_type).per_class:
        return {}
    rows = {row.nice_class: row for row in db.session.scalars(select(Goods).where(Goods.case_id == case.id))}
    if missing := [number for number in classes if number not in rows]:
        raise Invalid([FieldError("classes", "unknown", _("The case has no class %(n)s.", n=", ".join(missing)))])
    return rows


def _state(case: Case, rows: dict[str, Goods], classes: list[str]) -> str:
    states = {rows[number].status or case.status for number in classes if number in rows}
    if len(states) > 1:
        message = _("These classes are in different states. Record the event for each state by itself.")
        raise Invalid([FieldError("classes", "mixed", message)])
    return states.pop() if states else case.status


def _write(
    case: Case,
    result: status.Outcome,
    typed: dict[str, Any],
    given: dict[str, Any],
    classes: list[str],
    state: str,
    raised_by: int | None,
) -> Event:
    event = _waiting_event(case, result.event, given["complete"]) or Event(case_id=case.id, code=result.event)
    for name in COLUMNS:
        if name in typed:
            setattr(event, name, _day(typed[name]))
    rest = {name: _plain(value) for name, value in typed.items() if name not in (*COLUMNS, "reason")}
    if given["filed_at"]:
        rest["filed_at"] = given["filed_at"]
    event.details = {**(event.details or {}), **rest} or None
    event.date = _day(given["date"]) or event.date or _event_day(result, _as_values(typed))
    event.document_id = given["document"] or event.document_id
    event.source = status.event_type(result.event).source
    event.classes = classes or event.classes
    event.state_before, event.state_after = state, result.state
    event.waiting = result.waiting or ("; ".join(p.name for p in result.problems)[:300] or None)
    event.reason = given["reason"] or event.reason
    event.raised_by_id = raised_by
    db.session.add(event)
    return event


def _waiting_event(case: Case, code: str, ident: int | None) -> Event | None:
    if not ident:
        return None
    found = db.session.scalars(select(Event).where(Event.id == ident, Event.case_id == case.id)).first()
    if found is None or found.code != code or not found.waiting:
        raise Invalid([FieldError("complete", "unknown", _("No such event of this case is waiting."))])
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _event_day(result: status.Outcome, values: dict[str, Any]) -> date:
    """The event's own day: the first date its move asks for, else any date entered, else today."""
    names = (
        *(result.transition.dates if result.transition else ()),
        "dispatch_date",
        "receipt_date",
        "submission_date",
    )
    names += ("filing_date", "publication_date", "registration_date", "payment_date", "entry_date")
    return next((day for name in names if isinstance(day := values.get(name), date)), today())


def _move(
    case: Case,
    result: status.Outcome,
    typed: dict[str, Any],
    rows: dict[str, Goods],
    classes: list[str],
    event: Event,
) -> None:
    case.moving = True
    case.overlays = sorted(result.overlays) or None
    if result.problems:
        return
    _take_values(case, _as_values(typed))
    if not result.moved:
        return
    target = result.state
    if rows and len(classes) < len(rows):
        for number in classes:
            rows[number].status = target
        target = _worst_live(case, rows)
        for row in rows.values():
            row.status = None if (row.status or case.status) == target else (row.status or case.status)
    if target != case.status:
        case.status, case.status_since = target, event.date


def _take_values(case: Case, values: dict[str, Any]) -> None:
    fields = registry().types["cases.case"].fields
    for name, value in values.items():
        found = _case_field(name)
        if found is None:
            continue
        spec = fields[found]
        loaded = int(value) if spec.kind == "integer" else value
        if getattr(case, spec.attr) != loaded:
            setattr(case, spec.attr, loaded)


def _worst_live(case: Case, rows: dict[str, Goods]) -> str:
    states = status.model(case.case_type).states
    present = {row.status or case.status for row in rows.values()}
    return min(present, key=lambda code: (states[code].terminal, LIVE_ORDER.index(states[code].group), code))


def _raise(case: Case, also: status.AlsoRaise, event: Event, typed: dict[str, Any]) -> list[dict[str, Any]]:
    """Record the event on each related case; there it is kept even if it cannot move the case."""
    entered = {name: typed[name] for name in PASSED_ON if name in typed}
    entered |= {"event": also.event, "keep": True, "document": event.document_id, "date": event.date}
    entered |= {"review_case": case.id, "reexam_case": case.id, "filed_at": (event.details or {}).get("filed_at")}
    if typed.get("new_valid_to"):
        entered["valid_to"] = typed["new_valid_to"]
    made = []
    for related in related_cases(case, also.on):
        answer = record_event(related, dict(entered), roles=None, raised_by=event.id)
        made.append({"case": related.id, "event": answer["event"], "code": also.event, "moved": answer["moved"]})
    return made


def related_cases(case: Case, role: str) -> list[Case]:
    """The cases that stand in a role to this one: parent, registration, watched_mark or attacked_mark."""
    ids = {"parent": case.parent_case_id, "registration": case.registration_id}.get(role)
    if ids:
        return list(db.session.scalars(select(Case).where(Case.id == ids)))
    kinds = {
        "parent": ("review_of",),
        "registration": ("renewal_of", "assignment"),
        "watched_mark": ("opposition_against",),
        "attacked_mark": ("invalidation_against", "cancellation_against"),
    }[role]
    linked = select(Relation.to_id).where(Relation.case_id == case.id, Relation.kind.in_(kinds))
    found = list(db.session.scalars(select(Case).where(Case.id.in_(linked))))
    number = (
        case.opposed_number if role == "watched_mark" else case.attacked_number if role == "attacked_mark" else None
    )
    if found or not number:
        return found
    same = or_(Case.application_number == number, Case.registration_number == number)
    mark = Case.case_type == "tm_application"
    return list(db.session.scalars(select(Case).where(same, mark, Case.jurisdiction == case.jurisdiction)))


def _refusal(result: status.Outcome) -> Invalid | Forbidden:
    if any(problem.kind == "role" for problem in result.problems):
        named = registry().access.roles
        roles = [str(named[code].label) if code in named else code for code in result.problems[0].name.split()]
        return Forbidden(_("This move is made by: %(roles)s.", roles=", ".join(roles)), detail={"roles": roles})
    return Invalid([_error(problem, result) for problem in result.problems])


def _error(problem: status.Problem, result: status.Outcome) -> FieldError:
    locale = current_locale()
    if problem.kind in ("dates", "fields", "docs"):
        label = status.need(problem.name, problem.kind).label(locale)
        name = "document" if problem.kind == "docs" else problem.name
        return FieldError(name, "required", _("Needed for this move: %(what)s.", what=label))
    if problem.kind in ("condition", "confirmation"):
        known = status.conditions().get(problem.name)
        words = known.label(locale) if known else problem.name
        if problem.kind == "condition":
            return FieldError("event", "condition", _("Not met: %(what)s.", what=words))
        return FieldError("reason", "confirmation", _("Confirm with a reason: %(what)s.", what=words))
    if problem.kind == "choice":
        return FieldError("to", "choice", _("Choose where it leads: %(states)s.", states=", ".join(result.choices)))
    return FieldError("event", "no_move", _("In its present status the case takes no such event."))

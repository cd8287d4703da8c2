"""What is entered at a step of a case: what the story says, else what the move asks for, from the stock or computed."""

from __future__ import annotations

from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta

from plugins.cases import event_type, model
from plugins.demo import numbers
from plugins.demo.cast import data
from plugins.demo.roads import Step
from plugins.demo.when import resolve

KEPT_BY_THE_CASE = (
    "validity_end",
    "valid_to",
    "valid_from",
    "filing_date",
    "annuity_day",
    "new_valid_to",
    "cessation_date",
)
"""Days that are not simply the day of the step."""
BASE = ("date", "dispatch_date", "receipt_date", "delivery", "notice_number", "outcome", "to", "reason", "keep")


def transition_of(case: Any, step: Step) -> Any:
    """The move that the step makes from the present state of the case, None when it only goes on record."""
    found = [t for t in model(case.case_type).by_state.get(case.status, ()) if t.event == step.event]
    wanted = step.given.get("to") or step.state
    return next((t for t in found if t.to == wanted), found[0] if found else None)


def params(case: Any, step: Step, serial: int, filed: date | None) -> dict[str, Any]:
    """Everything for the action, with what its form does not name among the details."""
    move = transition_of(case, step)
    given: dict[str, Any] = {"date": step.day}
    for name in move.dates if move else ():
        given |= _day_of(name, case, step, filed)
    for name in (*move.fields, *_numbers_asked(move)) if move else ():
        given |= _value_of(name, case, step, serial, filed)
    if event_type(step.event).source in ("office", "court"):
        given |= {"delivery": "electronic", "notice_number": f"{step.day:%Y%m%d}{serial:05d}0"}
    given |= {name: resolve(value, step.day) for name, value in step.given.items()}
    entered = {"event": step.event, "filed_at": "电子卷宗"}
    entered |= {name: _plain(value) for name, value in given.items() if name in BASE}
    asked = set(move.fields) if move else set()
    details = {name: _plain(value) for name, value in given.items() if name not in BASE or name in asked & {"reason"}}
    return entered | ({"details": details} if details else {})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _numbers_asked(move: Any) -> tuple[str, ...]:
    return ("grant_number",) if move.event == "PAT_GRANTED" else ()


def _day_of(name: str, case: Any, step: Step, filed: date | None) -> dict[str, Any]:
    if name not in KEPT_BY_THE_CASE:
        return {name: step.day}
    if name == "filing_date":
        return {name: filed or step.day}
    if name == "valid_from":
        return {name: step.day}
    if name == "valid_to":
        return {name: step.day + relativedelta(years=10, days=-1)}
    if name == "new_valid_to":
        return {name: (case.old_valid_to or step.day) + relativedelta(years=10)}
    if name in ("annuity_day", "cessation_date"):
        return {name: _anniversary(case.filing_date, step.day)}
    return {}


def _anniversary(filed: date, before: date) -> date:
    """The last anniversary of the filing day before a day."""
    years = before.year - filed.year
    found = filed + relativedelta(years=years)
    return found if found < before else filed + relativedelta(years=years - 1)


def _value_of(name: str, case: Any, step: Step, serial: int, filed: date | None) -> dict[str, Any]:
    """A number or figure that arrives with this step, or a stock word; nothing for what the case has already."""
    if name in step.given or getattr(case, name, None) not in (None, "", [], {}):
        return {}
    computed = _computed(name, case, step, serial, filed)
    if computed is not None:
        return {name: computed}
    stock = data("roads")["stock"]
    return {name: stock[name]} if name in stock else {}


def _computed(name: str, case: Any, step: Step, serial: int, filed: date | None) -> Any:
    year = step.day.year
    made = {
        "application_number": lambda: numbers.application(case.case_type, filed or step.day, serial),
        "publication_number": lambda: numbers.publication(case.case_type, serial, granted=False),
        "grant_number": lambda: numbers.publication(case.case_type, serial, granted=True),
        "registration_number": lambda: (
            f"{year}SR{1_200_000 + serial:07d}"
            if case.case_type == "cr_software"
            else f"国作登字-{year}-F-{10_000 + serial:08d}"
        ),
        "gazette_issue": lambda: str(1_460 + (step.day - date(2015, 11, 1)).days // 7),
        "registration_gazette_issue": lambda: str(1_460 + (step.day - date(2015, 11, 1)).days // 7),
        "review_number": lambda: f"商评字[{year}]第{200_000 + serial}号",
        "reexam_number": lambda: f"F{290_000 + serial}",
        "case_number": lambda: f"4W{110_000 + serial}",
        "acceptance_number": lambda: f"{year}R11S{300_000 + serial}",
        "ir_number": lambda: str(1_700_000 + serial),
        "annuity_year": lambda: relativedelta(step.day, case.filing_date).years + 1 if case.filing_date else 1,
        "confirmation_waiver_reason": lambda: None,
    }.get(name)
    return made() if made else None

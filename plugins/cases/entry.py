"""What somebody entered for an event, read once, and the words for what is missing. Nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core import FieldError, Forbidden, Invalid, _, current_locale, db, gettext, registry, today
from plugins.cases import status
from plugins.cases.printed import rule_inputs

COLUMNS = ("dispatch_date", "receipt_date", "delivery", "notice_number", "outcome")
"""What an event keeps in columns of its own; everything else that was entered goes into its details."""

EFFECTS = {"new_filing_date": "filing_date", "new_expiry": "valid_to", "annuity_year": "paid_to_year"}
"""Values of an event that change a case field of another name."""

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
ABOUT = ("document", "filed_at", "to", "keep", "complete", "date", "classes", "details", "event")


@dataclass
class Entry:
    """An event as entered. `typed`: dates and fields by name; the rest is said about the event itself."""

    code: str
    typed: dict[str, Any] = field(default_factory=dict)
    document: int | None = None
    filed_at: str | None = None
    to: str | None = None
    keep: bool = False
    complete: int | None = None
    date: date | None = None
    classes: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, entered: dict[str, Any]) -> Entry:
        """From the parameters of the action; empty values count as not entered."""
        given = {name: value for name, value in entered.items() if value not in (None, "", [], {})}
        typed = {name: value for name, value in given.items() if name not in ABOUT} | dict(given.get("details", {}))
        return cls(
            given["event"],
            typed,
            document=given.get("document"),
            filed_at=given.get("filed_at"),
            to=given.get("to"),
            keep=bool(given.get("keep")),
            complete=given.get("complete"),
            date=as_day(given.get("date")),
            classes=[str(number) for number in given.get("classes", ())],
        )

    def fill_from(self, event: Any) -> None:
        """Take over what a waiting event already holds."""
        held = dict(event.details or {}) | {name: getattr(event, name) for name in COLUMNS}
        self.filed_at = self.filed_at or held.pop("filed_at", None)
        self.typed = {name: value for name, value in held.items() if value is not None} | self.typed
        self.document = self.document or event.document_id
        self.date = self.date or event.date

    @property
    def reason(self) -> str | None:
        """The reason given, which also confirms what only a person can know."""
        return self.typed.get("reason")

    @property
    def values(self) -> dict[str, Any]:
        """Typed values with dates as dates, also under the names of the case fields that answer the same need."""
        values = {name: as_day(value) for name, value in self.typed.items()}
        for name, value in list(values.items()):
            alias = case_field(name)
            if alias and alias != name and name not in EFFECTS:
                values.setdefault(alias, value)
        return values

    @property
    def details(self) -> dict[str, Any]:
        """What the event keeps beside its columns, ready for JSON."""
        kept = {name: _plain(value) for name, value in self.typed.items() if name not in (*COLUMNS, "reason")}
        kept |= rule_inputs(kept)
        return kept | ({"filed_at": self.filed_at} if self.filed_at else {})

    def day(self, transition: status.Transition | None) -> date:
        """The event's own day: as entered, else the first date its move asks for, else any date, else today."""
        names = (*(transition.dates if transition else ()), *USUAL_DAYS)
        values = self.values
        return self.date or next((day for name in names if isinstance(day := values.get(name), date)), today())


def as_day(value: Any) -> Any:
    """An ISO day as a date; anything else as it is."""
    if isinstance(value, str) and len(value) == 10 and value[4:5] == "-":
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def case_field(name: str) -> str | None:
    """The case field that takes a value entered under `name`, None when it belongs to the event alone."""
    fields = registry().types["cases.case"].fields
    try:
        alias = status.need(name).field
    except KeyError:
        alias = None
    found = EFFECTS.get(name) or alias or name
    return found if found in fields and not fields[found].readonly and fields[found].kind != "file" else None


def roles_now() -> frozenset[str] | None:
    """The roles by which moves are allowed; None for the system, for what follows by itself from something else that
    was allowed, and for the all-rights administrator."""
    principal = db.session().principal
    return None if principal.is_system or principal.has_role("administrator") else principal.roles


def refusal(result: status.Outcome) -> Invalid | Forbidden:
    """The error that tells everything that stands in the way."""
    if any(problem.kind == "role" for problem in result.problems):
        named = registry().access.roles
        roles = [str(named[code].label) if code in named else code for code in result.problems[0].name.split()]
        return Forbidden(_("This move is made by: %(roles)s.", roles=", ".join(roles)), detail={"roles": roles})
    return Invalid([_error(problem, result) for problem in result.problems])


def _error(problem: status.Problem, result: status.Outcome) -> FieldError:
    if problem.kind in ("dates", "fields", "docs"):
        name = "document" if problem.kind == "docs" else problem.name
        return FieldError(name, "required", _("Needed for this move: %(what)s.", what=words_of(problem)))
    if problem.kind == "condition":
        return FieldError("event", "condition", _("Not met: %(what)s.", what=words_of(problem)))
    if problem.kind == "confirmation":
        return FieldError("reason", "confirmation", _("Confirm with a reason: %(what)s.", what=words_of(problem)))
    if problem.kind == "choice":
        return FieldError("to", "choice", _("Choose where it leads: %(states)s.", states=", ".join(result.choices)))
    if result.way is not None:
        way = _words_of_way(result.way.state, result.way.events)
        early = _("Too early: the case has to be in “%(state)s” first. Record before it: %(events)s.", **way)
        return FieldError("event", "too_early", early)
    return FieldError("event", "no_move", _("In its present status the case takes no such event."))


SHOWN_EVENTS = 5


def _words_of_way(state: str, events: Sequence[str]) -> dict[str, str]:
    """The status and the events that lead there, in the words of the current language."""
    locale = current_locale()
    named = next((m.states[state].label(locale) for m in status.all_models() if state in m.states), state)
    known = status.event_types()
    words = [known[code].label(locale) if code in known else code for code in events[:SHOWN_EVENTS]]
    more = ["…"] if len(events) > SHOWN_EVENTS else []
    return {"state": named, "events": gettext(", ").join([*words, *more])}


def words_of(problem: status.Problem) -> str:
    """A need or condition in the words of the current language."""
    locale = current_locale()
    if problem.kind in ("dates", "fields", "docs"):
        return status.need(problem.name, problem.kind).label(locale)
    known = status.conditions().get(problem.name)
    return known.label(locale) if known else problem.name


def waiting_for(result: status.Outcome) -> str | None:
    """What a recorded event waits for, as it is kept: `kind:name` of each problem, or the condition."""
    if result.waiting:
        return f"condition:{result.waiting}"[:300]
    if result.way is not None and not result.problems:
        return f"state:{result.way.state}>{','.join(result.way.events[: SHOWN_EVENTS + 1])}"[:300]
    return ";".join(f"{p.kind}:{p.name}" for p in result.problems)[:300] or None


def waiting_words(kept: str) -> list[str]:
    """The same in words."""
    parts = [part.partition(":") for part in kept.split(";")] if not kept.startswith("condition:") else []
    if kept.startswith("state:"):
        state, _sign, events = kept.removeprefix("state:").partition(">")
        message = _("the status “%(state)s”. It came too early; record before it: %(events)s. Then complete it.")
        return [message % _words_of_way(state, events.split(","))]
    if not parts:
        return [words_of(status.Problem("condition", kept.partition(":")[2]))]
    return [str(_("moving the case")) if kind == "move" else _safe_words(kind, name) for kind, _colon, name in parts]


def _safe_words(kind: str, name: str) -> str:
    try:
        return words_of(status.Problem(kind, name))
    except KeyError:
        return name

"""What a kind of step is, and the occasion that it is carried out on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import FieldError, _, local, now, registry
from plugins.automation import words


@dataclass(frozen=True)
class Input:
    """One thing that a step asks for. `kind`: text, long_text, choice, check, people, values, day or link.

    `choices(record_key)` gives (value, words) pairs; `target` is the record type of a link.
    """

    name: str
    label: Any
    kind: str = "text"
    required: bool = False
    choices: Callable[[str | None], Sequence[tuple[str, Any]]] | None = None
    help: Any = None
    default: Any = None
    target: str | None = None


@dataclass
class Occasion:
    """A rule on one record, now. `key` is the same on every try of a step; `message` is what another system sent."""

    rule_id: int
    rule_name: str
    run_id: int
    key: str
    record_key: str | None
    record: Any
    message: Any = None
    trial: bool = False
    runs_as: int = 0
    number: int = 0
    fixed: dict[str, str] = field(default_factory=dict)

    def fill(self, text: Any) -> str:
        """A text with its places filled in."""
        given = {"today": f"{local(now()):%Y-%m-%d}", "rule": self.rule_name, "link": self.link()} | self.fixed
        return words.fill(str(text or ""), self.record, given, self.message)

    def link(self) -> str:
        """The address of the record's page."""
        return f"/r/{self.record_key}/{self.record.id}" if self.record is not None else ""

    def step_key(self) -> str:
        """What makes this step of this run single."""
        return f"automation-{self.key}-{self.number}"[:190]


def _always(_step: dict[str, Any]) -> bool:
    return False


@dataclass(frozen=True)
class StepKind:
    """A kind of step. `carry_out(occasion, step)` works in the run's transaction, with the rights of the rule's person,
    and gives the words for the log; what it raises takes the whole run back.

    `check(record_key, step)` yields (input, what is wrong); `outward(step)` says whether it tells people outside.
    """

    code: str
    label: Any
    inputs: Callable[[str | None], Sequence[Input]]
    carry_out: Callable[[Occasion, dict[str, Any]], str]
    icon: str = "bolt"
    needs_record: bool = True
    check: Callable[[str | None, dict[str, Any]], Any] | None = None
    outward: Callable[[dict[str, Any]], bool] = _always
    available: Callable[[str | None], bool] = lambda record_key: True

    def problems(self, record_key: str | None, step: dict[str, Any]) -> list[FieldError]:
        """What is wrong with a step of this kind; fields are its inputs."""
        if self.needs_record and record_key is None:
            return [FieldError("do", "record", _("This step needs a type of records."))]
        found = []
        for one in self.inputs(record_key):
            given = step.get(one.name)
            if one.required and given in (None, "", [], False):
                found.append(FieldError(one.name, "required", _("Fill this in.")))
            elif one.choices and one.kind == "choice" and given not in (None, ""):
                if str(given) not in {str(code) for code, _words in one.choices(record_key)}:
                    found.append(FieldError(one.name, "choice", _("This is no choice here any more.")))
            elif isinstance(given, str):
                found += _text_problems(one, given, record_key)
        found += [
            FieldError(name, "invalid", text) for name, text in (self.check(record_key, step) if self.check else ())
        ]
        return found


def _text_problems(one: Input, given: str, record_key: str | None) -> list[FieldError]:
    if one.kind == "day":
        try:
            found = words.DAY.match(given.strip())
            if found is None:
                words.day_of(given, None)
        except ValueError:
            return [FieldError(one.name, "day", _("Write a day as 2026-12-01, today+3 or {field}-7."))]
    lost = words.unknown_places(given, record_key)
    return [FieldError(one.name, "place", _("There is no field “%(name)s” here.", name=lost[0]))] if lost else []


_more: list[StepKind] = []


def take(items: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Kinds of steps of other plugins; gives (plugin, what is wrong) of those that do not fit."""
    known = {kind.code for kind in _own()}
    wrong = [(p, f"the step {k!r} is no StepKind") for p, k in items if not isinstance(k, StepKind)]
    sound = [(p, k) for p, k in items if isinstance(k, StepKind)]
    wrong += [
        (p, f"there is a step {k.code} already; begin its code with your name") for p, k in sound if k.code in known
    ]
    _more[:] = [k for _plugin, k in sound if k.code not in known]
    return wrong


def _own() -> list[StepKind]:
    from plugins.automation.steps import own, told, work

    return [*own.KINDS, *told.KINDS, *work.KINDS]


def kinds(record_key: str | None) -> list[StepKind]:
    """The kinds that are there for records of this type."""
    found = [*_own(), *_more]
    return [k for k in found if k.available(record_key) and (record_key is not None or not k.needs_record)]


def kind_of(code: str) -> StepKind | None:
    """The kind of this code, or None when its plugin is not enabled."""
    return next((k for k in [*_own(), *_more] if k.code == code), None)


def label_of(record_key: str | None) -> str:
    """What records of this type are called."""
    kind = registry().types.get(record_key or "")
    return str(kind.label) if kind else ""

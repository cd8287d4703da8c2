"""Where a base day is looked up and how a length is added to it, each compiled to one function."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple, Protocol

from .calendars import Calendar
from .dates import (
    add_days,
    add_months,
    day_input,
    earliest_input,
    next_month_start,
    number_input,
    term_end,
    validity_end,
    year_end,
)
from .packs import Pack
from .problems import MissingInput
from .service import served

Inputs = Mapping[str, Any]


class Base(NamedTuple):
    """The day a period is counted from, the earliest serious reading of it, and where it came from."""

    day: date
    safe: date
    how: str


class Engine(Protocol):
    """What a base needs of the evaluator: the pack, and the other rules it may be counted from."""

    pack: Pack

    def __call__(self, code: str) -> Callable[[Inputs], Any]:
        """The function of another rule, giving its Outcome."""


_fast = tuple.__new__  # a named tuple without the cost of its own constructor: millions are made
BaseOf = Callable[[Inputs], Base]
Adder = Callable[[date, Inputs], date]
_SHIFTS: dict[str, Callable[[date], date]] = {"next_month_start": next_month_start, "year_end": year_end}
_YEARS: dict[str, Callable[[date, int], date]] = {"term_year": term_end, "validity_year": validity_end}


def base_resolver(engine: Engine, name: str) -> BaseOf:
    """The function that finds the day of a base name of the table in the inputs."""
    spec = engine.pack.bases.get(name, {"keys": [name]})
    if "service" in spec:
        return _service_base(engine, spec["service"])
    if "earliest" in spec:
        return _earliest_base(tuple(spec["earliest"]), tuple(spec.get("else", ())))
    if "after" in spec:
        return _after_base(tuple(spec["keys"]), spec["after"])
    return _keyed_base(engine, spec)


def _service_base(engine: Engine, office: str) -> BaseOf:
    channels = engine.pack.service[office]
    return lambda inputs: served(channels, inputs)  # type: ignore[return-value]


def _earliest_base(keys: tuple[str, ...], otherwise: tuple[str, ...]) -> BaseOf:
    def find(inputs: Inputs) -> Base:
        day = earliest_input(inputs, keys)
        if day is None:
            day = day_input(inputs, otherwise)
        if day is None:
            raise MissingInput(keys + otherwise)
        return Base(day, day, "stated")

    return find


def _after_base(keys: tuple[str, ...], after: Mapping[str, Any]) -> BaseOf:
    def find(inputs: Inputs) -> Base:
        day = day_input(inputs, keys)
        if day is None:
            start = day_input(inputs, tuple(after["keys"]))
            if start is None:
                raise MissingInput(keys + tuple(after["keys"]))
            months = number_input({after["input"]: after["default"], **inputs}, after["input"], (1, 60))
            day = add_months(start, months)
        return Base(day, day, "stated")

    return find


def _keyed_base(engine: Engine, spec: Mapping[str, Any]) -> BaseOf:
    keys, shift = tuple(spec["keys"]), _SHIFTS.get(spec.get("shift", ""))
    end_of, nominal_of = spec.get("end_of"), spec.get("nominal_of")

    def find(inputs: Inputs) -> Base:
        day = day_input(inputs, keys)
        if day is not None:
            day = shift(day) if shift else day
            return _fast(Base, (day, day, "stated"))
        if end_of is not None:
            end = engine(end_of)(inputs)
            return Base(end.due, end.nominal, "moved end")
        if nominal_of is not None:
            day = engine(nominal_of)(inputs).nominal
            return Base(day, day, "computed")
        raise MissingInput(keys)

    return find


def adder(spec: Mapping[str, Any], calendar: Calendar) -> Adder:
    """The function that adds one length (`n` or `input` or `sum`, and `unit`) to a day."""
    unit = spec["unit"]
    count = _count(spec)
    if unit in ("month", "year"):
        size = 12 if unit == "year" else 1
        return lambda day, inputs: add_months(day, count(inputs) * size)
    if unit == "day":
        return lambda day, inputs: add_days(day, count(inputs))
    if unit == "working_day":
        return lambda day, inputs: calendar.add_working_days(day, count(inputs))
    years = _YEARS[unit]
    return lambda day, inputs: years(day, count(inputs))


def _count(spec: Mapping[str, Any]) -> Callable[[Inputs], int]:
    if "sum" in spec:
        return lambda inputs: sum(number_input(inputs, key) for key in spec["sum"])
    if "input" in spec:
        key, minus, bounds = spec["input"], spec.get("minus", 0), tuple(spec.get("bounds", (0, 1200)))
        return lambda inputs: number_input(inputs, key, bounds) - minus
    fixed = spec["n"]
    return lambda _inputs: fixed

"""What is shown of calls."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Card,
    Column,
    DetailView,
    FormView,
    ListView,
    Menu,
    Param,
    Preset,
    Section,
    Setting,
    View,
    _,
)
from hotline import services
from hotline.rules import KEY

FACTS = Section("main", _("Call"), ("caller", "client", "called_at", "seconds", "state", "note"))
FORM = Section("main", _("Call"), ("client", "note"))


def views() -> list[View]:
    """List, page and form."""
    columns = tuple(map(Column, ("called_at", "caller", "client", "seconds", "state")))
    waiting = Preset("waiting", _("To call back"), {"state": "waiting"}, default=True)
    return [
        ListView(KEY, columns=columns, filters=("state", "client", "called_at"), presets=(waiting,)),
        DetailView(KEY, subtitle=("called_at",), badge="state", facts=(FACTS,)),
        FormView(KEY, sections=(FORM,)),
    ]


def menus() -> list[Menu]:
    """One entry, with how many wait."""
    count = lambda: services.waiting() or 0  # noqa: E731 - reads better in its place
    return [Menu("hotline", _("Calls"), "phone", "clients", 70, record=KEY, permission=(KEY, "read"), count=count)]


def actions() -> list[Action]:
    """Called back."""

    def open_still(call: Any) -> Any:
        return True if call.state == "waiting" else _("Somebody has called back already.")

    note = Param("note", _("What it was about"), "long_text")
    return [Action(KEY, "answer", _("Called back"), services.answer, (note,), open_still, primary=True, icon="phone")]


def cards() -> list[Card]:
    """Calls that wait."""
    href = f"/r/{KEY}?view=waiting"
    return [Card("hotline.waiting", _("Calls to return"), services.waiting, href, (KEY, "read"), 40, tone="warn")]


def settings() -> list[Setting]:
    """Key and country."""
    told = _("What the telephone system signs its messages with. Without it nothing is taken in.")
    return [
        Setting("key", _("Key of the webhook"), "secret", help=told),
        Setting("country", _("Country of numbers without one"), default="+86", required=True, validate=country),
    ]


def country(value: str) -> str:
    """A plus and one to three digits; raises `ValueError`."""
    if not (value.startswith("+") and value[1:].isdigit() and 2 <= len(value) <= 4):
        raise ValueError(_("Write it as +86."))
    return value

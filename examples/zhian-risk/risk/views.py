"""What clients and cases show of it."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Card,
    Column,
    DetailView,
    FormView,
    ListView,
    Panel,
    Param,
    Related,
    Section,
    Setting,
    Tab,
    View,
    _,
)
from risk import services
from risk.records import RATINGS
from risk.rules import ASSESS, CLIENT, KEY

FACTS = Section("risk", _("Risk"), ("rating", "rated_on", "exposure"), after="relation")
TAB = Tab("risk", _("Risk"), related=Related(KEY, "client", ("assessed_on", "rating", "reason"), sort="-assessed_on"))
COLUMN = Column("client_risk", _("Client risk"), template="risk/cell.html", needs=("client",), after="status")
MAIN = Section("main", _("Risk assessment"), ("client", "rating", "reason", "assessed_on"))


def views() -> list[View]:
    """List, page and form of assessments."""
    columns = tuple(map(Column, ("assessed_on", "client", "rating", "reason")))
    return [
        ListView(KEY, columns=columns, filters=("rating", "client", "assessed_on")),
        DetailView(KEY, subtitle=("client",), badge="rating", facts=(MAIN,)),
        FormView(KEY, sections=(MAIN,)),
    ]


def actions() -> list[Action]:
    """The button on the page of a client."""
    rating = Param("rating", _("Risk"), "choice", required=True, choices=RATINGS)
    reason = Param("reason", _("Why"), "text", required=True)
    return [Action(CLIENT, ASSESS, _("Assess the risk"), services.assess, (rating, reason), icon="shield")]


def cards() -> list[Card]:
    """Ratings that wait to be looked at again."""
    href = f"/r/{CLIENT}?view=-&rating__in=medium,high&sort=rated_on"
    return [
        Card("risk.waiting", _("Risks to look at again"), services.waiting, href, (CLIENT, ASSESS), 60, tone="warn")
    ]


def settings() -> list[Setting]:
    """How long a rating holds."""
    label = _("A rating is looked at again after so many months")
    return [Setting("review_months", label, "integer", default=12, required=True, validate=months)]


def months(value: int) -> int:
    """Raises `ValueError` for what is no sensible span."""
    if not 1 <= value <= 60:
        raise ValueError(_("Between 1 and 60 months."))
    return value


def mark(rating: str) -> dict[str, Any]:
    """Words and tone of a rating, for the cell."""
    found = next(choice for choice in RATINGS if choice.code == rating)
    return {"label": str(found.label), "tone": found.tone}


def warning(client: Any) -> list[Panel]:
    """On the page of a client of high risk, for those who may know."""
    if services.ratings([client.id]).get(client.id) != "high":
        return []
    return [Panel("risk/warning.html", {}, order=1, key="risk.warning")]

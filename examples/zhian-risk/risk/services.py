"""Assessing, counting what waits, and the ratings behind a list of cases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dateutil.relativedelta import relativedelta

from core import BadRequest, Filter, Query, Refused, _, count_records, create, list_records, setting, today
from plugins.clients import Client
from risk.records import Assessment


def assess(client: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Keep an assessment of today and give the client its rating."""
    values = {"client": client.id, "rating": given["rating"], "reason": given["reason"], "assessed_on": today()}
    create(Assessment, values)
    client.rating, client.rated_on = given["rating"], today()
    return {"message": _("The risk is assessed.")}


def keep_as_made(changes: Iterable[Any]) -> None:
    """Raises `Refused`: an assessment says what was known on its day."""
    if any(change.new for change in changes):
        raise Refused(_("An assessment stays as it was made. Assess the client again."))


def waiting() -> int | None:
    """How many ratings above low are older than the setting says; None where there is none."""
    before = today() - relativedelta(months=setting("risk.review_months"))
    filters = (Filter("rating", "in", ["medium", "high"]), Filter("rated_on", "lt", before))
    return count_records(Client, Query(filters=filters)) or None


def ratings(client_ids: Iterable[int]) -> dict[int, str]:
    """The ratings of these clients that the person may see, in one query; none where the field is hidden to them."""
    wanted = sorted(set(client_ids))
    if not wanted:
        return {}
    query = Query(filters=(Filter("id", "in", wanted),), fields=("rating",), limit=len(wanted))
    try:
        return {row["id"]: row["rating"] for row in list_records(Client, query).rows if row["rating"]}
    except BadRequest:
        return {}

"""What the home page says to those who look after clients. Only reads."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core import Panel, current_principal, db, today
from plugins.clients import choices
from plugins.clients.records import Client, Contact

ROWS = 8
AHEAD = timedelta(days=14)


def panels() -> list[Panel]:
    """The person's own clients and the birthdays there; nothing for who has none."""
    context = my_clients()
    return [Panel("clients/home.html", context, order=45, key="clients.mine")] if context["rows"] else []


def my_clients() -> dict[str, Any]:
    """The clients that the person leads, the highest tier first, with birthdays of the next two weeks."""
    us = sorted(current_principal().acting_ids)
    statement = select(Client.id, Client.name, Client.number, Client.tier).where(
        Client.owner_id.in_(us), Client.archived_at.is_(None)
    )
    order = {tier.code: place for place, tier in enumerate(choices.TIERS)}
    found = sorted(db.session.execute(statement), key=lambda row: (-order.get(row.tier or "", 0), row.name))
    words = {tier.code: tier for tier in choices.TIERS}
    rows = [{"id": r.id, "name": r.name, "number": r.number, "tier": words.get(r.tier or "")} for r in found[:ROWS]]
    return {"rows": rows, "total": len(found), "birthdays": birthdays([row.id for row in found])}


def birthdays(client_ids: list[int]) -> list[dict[str, Any]]:
    """Contacts of these clients whose birthday comes in the next two weeks, as far as the person may see the day."""
    if not client_ids or not current_principal().has_role("client_manager", "consultant", "dept_head", "partner"):
        return []
    born = select(Contact.id, Contact.name, Contact.birthday).where(
        Contact.client_id.in_(client_ids), Contact.birthday.is_not(None), Contact.archived_at.is_(None)
    )
    found = ({"id": r.id, "name": r.name, "day": next_birthday(r.birthday)} for r in db.session.execute(born))
    return sorted((row for row in found if row["day"] <= today() + AHEAD), key=lambda row: row["day"])


def next_birthday(born: date) -> date:
    """The coming birthday; one of 29 February is kept on the 28th in other years."""
    for year in (today().year, today().year + 1):
        try:
            day = born.replace(year=year)
        except ValueError:
            day = date(year, 2, 28)
        if day >= today():
            return day
    return day

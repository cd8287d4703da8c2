"""Business functions on clients: numbers, tiers, owners, and finding a client by any of its names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import or_, select

from core import (
    Change,
    FieldError,
    FieldPart,
    Invalid,
    NumberRule,
    Refused,
    Seq,
    Text,
    _,
    current_principal,
    db,
    elevated,
    number_records,
    record_class,
    today,
)
from plugins.clients.choices import KIND_LETTERS
from plugins.clients.names import match_key
from plugins.clients.records import Client

OPEN_TIERS = (None, "potential", "general")
"""Tiers that a client may have from the start without the right to change tiers."""


SERIES = re.compile(rf"(?P<series>[{''.join(KIND_LETTERS.values())}X]-[0-9A-Z]{{2,4}}-)(?P<place>\d{{4,}})$")
"""A number in the form of the rule: its series and its place in it."""


def kind_letter(client: Any) -> str | None:
    """The letter of the client's kind, None when the kind is not known."""
    return KIND_LETTERS.get(client.kind or "")


def region_part(client: Any) -> str | None:
    """Four digits of the division, or the country; None when the region is not known."""
    code = client.region
    if not code or code == "CN":
        return None
    return code if code.isalpha() else code[:4].ljust(4, "0")


NUMBER_RULE = NumberRule(
    "clients.client",
    "number",
    (
        FieldPart(kind_letter, 1, "X"),
        Text("-"),
        FieldPart(region_part, 4, "0"),
        Text("-"),
        Seq(4),
    ),
)
"""Kind, region and a running number: E-4403-0001. What is not known prints as X or 0000 and stays so."""


def defaults(clients: Iterable[Any]) -> None:
    """A new client belongs to the place of who makes it, unless said otherwise."""
    principal = current_principal()
    for client in clients:
        client.branch_id = client.branch_id or principal.branch_id
        client.department_id = client.department_id or principal.department_id


def check_new_tiers(clients: Iterable[Any]) -> None:
    """Only who may change tiers makes a key client; raises `Invalid`."""
    if may_change_tiers():
        return
    if any(client.tier not in OPEN_TIERS for client in clients):
        raise Invalid([FieldError("tier", "forbidden", _("Key tiers are given by a department head."))])


def check_changed(changes: Iterable[Change]) -> None:
    """The tier moves by its own action and right, the number never by an ordinary edit; raises `Refused`."""
    if any(change.changed("tier") for change in changes) and not may_change_tiers():
        raise Refused(_("Only who may change tiers can do this: a department head, branch manager or partner."))


def may_change_tiers() -> bool:
    """Whether the person acting now has the right to change tiers."""
    principal = db.session().principal
    return principal.is_system or principal.can("clients.client", "change_tier")


def correct_number(client: Client, params: dict[str, Any]) -> dict[str, Any]:
    """Give a client another number: by hand, or without one anew by rule from what is known of it now.

    The old number stays with the client and stays searchable, nobody else may take it.
    """
    old = client.number
    new = params["number"].strip().upper() if params.get("number") else _by_rule(client)
    if new == old:
        raise Invalid([FieldError("number", "unchanged", _("This is already its number."))])
    if _number_taken(client, new):
        raise Invalid([FieldError("number", "unique", _("Another client has or had this number."))])
    if params.get("number") and _lies_ahead(new):
        message = _("The rule will give this number itself one day. Choose one of another form, or leave it empty.")
        raise Invalid([FieldError("number", "ahead", message)])
    client.number = new
    client.former_numbers = [*(client.former_numbers or ()), *([old] if old else ())]
    return {"old": old, "number": new}


def _by_rule(client: Client) -> str:
    """The next number of the rule for the client's present kind and region; none is drawn when it would read alike."""
    day = today()
    if client.number and client.number.startswith(NUMBER_RULE.scope(client, day).partition("|")[0]):
        return client.number
    old, client.number = client.number, None
    number_records(db.session(), [NUMBER_RULE], [client])
    drawn, client.number = client.number, old
    return str(drawn)


def _lies_ahead(number: str) -> bool:
    """Whether a number has the form of the rule and a place in its series that is still to come."""
    found = SERIES.match(number)
    if found is None:
        return False
    with elevated("the series of client numbers is one for all"):
        given = select(Client.number, Client.former_numbers).where(
            or_(Client.number.startswith(found["series"]), Client.other_names.contains(found["series"]))
        )
        numbers = [n for row in db.session.execute(given) for n in (row.number, *(row.former_numbers or ())) if n]
    issued = [int(match["place"]) for n in numbers if (match := SERIES.match(n)) and match["series"] == found["series"]]
    return int(found["place"]) > max(issued, default=0)


def _number_taken(client: Client, number: str) -> bool:
    with elevated("a number is unique over all clients, also those that cannot be seen"):
        found = select(Client.id, Client.number, Client.former_numbers).where(
            Client.id != client.id, or_(Client.number == number, Client.other_names.contains(number))
        )
        rows = db.session.execute(found).all()
    return any(number == row.number or number in (row.former_numbers or ()) for row in rows)


def assign_number(client: Client, params: dict[str, Any]) -> dict[str, Any]:
    """Draw a number by rule for a client that was brought in without one; an issued number never changes."""
    if client.number:
        raise Refused(_("The client has the number %(number)s. Issued numbers do not change.", number=client.number))
    number_records(db.session(), [NUMBER_RULE], [client])
    return {"number": client.number}


def change_tier(client: Client, params: dict[str, Any]) -> dict[str, Any]:
    """Move a client to another tier; not by the one who looks after it, who earns on it."""
    principal = current_principal()
    if client.owner_id is not None and client.owner_id == principal.user_id:
        raise Refused(_("The lead consultant does not rate the own client. Ask the head of the department."))
    old, client.tier = client.tier, params["tier"]
    if params.get("stage"):
        client.stage = params["stage"]
    return {"old": old, "tier": client.tier}


def transfer_owner(clients: list[Client], params: dict[str, Any]) -> dict[str, Any]:
    """Move clients to another lead consultant, and with them department and branch of that person."""
    user_model = record_class("core.user")
    person = db.session.scalars(select(user_model).where(user_model.id == params["owner"])).one()
    for client in clients:
        client.owner_id = person.id
        client.department_id = person.department_id or client.department_id
        client.branch_id = person.branch_id or client.branch_id
    return {"moved": len(clients)}


def name_keys(client: Any) -> list[str]:
    """The match keys under which a client is found: its name, English name and former names."""
    names = [client.name, client.name_en, *(client.former_names or ())]
    return list(dict.fromkeys(match_key(name) for name in names if name))


def name_index() -> dict[str, int]:
    """Client id by match key of every name, current ones before English and former ones; archived clients stay out.

    Reads all clients with the rights of the caller; imports call it inside `system` or `elevated`.
    """
    statement = select(Client.id, Client.name, Client.name_en, Client.former_names).where(Client.archived_at.is_(None))
    current: dict[str, int] = {}
    other: dict[str, int] = {}
    for row in db.session.execute(statement):
        current.setdefault(match_key(row.name), row.id)
        for name in (row.name_en, *(row.former_names or ())):
            if name:
                other.setdefault(match_key(name), row.id)
    return other | current


def find_by_name(name: str) -> list[Client]:
    """The visible clients with that name, now, in English or formerly."""
    key = match_key(name)
    near = or_(Client.match_key == key, Client.name_en.is_not(None), Client.other_names.is_not(None))
    found = db.session.scalars(select(Client).where(near, Client.archived_at.is_(None)))
    return [client for client in found if key in name_keys(client)]

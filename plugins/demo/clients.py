"""Second chapter: clients and their contacts, opened by the people who look after them; and notes on both."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from core import create, db, record_class, system, today, update
from plugins.clients import Client, Contact
from plugins.demo.cast import Cast, data
from plugins.demo.when import day, office_day

PLAIN = ("n", "by", "owner", "since", "referrer")


def load(_session: Any) -> None:
    """Make what is missing; what is there stays as it is."""
    cast, known = Cast(), clients_by_no()
    for row in data("clients")["clients"]:
        if row["n"] not in known:
            known[row["n"]] = _open(cast, row, known)


def clients_by_no() -> dict[int, int]:
    """The ids of the demo's clients by their number in the data."""
    by_name = {row["name"]: row["n"] for row in data("clients")["clients"]}
    with system("demo: read the clients") as session:
        found = session.execute(select(Client.id, Client.name).where(Client.name.in_(by_name)))
        return {by_name[row.name]: row.id for row in found}


def _open(cast: Cast, row: dict[str, Any], known: dict[int, int]) -> int:
    since = office_day(day(row["since"], today()))
    owner = cast.ids[row["owner"]]
    department, branch = cast.places[row["owner"]]
    values = {key: value for key, value in row.items() if key not in PLAIN}
    values |= {"since": since, "owner": owner, "department": department, "branch": branch}
    with cast.acting(row["by"], since):
        client = create(Client, values)
    with cast.acting(row["owner"], since):
        for position, contact in enumerate(data("clients")["contacts"].get(row["n"], ())):
            create(Contact, _contact(contact, client.id, first=position == 0))
    if row.get("referrer"):
        with cast.acting("s01", since):
            mine = db.session.scalars(select(Client).where(Client.id == client.id)).one()
            update(mine, {"referrer": known[row["referrer"]]})
    return client.id


def _contact(row: list[Any], client: int, *, first: bool) -> dict[str, Any]:
    name, position, roles, part, more = row
    values = {"client": client, "name": name, "position": position, "roles": roles, "decision_role": part}
    values |= {"is_primary": first, **more}
    if "birthday" in more:
        values["birthday"] = _birthday(more["birthday"])
    return values


def _birthday(written: str) -> date:
    """A few days ahead in its year, so that somebody always has one soon."""
    return day(f"{written}+6d", today())


def write_notes(cast: Cast) -> None:
    """What people noted on clients; agents see a client once they work for it."""
    known = clients_by_no()
    for number, login, written, text in data("clients")["notes"]:
        write_note(cast, login, day(written, today()), "clients.client", known[number], text)


def write_note(
    cast: Cast, login: str, on: date, key: str, record: int, text: str, visibility: str = "internal"
) -> None:
    """A comment by that person, unless the record has it already."""
    note = record_class("core.note")
    with system("demo: read the notes") as session:
        known = session.scalars(
            select(note.id).where(note.record_key == key, note.record_id == record, note.body == text)
        )
        if known.first() is not None:
            return
    with cast.acting(login, office_day(on)):
        create(note, {"record_key": key, "record_id": record, "body": text, "visibility": visibility})

"""Applicants of imported cases: matched with clients by name, and made clients where nobody has the name."""

from __future__ import annotations

from typing import Any

from core import ImportContext, ImportRow, bulk_create, current_principal, elevated
from plugins.clients import Client, match_key, name_index, tidy

CLIENT = "clients.client"
ADDRESS_CHARS = 400


def tidied(names: list[str]) -> list[str]:
    """Names as they are stored, each once."""
    return list(dict.fromkeys(name for text in names if (name := tidy(text))))


def link(rows: list[ImportRow], context: ImportContext) -> None:
    """Give every row its applicants with their clients, and new cases the client of their first applicant.

    A row whose stored case has the same applicants by name keeps them as they are.
    """
    waiting = [row for row in rows if _changes(row)]
    wanted: dict[str, tuple[str, ImportRow]] = {}
    for row in waiting:
        for name in (*row.values.get("applicants", ()), *_client_column(row)):
            wanted.setdefault(match_key(name), (name, row))
    known = _known(context)
    _count_matched(wanted, known, context)
    _make({key: source for key, source in wanted.items() if key not in known}, known, context)
    for row in waiting:
        _fill(row, known)


def _client_column(row: ImportRow) -> list[str]:
    client = row.values.get("client")
    return [client] if isinstance(client, str) else []


def _changes(row: ImportRow) -> bool:
    names = row.values.get("applicants")
    stored = [part.get("name") for part in (row.current or {}).get("applicants") or ()]
    if names and row.current is not None and names == stored:
        row.values.pop("applicants")
    return bool(row.values.get("applicants") or _client_column(row))


def _known(context: ImportContext) -> dict[str, int]:
    """Client ids by match key, read once for the whole import; 0 stands for one that a dry run would make."""
    if "clients" not in context.memory:
        with elevated("an import matches applicants with all clients"):
            context.memory["clients"] = name_index()
        context.memory["counted"] = set()
    return context.memory["clients"]


def _count_matched(wanted: dict[str, Any], known: dict[str, int], context: ImportContext) -> None:
    counted: set[str] = context.memory["counted"]
    matched = [key for key in wanted if key in known and key not in counted]
    counted.update(matched)
    context.relate(CLIENT, "matched", len(matched))


def _make(missing: dict[str, tuple[str, ImportRow]], known: dict[str, int], context: ImportContext) -> None:
    """Make clients of names that nobody has; people without that right leave the applicants without clients."""
    if not missing or not current_principal().can(CLIENT, "create"):
        return
    context.memory["counted"].update(missing)
    context.relate(CLIENT, "created", len(missing))
    if context.dry_run:
        known.update(dict.fromkeys(missing, 0))
        return
    ids = bulk_create(Client, [_client(name, row) for name, row in missing.values()])
    known.update(zip(missing, ids, strict=True))
    context.made += [(CLIENT, ident) for ident in ids]


def _client(name: str, row: ImportRow) -> dict[str, Any]:
    """What the row says of a new client; an address belongs to the first applicant."""
    names = row.values.get("applicants") or []
    english = row.values.get("applicants_en") or []
    values: dict[str, Any] = {"name": name[:300]}
    if name in names and len(english) == len(names):
        values["name_en"] = english[names.index(name)][:300]
    if names[:1] == [name] and row.values.get("applicant_address"):
        values["address"] = row.values["applicant_address"][:ADDRESS_CHARS]
    return values


def _fill(row: ImportRow, known: dict[str, int]) -> None:
    names, english = row.values.get("applicants") or [], row.values.get("applicants_en") or []
    parts: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        part: dict[str, Any] = {"name": name, "client": known.get(match_key(name)) or None}
        if len(english) == len(names):
            part["name_en"] = english[place]
        if place == 0 and row.values.get("applicant_address"):
            part["address"] = row.values["applicant_address"][:ADDRESS_CHARS]
        parts.append(part)
    if parts:
        row.values["applicants"] = parts
    if isinstance(row.values.get("client"), str):
        row.values["client"] = known.get(match_key(row.values["client"])) or None
    elif row.current is None and not row.values.get("client"):
        row.values["client"] = next((part["client"] for part in parts if part["client"]), None)

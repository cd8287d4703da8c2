"""What people may not do with records of money by hand: move lines, name matters or places of other clients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from core import Change, FieldError, Invalid, Refused, _, current_principal, db, elevated
from plugins.billing.records import Bill, Quotation
from plugins.cases import Case
from plugins.clients import Client, Contact

WHY = "whether all of a bill is about one client"


def keep_on_whole(changes: Iterable[Change]) -> None:
    """A line stays on the bill or quotation that it was written on. Raises `Refused`."""
    if any(change.changed("bill", "quotation") for change in changes):
        raise Refused(_("A line stays where it was written. Remove it and write it anew."), code="moved")


def keep_asked(changes: Iterable[Change]) -> None:
    """Who decides a request does not change what was asked for. Raises `Refused`."""
    if any(change.changed("payment", "amount") for change in changes):
        raise Refused(_("What was asked for stays as it is. Decline it and ask anew."), code="asked")


def check_wholes(records: Iterable[Any]) -> None:
    """A bill, quotation or payment is about one client, and lies where that client or its case lies."""
    if db.session().principal.is_system:
        return
    with elevated(WHY):
        for record in records:
            _same_client(record, record.client_id)
            _place(record)


def check_changed(changes: Iterable[Change]) -> None:
    """The same where client, case, contact or place were changed."""
    watched = ("client", "case", "contact", "branch", "department")
    check_wholes([change.record for change in changes if change.changed(*watched)])


def check_lines(lines: Iterable[Any]) -> None:
    """The case of a line is one of the client's of its bill. Raises `Invalid`."""
    if db.session().principal.is_system:
        return
    with elevated(WHY):
        for line in [row for row in lines if getattr(row, "case_id", None)]:
            owner = db.session.scalar(select(Bill.client_id).where(Bill.id == line.bill_id))
            _same_client(line, owner)


def _same_client(record: Any, client_id: int | None) -> None:
    for name, model in (("case", Case), ("contact", Contact)):
        ident = getattr(record, f"{name}_id", None)
        owner = db.session.scalar(select(model.client_id).where(model.id == ident)) if ident else None
        if owner is not None and owner != client_id:
            raise Invalid([FieldError(name, "other_client", _("This belongs to another client."))])


def _place(record: Any) -> None:
    """Of the client, of the case, or of who writes it: nobody puts a bill into the books of a third branch."""
    me, whole = current_principal(), isinstance(record, (Bill, Quotation))
    sources = [(Client, record.client_id), *([(Case, record.case_id)] if whole and record.case_id else [])]
    for name in ("branch", "department") if whole else ("branch",):
        column = f"{name}_id"
        given = getattr(record, column)
        known = {getattr(me, column)}
        known |= {db.session.scalar(select(getattr(m, column)).where(m.id == ident)) for m, ident in sources}
        if given is not None and given not in known:
            raise Invalid([FieldError(name, "place", _("A bill lies where its client or case lies."))])

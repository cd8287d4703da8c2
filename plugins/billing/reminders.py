"""Dunning, the simple way: who owes past the due day, when reminded last, and the mail that reminds them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from core import Refused, _, db, elevated, gettext, send_mail, today, use_locale
from plugins.billing import ledger
from plugins.billing.records import Bill
from plugins.billing.settings import agreed
from plugins.clients import Client, Contact

WHY = "a bill remembers when its client was reminded"


def is_overdue(bill: Any) -> Any:
    """True, or the reason why nobody is reminded."""
    return True if ledger.bill_state(bill) == "overdue" else _("Only overdue bills are reminded.")


def can_remind(bill: Any) -> Any:
    """True, or the reason why nobody is reminded now."""
    if (late := is_overdue(bill)) is not True:
        return late
    soonest = bill.reminded_on and bill.reminded_on + timedelta(days=agreed().reminder_days)
    if soonest and soonest > today():
        return _("Reminded on %(day)s already; next from %(soon)s.", day=bill.reminded_on, soon=soonest)
    return True


def address_of(client_id: int) -> tuple[str | None, str]:
    """The mail address for bills of a client, and the language to write in."""
    client = db.session.get(Client, client_id)
    chosen = select(Contact).where(Contact.client_id == client_id, Contact.archived_at.is_(None)).order_by(Contact.id)
    contacts = [c for c in db.session.scalars(chosen) if c.email]
    best = sorted(contacts, key=lambda c: ("finance" not in (c.roles or ()), not c.is_primary, c.id))
    language = best[0].language if best and best[0].language else "zh"
    if client is not None and client.billing_email:
        return client.billing_email, language
    return (best[0].email if best else None), language


def remind(bill: Bill) -> dict[str, Any]:
    """Write the reminder of one bill; once a day at most, whoever presses. Raises `Refused` without an address."""
    with elevated(WHY):
        recipient, language = address_of(bill.client_id)
        if not recipient:
            raise Refused(_("The client has no mail address for bills."), code="no_address")
        bill = ledger.lock(Bill, [bill.id])[bill.id]
        if (reason := can_remind(bill)) is not True:
            raise Refused(reason, code="not_now")
        with use_locale(language):
            subject, body = _words(bill)
        send_mail(recipient, subject, body, record=bill, key=f"reminder-{bill.id}-{today().isoformat()}")
        counted = {"reminded_on": today(), "reminders": bill.reminders + 1, "version": Bill.version + 1}
        db.session.execute(update(Bill).where(Bill.id == bill.id).values(**counted))
        db.session.expire(bill)
    return {"recipient": recipient, "message": _("Reminder to %(mail)s is on its way.", mail=recipient)}


def remind_many(bills: list[Bill] | Bill) -> dict[str, Any]:
    """One press for a list: those that may be reminded now are, the rest are left."""
    chosen = bills if isinstance(bills, list) else [bills]
    if len(chosen) == 1:
        return remind(chosen[0])
    sent = [remind(bill) for bill in chosen if can_remind(bill) is True]
    if not sent:
        raise Refused(_("None of these bills is to be reminded now."), code="not_now")
    return {"sent": len(sent)}


def _words(bill: Any) -> tuple[str, str]:
    client = db.session.get(Client, bill.client_id)
    money = f"{bill.currency} {bill.balance:,.2f}"
    late = (today() - bill.due_on).days
    subject = gettext("Payment reminder: %(number)s, %(money)s", number=bill.number, money=money)
    lines = [
        gettext("Dear %(name)s,", name=client.name if client else ""),
        "",
        gettext(
            "Our bill %(number)s of %(issued)s was due on %(due)s; %(late)s days have passed. Still open: %(money)s.",
            number=bill.number,
            issued=bill.issued_on,
            due=bill.due_on,
            late=late,
            money=money,
        ),
        gettext("Official fees were mostly advanced by us; please settle them first."),
        gettext("If you have paid in the last days, please tell us the date so that we can match your payment."),
        gettext("Please quote the bill number. We never announce another bank account by phone or chat."),
    ]
    return subject, "\n".join(lines)

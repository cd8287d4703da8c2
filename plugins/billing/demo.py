"""Demo chapter: what became of the bills that the story's events made; quotations, advances and refunds beside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from core import (
    Refused,
    acting_as,
    create,
    db,
    load_principal,
    now,
    record_class,
    registry,
    run_action,
    standing_at,
    system,
    today,
    transaction,
)
from plugins.billing.records import Bill, BillLine, Payment, PriceItem, Quotation
from plugins.clients import Client

BILL, PAYMENT, QUOTATION, REFUND = "billing.bill", "billing.payment", "billing.quotation", "billing.refund"
HEAD, PARTNER = "s02", "s01"
CASHIERS = {"SH": "s24"}
"""Who books money where a branch has a finance clerk of its own; elsewhere the finance head does."""
FRESH = 9
"""Drafts younger than so many days still wait to be issued."""
PLACES = {"北京": "BJ", "上海": "SH", "深圳": "SZ"}


@cache
def _data() -> dict[str, Any]:
    return yaml.safe_load((Path(__file__).parent / "data" / "demo.yaml").read_text("utf-8"))


def load(_session: Any) -> None:
    """Nothing, quietly, where the people of the demo are not there."""
    story = _Story()
    if not {HEAD, PARTNER} <= story.people.keys():
        return
    story.old_bills()
    story.bills_of_events()
    story.advances()
    story.quotations()
    registry().jobs["core.send_mails"].fn()


class _Story:
    """The people and clients, and what they did with money."""

    def __init__(self) -> None:
        user, branch = record_class("core.user"), record_class("core.branch")
        with system("demo: read people and clients") as session:
            self.people = dict(session.execute(select(user.login, user.id)).all())
            names = dict(session.execute(select(branch.id, branch.name)).all())
            rows = session.execute(select(Client.id, Client.name, Client.owner_id, Client.branch_id)).all()
        self.logins = {ident: login for login, ident in self.people.items()}
        self.branches = {ident: next((c for n, c in PLACES.items() if n in name), "") for ident, name in names.items()}
        self.clients = {row.name: row for row in rows}
        self.by_id = {row.id: row for row in rows}
        self.minute = 0

    @contextmanager
    def acting(self, login: str, on: date | None = None) -> Iterator[Any]:
        """One transaction of a person in the office hours of a day."""
        self.minute = (self.minute + 11) % 400
        day = on or today()
        moment = min(datetime(day.year, day.month, day.day, 1, tzinfo=UTC) + timedelta(minutes=self.minute), now())
        principal = load_principal(self.people[login])
        if principal is None:
            raise LookupError(f"the demo has no active person {login}")
        with standing_at(moment), acting_as(principal), transaction() as session:
            yield session

    def is_there(self, model: Any, *conditions: Any) -> bool:
        """Whether an earlier load has made it."""
        with system("demo: look whether it is there") as session:
            return session.scalar(select(model.id).where(*conditions).limit(1)) is not None

    def run(self, login: str, on: date, record: str, ident: int, code: str, **params: Any) -> Any:
        """A named action of a person on a day."""
        with self.acting(login, on):
            found = db.session.get(record_class(record), ident)
            return run_action(found, record, code, params) if found is not None else None

    def issuer(self, client_id: int) -> str:
        """The client manager who looks after the client, else the finance head."""
        login = self.logins.get(self.by_id[client_id].owner_id, HEAD)
        return login if login in _data()["client_managers"] else HEAD

    def cashier(self, client_id: int) -> str:
        """Who books money of that client's branch."""
        return CASHIERS.get(self.branches.get(self.by_id[client_id].branch_id, ""), HEAD)

    def old_bills(self) -> None:
        """Bills from before the events on record, made by hand."""
        for row in _data()["old_bills"]:
            client = self.clients.get(row["client"])
            if client is None or self.is_there(Bill, Bill.client_id == client.id, Bill.title == row["title"]):
                continue
            on = _workday(today() - timedelta(days=row["ago"]))
            with self.acting(HEAD, on):
                bill = create(Bill, {"client": client.id, "title": row["title"]}).id
                for position, line in enumerate(row["lines"], 1):
                    create(BillLine, {"bill": bill, "position": position, **line})
            self.run(HEAD, on, BILL, bill, "issue", letter=False)
            self._end(row, bill, client.id, on)

    def _end(self, row: dict[str, Any], bill: int, client: int, issued: date) -> None:
        """What became of an old bill."""
        if share := row.get("paid"):
            self.pay(bill, client, Decimal(str(share)), issued + timedelta(days=row.get("after", 20)))
        if row.get("reminded"):
            day = _workday(today() - timedelta(days=row["reminded"]))
            self.try_to(HEAD, day, BILL, bill, "remind")
        if reason := row.get("void"):
            self.run(HEAD, issued + timedelta(days=1), BILL, bill, "void", reason=reason)
        if reason := row.get("write_off"):
            asked = self.run(HEAD, today() - timedelta(days=6), BILL, bill, "write_off", reason=reason)
            if row.get("signed"):
                self.run(PARTNER, today() - timedelta(days=4), "billing.write_off", asked["id"], "sign")
        if amount := row.get("credit"):
            self._credit(bill, row, str(amount))

    def _credit(self, bill: int, row: dict[str, Any], amount: str) -> None:
        day = today() - timedelta(days=12)
        note = self.run(HEAD, day, BILL, bill, "credit", reason=row["credit_reason"])["id"]
        with self.acting(HEAD, day) as session:
            for line in session.scalars(select(BillLine).where(BillLine.bill_id == note)):
                line.official_amount, line.service_amount = Decimal(0), -Decimal(amount)
        self.run(HEAD, day, BILL, note, "issue", letter=False)

    def try_to(self, login: str, on: date, record: str, ident: int, code: str) -> None:
        """The same where the state of things may not allow it, for example without a mail address."""
        try:
            self.run(login, on, record, ident, code)
        except Refused:
            db.session.rollback()

    def bills_of_events(self) -> None:
        """Issue the drafts that events made, and pay most of them."""
        with system("demo: read the drafts") as session:
            chosen = select(Bill.id, Bill.client_id, Bill.created_at, Bill.total)
            drafts = session.execute(
                chosen.where(Bill.state == "draft", Bill.source == "event").order_by(Bill.id)
            ).all()
        for number, draft in enumerate(d for d in drafts if d.client_id in self.by_id and d.total > 0):
            made = draft.created_at.date()
            if (today() - made).days <= FRESH:
                continue
            issued = min(_workday(made + timedelta(days=2 + number % 4)), today())
            self.run(self.issuer(draft.client_id), issued, BILL, draft.id, "issue", letter=False)
            self._fate(number, draft, issued)

    def _fate(self, number: int, draft: Any, issued: date) -> None:
        """Of twenty bills two are paid in part, two not at all, the rest in time or a little late."""
        if number % 10 == 7:
            return
        paid = issued + timedelta(days=8 + number * 7 % 30)
        if paid <= today():
            share = Decimal("0.4") if number % 10 == 3 else Decimal(1)
            self.pay(draft.id, draft.client_id, share, paid)

    def pay(self, bill: int, client: int, share: Decimal, on: date) -> None:
        """Money for a share of a bill, booked by the branch's cashier with the bill number as its reference."""
        on, who = min(_workday(on), today()), self.cashier(client)
        with self.acting(who, on):
            found = db.session.get(Bill, bill)
            amount = (found.balance * share).quantize(Decimal("0.01"))
            told = {"client": client, "amount": amount, "received_on": on, "payer": self.by_id[client].name}
            payment = create(Payment, told | {"reference": found.number}).id
        self.run(who, on, PAYMENT, payment, "allocate", bill=bill, amount=amount, key="demo")

    def advances(self) -> None:
        """Money that nobody has said what it is for, prepayments, a refund decided and one that waits."""
        for row in _data()["advances"]:
            client = self.clients.get(row["client"])
            same = (Payment.amount == Decimal(row["amount"]), Payment.reference == row["reference"])
            if client is None or self.is_there(Payment, Payment.client_id == client.id, *same):
                continue
            on = _workday(today() - timedelta(days=row["ago"]))
            told = {"client": client.id, "amount": str(row["amount"]), "received_on": on, "payer": client.name}
            with self.acting(self.cashier(client.id), on):
                payment = create(Payment, told | {"reference": row["reference"]}).id
            if refund := row.get("refund"):
                given = {"amount": str(refund["amount"]), "reason": refund["reason"]}
                asked = self.run(refund["by"], on + timedelta(days=2), PAYMENT, payment, "request_refund", **given)
                if asked and refund.get("approved"):
                    self.run(refund["approved"], on + timedelta(days=3), REFUND, asked["id"], "approve")

    def quotations(self) -> None:
        """Offers under way, accepted, declined, expired, and one whose discount waits for the partner."""
        with system("demo: read the price list") as session:
            items = dict(session.execute(select(PriceItem.code, PriceItem.id)).all())
        for row in _data()["quotations"]:
            client = self.clients.get(row["client"])
            if client is None or self.is_there(
                Quotation, Quotation.client_id == client.id, Quotation.subject == row["subject"]
            ):
                continue
            self._quote(row, client, items)

    def _quote(self, row: dict[str, Any], client: Any, items: dict[str, int]) -> None:
        on = _workday(today() - timedelta(days=row["ago"]))
        who = self.logins.get(client.owner_id, PARTNER)
        with self.acting(who, on):
            ident = create(Quotation, {"client": client.id, "subject": row["subject"], **row.get("more", {})}).id
        for code, given in row["items"]:
            self.run(who, on, QUOTATION, ident, "add_item", item=items[code], **given)
        if discount := row.get("discount"):
            self.run(who, on, QUOTATION, ident, "set_discount", percent=str(discount), reason=row["why"])
        if row.get("approved"):
            self.run(who, on, QUOTATION, ident, "send")
            self.run(row["approved"], on, QUOTATION, ident, "approve_discount")
        for step in row.get("then", ()):
            code, given = (step, {}) if isinstance(step, str) else next(iter(step.items()))
            day = min(on + timedelta(days=given.pop("after", 0)), today())
            self.run(who, day, QUOTATION, ident, code, **given)


def _workday(day: date) -> date:
    """The same day, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))

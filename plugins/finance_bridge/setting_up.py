"""Setting up a book: what is missing before it may be active, asking the ledger, starting and stopping."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import Refused, _, check_address, db, gettext, now, record_class, system
from plugins.finance_bridge.choices import ACCOUNTS, PARTS, UNDECIDED
from plugins.finance_bridge.drafting import Codes
from plugins.finance_bridge.drivers.base import Fault, Finding
from plugins.finance_bridge.drivers.kingdee import Client, KingdeeDriver
from plugins.finance_bridge.reaching import account_of, driver_of, heard, in_words, journal, reach_of
from plugins.finance_bridge.records import Book, Connection, Document, Mapping


def wanted_codes(book: Any) -> list[tuple[str, str, Any]]:
    """Which of our codes a book of this mode needs: kind, code, label. Customers are asked for apart."""
    if book.mode == "receivable":
        return [("item", part.code, part.label) for part in PARTS]
    return [("account", account.code, account.label) for account in ACCOUNTS]


def missing(book: Book) -> list[str]:
    """What still has to be filled in, in words; empty when the book may be active."""
    return [*_missing_settings(book), *_missing_codes(book), *_missing_customers(book)]


def _missing_settings(book: Book) -> list[str]:
    connection = book.connection
    if connection is None or connection.kind == "file":  # hidden from the reader, or carried by hand
        return []
    fields = [(connection, name) for name in ("address", "account_set", "user_name", "app_id", "app_secret")]
    own = ("settle_org", "pay_org") if book.mode == "receivable" else ("ledger", "voucher_group", "key_field")
    fields += [(book, name) for name in own]
    words = []
    for record, name in fields:
        if not getattr(record, name):
            label = type(record).__table__.c[name].info["field"].label
            words.append(gettext("“%(field)s” of %(record)s is empty.", field=str(label), record=record.name))
    if book.mode == "voucher" and book.key_field == "FBillNo":
        words.append(
            gettext("The number of a voucher is given by the ledger: agree on an extension field for our key.")
        )
    return words


def _missing_codes(book: Book) -> list[str]:
    codes = Codes.of(book)
    return [
        gettext("No code over there for “%(what)s”.", what=str(label))
        for kind, source, label in wanted_codes(book)
        if not codes.find(kind, source)
    ]


def _missing_customers(book: Book) -> list[str]:
    """Clients of the bills that would go there without a customer code."""
    if book.connection.kind == "file" and book.customer_codes == "client_number":
        return []
    codes = Codes.of(book)
    names = [
        client.name
        for client in clients_of(book)
        if not codes.find("customer", str(client.id)) and not (book.customer_codes == "client_number" and client.number)
    ]
    if not names:
        return []
    shown = gettext(", ").join(names[:5]) + ("…" if len(names) > 5 else "")
    return [gettext("%(n)s clients have no customer code: %(names)s", n=len(names), names=shown)]


def clients_of(book: Book, limit: int = 500) -> list[Any]:
    """Clients with issued bills that this book takes."""
    bill, client = record_class("billing.bill"), record_class("clients.client")
    conditions = [bill.client_id == client.id, bill.issued_on >= book.start_on, bill.state.not_in(("draft", "void"))]
    if book.branch_id:
        conditions.append(bill.branch_id == book.branch_id)
    query = select(client).where(select(bill.id).where(*conditions).exists()).order_by(client.name).limit(limit)
    return list(db.session.scalars(query))


def activate(book: Book) -> None:
    """Let bills go there. Raises `Refused` with everything that is missing, or when another book has the branch."""
    if words := missing(book):
        raise Refused(" ".join(words), code="missing")
    same = Book.branch_id == book.branch_id if book.branch_id else Book.branch_id.is_(None)
    other = db.session.scalars(select(Book).where(Book.state == "active", same, Book.id != book.id)).first()
    if other is not None:
        raise Refused(_("%(name)s takes the bills of this branch already. Stop it first.", name=other.name))
    book.state = "active"
    from core import enqueue

    enqueue("finance_bridge.collect", key="finance_bridge.collect")


def stop(book: Book) -> None:
    """Nothing more leaves; what waits goes on waiting."""
    book.state = "stopped"


def ask(book_id: int) -> list[Finding]:
    """Ask the ledger: does it answer, has the form our fields, do mapped codes exist. Keeps what it says of codes."""
    reach = reach_of(book_id)
    with system("codes to ask the ledger for") as session:
        book = session.scalars(select(Book).where(Book.id == book_id)).one()
        rows = session.execute(select(Mapping.id, Mapping.kind, Mapping.target).where(Mapping.book_id == book_id)).all()
        places = [("org", book.settle_org), ("org", book.pay_org)] if book.mode == "receivable" else []
        places += [("ledger", book.ledger), ("group", book.voucher_group)] if book.mode == "voucher" else []
    codes = [(row.kind, row.target) for row in rows] + [(kind, code) for kind, code in places if code]
    try:
        with driver_of(reach) as driver:
            findings = driver.test(reach.mode, list(dict.fromkeys(codes)))
    except Fault as fault:
        heard(reach.connection_id, fault)
        return [Finding(reach.account.address, False, in_words(fault))]
    heard(reach.connection_id)
    _keep(rows, findings)
    return findings


def try_out(connection: Connection) -> str:
    """Ask the ledger for the fields of a form, which writes nothing; what came of it, in words."""
    ident, account = connection.id, account_of(connection)
    with system("a connection is tried out"):  # ends the transaction of the page before the ledger is asked
        pass
    try:
        client = Client(account, journal(ident, None, None))
        try:
            KingdeeDriver(client, prefix=connection.prefix).reachable()
        finally:
            client.close()
    except Fault as fault:
        heard(ident, fault)
        return gettext("The ledger does not take us: %(told)s", told=in_words(fault))
    heard(ident)
    return gettext("The ledger answers and knows us.")


def _keep(rows: Any, findings: list[Finding]) -> None:
    told = {finding.what.rpartition(" ")[2]: finding for finding in findings if " " in finding.what}
    with system("what the ledger says of mapped codes") as session:
        for row in rows:
            mapping, finding = session.get(Mapping, row.id), told.get(row.target)
            if mapping is not None and finding is not None:
                mapping.good, mapping.target_name = finding.good, finding.told or None
                mapping.checked_at = now()


def check_connections(records: list[Any]) -> None:
    """Only fit addresses, and a prefix that never changes once documents carry it."""
    for connection in records:
        if connection.address:
            check_address(connection.address)


def keep_what_documents_carry(changes: list[Any]) -> None:
    """Prefix and account set, and the kind of document of a book, stay as they are once documents were made.

    An address is not changed while documents are on their way: another ledger would know nothing of them, and they
    would be sent twice. Raises `Refused`.
    """
    for change in changes:
        fixed = (
            {"prefix", "kind", "account_set"}
            if isinstance(change.record, Connection)
            else {"mode", "connection", "key_field"}
        )
        if fixed & set(change.new) and _has_documents(change.record):
            raise Refused(_("Documents were made with this already. Stop this book and set up another one."))
        if {"address", "org"} & set(change.new) and _has_documents(change.record, Document.state.in_(UNDECIDED)):
            raise Refused(_("Of some documents nobody knows yet whether they are there. Wait until that is found out."))


def _has_documents(record: Any, *conditions: Any) -> bool:
    from core import elevated

    with elevated("whether documents carry what is to be changed"):
        query = select(Document.id).join(Book, Book.id == Document.book_id).where(*conditions)
        if isinstance(record, Connection):
            query = query.where(Book.connection_id == record.id)
        else:
            query = query.where(Document.book_id == record.id)
        return db.session.scalar(query.limit(1)) is not None

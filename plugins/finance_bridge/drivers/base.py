"""The neutral interface to finance software: what goes out, what comes back, and what may go wrong. No vendor here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

ZERO = Decimal(0)


class Fault(Exception):
    """Something went wrong on the way to the ledger. `code` is stable, `message` is what the other side said."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).__name__.lower()


class NotReached(Fault):
    """Nothing was written over there: no connection, throttled, busy, or a mere question went unanswered. Try later."""


class Doubtful(Fault):
    """The request went out and may have been obeyed. `told`: the other side itself speaks of an error."""

    def __init__(self, message: str, code: str = "", *, told: bool = False) -> None:
        super().__init__(message, code)
        self.told = told


class Refusal(Fault):
    """A definite no; a person mends something. Codes: validation, duplicate, closed_period, double, unbalanced."""


class Misconfigured(Fault):
    """The connection is at fault: keys, account set, allowed addresses, certificate. Codes: session, address, tls."""


@dataclass(frozen=True)
class Capabilities:
    """What a driver can do. Without `online` a person carries files."""

    online: bool
    receivable: bool
    voucher: bool
    payment_states: bool
    red: bool


@dataclass(frozen=True)
class ReceivableLine:
    """One line; `item` is the ledger's own code, `price` and `amount` include tax, `tax_rate` in percent."""

    item: str
    text: str
    quantity: Decimal
    price: Decimal
    tax_rate: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Receivable:
    """A receivable document with codes of the ledger. Negative amounts make it red."""

    key: str
    day: date
    due: date | None
    customer: str
    currency: str
    settle_org: str
    pay_org: str
    remark: str
    lines: tuple[ReceivableLine, ...]

    @property
    def total(self) -> Decimal:
        """The sum of all lines."""
        return sum((line.amount for line in self.lines), ZERO)

    def check(self, total: Decimal) -> None:
        """Raises `Refusal` unless the lines add up to `total`."""
        if not self.lines or self.total != total:
            raise Refusal(f"{self.total} ≠ {total}", "unbalanced")


@dataclass(frozen=True)
class VoucherEntry:
    """One entry of a voucher; either `debit` or `credit`; `customer` where the account asks for one."""

    text: str
    account: str
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    customer: str = ""


@dataclass(frozen=True)
class Voucher:
    """A voucher with codes of the ledger. Negative amounts make it red."""

    key: str
    day: date
    ledger: str
    group: str
    currency: str
    entries: tuple[VoucherEntry, ...]

    @property
    def total(self) -> Decimal:
        """The sum of debits."""
        return sum((entry.debit for entry in self.entries), ZERO)

    def check(self, total: Decimal) -> None:
        """Raises `Refusal` unless debits equal credits and `total`."""
        credit = sum((entry.credit for entry in self.entries), ZERO)
        if len(self.entries) < 2 or self.total != credit or self.total != total:
            raise Refusal(f"{self.total} / {credit} ≠ {total}", "unbalanced")


@dataclass(frozen=True)
class Remote:
    """A document as the ledger has it. `paid` is all that was received; `payment` is none, part or full."""

    key: str
    remote_id: str
    number: str
    total: Decimal
    state: str = ""
    cancelled: bool = False
    payment: str = "none"
    paid: Decimal = ZERO
    modified: str = ""


@dataclass(frozen=True)
class Finding:
    """One line of a test of the set-up: what was looked at, whether it is good, what the other side says."""

    what: str
    good: bool
    told: str = ""


@dataclass
class Trace:
    """One request and its answer, for the journal. `outcome`: ok, refused, doubtful, not_reached, misconfigured."""

    operation: str
    request: str
    form: str = ""
    answer: str = ""
    http_status: int | None = None
    duration_ms: int = 0
    outcome: str = "ok"
    error: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


class FinanceDriver(Protocol):
    """What every adapter offers. All methods raise `Fault`s; none retries a write by itself."""

    def capabilities(self) -> Capabilities:
        """What this driver can do."""

    def find_by_external_key(self, mode: str, key: str) -> Remote | None:
        """The document that carries our key; raises `Refusal("double")` when there are two."""

    def create_receivable(self, draft: Receivable) -> Remote:
        """Write a receivable once."""

    def create_voucher(self, draft: Voucher) -> Remote:
        """Write a voucher once."""

    def payment_states(self, since: str) -> Iterator[Remote]:
        """Receivables of ours that changed at or after `since` (the ledger's own clock; empty: all)."""

    def list_documents(self, mode: str, keys: list[str]) -> list[Remote]:
        """The documents that carry these keys."""

    def list_ours(self, mode: str, first: date, last: date) -> list[Remote]:
        """All documents dated within these days that carry a key of ours, whether we know them or not."""

    def test(self, mode: str, codes: list[tuple[str, str]]) -> list[Finding]:
        """Whether the connection works, the form has our fields, and codes (kind, code) exist. Writes nothing."""

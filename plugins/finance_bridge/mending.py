"""What people do with documents: mend and replay dead letters, accept, give up, decide differences."""

from __future__ import annotations

from typing import Any

from core import Refused, _, db, enqueue, now
from plugins.finance_bridge import payments
from plugins.finance_bridge.choices import DEAD
from plugins.finance_bridge.collecting import PUSH
from plugins.finance_bridge.records import Document


def keep_sent(changes: list[Any]) -> None:
    """What was sent, or is on its way, is not edited; a dead letter may be mended. Raises `Refused`."""
    if db.session().principal.is_system or db.session().info.get("elevated"):
        return
    editable = {"day", "due", "remark", "customer_code"}
    for change in changes:
        if editable & set(change.new) and change.record.state not in DEAD:
            raise Refused(_("Only a failed or held document is mended."), code="not_dead")


def can_replay(document: Any) -> Any:
    """True, or the reason why not."""
    if document.state not in DEAD:
        return _("Only a failed or held document is sent again.")
    return True if document.reason != "amount" else _("It is in the ledger already. Mend the amount there.")


def replay(document: Document) -> None:
    """Send it again as it is now; our key is looked for first."""
    document.state, document.reason, document.error = "pending", None, None
    document.next_at, document.waits, document.doubt_since, document.doubt_looks = now(), 0, None, 0
    enqueue(PUSH, key=PUSH)


def can_release(document: Any) -> Any:
    """True, or the reason why not."""
    good = document.state == "held" and document.reason == "amount" and document.remote_id
    return True if good else _("Only a document with another amount over there is accepted as it is.")


def release(document: Document, reason: str) -> None:
    """Take the ledger's amount as it is."""
    document.state, document.reason, document.error = "confirmed", None, reason[:1000]


def can_cancel(document: Any) -> Any:
    """True, or the reason why not."""
    return True if document.state in DEAD else _("Only a failed or held document is given up.")


def cancel(document: Document, reason: str) -> None:
    """Give it up: it is not sent any more."""
    document.state, document.error = "cancelled", reason[:1000]


def can_decide(document: Any) -> Any:
    """True, or the reason why not."""
    return True if document.difference else _("There is no difference to decide.")


def take_theirs(document: Document) -> None:
    """What was entered by hand is part of the ledger's sum; the rest is booked."""
    from core import elevated

    with elevated("a person in finance accepts what the ledger has received"):
        payments.take_theirs(document)


def leave_alone(document: Document) -> None:
    """Our figure stands."""
    payments.leave_alone(document)

"""Named actions: their inputs. The work is in `mending`, `setting_up`, `sheets` and `reconciling`."""

from __future__ import annotations

from typing import Any

from core import Action, Param, _, enqueue, gettext
from plugins.finance_bridge import mending, setting_up, sheets
from plugins.finance_bridge.reconciling import RECONCILE

BOOK, DOCUMENT, SHEET = "finance_bridge.book", "finance_bridge.document", "finance_bridge.sheet"


def actions() -> list[Action]:
    """All actions of the plugin."""
    return [_test(), *_of_books(), *_of_documents(), *_of_sheets()]


def _test() -> Action:
    return Action(
        "finance_bridge.connection",
        "test",
        _("Test the connection"),
        lambda connection, _given: {"message": setting_up.try_out(connection)},
        available=lambda connection: True if connection.kind == "kingdee" else _("Sheets are carried by hand."),
        primary=True,
        icon="plug",
    )


def _of_books() -> list[Action]:
    return [
        Action(
            BOOK,
            "activate",
            _("Activate"),
            lambda book, _given: setting_up.activate(book),
            available=lambda book: True if book.state != "active" else _("This book is active."),
            primary=True,
            icon="check",
            confirm=_("From now on issued bills go to this book."),
        ),
        Action(
            BOOK,
            "stop",
            _("Stop"),
            lambda book, _given: setting_up.stop(book),
            available=lambda book: True if book.state == "active" else _("This book is not active."),
            icon="ban",
            confirm=_("Nothing more leaves for this book until it is activated again."),
        ),
        Action(BOOK, "poll", _("Ask for payments now"), _poll, available=_reached_online, icon="refresh"),
        Action(BOOK, "reconcile", _("Reconcile now"), _reconcile, icon="scale"),
        Action(
            BOOK,
            "make_sheet",
            _("Make a voucher sheet"),
            lambda book, _given: sheets.make(book),
            available=lambda book: True if _kind(book) == "file" else _("This book is reached online."),
            primary=True,
            icon="file-export",
        ),
    ]


def _kind(book: Any) -> str | None:
    """The kind of its connection; None for who may not see that."""
    return book.connection.kind if book.connection is not None else None


def _reached_online(book: Any) -> Any:
    good = _kind(book) == "kingdee" and book.mode == "receivable" and book.state == "active"
    return True if good else _("This book does not tell payments by itself.")


def _poll(book: Any, _given: dict[str, Any]) -> dict[str, Any]:
    enqueue("finance_bridge.poll", key="finance_bridge.poll")
    return {"message": gettext("The ledger is being asked; open bills are settled as it answers.")}


def _reconcile(book: Any, _given: dict[str, Any]) -> dict[str, Any]:
    enqueue(RECONCILE, key=f"{RECONCILE} {book.id}", book_id=book.id)
    return {
        "message": gettext("The comparison is being made."),
        "url": f"/r/finance_bridge.reconciliation?book={book.id}",
    }


def _of_documents() -> list[Action]:
    reason = Param("reason", _("Reason"), "long_text", required=True)
    return [
        Action(
            DOCUMENT,
            "replay",
            _("Send again"),
            lambda document, _given: mending.replay(document),
            available=mending.can_replay,
            primary=True,
            icon="send",
            confirm=_("Our key is looked for in the ledger first; it is sent only if it is not there."),
        ),
        Action(
            DOCUMENT,
            "release",
            _("Accept as it is"),
            lambda document, given: mending.release(document, given["reason"]),
            params=(reason,),
            available=mending.can_release,
            icon="check",
        ),
        Action(
            DOCUMENT,
            "cancel",
            _("Give up"),
            lambda document, given: mending.cancel(document, given["reason"]),
            params=(reason,),
            available=mending.can_cancel,
            icon="x",
        ),
        Action(
            DOCUMENT,
            "take_theirs",
            _("Book the ledger's figure"),
            lambda document, _given: mending.take_theirs(document),
            available=mending.can_decide,
            icon="coins",
            confirm=_("Payments entered by hand count as part of it; only what is more is booked."),
        ),
        Action(
            DOCUMENT,
            "leave_alone",
            _("Our figure stands"),
            lambda document, _given: mending.leave_alone(document),
            available=mending.can_decide,
            icon="shield-check",
        ),
    ]


def _of_sheets() -> list[Action]:
    return [
        Action(
            SHEET,
            "posted",
            _("Posted in the ledger"),
            lambda sheet, _given: sheets.posted(sheet),
            available=lambda sheet: True if sheet.state == "made" else _("Only a sheet that was made is posted."),
            primary=True,
            icon="check",
            confirm=_("All documents of this sheet count as confirmed."),
        ),
        Action(
            SHEET,
            "book",
            _("Book the matched receipts"),
            lambda sheet, _given: sheets.book(sheet),
            available=lambda sheet: True if sheet.state == "checked" else _("Only a checked sheet is booked."),
            primary=True,
            icon="check",
        ),
    ]

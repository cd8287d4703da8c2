"""What people do: make a document of one record or of many, and what is done with one that is made."""

from __future__ import annotations

from typing import Any

from core import Action, Choice, Param, _, gettext
from plugins.documents import kinds, services
from plugins.documents.records import LANGUAGES, Document

DOCUMENT = "documents.document"


def actions() -> list[Action]:
    """Making on every record type that has kinds; the rest on documents."""
    return [action for key in kinds.record_keys() for action in _making(key)] + _carrying()


def _making(record_key: str) -> list[Action]:
    return [
        Action(
            record_key,
            "make_document",
            _("Make a document"),
            make,
            params=_make_params,
            available=_can_make,
            icon="file-text",
        ),
        Action(
            record_key,
            "make_documents",
            _("Make documents"),
            make_many,
            params=(_kind_param(record_key, _all_kinds(record_key)), _language_param()),
            bulk=True,
            icon="file-text",
        ),
    ]


def _choices(found: dict[str, Any]) -> tuple[Choice, ...]:
    return tuple(Choice(code, kind.label) for code, kind in found.items())


def _all_kinds(record_key: str) -> Any:
    return lambda: _choices(kinds.kinds_of(record_key))


def _kind_param(record_key: str, choices: Any, first: str | None = None) -> Param:
    """`told` knows kinds that cannot be made of the record any more."""

    def told(code: str) -> Any:
        kind = kinds.kinds_of(record_key).get(code)
        return kind.label if kind else None

    return Param("kind", _("Kind of document"), "choice", required=True, choices=choices, default=first, told=told)


def _language_param() -> Param:
    return Param("language", _("Language"), "choice", choices=LANGUAGES, default="zh")


def _make_params(record: Any) -> tuple[Param, ...]:
    found = kinds.possible(record)
    return (
        _kind_param(record.__record__["key"], _choices(found), next(iter(found), None)),
        _language_param(),
        Param("release", _("Release it to the client when it is ready"), "boolean", default=False),
        Param("mail_to_client", _("Send it to the contact by mail when it is ready"), "boolean", default=False),
    )


def _can_make(record: Any) -> Any:
    return True if kinds.possible(record) else _("No document can be made of this record now.")


def make(record: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Ask for one document; where to watch it."""
    after = {"release": bool(given.get("release")), "mail": bool(given.get("mail_to_client"))}
    document_id = services.make(record, given["kind"], given.get("language") or "zh", after=after)
    message = gettext("The document is being made.")
    return {"document": document_id, "url": f"/r/{DOCUMENT}/{document_id}", "message": message}


def make_many(records: list[Any], given: dict[str, Any]) -> dict[str, Any]:
    """Ask for one document of each; where to watch them."""
    batch = services.make_many(records, given["kind"], given.get("language") or "zh")
    return {"batch": batch, "url": f"/documents/batch/{batch}", "message": gettext("The documents are being made.")}


def _carrying() -> list[Action]:
    return [
        Action(
            DOCUMENT,
            "send_mail",
            _("Send by mail"),
            _send,
            params=_mail_params,
            available=services.sendable,
            icon="mail",
            primary=True,
        ),
        Action(
            DOCUMENT,
            "release",
            _("Release to the client"),
            lambda document, _given: services.release(document),
            available=services.releasable,
            icon="eye",
            confirm=_("The client sees it in the portal from now on."),
        ),
        Action(
            DOCUMENT,
            "withdraw_release",
            _("Withdraw the release"),
            lambda document, _given: services.withdraw_release(document),
            available=lambda document: document.released_at is not None or _("It is not released."),
            icon="eye-off",
            confirm=_("The client no longer sees it."),
        ),
        Action(
            DOCUMENT,
            "make_again",
            _("Make again"),
            _again,
            available=lambda document: document.state in ("ready", "failed") or _("It is not ready."),
            icon="refresh",
            confirm=_("Made anew from the record as it is now, under a new number. This one is kept."),
        ),
        Action(
            DOCUMENT,
            "print_again",
            _("Try again"),
            _print_again,
            available=lambda document: document.state == "failed" or _("Only failed documents are tried again."),
            icon="refresh",
        ),
    ]


def _mail_params(document: Document) -> tuple[Param, ...]:
    subject, text = services.letter_of(document)
    return (
        Param("to", _("To"), required=True, default=services.addressee(document).get("email")),
        Param("subject", _("Subject"), required=True, default=subject),
        Param("text", _("Text"), "long_text", required=True, default=text),
    )


def _send(document: Document, given: dict[str, Any]) -> dict[str, Any]:
    services.send(document, given["to"], given["subject"], given["text"])
    return {"message": gettext("Sent to %(to)s.", to=given["to"])}


def _again(document: Document, _given: dict[str, Any]) -> dict[str, Any]:
    document_id = services.make_again(document)
    return {"document": document_id, "url": f"/r/{DOCUMENT}/{document_id}"}


def _print_again(document: Document, _given: dict[str, Any]) -> None:
    services.print_again(document)

"""The records of the portal: users, affiliates, links, access log, messages, evidence, orders, the look."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from core import Record, _, fields
from plugins.portal import choices, colours


class PortalUser(Record):
    """A person of a client with a sign-in of their own; the account itself is made when the invitation is taken up."""

    __record__ = {
        "key": "portal.user",
        "label": _("Portal user"),
        "plural": _("Portal users"),
        "title": "name",
        "title_en": "name_en",
        "secondary": "client",
        "icon": "user",
        "order": "name",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("client_id", "email"),)

    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True, on_delete="cascade")
    name: Mapped[str] = fields.text(_("Name"), required=True, search=True, max_length=80)
    name_en: Mapped[str | None] = fields.text(
        _("English name"), max_length=80, help=_("For English pages and letters.")
    )
    email: Mapped[str] = fields.text(_("E-mail"), required=True, search=True, max_length=80, index=True)
    role: Mapped[str] = fields.choice(_("Role"), choices.ROLES, required=True, default="legal")
    state: Mapped[str] = fields.choice(_("State"), choices.USER_STATES, required=True, default="invited", readonly=True)
    contact_id: Mapped[int | None] = fields.link("clients.contact", _("Contact"), on_delete="set_null", index=False)
    user_id: Mapped[int | None] = fields.link(
        "core.user", _("Account"), unique=True, readonly=True, hidden=True, on_delete="set_null"
    )
    invited_at: Mapped[datetime | None] = fields.datetime(_("Invited"), readonly=True)
    activated_at: Mapped[datetime | None] = fields.datetime(_("Active since"), readonly=True)
    disabled_at: Mapped[datetime | None] = fields.datetime(_("Disabled"), readonly=True)
    last_seen_at: Mapped[datetime | None] = fields.datetime(_("Last seen"), readonly=True, track=False)


class Affiliate(Record):
    """Another client whose data a portal user sees as well, for example a subsidiary; granted by staff alone."""

    __record__ = {
        "key": "portal.affiliate",
        "label": _("Affiliate"),
        "plural": _("Affiliates"),
        "title": "client",
        "icon": "link",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("portal_user_id", "client_id"),)

    portal_user_id: Mapped[int] = fields.link("portal.user", _("Portal user"), required=True, on_delete="cascade")
    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True, on_delete="cascade")
    user_id: Mapped[int | None] = fields.link(
        "core.user", _("Account"), readonly=True, hidden=True, on_delete="cascade"
    )


class Invitation(Record):
    """A single-use link by which a portal user sets a password. Only the hash of its secret is kept."""

    __record__ = {
        "key": "portal.invitation",
        "label": _("Portal link"),
        "plural": _("Portal links"),
        "icon": "link",
        "archive": False,
        "public": False,
    }

    portal_user_id: Mapped[int] = fields.link("portal.user", _("Portal user"), required=True, on_delete="cascade")
    purpose: Mapped[str] = fields.choice(_("Purpose"), choices.PURPOSES, required=True)
    token_hash: Mapped[str] = fields.text(
        _("Token"), required=True, unique=True, hidden=True, max_length=64, track=False
    )
    expires_at: Mapped[datetime] = fields.datetime(_("Expires"), required=True)
    used_at: Mapped[datetime | None] = fields.datetime(_("Used at"))


class Access(Record):
    """One thing that a person of a client opened, took or did in the portal, and from where."""

    __record__ = {
        "key": "portal.access",
        "label": _("Portal access"),
        "plural": _("Portal access log"),
        "title": "what",
        "secondary": "person",
        "icon": "eye",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (Index("ix_portal_access_client", "client_id", "id"),)

    client_id: Mapped[int | None] = fields.link(
        "clients.client", _("Client"), readonly=True, on_delete="set_null", index=False
    )
    portal_user_id: Mapped[int | None] = fields.link(
        "portal.user", _("Portal user"), readonly=True, on_delete="set_null"
    )
    person: Mapped[str | None] = fields.text(_("Who"), readonly=True, search=True, max_length=80)
    act: Mapped[str] = fields.choice(_("Act"), choices.ACTS, required=True, readonly=True)
    what: Mapped[str] = fields.text(
        _("What was opened or done"), required=True, readonly=True, search=True, max_length=300
    )
    path: Mapped[str | None] = fields.text(_("Address of the page"), readonly=True, max_length=300)
    record_key: Mapped[str | None] = fields.text(_("Record type"), readonly=True, max_length=80)
    record_id: Mapped[int | None] = fields.integer(_("Record"), readonly=True)
    at: Mapped[datetime] = fields.datetime(_("When"), required=True, readonly=True, track=False)
    ip: Mapped[str | None] = fields.text(_("From where"), readonly=True, max_length=60)
    browser: Mapped[str | None] = fields.text(_("Browser"), readonly=True, max_length=300)


class Message(Record):
    """A question of a client or an answer to it, on a case or in general. Internal notes are notes, never messages."""

    __record__ = {
        "key": "portal.message",
        "label": _("Portal message"),
        "plural": _("Portal messages"),
        "title": "body",
        "secondary": "client",
        "icon": "message",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (Index("ix_portal_message_client", "client_id", "case_id", "id"),)

    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True, on_delete="cascade", index=False)
    case_id: Mapped[int | None] = fields.link("cases.case", _("Case"), on_delete="cascade")
    side: Mapped[str] = fields.choice(_("Which side"), choices.SIDES, required=True, default="client", readonly=True)
    author: Mapped[str] = fields.text(_("Who wrote"), required=True, readonly=True, max_length=80, default="")
    body: Mapped[str] = fields.long_text(_("Text"), required=True, search=True, max_length=8000)
    sent_at: Mapped[datetime] = fields.datetime(_("Sent"), required=True, readonly=True)
    answered_at: Mapped[datetime | None] = fields.datetime(_("Answered"), readonly=True)
    seen_at: Mapped[datetime | None] = fields.datetime(_("Seen by the client"), readonly=True, track=False)


class Evidence(Record):
    """The proof of one decision of a client: who, when, from where, and the checksum of the document that was shown."""

    __record__ = {
        "key": "portal.evidence",
        "label": _("Client's decision"),
        "plural": _("Clients' decisions"),
        "title": "question",
        "secondary": "client",
        "icon": "shield-check",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (Index("ix_portal_evidence_record", "record_key", "record_id"),)

    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True, readonly=True)
    case_id: Mapped[int | None] = fields.link("cases.case", _("Case"), readonly=True, on_delete="set_null")
    record_key: Mapped[str] = fields.text(_("Record type"), required=True, readonly=True, max_length=80)
    record_id: Mapped[int] = fields.integer(_("Record"), required=True, readonly=True)
    question: Mapped[str] = fields.text(_("Question"), required=True, readonly=True, max_length=300)
    decision: Mapped[str] = fields.choice(_("Decision"), choices.DECISIONS, required=True, readonly=True)
    opinion: Mapped[str | None] = fields.long_text(_("Remark"), readonly=True, max_length=4000)
    amount: Mapped[str | None] = fields.text(_("Cost shown"), readonly=True, max_length=120)
    portal_user_id: Mapped[int | None] = fields.link(
        "portal.user", _("Portal user"), readonly=True, on_delete="set_null"
    )
    person: Mapped[str] = fields.text(_("Who"), required=True, readonly=True, max_length=80)
    at: Mapped[datetime] = fields.datetime(_("When"), required=True, readonly=True)
    ip: Mapped[str | None] = fields.text(_("From where"), readonly=True, max_length=60)
    browser: Mapped[str | None] = fields.text(_("Browser"), readonly=True, max_length=300)
    document: Mapped[str | None] = fields.text(_("Document shown"), readonly=True, max_length=300)
    sha256: Mapped[str | None] = fields.text(_("Checksum of the document"), readonly=True, max_length=64)


class Order(Record):
    """A new instruction that a client sends in; staff accept it and open the case, or decline."""

    __record__ = {
        "key": "portal.order",
        "label": _("Portal order"),
        "plural": _("Portal orders"),
        "title": "subject",
        "secondary": "client",
        "icon": "file-plus",
        "order": "-id",
        "archive": False,
    }

    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True, on_delete="cascade")
    kind: Mapped[str] = fields.choice(_("What it is about"), choices.ORDER_KINDS, required=True, default="trademark")
    subject: Mapped[str] = fields.text(_("In one line"), required=True, search=True, max_length=200)
    details: Mapped[str | None] = fields.long_text(_("Details"), max_length=8000)
    person: Mapped[str] = fields.text(_("Who"), required=True, readonly=True, max_length=80, default="")
    state: Mapped[str] = fields.choice(
        _("State"), choices.ORDER_STATES, required=True, default="submitted", readonly=True
    )
    answer: Mapped[str | None] = fields.long_text(_("Answer to the client"), readonly=True, max_length=4000)
    sent_at: Mapped[datetime] = fields.datetime(_("Sent"), required=True, readonly=True)


class Look(Record):
    """The agency's name, logo and colour on the portal; one row."""

    __record__ = {
        "key": "portal.look",
        "label": _("Look of the portal"),
        "plural": _("Look of the portal"),
        "title": "name",
        "icon": "palette",
        "archive": False,
        "public": False,
    }

    name: Mapped[str | None] = fields.text(_("Agency name"), max_length=60)
    name_en: Mapped[str | None] = fields.text(_("English agency name"), max_length=60)
    colour: Mapped[str | None] = fields.text(_("Colour"), max_length=7, validate=colours.checked)
    logo_id: Mapped[int | None] = fields.file(_("Logo"))


RECORDS: tuple[type[Record], ...] = (PortalUser, Affiliate, Invitation, Access, Message, Evidence, Order, Look)

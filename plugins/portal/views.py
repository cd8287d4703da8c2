"""What staff see of the portal: users, messages, orders, decisions and the access log; tabs on clients and cases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from core import Column, DetailView, FormView, ListView, Menu, Preset, Related, Section, Tab, View, _, db
from plugins.portal.records import Message, Order

WAITING = {"side": "client", "answered_at__isnull": "1"}


def views() -> list[View]:
    """All lists, pages and forms of this plugin."""
    return [*_of_users(), *_of_talk(), *_of_logs()]


def _columns(*names: str) -> tuple[Column, ...]:
    return tuple(map(Column, names))


def _of_users() -> list[View]:
    user = "portal.user"
    person = Section("person", _("Person"), ("client", "name", "name_en", "email", "role", "contact"))
    state = Section("state", _("State"), ("state", "invited_at", "activated_at", "disabled_at", "last_seen_at"))
    return [
        ListView(
            user,
            columns=_columns("name", "client", "email", "role", "state", "last_seen_at"),
            filters=("client", "role", "state"),
            group_by=("client", "state"),
            empty=_("Nobody has been invited yet. Invite somebody from the page of a client or a contact."),
        ),
        DetailView(
            user,
            subtitle=("client", "email"),
            badge="state",
            facts=(person, state),
            tabs=(
                Tab("affiliates", _("Affiliates"), related=Related("portal.affiliate", "portal_user", ("client",))),
                Tab(
                    "access",
                    _("Access log"),
                    related=Related("portal.access", "portal_user", ("at", "act", "what", "ip"), sort="-id", limit=20),
                ),
            ),
        ),
        FormView(user, sections=(person,)),
        FormView("portal.affiliate", sections=(Section("main", _("Affiliate"), ("portal_user", "client")),)),
        DetailView("portal.affiliate", facts=(Section("main", _("Affiliate"), ("portal_user", "client")),)),
        ListView("portal.affiliate", columns=_columns("portal_user", "client")),
    ]


def _of_talk() -> list[View]:
    message, order = "portal.message", "portal.order"
    text = Section("text", _("Message"), ("client", "case", "body"))
    about = Section("about", _("Sent"), ("side", "author", "sent_at", "answered_at", "seen_at"))
    asked = Section("order", _("Portal order"), ("client", "kind", "subject", "details", "person", "sent_at"))
    return [
        ListView(
            message,
            columns=_columns("body", "client", "case", "side", "author", "sent_at", "answered_at"),
            filters=("client", "case", "side"),
            presets=(
                Preset("waiting", _("To be answered"), WAITING, default=True),
                Preset("all", _("All messages"), {}),
            ),
            empty=_("No client has asked anything."),
        ),
        DetailView(message, subtitle=("client", "author"), badge="side", facts=(text, about)),
        FormView(message, sections=(text,)),
        ListView(
            order,
            columns=_columns("subject", "kind", "client", "person", "state", "sent_at"),
            filters=("client", "kind", "state"),
            presets=(
                Preset("new", _("To be answered"), {"state": "submitted"}, default=True),
                Preset("all", _("All"), {}),
            ),
            empty=_("No order has come in through the portal."),
        ),
        DetailView(
            order,
            subtitle=("client", "person"),
            badge="state",
            facts=(asked, Section("answer", _("Answer"), ("state", "answer"))),
        ),
    ]


def _of_logs() -> list[View]:
    access, evidence = "portal.access", "portal.evidence"
    return [
        ListView(
            access,
            columns=_columns("at", "person", "client", "act", "what", "ip"),
            filters=("client", "portal_user", "act"),
            empty=_("Nobody has used the portal yet."),
        ),
        DetailView(
            access,
            subtitle=("person", "client"),
            badge="act",
            facts=(Section("main", _("Access"), ("what", "path", "at", "ip", "browser", "portal_user")),),
        ),
        ListView(
            evidence,
            columns=_columns("question", "decision", "client", "person", "at", "document"),
            filters=("client", "case", "decision"),
            empty=_("No client has decided anything in the portal yet."),
        ),
        DetailView(
            evidence,
            subtitle=("client", "case"),
            facts=(
                Section("what", _("Decision"), ("question", "decision", "opinion", "amount")),
                Section("proof", _("Evidence"), ("person", "at", "ip", "browser", "document", "sha256")),
            ),
        ),
    ]


def menus() -> list[Menu]:
    """Entries of the sidebar."""
    return [
        Menu("portal.messages", _("Portal messages"), "message", "clients", 60, record="portal.message", count=waiting),
        Menu("portal.orders", _("Portal orders"), "file-plus", "clients", 62, record="portal.order", count=orders),
        Menu("portal.users", _("Portal users"), "user-circle", "clients", 64, record="portal.user"),
        Menu("portal.access", _("Portal access log"), "eye", "clients", 66, record="portal.access"),
        Menu(
            "portal.look",
            _("Client portal"),
            "world",
            "settings.data",
            70,
            url="/settings/portal",
            permission=("portal.look", "update"),
        ),
    ]


def waiting() -> int:
    """Questions without an answer."""
    wanted = (Message.side == "client", Message.answered_at.is_(None))
    return db.session.scalar(select(func.count(Message.id)).where(*wanted)) or 0


def orders() -> int:
    """Orders without an answer."""
    return db.session.scalar(select(func.count(Order.id)).where(Order.state == "submitted")) or 0


def client_tabs(view: Any) -> Any:
    """On the page of a client: its portal users, what they opened, what was asked."""
    users = Related("portal.user", "client", ("name", "email", "role", "state", "last_seen_at"))
    log = Related("portal.access", "client", ("at", "person", "act", "what", "ip"), sort="-id", limit=20)
    asked = Related("portal.message", "client", ("sent_at", "side", "author", "body"), sort="-id", limit=10)
    view = view.with_tab(Tab("portal_users", _("Portal users"), related=users))
    view = view.with_tab(Tab("portal_messages", _("Portal messages"), related=asked))
    return view.with_tab(Tab("portal_access", _("Portal access log"), related=log))


def case_tabs(view: Any) -> Any:
    """On the page of a case: what the client asked and what it decided."""
    asked = Related(
        "portal.message", "case", ("sent_at", "side", "author", "body", "answered_at"), sort="-id", limit=20
    )
    proofs = Related("portal.evidence", "case", ("at", "question", "decision", "person", "document"), sort="-id")
    return view.with_tab(Tab("portal_messages", _("Portal messages"), related=asked)).with_tab(
        Tab("portal_evidence", _("Client's decisions"), related=proofs)
    )

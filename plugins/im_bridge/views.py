"""Lists, pages, forms and menus; the guide of an app with the addresses to copy; the gauges."""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request
from sqlalchemy import func, select

from core import (
    Column,
    DetailView,
    FormView,
    ListView,
    Menu,
    Panel,
    Preset,
    Related,
    Section,
    Tab,
    View,
    _,
    db,
    gettext,
    now,
)
from plugins.im_bridge import quotas
from plugins.im_bridge.choices import QUOTAS, STATES
from plugins.im_bridge.records import App, Message, Quota
from plugins.im_bridge.wording import address

APP, PERSON, ROBOT = "im_bridge.app", "im_bridge.person", "im_bridge.robot"
MESSAGE, INBOX, QUOTA = "im_bridge.message", "im_bridge.inbox", "im_bridge.quota"
LIMITS = ("month_calls", "month_pushes", "minute_person", "hour_person", "day_person", "day_messages")
DING = ("app_key", "stream", "template_id", "robot_code", "card_secret")


def _is_ding(app: Any) -> bool:
    return app is None or app.kind in (None, "dingtalk")


def _app_views() -> list[View]:
    base = Section("base", _("App"), ("name", "kind", "active", "corp_id", "agent_id", "secret"))
    ding = Section("dingtalk", _("DingTalk"), DING, when=_is_ding)
    back = Section("callback", _("Callback"), ("callback_token", "callback_key"))
    what = Section("what", _("What is sent"), ("approvals", "buttons", "detail", "digest_minutes"))
    limits = Section("limits", _("Limits"), LIMITS)
    place = Section("place", _("Address"), ("server", "ca_file"), folded=True)
    state = Section("state", _("State"), ("last_ok_at", "last_error", "stream_seen_at"))
    return [
        ListView(
            APP,
            columns=tuple(map(Column, ("name", "kind", "corp_id", "agent_id", "active", "last_ok_at", "last_error"))),
            filters=("kind", "active"),
            empty=_("No messenger is connected. Add the app that your company made in WeCom or DingTalk."),
        ),
        DetailView(
            APP,
            subtitle=("corp_id", "agent_id"),
            badge="kind",
            facts=(base, ding, back, what, limits, place, state),
            tabs=(
                Tab("people", _("Accounts"), related=Related(PERSON, "app", ("userid", "name", "user", "suggested"))),
                Tab("messages", _("Messages"), related=Related(MESSAGE, "app", ("subject", "user", "kind", "state"))),
                Tab("inbox", _("Incoming"), related=Related(INBOX, "app", ("event", "userid", "state", "outcome"))),
            ),
        ),
        FormView(APP, sections=(base, ding, back, what, limits, place)),
    ]


def _person_views() -> list[View]:
    main = Section("main", _("Account"), ("app", "user", "userid", "union_id"))
    there = Section("there", _("Over there"), ("name", "kind", "corp_id", "origin", "suggested"))
    return [
        ListView(
            PERSON,
            columns=tuple(map(Column, ("userid", "name", "user", "suggested", "app", "union_id", "origin"))),
            filters=("app", "kind", "origin", "user"),
            presets=(
                Preset("all", _("All"), {}),
                Preset("open", _("With a suggestion"), {"user__isnull": "true", "suggested__isnull": "false"}),
                Preset("nobody", _("Nobody's yet"), {"user__isnull": "true"}),
            ),
            empty=_("Nobody is mapped yet. Type an account in, or read the address book from the page of the app."),
        ),
        DetailView(PERSON, subtitle=("app",), facts=(main, there)),
        FormView(PERSON, sections=(main,)),
    ]


def _robot_views() -> list[View]:
    main = Section("main", _("Group robot"), ("name", "kind", "key", "sign_secret", "department", "daily", "active"))
    more = Section("more", _("Address"), ("server",), folded=True)
    state = Section("state", _("State"), ("last_ok_at", "last_error"))
    return [
        ListView(
            ROBOT,
            columns=tuple(map(Column, ("name", "kind", "department", "daily", "active", "last_ok_at", "last_error"))),
            filters=("kind", "department", "active"),
            empty=_("No group robot. Add one in the group's settings and enter its key here."),
        ),
        DetailView(ROBOT, subtitle=("kind",), facts=(main, more, state)),
        FormView(ROBOT, sections=(main, more)),
    ]


def _log_views() -> list[View]:
    what = Section("what", _("Message"), ("subject", "body", "kind", "severity", "app", "robot", "user", "receiver"))
    state = Section(
        "state",
        _("Delivery"),
        ("state", "attempts", "next_at", "sent_at", "confirmed_at", "mailed", "error", "remote_id", "key"),
    )
    card = Section("card", _("Card"), ("round", "record_version", "used_at", "update_state", "update_text"))
    came = (
        "event",
        "source",
        "app",
        "userid",
        "user",
        "message",
        "state",
        "outcome",
        "repeats",
        "created_at",
        "done_at",
    )
    return [
        ListView(
            MESSAGE,
            columns=tuple(map(Column, ("subject", "user", "kind", "state", "sent_at", "mailed", "error", "app"))),
            filters=("state", "kind", "user", "app", "severity", "update_state", "mailed"),
            group_by=("state", "kind", "user", "app"),
            presets=(
                Preset("all", _("All"), {}),
                Preset("stuck", _("Not delivered"), {"state__in": "failed,unknown,held"}),
                Preset("cards", _("Cards"), {"kind__in": "card,todo"}),
            ),
            empty=_("Nothing has been sent yet."),
        ),
        DetailView(MESSAGE, subtitle=("kind", "user"), badge="state", facts=(what, state, card)),
        ListView(
            INBOX,
            columns=tuple(map(Column, ("event", "source", "userid", "user", "state", "outcome", "created_at"))),
            filters=("state", "source", "app", "user"),
            group_by=("state", "source"),
            empty=_("Nothing has come in yet."),
        ),
        DetailView(INBOX, subtitle=("source",), badge="state", facts=(Section("main", _("Incoming message"), came),)),
        ListView(
            QUOTA,
            columns=(
                Column("period"),
                Column("kind"),
                Column("app"),
                Column("used"),
                Column("allowed"),
                Column("share", _("Share"), template="im_bridge/cell_share.html", needs=("used", "allowed")),
            ),
            filters=("app", "kind", "period"),
            sort="-period",
            empty=_("Nothing has been counted yet."),
        ),
    ]


def views() -> list[View]:
    """All views of the plugin's records."""
    return [*_app_views(), *_person_views(), *_robot_views(), *_log_views()]


def menus() -> list[Menu]:
    """Under settings."""
    rows = (
        ("im_apps", _("Messenger apps"), "message", APP, "update"),
        ("im_people", _("Messenger accounts"), "address-book", PERSON, "update"),
        ("im_robots", _("Group robots"), "robot", ROBOT, "update"),
        ("im_messages", _("Outgoing messages"), "send", MESSAGE, "export"),
        ("im_inbox", _("Incoming messages"), "inbox", INBOX, "export"),
        ("im_quotas", _("Quotas"), "gauge", QUOTA, "read"),
    )
    return [
        Menu(key, label, icon, "settings.data", 70 + at, record=record, permission=(record, right))
        for at, (key, label, icon, record, right) in enumerate(rows)
    ]


def app_panels(app: App) -> list[Panel]:
    """How it is set up over there."""
    told = {"addresses": addresses(app), "steps": guide(app), "known": address("/")}
    return [Panel("im_bridge/guide.html", told, order=10)]


def app_aside(app: App) -> list[Panel]:
    """The gauges, and the figures of delivery."""
    return [Panel("im_bridge/gauges.html", {"app": app, "gauges": gauges(app), "states": states(app)}, order=10)]


def states(app: App) -> list[tuple[str, int, str]]:
    """How many messages stand where: (label, count, address of the list)."""
    query = select(Message.state, func.count()).where(Message.app_id == app.id).group_by(Message.state)
    counts = dict(db.session.execute(query).all())
    path = f"/r/{MESSAGE}?app={app.id}&state="
    return [(str(c.label), counts[c.code], f"{path}{c.code}") for c in STATES if counts.get(c.code)]


def gauges(app: App) -> list[dict[str, Any]]:
    """How much of each limit of the running month or day is used."""
    found = []
    for choice in QUOTAS:
        limit = quotas.allowed(app, choice.code)
        period = quotas.period_of(choice.code, now())
        same = (Quota.app_id == app.id, Quota.kind == choice.code, Quota.period == period)
        used = db.session.scalar(select(Quota.used).where(*same)) or 0
        if limit or used:
            tone = "danger" if limit and used >= limit else "warn" if limit and used >= limit * quotas.WARN_AT else ""
            found.append({"label": str(choice.label), "period": period, "used": used, "limit": limit, "tone": tone})
    return found


def addresses(app: App) -> list[tuple[str, str]]:
    """What is entered in the platform's console: (what, whole address); as the reader came here where none is set."""
    base = address("/") or (request.host_url if has_request_context() else "/")
    place = f"{base.rstrip('/')}/im/callback/{app.kind}/{app.corp_id}/{app.agent_id}"
    if app.kind == "wecom":
        return [(gettext("URL of message reception"), place)]
    if app.stream:
        return []
    return [
        (gettext("Event subscription, request URL"), place),
        (gettext("Card clicks (registered by the button above)"), f"{place}/card"),
    ]


def guide(app: App) -> list[str]:
    """The steps in the platform's console, in order."""
    if app.kind == "wecom":
        return [
            gettext("In the WeCom console make an app of your own; copy corp ID, agent ID and secret into this form."),
            gettext("Add the fixed outgoing address of this server to the app's trusted addresses (else error 60020)."),
            gettext(
                "Open “receive messages”, enter the address below, let it make a token and a key, and copy both here."
            ),
            gettext(
                "Save here first, then press save there: WeCom calls the address at once. Cards need it to answer."
            ),
            gettext("Enter the members' accounts, or read the address book; it shows names alone, so check them."),
        ]
    steps = [
        gettext("In the DingTalk console make an internal app; copy Client ID, Client Secret, agent ID and corp ID."),
        gettext("Give it the rights Todo.Todo.Write, Card.Instance.Write, work notices and reading the address book."),
    ]
    if app.stream:
        steps.append(gettext("Choose Stream mode for events and cards: no public address is needed."))
    else:
        steps.append(
            gettext("Choose HTTP push, enter the address below with the token and key, and register the card callback.")
        )
    return [
        *steps,
        gettext(
            "On the card platform build the template as docs/im.md describes and enter its ID; add the app's robot."
        ),
        gettext("Read the address book, check the suggestions and take them over."),
    ]

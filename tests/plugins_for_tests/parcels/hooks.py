"""Every hook once, in a few lines each. A test starts this plugin and sees that each one runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from core import (
    Action,
    Card,
    Change,
    Channel,
    Choice,
    Claim,
    Column,
    Configuration,
    DayFeed,
    Demo,
    DetailView,
    DocumentKind,
    Duty,
    Endpoints,
    ExportFormat,
    FieldRule,
    FormView,
    Grant,
    Hit,
    ImportFormat,
    ImportSource,
    ImportSupport,
    Job,
    L,
    ListView,
    Menu,
    MessageKind,
    NumberPart,
    NumberRule,
    Offer,
    Panel,
    PluginPart,
    Query,
    Realm,
    Record,
    Refused,
    Role,
    Rule,
    Schedule,
    Scopes,
    SearchSource,
    Section,
    Seed,
    Seq,
    Setting,
    Subscriber,
    Tab,
    Text,
    View,
    _,
    count_records,
    hookimpl,
    registry,
    setting,
)
from parcels.files import read_waybills, write_lines
from parcels.records import Parcel

KEY = "parcels.parcel"
CALLED: list[str] = []
"""Names of hooks and functions that ran, for the test."""

STAMPS: list[str] = []
OFFICES = ("Riverside post office", "Airport post office")
CARRIERS = (Choice("post", L("邮政", "Post")), Choice("cart", L("板车", "Cart")))

pages = Endpoints("parcels", "/parcels")


def positive(value: int) -> int:
    """The value itself; raises `ValueError` with words for people."""
    if value < 1:
        raise ValueError(_("At least one."))
    return value


@pages.route("/today", permission=(KEY, "read"))
def today_page() -> str:
    """A page of its own."""
    return "parcels of today"


@hookimpl
def register_records() -> list[type[Record]]:
    """The record classes of this plugin."""
    return [Parcel]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """A parcel is its sender's own."""
    return {KEY: Scopes(own=lambda model, principal: model.owner_id == principal.user_id)}


@hookimpl
def register_rules() -> list[Rule]:
    """For everybody, whatever is granted: secret parcels are not there."""
    return [Rule(KEY, "no secret parcels", lambda model, principal: model.name != "secret")]


@hookimpl
def register_roles() -> list[Role]:
    """A role of this plugin's own."""
    return [Role("post_room", L("收发室", "Post room"))]


@hookimpl
def register_grants() -> list[Grant]:
    """The post room may do everything, everybody may read what they send."""
    return [
        Grant("post_room", KEY, ("read", "create", "update", "delete", "export", "send", "send_all")),
        Grant("*", KEY, ("read",), "own"),
    ]


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Telephone numbers are masked for the post room."""
    return [FieldRule(KEY, "phone", "masked", ("post_room",))]


@hookimpl
def register_duties() -> list[Duty]:
    """Who hands a parcel out is not who received it; nobody is in the post room and its auditor."""
    apart = (frozenset({"post_room"}), frozenset({"audit_admin"}))
    return [Duty("PARCEL", L("收件≠发件", "Who takes in does not hand out"), "receive", "hand_out", "hard", apart)]


@hookimpl
def register_views() -> list[View]:
    """A list, a page and a form."""
    main = Section("main", _("Parcel"), ("name", "state", "owner", "phone"))
    columns = tuple(map(Column, ("number", "name", "state")))
    return [ListView(KEY, columns=columns, filters=("state",)), DetailView(KEY, facts=(main,)), FormView(KEY, (main,))]


@hookimpl
def register_menus() -> list[Menu]:
    """An entry in the group of business."""
    return [Menu("parcels", _("Parcels"), "package", "business", 90, record=KEY, permission=(KEY, "read"))]


@hookimpl
def register_actions() -> list[Action]:
    """A button, and one for many ticked rows; who may press them are grants of the same codes."""

    def send(parcel: Parcel, params: dict[str, Any]) -> None:
        parcel.state = "sent"

    def send_all(parcels: list[Parcel], params: dict[str, Any]) -> None:
        for parcel in parcels:
            parcel.state = "sent"

    here = lambda parcel: parcel.state == "packed" or _("It is gone.")  # noqa: E731 - a line for the reader
    return [
        Action(KEY, "send", _("Send"), send, available=here),
        Action(KEY, "send_all", _("Send all"), send_all, available=here, bulk=True),
    ]


@hookimpl
def register_jobs() -> list[Job]:
    """Background work; its arguments are plain JSON."""
    return [Job("parcels.count", lambda: CALLED.append("job"))]


@hookimpl
def register_schedules() -> list[Schedule]:
    """The job, every hour."""
    return [Schedule("parcels.hourly", "parcels.count", every=timedelta(hours=1))]


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """After the commit, at least once; `key` is the same on every try."""
    return [Subscriber("parcels.noted", f"{KEY}.created", lambda payload, key: CALLED.append("subscriber"))]


@hookimpl
def register_commands() -> list[click.Command]:
    """`zhian parcels-count`."""
    return [click.Command("parcels-count", callback=lambda: click.echo("0"))]


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """Routes that were declared with `@pages.route(…, permission=…)`."""
    return [pages]


@hookimpl
def register_numbering() -> list[NumberRule]:
    """P-N00001, without gaps; the letter is a part that has a name."""
    return [NumberRule(KEY, "number", (Text("P-"), PluginPart("parcels.side"), Seq(width=5)))]


@hookimpl
def register_number_parts() -> list[NumberPart]:
    """North or south of the river; numbering rules made in the browser may use it too."""
    return [NumberPart("parcels.side", _("Side of the river"), lambda parcel: "N", record=KEY, sample="N")]


@hookimpl
def register_settings() -> list[Setting]:
    """A page under /settings/parcels; `setting("parcels.limit")` reads it, `zhian settings set` changes it."""
    return [
        Setting("limit", _("Most parcels a day"), "integer", default=20, validate=positive),
        Setting("carrier", _("Carrier"), "choice", default="post", choices=CARRIERS),
        Setting("token", _("Key of the carrier"), "secret"),
    ]


@hookimpl
def register_cards() -> list[Card]:
    """A figure on the home page, counted as the person who looks."""
    packed = lambda: count_records(Parcel, Query())  # noqa: E731 - a line for the reader
    return [Card("parcels.packed", _("Parcels"), packed, f"/r/{KEY}", permission=(KEY, "read"))]


@hookimpl
def register_search_sources() -> list[SearchSource]:
    """Ctrl-K also looks into the carrier's list of offices."""

    def find(words: str, limit: int) -> list[Hit]:
        return [Hit(name, "/parcels/today", icon="package") for name in OFFICES if words in name][:limit]

    return [SearchSource("parcels.offices", _("Post offices"), find, permission=(KEY, "read"))]


@hookimpl
def register_day_feeds() -> list[DayFeed]:
    """The days of one's own parcels, in one's calendar program."""
    return [DayFeed("parcels.mine", _("Parcel"), KEY, "created_at", (("created_by", "me"),))]


@hookimpl
def register_import_formats() -> list[ImportFormat]:
    """Files of the carrier; the function stands in a module, for it runs in a child with hard limits."""
    return [ImportFormat(".waybill", _("Waybills"), read_waybills)]


@hookimpl
def register_export_formats() -> list[ExportFormat]:
    """Lists as lines of text."""
    return [ExportFormat("lines", _("Lines of text"), ".txt", "text/plain", write_lines)]


@hookimpl
def register_channels() -> list[Channel]:
    """Messages also go to the loudspeaker in the yard, if it is switched on."""

    def wanted(message: Any, person: Any) -> bool:
        return setting("parcels.carrier") == "cart"

    return [Channel("parcels.yard", _("Loudspeaker"), lambda message, person: CALLED.append(message.subject), wanted)]


@hookimpl
def register_message_kinds() -> list[MessageKind]:
    """People choose channels for `notify(…, kind="parcels.lost")` apart from other messages about parcels."""
    return [MessageKind("parcels.lost", _("Lost parcels"))]


@hookimpl
def register_offers() -> list[Offer]:
    """`hookspecs.py` declares `register_stamps`, which other plugins may implement; here they are taken."""

    def take(items: list[tuple[str, Any]]) -> list[tuple[str, str]]:
        STAMPS[:] = [stamp for _plugin, stamp in items]
        return [(plugin, "a stamp has no value") for plugin, stamp in items if not stamp]

    return [Offer("register_stamps", take)]


@hookimpl
def register_import_sources() -> list[ImportSource]:
    """Lists of parcels can be imported; headers are found by labels and synonyms."""
    return [ImportSource(KEY, ImportSupport())]


@hookimpl
def register_documents() -> list[DocumentKind]:
    """A label to print; `data` gives plain values only."""
    return [
        DocumentKind(
            "parcel_label",
            KEY,
            L("快递单", "Label"),
            "parcels/label.html",
            lambda record, language: {"parcel": {"name": record.name}},
            audience="office",
        )
    ]


@hookimpl
def register_realms() -> list[Realm]:
    """Couriers sign in below /courier and see nothing of the staff's pages."""
    return [Realm("courier", "/courier", "/courier/login", "zhian_courier")]


@hookimpl
def register_claims() -> list[Claim]:
    """A courier's `principal.claims["parcels.parcel"]` holds the parcels that name them."""
    return [Claim("courier", KEY, person="owner", target="owner")]


@hookimpl
def register_seed() -> list[Seed]:
    """Data of every deployment; the second time it changes nothing."""
    return [Seed("parcels", lambda session: CALLED.append("seed"))]


@hookimpl
def register_demo() -> list[Demo]:
    """A chapter of `zhian up --demo`."""
    return [Demo(95, lambda session: CALLED.append("demo"))]


@hookimpl
def validate_records(model: type[Record], records: list[Any]) -> None:
    """New and changed records together; `Refused` and `Invalid` reach the person."""
    if model is Parcel and any(parcel.name == "bomb" for parcel in records):
        raise Refused(_("This is not sent."), field="name")


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """Complete what is not filled in."""
    if model is Parcel:
        for parcel in records:
            parcel.phone = parcel.phone or "021-5550000"


@hookimpl
def after_create(model: type[Record], records: list[Any]) -> None:
    """Ids are known now; derived writes of the same transaction belong here."""
    if model is Parcel:
        CALLED.append("after_create")


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """What is sent stays sent."""
    if model is Parcel and any(c.changed("state") and c.old["state"] == "sent" for c in changes):
        raise Refused(_("It is gone."), field="state")


@hookimpl
def after_update(model: type[Record], changes: list[Change]) -> None:
    """Old and new values by field name."""
    if model is Parcel:
        CALLED.append("after_update")


@hookimpl
def before_delete(model: type[Record], records: list[Any]) -> None:
    """Sent parcels are kept."""
    if model is Parcel and any(parcel.state == "sent" for parcel in records):
        raise Refused(_("It is gone."))


@hookimpl
def after_delete(model: type[Record], records: list[Any]) -> None:
    """The records as they were."""
    if model is Parcel:
        CALLED.append("after_delete")


@hookimpl
def filter_list_view(view: View) -> View | None:
    """A column more in the list of people; its values come from `filter_list_rows`."""
    if view.record != "core.user":
        return None
    return view.with_column(Column("parcels", _("Parcels"), template="parcels/note.html", after="login"))


@hookimpl
def filter_detail_view(view: View) -> View | None:
    """A tab more on the page of a person."""
    return (
        view.with_tab(Tab("parcels", _("Parcels"), template="parcels/note.html"))
        if view.record == "core.user"
        else None
    )


@hookimpl
def filter_form_view(view: View) -> View | None:
    """A section more in a form, behind another."""
    if view.record != KEY:
        return None
    return view.with_section(Section("more", _("More"), ("number",), after="main"))


@hookimpl
def filter_list_rows(record_key: str, rows: list[dict[str, Any]]) -> None:
    """What the columns of this plugin show, for the whole page of a list at once."""
    if record_key == "core.user":
        for row in rows:
            row["words"] = "0"


@hookimpl
def slot_detail(record: Any) -> list[Panel] | None:
    """A panel under the facts of a parcel."""
    return [Panel("parcels/note.html", {"words": "under the facts"})] if isinstance(record, Parcel) else None


@hookimpl
def slot_aside(record: Any) -> list[Panel] | None:
    """A panel beside them."""
    return [Panel("parcels/note.html", {"words": "beside the facts"})] if isinstance(record, Parcel) else None


@hookimpl
def slot_home() -> list[Panel] | None:
    """A panel on the page that opens first."""
    return [Panel("parcels/note.html", {"words": "on the home page"}, order=60)]


@hookimpl
def slot_banner() -> list[Panel] | None:
    """A note above every page."""
    return [Panel("parcels/note.html", {"words": "above every page"})] if KEY in registry().types else None


@hookimpl
def provide_badge(record_key: str, row: dict[str, Any]) -> Any:
    """A picture in lists and heads; None leaves it to others."""
    return "/static/parcel.svg" if record_key == KEY else None


@hookimpl
def provide_delivery(channel: Channel, message: Any, person: Any) -> bool | None:
    """What is to be whispered is not shouted over the yard; None leaves a message to the core."""
    return True if channel.code == "parcels.yard" and message.kind == "parcels.lost" else None


@hookimpl
def provide_inbox() -> Any:
    """A page of one's own in place of `/inbox`; None leaves the core's."""
    return None


@hookimpl
def provide_reply_address(mail: Any) -> str | None:
    """Answers to mails about parcels go to the post room."""
    return "post@parcels.example" if mail.record_key == KEY else None


@hookimpl
def register_configuration() -> list[Configuration]:
    """What an administrator set for parcels, out of one deployment and into another."""
    return [Configuration("parcels", _("Parcels"), dict, lambda given: None)]

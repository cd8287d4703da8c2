"""Every hook of Zhian, typed, with its contract in the docstring. The prefix tells when it runs and what an error does.

`register_*` is collected once at start: an error stops the start and names the plugin.
`validate_*`, `before_*` run inside the transaction and may refuse. `after_*` runs inside it too, but has no veto: an
error there is a fault, and the write is rolled back whole.
`filter_*`, `slot_*` are isolated: a fault drops that contribution, is logged and shown to administrators.
`provide_*` gives the first result that is not None. What happens after the commit goes through `register_subscribers`.
A hook gets whole lists, never one row of a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from core.contributions import (
        Card,
        Channel,
        DayFeed,
        ExportFormat,
        ImportFormat,
        MessageKind,
        NumberPart,
        Offer,
        SearchSource,
        Setting,
    )
    from core.permissions.duties import Duty
    from core.permissions.rules import FieldRule, Grant, Role, Rule, Scopes
    from core.records.base import Record
    from core.records.changes import Change
    from core.records.numbering import NumberRule
    from core.registry import (
        Action,
        Claim,
        Demo,
        DocumentKind,
        Endpoints,
        ImportSource,
        Job,
        Realm,
        Schedule,
        Seed,
        Subscriber,
    )
    from core.shaping.configuration import Configuration
    from core.views import Menu, Panel, View

hookspec = pluggy.HookspecMarker("zhian")
hookimpl = pluggy.HookimplMarker("zhian")


@hookspec
def register_records() -> list[type[Record]]:
    """The record classes that this plugin owns."""


@hookspec
def register_scopes() -> dict[str, Scopes]:
    """Per record key: what own, assigned, team, department and branch mean, as SQL expressions."""


@hookspec
def register_rules() -> list[Rule]:
    """Global record rules, AND-ed to what grants allow."""


@hookspec
def register_roles() -> list[Role]:
    """Roles. Several plugins may name the same role; the first one gives its labels."""


@hookspec
def register_grants() -> list[Grant]:
    """What a role may do with a record type, in which scope. Grants are OR-ed; nothing granted is nothing allowed."""


@hookspec
def register_field_rules() -> list[FieldRule]:
    """Fields that are hidden, masked or read-only for some roles."""


@hookspec
def register_duties() -> list[Duty]:
    """Pairs of acts or roles that two persons must share; the plugin that owns an act refuses it there."""


@hookspec
def register_views() -> list[View]:
    """List, detail, form, kanban and calendar views."""


@hookspec
def register_menus() -> list[Menu]:
    """Entries of the sidebar."""


@hookspec
def register_actions() -> list[Action]:
    """Named actions on records, for page, API, jobs and automatic steps of workflows; `bulk` ones for many rows."""


@hookspec
def register_jobs() -> list[Job]:
    """Background work by name."""


@hookspec
def register_schedules() -> list[Schedule]:
    """When jobs run by themselves."""


@hookspec
def register_subscribers() -> list[Subscriber]:
    """Handlers of events, run by a worker after the commit, at least once, each with its own retries."""


@hookspec
def register_commands() -> list[click.Command]:
    """Commands or groups of the command line."""


@hookspec
def register_endpoints() -> list[Endpoints]:
    """HTTP routes of this plugin's own; each declares its permission."""


@hookspec
def register_numbering() -> list[NumberRule]:
    """Numbering rules of fields."""


@hookspec
def register_number_parts() -> list[NumberPart]:
    """Named parts of numbers, which numbering rules of anybody may use: see `PluginPart`."""


@hookspec
def register_settings() -> list[Setting]:
    """Settings of this plugin: a page under `/settings/<plugin>`, `zhian settings`, and `setting("plugin.key")`."""


@hookspec
def register_cards() -> list[Card]:
    """Figures for the strip on top of the home page, each isolated like a slot."""


@hookspec
def register_search_sources() -> list[SearchSource]:
    """Further places in which Ctrl-K looks, each isolated like a slot."""


@hookspec
def register_day_feeds() -> list[DayFeed]:
    """Dates of a person that their calendar program shows when it subscribes to their secret address."""


@hookspec
def register_import_formats() -> list[ImportFormat]:
    """Further kinds of files that imports read."""


@hookspec
def register_export_formats() -> list[ExportFormat]:
    """Further kinds of files that lists are exported to."""


@hookspec
def register_channels() -> list[Channel]:
    """Further ways by which messages reach people; each message goes through each channel in its own delivery."""


@hookspec
def register_message_kinds() -> list[MessageKind]:
    """Kinds of messages that this plugin writes by `notify(…, kind=…)`: people choose channels for each."""


@hookspec
def register_offers() -> list[Offer]:
    """Hooks that this plugin itself offers to others, declared in its `hookspecs.py`: what is done with their items."""


@hookspec
def register_import_sources() -> list[ImportSource]:
    """How imports of a record type prepare their rows: header synonyms, keys, related records made on the way."""


@hookspec
def register_documents() -> list[DocumentKind]:
    """Letters and lists that can be made of records, with their templates and data."""


@hookspec
def register_realms() -> list[Realm]:
    """People other than staff with a sign-in of their own."""


@hookspec
def register_claims() -> list[Claim]:
    """Which records people of a realm are bound to; `Principal.claims` holds their ids for scopes to use."""


@hookspec
def register_configuration() -> list[Configuration]:
    """Parts of the configuration file: how each is exported, compared and imported."""


@hookspec
def register_seed() -> list[Seed]:
    """Data that every deployment needs; each function may run again and then changes nothing."""


@hookspec
def register_demo() -> list[Demo]:
    """Demo data, in the order of their numbers."""


@hookspec
def validate_records(model: type[Record], records: list[Any]) -> None:
    """Check new or changed records together; raise `Invalid` or `Refused`."""


@hookspec
def before_create(model: type[Record], records: list[Any]) -> None:
    """Complete or refuse new records; they have no id yet."""


@hookspec
def after_create(model: type[Record], records: list[Any]) -> None:
    """New records, with their ids; derived writes of the same transaction belong here."""


@hookspec
def before_update(model: type[Record], changes: list[Change]) -> None:
    """Complete or refuse changes."""


@hookspec
def after_update(model: type[Record], changes: list[Change]) -> None:
    """Changes that were flushed: old and new values by field name."""


@hookspec
def before_delete(model: type[Record], records: list[Any]) -> None:
    """Refuse deletions."""


@hookspec
def after_delete(model: type[Record], records: list[Any]) -> None:
    """Records that are gone, as they were."""


@hookspec
def filter_list_view(view: View) -> View | None:
    """Change a list view when the registry is composed, for example add a column; return a new view or None."""


@hookspec
def filter_detail_view(view: View) -> View | None:
    """Change a detail view when the registry is composed; return a new view or None."""


@hookspec
def filter_form_view(view: View) -> View | None:
    """Change a form view when the registry is composed; return a new view or None."""


@hookspec
def filter_list_rows(record_key: str, rows: list[dict[str, Any]]) -> None:
    """Add to the rows of one page of a web list what columns of this plugin need; one query for the whole list."""


@hookspec
def slot_detail(record: Any) -> list[Panel] | None:
    """Panels under the facts of a record's page."""


@hookspec
def slot_aside(record: Any) -> list[Panel] | None:
    """Panels beside a record's page, above its timeline."""


@hookspec
def slot_home() -> list[Panel] | None:
    """Panels of the home page; `order` under 50 is the main part, from 50 on the aside."""


@hookspec
def slot_banner() -> list[Panel] | None:
    """Notes above every page, for example for administrators."""


@hookspec
def provide_badge(record_key: str, row: dict[str, Any]) -> Any:
    """The picture of a record in lists and heads, as a URL or None."""


@hookspec
def provide_delivery(channel: Channel, message: Any, person: Any) -> bool | None:
    """True takes the delivery of a message by a channel into one's own hands, in the worker's transaction: it is sent
    by `send_through(channel, message, person)` when its time has come. None leaves it to the core, which sends now."""


@hookspec
def provide_inbox() -> Any:
    """The page `/inbox` in place of the core's own."""


@hookspec
def provide_reply_address(mail: Any) -> str | None:
    """The address to which answers to a mail go, when it leaves; None for none."""

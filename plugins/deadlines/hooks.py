"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

import click

from core import (
    Action,
    Change,
    Configuration,
    DayFeed,
    Endpoints,
    FieldRule,
    Grant,
    Job,
    Menu,
    Offer,
    Panel,
    Record,
    Schedule,
    Scopes,
    Seed,
    View,
    _,
    hookimpl,
)
from plugins.deadlines import (
    actions,
    byhand,
    calendarpages,
    commands,
    configuring,
    endpoints,
    jobs,
    joining,
    publishing,
    rights,
    rulepages,
    seed,
    views,
    watching,
    worklist,
)
from plugins.deadlines.records import RECORDS, CalendarDay, Deadline


@hookimpl
def register_day_feeds() -> list[DayFeed]:
    """Both dates of the person's open deadlines."""
    mine = (("responsible", "me"), ("status", "open"))
    return [
        DayFeed("deadlines.internal", _("Internal date"), "deadlines.deadline", "internal_date", mine),
        DayFeed("deadlines.official", _("Official date"), "deadlines.deadline", "due", mine),
    ]


@hookimpl
def register_records() -> list[type[Record]]:
    """Deadlines, rules, calendar days, plans, reminders, mails."""
    return list(RECORDS)


@hookimpl
def register_offers() -> list[Offer]:
    """Rules and calendars of other plugins; rules name calendars, so those come first."""
    return [
        Offer("register_calendars", joining.take_calendars),
        Offer("register_deadline_rules", joining.take_rules),
    ]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """A deadline is whose its case is."""
    return rights.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with them."""
    return rights.grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """What clients do not see."""
    return rights.field_rules()


@hookimpl
def register_views() -> list[View]:
    """Lists, pages, forms, calendars."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_actions() -> list[Action]:
    """Close, confirm, waive, another date, missed, hand over, publish."""
    return actions.actions()


@hookimpl
def register_jobs() -> list[Job]:
    """Deriving anew, reminding, sending."""
    return jobs.jobs()


@hookimpl
def register_schedules() -> list[Schedule]:
    """When they run by themselves."""
    return jobs.schedules()


@hookimpl
def register_commands() -> list[click.Command]:
    """`zhian deadlines`."""
    return [commands.deadlines]


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """The pages behind the figures of the work list."""
    return [endpoints.deadlines, rulepages.rules, calendarpages.calendar]


@hookimpl
def register_configuration() -> list[Configuration]:
    """Changes of rules, entered years of the calendar, reminder plans."""
    return configuring.parts()


@hookimpl
def register_seed() -> list[Seed]:
    """Rules, calendar, plans."""
    return [
        Seed("deadlines.rules" + (f" {mark}" if (mark := joining.mark()) else ""), seed.seed_rules),
        Seed("deadlines.calendar", seed.seed_calendar),
        Seed("deadlines.plans", seed.seed_plans),
    ]


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """Entered calendar days are the agency's; a deadline entered by hand is completed."""
    if model is CalendarDay:
        publishing.defaults(records)
    elif model is Deadline:
        byhand.complete(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """What is computed is not edited."""
    if model is Deadline:
        byhand.guard(changes)
    elif model.__record__["key"] == watching.CASE:
        watching.refuse_to_close(changes)


@hookimpl
def after_create(model: type[Record], records: list[Any]) -> None:
    """New cases and events have deadlines at once."""
    watching.created(model.__record__["key"], records)


@hookimpl
def after_update(model: type[Record], changes: list[Change]) -> None:
    """Changed facts change deadlines in the same transaction."""
    watching.updated(model.__record__["key"], changes)


@hookimpl
def after_delete(model: type[Record], records: list[Any]) -> None:
    """A removed event takes its deadlines along, as superseded."""
    watching.deleted(model.__record__["key"], records)


@hookimpl
def filter_detail_view(view: View) -> View | None:
    """A tab with deadlines on the page of a case."""
    return view.with_tab(views.case_tab()) if view.record == "cases.case" else None


@hookimpl
def filter_list_view(view: View) -> View | None:
    """A column with the next deadline in the list of cases."""
    return view.with_column(views.case_column()) if view.record == "cases.case" else None


@hookimpl
def filter_list_rows(record_key: str, rows: list[dict[str, Any]]) -> None:
    """The next deadlines of one page of cases, in one query."""
    if record_key == "cases.case":
        found = worklist.next_deadlines(row["id"] for row in rows)
        for row in rows:
            row["next_deadline"] = found.get(row["id"])


@hookimpl
def slot_home() -> list[Panel]:
    """The work list."""
    return views.home()


@hookimpl
def slot_detail(record: Any) -> list[Panel] | None:
    """On the page of a case: what is due next."""
    return views.case_panel(record) if record.__record__["key"] == "cases.case" else None


@hookimpl
def slot_aside(record: Any) -> list[Panel] | None:
    """Beside a deadline: what closing needs."""
    return views.aside(record) if isinstance(record, Deadline) else None

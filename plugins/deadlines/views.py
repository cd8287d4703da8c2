"""Lists, pages, forms and menus of this plugin, and what it adds to the pages of cases and to the home page."""

from __future__ import annotations

from typing import Any

from core import (
    CalendarView,
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
    current_locale,
    current_principal,
    gettext,
    registry,
)
from plugins.deadlines import ahead, overriding, pages, worklist
from plugins.deadlines.choices import LIVE, STATUSES

DEADLINE = "deadlines.deadline"
SHOWN_ON_CASE = 6
OPEN = {"status__in": ",".join(LIVE)}
DATES = Section(
    "dates",
    _("Dates"),
    ("base_date", "nominal_date", "due", "safe_date", "internal_date", "client_date", "calendar", "amount"),
)
PLACE = Section("place", _("Case and people"), ("case", "severity", "status", "responsible", "deputy", "department"))
CLOSING = Section(
    "closing",
    _("Closing"),
    (
        "act_date",
        "evidence",
        "evidence_file",
        "closed_by",
        "closed_at",
        "confirmed_by",
        "confirmed_at",
        "reason",
        "change_note",
    ),
)
LATER = Section("later", _("Later date"), ("wanted_due", "wanted_reason", "wanted_by", "second"), folded=True)
ORIGIN = Section(
    "origin",
    _("Origin"),
    ("rule_code", "kind", "event", "occurrence", "rule_version", "calendar_version", "computed_due", "replaces"),
    folded=True,
)


def views() -> list[View]:
    """All views of the plugin's records."""
    return [*_deadline_views(), *_rule_views(), *_change_views(), *_calendar_views(), *_reminder_views()]


def _deadline_list() -> ListView:
    return ListView(
        DEADLINE,
        columns=(
            Column(
                "name",
                template="deadlines/cell_name.html",
                needs=("name", "name_en", "severity", "unverified", "optional"),
                sort="name",
            ),
            Column("case"),
            Column(
                "internal_date",
                template="deadlines/cell_internal.html",
                needs=("internal_date", "status"),
                sort="internal_date",
            ),
            Column("due", template="deadlines/cell_due.html", needs=("due", "provisional", "status"), sort="due"),
            Column("responsible"),
            Column("status"),
            Column("rule_code", shown=False),
            Column("amount", shown=False),
        ),
        filters=("status", "severity", "responsible", "department", "due", "internal_date", "kind", "rule_code"),
        group_by=("status", "severity", "responsible", "rule_code"),
        presets=(
            Preset("open", _("All open"), OPEN, sort="internal_date", default=True),
            Preset("mine", _("My deadlines"), OPEN | {"responsible": "me"}, sort="internal_date"),
            Preset("overdue", _("Overdue"), OPEN | {"due__lt": "today"}, sort="due"),
            Preset("month", _("Next 30 days"), OPEN | {"due__lte": "today+30"}, sort="due"),
            Preset("confirm", _("Second person wanted"), {"status": "to_confirm"}, sort="due"),
            Preset(
                "second", _("Later dates that wait for me"), {"second": "me", "wanted_due__isnull": "false"}, sort="due"
            ),
            Preset("provisional", _("Provisional"), OPEN | {"provisional": "true"}, sort="due"),
            Preset("closed", _("Closed"), {"status__in": "met,waived,missed,passed"}, sort="-due"),
        ),
        sort="internal_date",
        empty=_("No deadlines here. They come by themselves from the dates and events of cases."),
    )


def _deadline_views() -> list[View]:
    return [
        _deadline_list(),
        CalendarView(
            DEADLINE,
            date="due",
            title="heading",
            tone="severity",
            needs=("heading", "name", "name_en"),
            label=_entry,
        ),
        DetailView(
            DEADLINE,
            subtitle=("rule_code", "case"),
            badge="status",
            tags=("severity",),
            head_template="deadlines/head.html",
            head_context=pages.head,
            facts=(PLACE, DATES, CLOSING, LATER, ORIGIN),
            tabs=(
                Tab(
                    "reminders",
                    _("Reminders"),
                    related=Related(
                        "deadlines.reminder", "deadline", ("step", "user", "planned_for", "status", "mail")
                    ),
                ),
            ),
        ),
        FormView(
            DEADLINE,
            sections=(
                Section("what", _("Deadline"), ("case", "name", "name_en", "severity", "due", "safe_date")),
                Section("plan", _("Planning"), ("internal_date", "client_date")),
                Section("people", _("People"), ("responsible", "deputy", "department")),
            ),
        ),
    ]


def _entry(row: dict[str, Any]) -> str:
    """The case and the matter in the reader's language; the stored heading is in Chinese."""
    heading, name, english = row.get("heading") or "", row.get("name") or "", row.get("name_en")
    return heading.removesuffix(name) + english if current_locale() == "en" and english else heading or name


def _rule_views() -> list[View]:
    rule = "deadlines.rule"
    law = ("right_kinds", "trigger", "period", "roll", "severity", "legal_basis", "effective_from", "effective_to")
    main = Section("main", _("Rule"), ("code", "name", "name_en", *law, "certainty", "if_missed", "note"))
    state = Section("state", _("Version"), ("origin", "status", "pack_version", "published_by", "published_at"))
    write = Section(
        "write",
        _("As data"),
        ("definition", "examples"),
    )
    return [
        ListView(
            rule,
            columns=tuple(
                Column(key, shown=key not in ("roll", "certainty", "origin"))
                for key in (
                    "name",
                    "code",
                    "period",
                    "severity",
                    "legal_basis",
                    "status",
                    "roll",
                    "certainty",
                    "origin",
                )
            ),
            filters=("origin", "status", "severity", "roll", "certainty"),
            group_by=("severity", "roll", "origin"),
            sort="code",
        ),
        DetailView(rule, subtitle=("code",), badge="status", facts=(main, state)),
        FormView(rule, sections=(main, write)),
    ]


def _change_views() -> list[View]:
    fields = ("code", "number", "status", "effect_from", "reason", "published_by", "published_at")
    return [
        ListView(
            "deadlines.rule_change",
            columns=tuple(map(Column, ("name", "code", "number", "status", "effect_from", "published_by"))),
            filters=("status", "effect_from"),
            group_by=("status",),
            sort="-id",
        ),
        DetailView(
            "deadlines.rule_change",
            subtitle=("code",),
            badge="status",
            facts=(Section("main", _("Change of a rule"), fields),),
        ),
    ]


def _calendar_views() -> list[View]:
    day = "deadlines.calendar_day"
    fields = ("day", "kind", "name", "source", "published")
    return [
        ListView(
            day,
            columns=tuple(map(Column, fields)),
            filters=("year", "kind", "published"),
            group_by=("year", "kind"),
            sort="-day",
        ),
        CalendarView(day, date="day", title="name", tone="kind"),
        FormView(day, sections=(Section("main", _("Calendar day"), ("day", "kind", "name")),)),
        DetailView(day, facts=(Section("main", _("Calendar day"), fields),)),
    ]


def _reminder_views() -> list[View]:
    plan, reminder = "deadlines.reminder_plan", "deadlines.reminder"
    plan_fields = ("name", "position", "rules", "severities", "anchor", "steps", "to_head", "strong")
    return [
        ListView(plan, columns=tuple(map(Column, plan_fields)), sort="position"),
        FormView(plan, sections=(Section("main", _("Reminder plan"), plan_fields),)),
        DetailView(plan, facts=(Section("main", _("Reminder plan"), plan_fields),)),
        ListView(
            reminder,
            columns=tuple(map(Column, ("step", "deadline", "user", "planned_for", "status", "mail"))),
            filters=("status", "user", "planned_for"),
            group_by=("status", "user"),
        ),
    ]


def menus() -> list[Menu]:
    """Entries of the sidebar."""
    counted = {"count": worklist.hot_count, "urgent": True, "permission": (DEADLINE, "read")}
    return [Menu("deadlines", _("Deadlines"), "clock", "cases", 20, record=DEADLINE, **counted), *_settings()]


def _settings() -> list[Menu]:
    """Entries of the settings."""
    setting = "settings"
    return [
        Menu(
            "rules",
            _("Deadline rules"),
            "scale",
            setting,
            40,
            record="deadlines.rule",
            permission=("deadlines.rule", "read"),
        ),
        Menu(
            "rule_changes",
            _("Changes of deadline rules"),
            "adjustments",
            setting,
            41,
            url="/deadlines/rules",
            permission=("deadlines.rule_change", "read"),
        ),
        Menu(
            "calendars",
            _("Holiday calendars"),
            "calendar-event",
            setting,
            42,
            url="/deadlines/calendar",
            permission=("deadlines.calendar_day", "read"),
        ),
        Menu(
            "statutory",
            _("Statutory calendar"),
            "calendar",
            setting,
            41,
            record="deadlines.calendar_day",
            permission=("deadlines.calendar_day", "read"),
        ),
        Menu(
            "plans",
            _("Reminder plans"),
            "bell",
            setting,
            42,
            record="deadlines.reminder_plan",
            permission=("deadlines.reminder_plan", "read"),
        ),
    ]


def case_tab() -> Tab:
    """The deadlines of a case, on its page: live ones first."""
    return Tab(
        "deadlines",
        _("Deadlines"),
        template="deadlines/case.html",
        context=lambda case: case_context(case, None),
        count=lambda case: worklist.live_count(case.id),
    )


def case_panel(case: Any) -> list[Panel]:
    """The next live deadlines, on the overview of a case."""
    if not current_principal().can(DEADLINE, "read"):
        return []
    return [Panel("deadlines/case.html", case_context(case, SHOWN_ON_CASE), order=20, key="deadlines")]


def case_context(case: Any, limit: int | None) -> dict[str, Any]:
    """Rows for the list on the page of a case."""
    rows = worklist.of_case(case.id, limit)
    return {
        "rows": rows,
        "people": worklist.people_of(rows),
        "papers": worklist.papers_of(rows),
        "total": worklist.live_count(case.id),
        "more": f"/r/cases.case/{case.id}?tab=deadlines" if limit else None,
        "live": LIVE,
        "statuses": {choice.code: choice for choice in STATUSES},
    }


def case_column() -> Column:
    """The next open deadline, in the list of cases."""
    return Column("next_deadline", _("Next deadline"), template="deadlines/cell_next.html", after="status")


def home() -> list[Panel]:
    """The work list, the weeks ahead, and closures that wait for a second person."""
    if not current_principal().can(DEADLINE, "read"):
        return []
    own = worklist.has_own()
    groups = worklist.groups(own=own)
    past = worklist.long_past(own=own)
    context = rows_of(groups) | {
        "past": past,
        "tiles": _tiles(groups, past),
        "total": sum(group.count for group in groups),
        "own": own,
        "next_words": gettext("Deadlines come by themselves from the dates and events of cases."),
    }
    panels = [Panel("deadlines/home.html", context, order=10, key="deadlines"), *ahead.panel(own=own)]
    waiting = worklist.to_confirm() if _may_confirm() else []
    later = overriding.waiting_for_me() if current_principal().can(DEADLINE, overriding.CONFIRM) else []
    if waiting or later:
        beside = {"rows": waiting, "later": later, "cases": worklist.cases_of([*waiting, *later])}
        panels.append(Panel("deadlines/confirm.html", beside, order=60, key="confirm"))
    return panels


def rows_of(groups: list[worklist.Group]) -> dict[str, Any]:
    """What the rows of groups show of cases, clients, people and papers."""
    rows = [row for group in groups for row in group.rows]
    cases = worklist.cases_of(rows)
    return {
        "groups": groups,
        "cases": cases,
        "clients": worklist.clients_of(cases.values()),
        "pictures": {case.id: _picture(case) for case in cases.values()},
        "people": worklist.people_of(rows),
        "papers": worklist.papers_of(rows),
    }


def _picture(case: Any) -> Any:
    """The picture of a case from whoever provides one."""
    row = {"id": case.id, "name": case.name, "mark_image": case.mark_image_id, "case_type": case.case_type}
    return registry().hooks.first("provide_badge", record_key="cases.case", row=row)


def _tiles(groups: list[worklist.Group], past: worklist.Group | None) -> list[dict[str, Any]]:
    """Four figures: overdue (both kinds), today, this week, two weeks, each with what stands out in it."""
    late = groups[0].count + groups[1].count
    note = gettext("and %(n)s long past", n=past.count) if past else _standing_out(groups[0], groups[1])
    first = {"value": late, "label": gettext("Overdue"), "level": "overdue", "href": groups[0].href, "note": note}
    rest = [
        {"value": g.count, "label": g.label, "level": g.level, "href": g.href, "note": _standing_out(g)}
        for g in groups[2:]
    ]
    return [first, *rest]


def _standing_out(*groups: worklist.Group) -> str:
    fatal, unsure = sum(g.fatal for g in groups), sum(g.provisional for g in groups)
    if fatal:
        return gettext("%(n)s fatal", n=fatal)
    return gettext("%(n)s provisional", n=unsure) if unsure else ""


def _may_confirm() -> bool:
    return current_principal().can(DEADLINE, "confirm_closure")


def aside(record: Any) -> list[Panel]:
    """Beside a deadline: what closing needs, people, reminders."""
    return [Panel("deadlines/aside.html", pages.closing_needs(record), order=10, key="closing")]

"""What the lists, pages, forms, board and calendar of cases show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core import (
    CalendarView,
    Column,
    DetailView,
    FormView,
    KanbanView,
    ListView,
    Menu,
    Preset,
    Related,
    Section,
    Tab,
    View,
    _,
    run_action,
)
from plugins.cases import choices, forms, page, status
from plugins.cases.forms import FILED, MORE, OF_PATENTS, PEOPLE, kind_of, type_section

EVENT_COLUMNS = ("code", "date", "delivery", "document", "outcome")
STAND = Section(
    "stand",
    _("Standing"),
    ("status_since", "overlays", "verified_by", "verified_at", "watched", "closed_on"),
)


def _one_of(codes: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda case: getattr(case, "case_type", None) in codes


MARK_TYPES = ("tm_application", "madrid")
PATENT_TYPES = ("invention", "utility_model", "design", "pct_national")
KEY_MARK = Section(
    "key_mark",
    "",
    (
        "application_number",
        "agent",
        "filing_date",
        "process_clerk",
        "applicant_names",
        "cited_marks",
        "publication_date",
        "registration_date",
        "valid_to",
        "next_renewal_reminder",
        "goods_text",
    ),
    when=_one_of(MARK_TYPES),
)
KEY_PATENT = Section(
    "key_patent",
    "",
    (
        "application_number",
        "agent",
        "filing_date",
        "process_clerk",
        "applicant_names",
        "inventors",
        "publication_number",
        "publication_date",
        "grant_number",
        "grant_publication_date",
        "priority_date",
        "paid_to_year",
    ),
    when=_one_of(PATENT_TYPES),
)


def key_section(code: str) -> Section:
    """The facts that the page of a proceeding opens with: those of its type and who works on it."""
    typed = type_section(code, reading=True)
    return Section(f"key_{code}", "", (*typed.fields, "agent", "process_clerk"), typed.when)


def move_card(case: Any, target: str) -> Any:
    """A card dropped on another lane: the event that leads there, if it needs nothing that must be typed."""
    events = [t.event for t in status.model(case.case_type).by_state.get(case.status, ()) if t.to == target]
    event = events[0] if events else ""
    return run_action(case, "cases.case", "record_event", {"event": event, "to": target})


def views() -> list[View]:
    """All views of this plugin."""
    return [case_list(), case_page(), forms.case_form(), board(), *part_views()]


def case_list() -> ListView:
    """The list that people live in."""
    return ListView(
        "cases.case",
        columns=(
            Column("name", needs=("mark_image",)),
            Column("application_number"),
            Column("classes", template="cases/cell_classes.html", needs=("classes",), alike=True),
            Column(
                "status", template="cases/cell_status.html", needs=("status", "case_type"), sort="status", alike=True
            ),
            Column("agent"),
            Column("filing_date"),
            Column("case_type", shown=False),
            Column("jurisdiction", shown=False),
            Column("applicant_names", shown=False),
            Column("registration_number", shown=False),
            Column("publication_date", shown=False),
            Column("registration_date", shown=False),
            Column("valid_to", shown=False),
            Column("next_renewal_reminder", shown=False),
            Column("process_clerk", shown=False),
            Column("department", shown=False),
            Column("opened_on", shown=False),
        ),
        filters=(
            "case_type",
            "status",
            "status_group",
            "right_kind",
            "jurisdiction",
            "client",
            "agent",
            "process_clerk",
            "classes",
            "department",
            "branch",
            "filing_date",
            "valid_to",
            "watched",
        ),
        group_by=("status_group", "status", "case_type", "agent", "client", "jurisdiction", "department"),
        presets=(
            Preset("mine", _("My open cases"), {"agent": "me", "closed_on__isnull": "true"}, default=True),
            Preset("all", _("All cases"), {}),
            Preset("action", _("Action needed"), {"status_group__in": "action,at_risk"}, group="status"),
            Preset("intake", _("Being prepared"), {"status_group": "intake"}, group="status"),
            Preset("marks", _("Trademarks"), {"right_kind": "trademark"}),
            Preset("patents", _("Patents"), {"right_kind__in": "invention,utility_model,design"}),
            Preset("renewals", _("Renewals ahead"), {"next_renewal_reminder__lte": "today+90"}, sort="valid_to"),
        ),
        sort="-opened_on",
        empty=_("No cases yet. Import a sheet or add the first."),
    )


def case_page() -> DetailView:
    """The page of a case: road, facts of its type, events, parties, goods, relations, team."""
    typed = tuple(type_section(code, reading=True) for code in status.codes())
    others = tuple(key_section(code) for code in status.codes() if code not in (*MARK_TYPES, *PATENT_TYPES))
    return DetailView(
        "cases.case",
        subtitle=("number", "case_type", "jurisdiction", "client"),
        badge="status",
        head_template="cases/head.html",
        head_context=page.head,
        facts=(KEY_MARK, KEY_PATENT, *others),
        tabs=(
            Tab(
                "events",
                _("Events"),
                related=Related(
                    "cases.event", "case", ("code", "date", "delivery", "document", "outcome"), sort="-date"
                ),
            ),
            Tab(
                "applicants",
                _("Applicants"),
                related=Related("cases.applicant", "case", ("position", "name", "name_en", "client"), sort="position"),
            ),
            Tab(
                "goods",
                _("Classes and goods"),
                related=Related("cases.goods", "case", ("nice_class", "items", "status")),
                when=lambda case: kind_of(case) in ("trademark", "madrid"),
            ),
            Tab("relations", _("Related cases"), template="cases/relations.html", context=page.relations),
            Tab("data", _("Data"), sections=(*typed, PEOPLE, FILED, OF_PATENTS, MORE, STAND)),
            Tab("team", _("Case team"), related=Related("cases.member", "case", ("user", "role", "until"))),
        ),
    )


def board() -> KanbanView:
    """The board by status; only lanes with cards are drawn."""
    return KanbanView(
        "cases.case",
        field="status",
        columns=lambda: list(choices.states()),
        card=("client", "agent", "filing_date"),
        move=move_card,
    )


def part_views() -> list[View]:
    """Lists and forms of what hangs on a case, and the calendars."""
    return [
        CalendarView("cases.case", date="next_renewal_reminder", title="name", tone="status"),
        CalendarView("cases.event", date="date", title="code"),
        ListView(
            "cases.event",
            columns=(
                Column("code", template="cases/cell_event.html", needs=("code", "notice_number"), sort="code"),
                *map(Column, ("case", "date", "dispatch_date", "receipt_date", "delivery")),
                *map(Column, ("document", "outcome", "state_after", "waiting")),
                Column("created_by", _("Recorded by")),
            ),
            filters=("code", "case", "source", "delivery", "date", "waiting", "created_by"),
            group_by=("code", "source"),
            presets=(
                Preset("waiting", _("Waiting"), {"waiting__isnull": "false"}),
                Preset("all", _("All events"), {}, default=True),
            ),
            sort="-date",
            empty=_("No events yet. Record one on a case's page."),
        ),
        FormView(
            "cases.event",
            sections=(
                Section("event", _("Event"), ("case", "code", "date", "dispatch_date", "receipt_date", "delivery")),
                Section("paper", _("Paper"), ("notice_number", "document", "outcome", "reason")),
            ),
        ),
        FormView(
            "cases.applicant",
            sections=(
                Section(
                    "party",
                    _("Applicant"),
                    ("case", "position", "role", "name", "name_en", "client", "country", "address", "address_en"),
                ),
            ),
        ),
        FormView(
            "cases.goods",
            sections=(
                Section("goods", _("Class and goods"), ("case", "nice_class", "items", "items_en", "similar_groups")),
            ),
        ),
        FormView(
            "cases.relation",
            sections=(Section("relation", _("Related case"), ("case", "kind", "to", "external", "note")),),
        ),
        FormView("cases.member", sections=(Section("member", _("Case team"), ("case", "user", "role", "until")),)),
    ]


def menus() -> list[Menu]:
    """The sidebar entries."""
    case, event = ("cases.case", "read"), ("cases.event", "read")
    return [
        Menu("cases", _("Cases"), "folder", "cases", 10, record="cases.case", permission=case),
        Menu(
            "statuses",
            _("Statuses of cases"),
            "git-branch",
            "settings",
            30,
            url="/cases/statuses",
            permission=("core.shape", "update"),
        ),
        Menu("events", _("Events"), "file-text", "cases", 30, record="cases.event", permission=event),
    ]


def client_tab() -> Tab:
    """The tab of a client's page that lists its cases."""
    columns = ("name", "application_number", "status", "agent", "filing_date")
    return Tab("cases", _("Cases"), related=Related("cases.case", "client", columns, sort="-number"), after="contacts")

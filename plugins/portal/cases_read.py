"""Cases as their client sees them: the list with stage and next step, the page with the road. Only guarded reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from core import (
    Filter,
    Query,
    count_records,
    current_locale,
    current_principal,
    db,
    dump,
    elevated,
    get,
    gettext,
    list_records,
    record_class,
    registry,
    today,
)
from plugins.cases import Case, Stop, field_values, model, road, travelled
from plugins.portal import words
from plugins.portal.people import client_ids

PAGE_SIZE = 20
GROUPS: dict[str, tuple[str, ...]] = {
    "going": ("intake", "pending", "action", "published"),
    "valid": ("granted", "at_risk", "won"),
    "ended": ("closed", "dead", "withdrawn"),
}
SORTS = ("-opened_on", "name", "-filing_date", "valid_to", "application_number")
KINDS = ("trademark", "invention", "utility_model", "design", "madrid", "copyright")
STEPS = ("intake", "pending", "action", "published", "granted")
PROGRESS = {"intake": 1, "pending": 3, "action": 3, "published": 4}
SEGMENTS = 5
HERE_LAST = frozenset({"granted", "won", "closed", "at_risk"})
LIST_FIELDS = (
    *("number", "case_type", "right_kind", "name", "status", "status_group", "status_since", "client", "classes"),
    *("application_number", "registration_number", "filing_date", "valid_to", "mark_image", "client_reference"),
    *("opened_on", "paid_to_year", "grant_number", "jurisdiction"),
)


@dataclass(frozen=True)
class Asked:
    """What a list asks for, read from an address; whatever is not offered counts as not asked."""

    group: str = ""
    kind: str = ""
    client: int = 0
    q: str = ""
    sort: str = SORTS[0]
    page: int = 1

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Asked:
        """From the arguments of an address."""
        number = args.get("page", "")
        client = args.get("client", "")
        return cls(
            group=args.get("group", "") if args.get("group") in GROUPS else "",
            kind=args.get("kind", "") if args.get("kind") in KINDS else "",
            client=int(client) if client.isascii() and client.isdigit() and int(client) in client_ids() else 0,
            q=args.get("q", "").strip()[:100],
            sort=args["sort"] if args.get("sort") in SORTS else SORTS[0],
            page=min(int(number), 10_000) if number.isascii() and number.isdigit() and number != "0" else 1,
        )

    def filters(self, group: str | None = None) -> tuple[Filter, ...]:
        """As conditions; `group` stands for another group than the one asked."""
        chosen = self.group if group is None else group
        found = [Filter("status_group", "in", list(GROUPS[chosen]))] if chosen else []
        found += [Filter("right_kind", "eq", self.kind)] if self.kind else []
        found += [Filter("client", "eq", self.client)] if self.client else []
        return tuple(found)

    def address(self, **changed: Any) -> str:
        """The address of a list that differs in these."""
        given = {
            "group": self.group,
            "kind": self.kind,
            "client": self.client,
            "q": self.q,
            "sort": self.sort,
        } | changed
        plain = {k: v for k, v in given.items() if v and v != {"sort": SORTS[0], "page": 1}.get(k)}
        return f"/portal/cases?{urlencode(plain)}" if plain else "/portal/cases"


def case_list(asked: Asked) -> dict[str, Any]:
    """One page of cases with the counts of all groups."""
    query = Query(
        filters=asked.filters(),
        q=asked.q,
        sort=(asked.sort,),
        fields=LIST_FIELDS,
        limit=PAGE_SIZE,
        page=asked.page,
        count=True,
    )
    page = list_records(Case, query)
    counts = {g: count_records(Case, Query(filters=asked.filters(g), q=asked.q)) for g in ("", *GROUPS)}
    total = page.total or 0
    return {
        "rows": [line(row) for row in page.rows],
        "total": total,
        "counts": counts,
        "pages": max(1, -(-total // PAGE_SIZE)),
    }


def all_rows(asked: Asked) -> Iterable[dict[str, Any]]:
    """Every row of the list, for the export."""
    cursor = None
    while True:
        query = Query(
            filters=asked.filters(), q=asked.q, sort=(asked.sort,), fields=LIST_FIELDS, limit=500, cursor=cursor
        )
        page = list_records(Case, query)
        yield from page.rows
        cursor = page.next
        if cursor is None:
            return


def line(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it is drawn: words, segments of the road, the next step."""
    state = words.state_of(row["case_type"], row["status"])
    group = state.group if state else "pending"
    done = PROGRESS.get(group, SEGMENTS)
    ended = group in ("dead", "withdrawn")
    return row | {
        "kind_words": words.type_words(row["case_type"], row["right_kind"]),
        "class_words": words.classes(row["classes"]),
        "stage": words.stage(row["case_type"], row["status"]),
        "mark": f"/portal/cases/{row['id']}/mark" if row["mark_image"] else None,
        "segments": _segments(done, ended),
        "next": next_words(row, state),
    }


def _segments(done: int, ended: bool) -> list[str]:
    """Five strokes: `on`, `half` where it is now, empty; all grey for what has ended."""
    if ended:
        return ["off"] * SEGMENTS
    if done >= SEGMENTS:
        return ["on"] * SEGMENTS
    return ["on"] * (done - 1) + ["half"] + [""] * (SEGMENTS - done)


def next_words(row: dict[str, Any], state: Any) -> tuple[str, str]:
    """Two lines: what comes next, and when about."""
    if state is None or state.group in ("dead", "withdrawn", "closed", "won"):
        return "", ""
    if state.group == "granted":
        if row.get("valid_to"):
            return gettext("Protected until %(day)s", day=row["valid_to"].isoformat()), ""
        if row.get("paid_to_year"):
            return gettext("Annuities paid to year %(n)s", n=row["paid_to_year"]), ""
        return "", ""
    stops = road(model(row["case_type"]), [(row["status"], row["status_since"])], row, ahead=3)
    here = words.stage(row["case_type"], row["status"])
    following = next((s for s in stops if s.state == "next" and portal_words(s) != here), None)
    if following is None:
        return "", ""
    return gettext("Next: %(step)s", step=portal_words(following)), words.about(following)


def portal_words(stop: Stop) -> str:
    """The client's words of a stop."""
    return stop.place.portal_zh if current_locale() == "zh" else stop.place.portal_en


def case_page(case_id: int) -> dict[str, Any]:
    """What the page of a case draws; raises `NotFound` alike for a hidden and an absent one."""
    case = get(Case, case_id)
    row = dump(case)
    return {
        "case": case,
        "row": row,
        "kind_words": words.type_words(case.case_type, case.right_kind),
        "class_words": words.classes(row.get("classes")),
        "stage": words.stage(case.case_type, case.status),
        "mark": f"/portal/cases/{case.id}/mark" if row.get("mark_image") else None,
        "stops": stops_of(case),
        "facts": facts_of(row),
    }


def stops_of(case: Case) -> list[dict[str, Any]]:
    """The road in the client's words; stops that read alike, such as our own steps before filing, are one."""
    known = model(case.case_type)
    found = road(known, travelled(case), field_values(case))
    shown: list[dict[str, Any]] = []
    for stop in found:
        if stop.state == "next" and (stop.place.group == "at_risk" or case.status_group in HERE_LAST):
            continue
        label = portal_words(stop)
        if shown and shown[-1]["label"] == label:
            shown[-1]["state"] = stop.state if stop.state != "next" else shown[-1]["state"]
            continue
        day = words.about(stop) if stop.state == "next" else words.short_day(stop.day)
        shown.append({"label": label, "state": stop.state, "day": day})
    return shown


FACTS = (
    *("number", "client_reference", "application_number", "filing_date", "registration_number", "registration_date"),
    *("grant_number", "grant_publication_date", "publication_number", "publication_date", "valid_from", "valid_to"),
    *("paid_to_year", "priority_date", "priority_number", "ir_number", "international_number", "applicant_names"),
    *("inventors", "opposed_mark", "opposed_number", "attacked_mark", "attacked_number", "software_version"),
    "goods_text",
)
WIDE = ("goods_text", "applicant_names")


def facts_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Label, value and width of the key data that are filled in and open to the person."""
    fields = registry().types["cases.case"].fields
    ours = {"number": gettext("Our number"), "client_reference": gettext("Your reference")}
    found = []
    for name in FACTS:
        value = row.get(name)
        if value in (None, "", [], 0):
            continue
        text = words.comma().join(map(str, value)) if isinstance(value, list) else str(value)
        found.append({"label": ours.get(name) or str(fields[name].label), "value": text, "wide": name in WIDE})
    return found


def team(case: Case) -> list[dict[str, str]]:
    """Who looks after the case at the agency: name and what they are, nothing else of them."""
    person, fields = record_class("core.user"), registry().types["cases.case"].fields
    with elevated("a client knows who looks after the case"):
        row = db.session.execute(select(Case.client_manager_id, Case.agent_id).where(Case.id == case.id)).one()
        wanted = select(person.id, person.name, person.name_en, person.title_text)
        found = {p.id: p for p in db.session.execute(wanted.where(person.id.in_([i for i in row if i]), person.active))}
    english = current_locale() == "en"
    named: dict[int, dict[str, str]] = {}
    for part, ident in (("client_manager", row.client_manager_id), ("agent", row.agent_id)):
        if (p := found.get(ident)) is not None and ident not in named:
            title = str(fields[part].label) if english or not p.title_text else p.title_text
            named[ident] = {"name": (english and p.name_en) or p.name, "title": title}
    return list(named.values())


def deadlines_of(case_ids: Iterable[int] | None = None, limit: int = 20) -> list[dict[str, Any]]:
    """Days by which the client's answer is wanted, earliest first; empty without the deadlines plugin or the right."""
    key = "deadlines.deadline"
    if key not in registry().types or not current_principal().can(key, "read"):
        return []
    filters = [Filter("status", "eq", "open")]
    if case_ids is not None:
        filters.append(Filter("case", "in", list(case_ids)))
    query = Query(filters=tuple(filters), sort=("client_date",), limit=limit, page=1)
    rows = list_records(record_class(key), query).rows
    english = current_locale() == "en"
    return [
        {
            "case": row["case"],
            "name": (english and row.get("name_en")) or row["name"],
            "day": row["client_date"],
            "days": (row["client_date"] - today()).days,
        }
        for row in rows
        if row.get("client_date") and not (row.get("optional") and row["client_date"] < today())
    ]

"""Third chapter: cases opened by the people who bring them in, then walked through their events."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from sqlalchemy import select

from core import Invalid, create, db, keep, record_class, run_action, system, today, update
from plugins.cases import Case, Event, Member, Relation, event_type, model
from plugins.clients import Client
from plugins.demo import entries, numbers, papers
from plugins.demo.cast import Cast, data
from plugins.demo.clients import clients_by_no, write_note
from plugins.demo.roads import Road, Step, road_of
from plugins.demo.team import Team
from plugins.demo.when import day, office_day, resolve

CASE = "cases.case"
NAME_FIELD = {
    "tm_opposition": "opposed_mark",
    "tm_invalidation": "attacked_mark",
    "tm_non_use_cancellation": "attacked_mark",
    "pat_invalidation": "attacked_patent",
    "cr_software": "software_name",
    "cr_works": "work_title",
}
MARKS = ("tm_application", "tm_review", "tm_renewal", "tm_recordal", "madrid")
PATENTS = ("invention", "utility_model", "design")


def load(_session: Any) -> None:
    """Open and walk what is missing; events that are on record already are not recorded again."""
    cast, clients = Cast(), _clients()
    known = cases_by_key()
    for serial, row in enumerate(data("cases")["cases"], 1):
        _Walk(cast, row, serial, clients[row["c"]], known).go()


def cases_by_key() -> dict[str, int]:
    """The ids of the demo's cases by their key in the data."""
    keys = {reference(row): row["k"] for row in data("cases")["cases"]}
    with system("demo: read the cases") as session:
        found = session.execute(select(Case.id, Case.client_reference).where(Case.client_reference.in_(keys)))
        return {keys[row.client_reference]: row.id for row in found}


def reference(row: dict[str, Any]) -> str:
    """The client's own reference of a case, by which it is found again."""
    return f"LQ{row['c']:02d}-{row['k']}"


def _clients() -> dict[int, Any]:
    """The clients by number in the data, with what an applicant needs of them."""
    by_id = {ident: number for number, ident in clients_by_no().items()}
    columns = (Client.id, Client.name, Client.name_en, Client.address)
    with system("demo: read the applicants") as session:
        return {by_id[row.id]: row for row in session.execute(select(*columns).where(Client.id.in_(by_id)))}


class _Walk:
    """One case of the data on its way through the house."""

    def __init__(self, cast: Cast, row: dict[str, Any], serial: int, client: Any, known: dict[str, int]) -> None:
        self.cast, self.row, self.serial, self.client, self.known = cast, row, serial, client, known
        self.team, self.today = Team(cast, row), today()
        self.road: Road = road_of(row, data("roads"), self.today)
        self.filed = self._filed()

    def go(self) -> None:
        """Open the case, go its steps, leave its notes."""
        ident = self.known.get(self.row["k"])
        if ident is None:
            ident = self.known[self.row["k"]] = self._open()
        done = self._recorded(ident)
        for step in self.road.steps:
            if (step.event, step.day) not in done:
                self._take(ident, step)
        for login, written, text in self.row.get("notes", ()):
            write_note(self.cast, login, day(written, self.today), CASE, ident, text)

    def _filed(self) -> date | None:
        """The filing day: stated, or the day of the step that files."""
        if "filed" in self.row:
            return office_day(day(self.row["filed"], self.today))
        return next((step.day for step in self.road.steps if step.state == "filed"), None)

    def _open(self) -> int:
        with self.cast.acting(self.team.creator, self.road.entered):
            ident = create(Case, self._values()).id
        links = [*self.row.get("rel", ()), *([["review_of", self.row["parent"]]] if "parent" in self.row else ())]
        drawn = "mark_type" in self.row.get("f", {})
        if links or drawn:
            with self.cast.acting(self.team.clerk, self.road.entered):
                for kind, other in links:
                    create(Relation, {"case": ident, "kind": kind, "to": self.known[other]})
                if drawn:
                    name, picture = f"{self.row['name']}.png", papers.mark(self.row["name"])
                    image = attach(CASE, ident, name, picture, "mark_image", "image/png")
                    update(_case(ident), {"mark_image": image})
        return ident

    def _values(self) -> dict[str, Any]:
        row, kind = self.row, self.row["t"]
        department, branch = self.team.department, self.team.branch
        values = {
            "case_type": kind,
            "status": self.road.start,
            "client": self.client.id,
            "client_reference": reference(row),
        }
        values |= {
            "opened_on": self.road.entered,
            "agent": self.team.id("agent"),
            "process_clerk": self.team.id("clerk"),
        }
        values |= {"client_manager": self.team.id("manager"), "department": department, "branch": branch}
        values |= {NAME_FIELD.get(kind, "mark_name" if kind in MARKS else "title"): row["name"], "title_en": row["en"]}
        values["applicants"] = [self._applicant()]
        if "cl" in row:
            goods = data("goods")
            values["goods"] = [{"class": number, "items": goods[number]} for number in row["cl"]]
        if kind in ("cr_software", "cr_works"):
            values["owner"] = self.client.name
        if "in" in row:
            values["inventors"] = row["in"]
        for name in ("parent", "registration"):
            if name in row:
                values["parent_case" if name == "parent" else name] = self.known[row[name]]
        return values | self._taken_over() | resolve(row.get("f", {}), self.today)

    def _applicant(self) -> dict[str, Any]:
        named = {"name": self.client.name, "name_en": self.client.name_en, "address": self.client.address}
        return {key: value for key, value in named.items() if value} | {"client": self.client.id}

    def _taken_over(self) -> dict[str, Any]:
        """Numbers and days of a case that came with a history."""
        row, kind = self.row, self.row["t"]
        made: dict[str, Any] = {}
        if "filed" in row:
            made |= {
                "filing_date": self.filed,
                "application_number": numbers.application(kind, self.filed, self.serial),
            }
        if "registered" in row:
            made["registration_date"] = day(row["registered"], self.today)
            made["registration_number"] = made.get("application_number")
        if "published" in row:
            made["publication_date"] = office_day(day(row["published"], self.today))
            made["publication_number"] = numbers.publication(kind, self.serial, granted=False)
        if "granted" in row:
            made["grant_publication_date"] = office_day(day(row["granted"], self.today))
            made["grant_number"] = numbers.publication(kind, self.serial, granted=True)
        return made | ({"paid_to_year": row["paid"]} if "paid" in row else {})

    def _recorded(self, ident: int) -> set[tuple[str, date]]:
        with system("demo: read the events") as session:
            found = session.execute(select(Event.code, Event.date).where(Event.case_id == ident))
            return {(row.code, row.date) for row in found}

    def _take(self, ident: int, step: Step) -> None:
        given = Step(
            step.day, step.event, step.state, {**step.given, **self.row.get("g", {}).get(step.event, {})}, step.aside
        )
        status, verified = self._state(ident)
        who = self.team.doer(model(self.row["t"]), status, given)
        if who == self.team.reviewer:
            self._invite_reviewer(ident, step.day)
        if not verified and self._wants_second_person(status, given):
            with self.cast.acting(self.team.verifier, step.day):
                run_action(_case(ident), CASE, "verify_critical", {})
        with self.cast.acting(who, step.day):
            case = _case(ident)
            entered = entries.params(case, given, self.serial, self.filed)
            entered |= self._paper(case, given)
            try:
                run_action(case, CASE, "record_event", entered)
            except Invalid as problem:
                if [error.code for error in problem.errors] != ["confirmation"]:
                    raise RuntimeError(
                        f"{self.row['k']} {step.event} in {case.status}: {problem} {entered}"
                    ) from problem
                reason = data("roads")["stock"]["confirmation"]
                run_action(case, CASE, "record_event", entered | {"reason": reason})

    def _state(self, ident: int) -> tuple[str, bool]:
        """The status of the case, and whether a second person has verified its data."""
        with system("demo: read a status") as session:
            status, verifier = session.execute(select(Case.status, Case.verified_by_id).where(Case.id == ident)).one()
            return status, verifier is not None

    def _wants_second_person(self, status: str, step: Step) -> bool:
        moves = model(self.row["t"]).by_state.get(status, ())
        return any(t.event == step.event and "second person" in (t.condition or "") for t in moves)

    def _invite_reviewer(self, ident: int, on: date) -> None:
        reviewer = self.cast.ids[self.team.reviewer]
        with system("demo: read the team") as session:
            member = select(Member.id).where(Member.case_id == ident, Member.user_id == reviewer)
            if session.scalars(member).first() is not None:
                return
        with self.cast.acting(self.team.head, on):
            create(Member, {"case": ident, "user": reviewer, "role": "reviewer"})

    def _paper(self, case: Any, step: Step) -> dict[str, Any]:
        """The paper of the step as a file: the client's letter where one is asked, and each recent official paper."""
        move = entries.transition_of(case, step)
        if move and any(name.startswith("client_instruction") for name in move.docs):
            lines = [f"案件：{case.name}", "本公司确认上述指示，特此书面通知。", f"{step.day:%Y-%m-%d}"]
            attach(
                CASE,
                case.id,
                "客户书面指示.pdf",
                papers.pdf("客户书面指示", lines),
                "client_instruction",
                "application/pdf",
            )
        if not move or "dispatch_date" not in move.dates or step.day < self.today - RECENT:
            return {}
        return {"document": attach(CASE, case.id, *_notice(case, step), "application/pdf")}


def _case(ident: int) -> Any:
    return db.session.scalars(select(Case).where(Case.id == ident)).one()


RECENT = office_day(date(2026, 1, 1)) - date(2025, 8, 1)


def _notice(case: Any, step: Step) -> tuple[str, bytes, str]:
    title = event_type(step.event).zh
    lines = [f"案件：{case.name}", f"申请号：{case.application_number or '—'}", f"发文日：{step.day:%Y-%m-%d}"]
    lines += [f"English: {event_type(step.event).en}"]
    return f"{title}.pdf", papers.pdf(title, lines), "notice"


def attach(key: str, record: int, filename: str, content: bytes, kind: str, mime: str) -> int:
    """Keep a file at a record, as the person acting now; its id."""
    sha256, size = keep(io.BytesIO(content), 1 << 20)
    values = {
        "record_key": key,
        "record_id": record,
        "filename": filename,
        "sha256": sha256,
        "size": size,
        "mime": mime,
    }
    values["kind"] = kind
    return create(record_class("core.attachment"), values, allow=("sha256", "size", "mime")).id

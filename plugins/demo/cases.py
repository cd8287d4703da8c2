"""Third chapter: cases opened by the people who bring them in, then walked through their events."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core import Invalid, create, db, run_action, system, today, update
from plugins.cases import Case, Event, Member, Relation, model
from plugins.clients import Client
from plugins.demo import entries, files, papers
from plugins.demo.cast import Cast, data
from plugins.demo.clients import clients_by_no, write_note
from plugins.demo.opening import filing_day, reference, values
from plugins.demo.roads import Road, Step, road_of
from plugins.demo.team import Team
from plugins.demo.when import day

CASE = "cases.case"
PICTURED = ("tm_", "madrid")
"""Types of cases, by the beginning of their code, that have the picture of a mark."""
RECENT = timedelta(days=150)
"""Official papers younger than this lie in the file; older ones are in the electronic dossier."""


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
        self.filed = filing_day(row, self.road, self.today)

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

    def _open(self) -> int:
        given = values(self.row, self.road, self.team, self.client, self.known, self.serial, self.today)
        with self.cast.acting(self.team.creator, self.road.entered):
            ident = create(Case, given).id
        links = [*self.row.get("rel", ()), *([["review_of", self.row["parent"]]] if "parent" in self.row else ())]
        drawn = self.row["t"].startswith(PICTURED)
        if links or drawn:
            with self.cast.acting(self.team.clerk, self.road.entered):
                for kind, other in links:
                    create(Relation, {"case": ident, "kind": kind, "to": self.known[other]})
                if drawn:
                    mark = self.row["name"].split("（")[0]
                    image = files.attach(CASE, ident, f"{mark}.png", papers.mark(mark), "mark_image", files.PNG)
                    update(_case(ident), {"mark_image": image})
        return ident

    def _recorded(self, ident: int) -> set[tuple[str, date]]:
        with system("demo: read the events") as session:
            found = session.execute(select(Event.code, Event.date).where(Event.case_id == ident))
            return {(row.code, row.date) for row in found}

    def _take(self, ident: int, step: Step) -> None:
        entered = {**step.given, **self.row.get("g", {}).get(step.event, {})}
        step = Step(step.day, step.event, step.state, entered, step.aside)
        status, verified = self._state(ident)
        who = self.team.doer(model(self.row["t"]), status, step)
        if who == self.team.reviewer:
            self._invite_reviewer(ident, step.day)
        if not verified and self._wants_second_person(status, step):
            with self.cast.acting(self.team.verifier, step.day):
                run_action(_case(ident), CASE, "verify_critical", {})
        with self.cast.acting(who, step.day):
            self._record(_case(ident), step)

    def _record(self, case: Any, step: Step) -> None:
        """Record the event; where the product asks for it, confirm with a reason what only a person can know."""
        entered = entries.params(case, step, self.serial, self.filed) | self._paper(case, step)
        try:
            run_action(case, CASE, "record_event", entered)
        except Invalid as problem:
            if [error.code for error in problem.errors] != ["confirmation"]:
                raise RuntimeError(f"{self.row['k']} {step.event} in {case.status}: {problem} {entered}") from problem
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
        """The client's letter where one is asked, and each recent official paper as the event's document."""
        move = entries.transition_of(case, step)
        if move and any(name.startswith("client_instruction") for name in move.docs):
            files.instruction(case, step)
        if not move or "dispatch_date" not in move.dates or step.day < self.today - RECENT:
            return {}
        return {"document": files.notice(case, step)}


def _case(ident: int) -> Any:
    return db.session.scalars(select(Case).where(Case.id == ident)).one()

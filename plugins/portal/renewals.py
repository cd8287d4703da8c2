"""Registered marks whose renewal the client decides: which wait, what it costs, the answer with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import or_, select

from core import (
    Action,
    Conflict,
    FieldError,
    Invalid,
    L,
    Param,
    Refused,
    _,
    create,
    current_principal,
    db,
    elevated,
    get,
    gettext,
    insert_derived,
    notify,
    now,
    record_class,
    registry,
    run_action,
    start_writing,
    today,
    use_locale,
)
from plugins.cases import Case, Event, cost_of_renewal
from plugins.portal import choices, papers, words
from plugins.portal.cases_read import deadlines_of
from plugins.portal.people import Me
from plugins.portal.records import Evidence

CASE, INSTRUCT, DEADLINE = "cases.case", "instruct_renewal", "deadlines.deadline"
OPEN_FOR, GRACE = relativedelta(months=12), relativedelta(months=6)
DONE = ("RENEWAL_FILED", "TM_RENEWAL_ACCEPTED", "TM_RENEWED")
LIVING = ("granted", "at_risk")
WHY = "whether a renewal is under way, and what the client said of it"
MOST = 8
"""Cards on one page; the rest stands in the list of cases, by its end of validity."""


@dataclass(frozen=True)
class Renewal:
    """One mark to decide on; drawn on the card of a question."""

    case: Any

    @property
    def title(self) -> str:
        """What is asked."""
        return gettext("Renew “%(name)s”?", name=self.case.name)

    @property
    def text(self) -> str:
        """Which right, until when."""
        end = self.case.valid_to.isoformat()
        named = words.comma().join(
            filter(None, (words.classes(self.case.classes), gettext("No. %(n)s", n=self.case.registration_number)))
        )
        if self.in_grace:
            last = (self.case.valid_to + GRACE).isoformat()
            told = {"what": named, "day": end, "last": last}
            return gettext("%(what)s. It ended on %(day)s; with a late fee it can be renewed until %(last)s.", **told)
        return gettext("%(what)s. Valid until %(day)s.", what=named, day=end)

    @property
    def in_grace(self) -> bool:
        """Whether the term is over already."""
        return bool(self.case.valid_to < today())

    @property
    def cost(self) -> str:
        """What a yes will cost, in words; empty where nobody has said."""
        found = cost_of_renewal(self.case)
        return words.cost(found) if found else ""

    @property
    def due(self) -> date:
        """The day by which we want the answer: as the docket has it, else a month before the last; none that passed."""
        last: date = self.case.valid_to + GRACE if self.in_grace else self.case.valid_to
        days = [row["day"] for row in deadlines_of([self.case.id], 5)]
        return next((day for day in (*days, last - timedelta(days=30)) if day >= today()), last)

    @property
    def href(self) -> str:
        """Its page."""
        return f"/portal/cases/{self.case.id}/renewal"


def may_instruct() -> bool:
    """Whether this person may answer."""
    return current_principal().can(CASE, INSTRUCT)


def waiting(case_id: int | None = None, most: int = MOST) -> list[Renewal]:
    """The marks that can be renewed and of which nobody has said yet what shall happen, the most urgent first."""
    if not may_instruct():
        return []
    wanted = select(Case).where(*_renewable(), Case.valid_to.is_not(None)).order_by(Case.valid_to, Case.id)
    if case_id is not None:
        wanted = wanted.where(Case.id == case_id)
    found = list(db.session.scalars(wanted.limit(400)))
    settled = _settled(found)
    return [Renewal(case) for case in found if case.id not in settled][:most]


def _renewable() -> tuple[Any, ...]:
    return (
        Case.right_kind == "trademark",
        Case.registration_number.is_not(None),
        Case.status_group.in_(LIVING),
        Case.valid_to.between(today() - GRACE, today() + OPEN_FOR),
        Case.archived_at.is_(None),
    )


def _settled(cases: list[Any]) -> set[int]:
    """Those of which the client has said what it wants, or which are being renewed, in this turn of ten years."""
    since = {case.id: case.valid_to - OPEN_FOR for case in cases}
    ids = list(since)
    with elevated(WHY):
        said = select(Evidence.record_id, Evidence.at).where(
            Evidence.record_key == CASE, Evidence.record_id.in_(ids), Evidence.decision.in_(choices.RENEWAL)
        )
        found = {ident for ident, at in db.session.execute(said) if at.date() >= since[ident]}
        events = select(Event.case_id, Event.date).where(Event.case_id.in_(ids), Event.code.in_(DONE))
        found |= {ident for ident, day in db.session.execute(events) if day and day >= since[ident]}
        about = or_(Case.registration_id.in_(ids), Case.parent_case_id.in_(ids))
        under_way = select(Case.registration_id, Case.parent_case_id, Case.opened_on).where(
            about, Case.case_type == "tm_renewal", Case.archived_at.is_(None)
        )
        for first, second, day in db.session.execute(under_way):
            found |= {i for i in (first, second) if i in since and (day is None or day >= since[i])}
    return found


def actions() -> list[Action]:
    """The answer as a named action on a case, told on its timeline."""
    decision = Param("decision", L("指示", "Instruction"), "choice", required=True, choices=choices.RENEWALS)
    remark = Param("opinion", _("Remark"), "long_text")
    return [Action(CASE, INSTRUCT, L("续展指示", "Renewal instruction"), follow, (decision, remark), available=_open)]


def _open(case: Any) -> Any:
    right = case.right_kind == "trademark" and case.registration_number and case.valid_to
    return True if right else _("Only registered marks with an end of validity are renewed.")


def follow(case: Any, given: dict[str, Any]) -> None:
    """Whoever looks after the case hears of it, and the docket gets a day for what is to be done. Raises `Refused`."""
    if case.id in _settled([case]):
        raise Refused(_("This was decided already."), code="already_decided")
    renew = given["decision"] == "renew"
    with elevated("a client's instruction is carried out by whoever looks after the case"), use_locale("zh"):
        client = record_class("clients.client")
        owner = db.session.scalar(select(client.owner_id).where(client.id == case.client_id))
        people = list(dict.fromkeys(i for i in (case.agent_id, case.client_manager_id, owner) if i))
        what = gettext("Renew, as the client instructs") if renew else gettext("The client gives the renewal up")
        about = {"record": case, "key": f"portal-renewal-{case.id}-{case.valid_to}"}
        body = given.get("opinion") or ""
        notify(people, f"{what}: {case.called}", body=body, severity="warning" if renew else "urgent", **about)
        if DEADLINE in registry().types:
            create(record_class(DEADLINE), _day_for(case, renew, people))


def _day_for(case: Any, renew: bool, people: list[int]) -> dict[str, Any]:
    """Ten days to file a renewal, five to have it in writing that it is given up; never later than the last day."""
    last = case.valid_to + GRACE if case.valid_to < today() else case.valid_to
    names = (
        L("按客户指示办理续展", "File the renewal as the client instructs")
        if renew
        else L("客户指示不续展：核对书面指示并结清期限", "Renewal given up: check the instruction and close the dates")
    )
    values = {"case": case.id, "name": names.zh, "name_en": names.en, "responsible": people[0] if people else None}
    return values | {"due": min(last, today() + timedelta(days=10 if renew else 5))}


def answer(case_id: int, given: dict[str, str], person: Me, place: tuple[str | None, str]) -> str:
    """Say what shall happen, with the evidence beside it in one transaction.

    Raises `Invalid` for no answer and for a no that was not confirmed, `Conflict` when somebody was faster.
    """
    decision, opinion = given.get("decision", ""), given.get("opinion", "").strip()[:4000]
    if decision not in choices.RENEWAL:
        raise Invalid([FieldError("decision", "required", _("Choose one of the answers."))])
    if decision == "no_renewal" and given.get("sure") != "1":
        raise Invalid([FieldError("sure", "required", _("Tick that you know what giving up means."))])
    start_writing()
    case = get(Case, case_id)
    db.session.execute(select(Case.id).where(Case.id == case_id).with_for_update())
    asked = next(iter(waiting(case_id)), None)
    if asked is None:
        raise Conflict(_("This was decided already."))
    shown = papers.record_of_question(CASE, case_id)
    evidence = _evidence(asked, decision, opinion, person, place, shown)
    run_action(case, CASE, INSTRUCT, {"decision": decision, "opinion": opinion or None})
    with elevated("the evidence of a decision"):
        insert_derived(Evidence, [evidence])
    return decision


def _evidence(
    asked: Renewal, decision: str, opinion: str, person: Me, place: tuple[str | None, str], shown: papers.Paper | None
) -> Evidence:
    return Evidence(
        client_id=asked.case.client_id,
        case_id=asked.case.id,
        record_key=CASE,
        record_id=asked.case.id,
        question=f"{asked.title} {asked.text}"[:300],
        decision=decision,
        opinion=opinion or None,
        amount=asked.cost[:120] or None,
        portal_user_id=person.id,
        person=person.name,
        at=now(),
        ip=place[0],
        browser=place[1][:300],
        document=shown.filename[:300] if shown else None,
        sha256=shown.sha256 if shown else None,
    )

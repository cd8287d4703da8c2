"""What the client must decide: open questions of flows, the money they mean, and the decision with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from core import (
    Conflict,
    FieldError,
    Invalid,
    NotFound,
    _,
    current_locale,
    current_principal,
    db,
    elevated,
    get,
    gettext,
    insert_derived,
    local,
    now,
    record_class,
    registry,
    run_action,
)
from plugins.cases import cost_of_answer
from plugins.portal import choices, papers, words
from plugins.portal.cases_read import deadlines_of
from plugins.portal.people import Me
from plugins.portal.records import Evidence

TASK = "workflow.task"
DECISIONS = ("confirm", "request_change")


@dataclass(frozen=True)
class Question:
    """One thing to decide, on one card."""

    id: int
    title: str
    text: str
    due: date | None
    case_id: int | None
    client: int | None
    record: tuple[str, int]
    round: int
    version: int
    cost: str
    open: bool
    decided: str
    decided_on: date | None

    @property
    def href(self) -> str:
        """Its page."""
        return f"/portal/questions/{self.id}"


def here() -> bool:
    """Whether this deployment asks its clients anything, and this person may see it."""
    return TASK in registry().types and current_principal().can(TASK, "read")


def may_decide() -> bool:
    """Whether this person may answer."""
    return here() and current_principal().can(TASK, "decide")


def open_questions(case_id: int | None = None) -> list[Question]:
    """What waits for an answer, the most urgent first."""
    if not here():
        return []
    task = record_class(TASK)
    wanted = select(task).where(task.kind == "client", task.state == "open")
    if case_id is not None:
        wanted = wanted.where(task.record_key == "cases.case", task.record_id == case_id)
    found = [question_of(t) for t in db.session.scalars(wanted.order_by(task.id.desc()).limit(100))]
    return sorted(found, key=lambda q: (q.due is None, q.due or date.max, -q.id))


def question(ident: int) -> Question:
    """One question; raises `NotFound` alike for hidden, absent and internal ones."""
    if not here():
        raise NotFound()
    task = get(record_class(TASK), ident)
    if task.kind != "client":
        raise NotFound()
    return question_of(task)


def question_of(task: Any) -> Question:
    """A task of a flow in the client's words."""
    case = _case(task)
    return Question(
        id=task.id,
        title=_title(task, case),
        text=_text(case),
        due=_due(task, case),
        case_id=case.id if case else None,
        client=task.client_ref,
        record=(task.record_key, task.record_id),
        round=task.round,
        version=task.record_version,
        cost=cost_of(case) if case else "",
        open=task.state == "open",
        decided=str(task.decision or ""),
        decided_on=local(task.decided_at).date() if task.decided_at else None,
    )


def _case(task: Any) -> Any:
    if task.record_key != "cases.case":
        return None
    case = record_class("cases.case")
    return db.session.scalars(select(case).where(case.id == task.record_id)).first()


def _due(task: Any, case: Any) -> date | None:
    """The day by which we want the answer: that of the letter that asks it, else one set for the client in the docket.

    The flow's own days are ours."""
    if asked := papers.answer_day(task.record_key, task.record_id, local(task.created_at).date()):
        return asked
    days = deadlines_of([case.id], 1) if case is not None else []
    return days[0]["day"] if days else None


def _title(task: Any, case: Any) -> str:
    if case is None:
        return str(task.named())
    if case.status == "client_confirm":
        return gettext("Confirm: file “%(name)s”", name=case.name)
    return gettext("Your decision on “%(name)s”", name=case.name)


def _applicant(names: str) -> str:
    """The applicant in the reader's language: the names stand beside each other, Chinese first."""
    chinese, _sep, foreign = names.partition("；")
    return foreign.partition("；")[0] if foreign and foreign.isascii() and current_locale() == "en" else chinese


def _text(case: Any) -> str:
    if case is None:
        return ""
    kind = words.type_words(case.case_type, case.right_kind)
    applicant = _applicant(case.applicant_names or "")
    parts = [kind, words.classes(case.classes), applicant]
    named = words.comma().join(p for p in parts if p).removesuffix(".")
    if case.status == "client_confirm":
        return gettext("%(what)s. The papers are ready; please check them before we file.", what=named)
    return named


def cost_of(case: Any) -> str:
    """What a yes will cost, in words, as the letter says it: as offered, else by the price list; empty without both."""
    found = cost_of_answer(case)
    return words.cost(found) if found else ""


def decide(asked: Question, given: dict[str, str], person: Me, place: tuple[str | None, str]) -> str:
    """Answer a question: the same command as everywhere, and the evidence beside it in one transaction.

    Raises `Conflict` when it was answered before, or when the document is not the one that was shown, and `Invalid`
    when a change is asked for without saying which.
    """
    decision, opinion = given.get("decision", ""), given.get("opinion", "").strip()
    if decision not in DECISIONS:
        raise Invalid([FieldError("decision", "required", _("Choose one of the answers."))])
    if decision == "request_change" and not opinion:
        raise Invalid([FieldError("opinion", "required", _("Say what should be changed."))])
    shown = papers.record_of_question(*asked.record)
    if (shown.sha256 if shown else "") != given.get("sha256", ""):
        raise Conflict(_("The document has changed since you opened it. Please look at it again."))
    if shown and papers.checksum(papers.path_of(shown)) != shown.sha256:
        raise Conflict(_("The document cannot be shown as it was released. Please ask us."))
    task = get(record_class(TASK), asked.id)
    params = {
        "decision": decision,
        "opinion": opinion or None,
        "round": _number(given.get("round")),
        "version": _number(given.get("version")),
    }
    run_action(task, TASK, "decide", params)
    _keep_evidence(asked, decision, opinion, person, place, shown)
    return decision


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None


def _keep_evidence(
    asked: Question, decision: str, opinion: str, person: Me, place: tuple[str | None, str], shown: papers.Paper | None
) -> None:
    evidence = Evidence(
        client_id=asked.client or person.client,
        case_id=asked.case_id,
        record_key=TASK,
        record_id=asked.id,
        question=asked.title[:300],
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
    with elevated("the evidence of a decision"):
        insert_derived(Evidence, [evidence])


def answers_of(case_id: int) -> list[dict[str, Any]]:
    """What the client decided on a case before: words, who and when."""
    if not current_principal().can("portal.evidence", "read"):
        return []
    wanted = select(Evidence).where(Evidence.case_id == case_id).order_by(Evidence.id.desc()).limit(50)
    labels = {"confirm": gettext("Confirmed"), "request_change": gettext("Change requested")}
    labels |= {choice.code: str(choice.label) for choice in choices.RENEWALS}
    return [
        {"words": labels.get(e.decision, e.decision), "question": e.question, "person": e.person, "at": e.at}
        for e in db.session.scalars(wanted)
    ]

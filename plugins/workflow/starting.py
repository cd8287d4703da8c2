"""Starting a flow for a record: who may, what must be there, who would be asked. A dry run tells the same and starts
nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from core import (
    Conflict,
    Forbidden,
    NotFound,
    Record,
    Refused,
    _,
    current_locale,
    current_principal,
    db,
    elevated,
    get,
    may_about,
    now,
    open_name,
    registry,
)
from plugins.workflow import deciding, engine, log, people
from plugins.workflow.flow import Node, holds, read_flow
from plugins.workflow.records import Definition, Instance
from plugins.workflow.run import WHY, Run, follow_version, in_its_own_hands, locked_record
from plugins.workflow.values import place_of, value_of


@dataclass(frozen=True)
class Foreseen:
    """One node of a dry run: `who` are names, `missing` words for which nobody was found, `taken` whether the record
    as it is now goes this way."""

    node: Node
    depth: int
    who: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    taken: bool = True


def offered(record: Record) -> list[Definition]:
    """Published flows that this person may start for this record now; none while one of the same code runs."""
    me, key = current_principal(), record.__record__["key"]
    if me.realm != "staff" or not may_about(record, "workflow.instance", "start"):
        return []
    with elevated("which flows are there for this record"):
        found = list(
            db.session.scalars(
                select(Definition)
                .where(Definition.record_key == key, Definition.state == "published")
                .order_by(Definition.code)
            )
        )
        running = set(
            db.session.scalars(
                select(Instance.code).where(
                    Instance.record_key == key, Instance.record_id == record.id, Instance.state == "running"
                )
            )
        )
        return [d for d in found if d.code not in running and _fits(d, record) and _allowed(d)]


def _fits(definition: Definition, record: Record) -> bool:
    return holds((definition.options or {}).get("when", ()), lambda path: value_of(record, path))


def _allowed(definition: Definition) -> bool:
    roles = (definition.options or {}).get("starters") or ()
    return not roles or current_principal().has_role(*roles, "administrator")


def start(params: dict[str, Any]) -> dict[str, Any]:
    """Start the published flow `code` for the record `record_key`, `record_id`; `opinion` stands in its log.

    Returns the instance, where it stands, and warnings where nobody fitting was found. Raises `NotFound`,
    `Forbidden`, `Invalid` (papers missing), `Refused`, `Conflict` with code `already_running`.
    """
    key = params["record_key"]
    if key not in registry().types:
        raise NotFound()
    seen = get(registry().types[key].model, params["record_id"])
    require_reach(seen)
    with elevated(WHY) as session, session.begin_nested():
        record = locked_record(key, seen.id)
        definition = published(params["code"], key)
        _require_startable(definition, record)
        run = Run(_new(definition, record), definition, read_flow(definition.nodes), record)
        deciding.require_files(run, run.flow.nodes[0])
        run.given = {"opinion": params.get("opinion") or ""}
        session.add(run.instance)
        session.flush()
        with in_its_own_hands(run.instance.id):
            warnings = _begin(run, params.get("opinion"))
        return {
            "instance": run.instance.id,
            "state": run.instance.state,
            "warnings": warnings,
            "url": f"/r/workflow.instance/{run.instance.id}",
            "message": str(_("Submitted: %(flow)s", flow=definition.named())),
        }


def require_reach(record: Record) -> None:
    """Raises `Forbidden` where the person reads the record but starts no flows for it."""
    if not may_about(record, "workflow.instance", "start"):
        raise Forbidden(_("You start flows for records in your own charge alone."))


def _begin(run: Run, opinion: str | None) -> list[str]:
    warnings = [
        str(_("“%(step)s”: nobody found for %(who)s.", step=f.node.label(current_locale()), who=", ".join(f.missing)))
        for f in foresee(run)
        if f.taken and f.missing
    ]
    log.write(run, "submit", run.flow.nodes[0], opinion=opinion, note="\n".join(warnings) or None)
    engine.set_off(run)
    db.session.flush()
    follow_version(run)
    db.session.flush()
    return warnings


def published(code: str, key: str) -> Definition:
    """The version in force; raises `NotFound`."""
    found = db.session.scalars(
        select(Definition).where(Definition.code == code, Definition.record_key == key, Definition.state == "published")
    ).first()
    if found is None:
        raise NotFound(_("No flow of this name is published for such records."))
    return found


def _require_startable(definition: Definition, record: Record) -> None:
    if not _allowed(definition):
        raise Forbidden(_("Your roles do not start this flow."))
    chosen = select(func.max(Instance.id)).where(
        Instance.record_key == record.__record__["key"],
        Instance.record_id == record.id,
        Instance.code == definition.code,
        Instance.state == "running",
    )
    running = db.session.scalar(chosen)
    if running is not None:
        message = _("This flow runs already for the record.")
        raise Conflict(message, code="already_running", detail={"instance": running})
    if not _fits(definition, record):
        raise Refused(_("This flow is not for the record as it stands now."), code="not_now")


def _new(definition: Definition, record: Record) -> Instance:
    me = current_principal()
    subject, name = people.subject_of(record, me.user_id), open_name(record)
    return Instance(
        definition_id=definition.id,
        code=definition.code,
        title=f"{definition.name}：{name}"[:300],
        title_en=f"{definition.name_en or definition.name}: {name}"[:300],
        record_key=record.__record__["key"],
        record_id=record.id,
        state="running",
        round=1,
        active={},
        started_by_id=me.user_id,
        started_at=now(),
        department_id=subject.department,
        branch_id=subject.branch,
        client_ref=place_of(record, "client") if record.__record__["key"] != "clients.client" else record.id,
    )


def dry_run(definition: Definition, record: Record) -> list[Foreseen]:
    """Who would be asked, were this person to start the flow for this record now. Changes nothing."""
    with elevated("a dry run reads who would be asked"), db.session.no_autoflush:
        instance = Instance(id=0, started_by_id=current_principal().user_id, round=1, record_id=record.id)
        return foresee(Run(instance, definition, read_flow(definition.nodes), record))


def foresee(run: Run) -> list[Foreseen]:
    """Every node in its order, with the people as they are now."""
    return list(_foresee(run, run.flow.nodes, 0, True))


def _foresee(run: Run, row: tuple[Node, ...], depth: int, taken: bool) -> Any:
    for node in row:
        here = taken and (not node.get("when") or holds(node.get("when"), run.value))
        yield _one(run, node, depth, here)
        chosen = next((b for b in node.branches if not b.when or holds(b.when, run.value)), None)
        for branch in node.branches:
            yield from _foresee(run, branch.nodes, depth + 1, here and (node.kind == "parallel" or branch is chosen))


def _one(run: Run, node: Node, depth: int, taken: bool) -> Foreseen:
    if node.kind == "start":
        return Foreseen(node, depth, _names([run.instance.started_by_id]), taken=taken)
    if not node.get("who"):
        return Foreseen(node, depth, taken=taken)
    answer = people.asked(node, run.subject(), run.options.get("fallback", ()), engine.excluded(run, node))
    own = [p for place in answer.places for p in place if place != answer.fallback or not answer.missing]
    return Foreseen(
        node,
        depth,
        _names(own),
        tuple(people.words(text, run.definition.record_key) for text in answer.missing),
        _names(answer.fallback) if answer.missing else (),
        taken,
    )


def _names(ids: Any) -> tuple[str, ...]:
    wanted = [i for i in dict.fromkeys(ids) if i is not None]
    known = people.names_of(wanted)
    return tuple(str(known.get(i, i)) for i in wanted)

"""What own, assigned, team, department and branch mean for cases, as SQL expressions, and which titles stay closed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select, true, union_all

from core import Principal, Rule, Scopes, record_class, registry, scopes_via
from plugins.cases.case import Case
from plugins.cases.records import Member
from plugins.clients import Client, claimed, of_their_client

OUTSIDE = ("consultant", "finance", "archive", "service_desk", "analyst")
"""Roles that see cases but not what an invention is about before it is public."""

LISTS = ("case_status_report",)
"""Kinds of documents about clients that name their inventions, as far as their maker may read of them."""

_member = Member.__table__.c
_case = Case.__table__.c
_client = Client.__table__.c


def _named(principal: Principal) -> list[Select[Any]]:
    """Ids of the cases on which the person is named, one select for each way, so that each uses its own index."""
    me = principal.user_id
    return [
        select(_case.id).where(_case.agent_id == me),
        select(_case.id).where(_case.process_clerk_id == me),
        select(_member.case_id).where(_member.user_id == me),
    ]


def named(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Agent in charge, process clerk, or a member of the case's team."""
    return model.id.in_(union_all(*_named(principal)))


def own(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Named on the case, its client manager, who made it, or the lead consultant of its client."""
    me = principal.user_id
    mine = select(_client.id).where(_client.owner_id == me)
    return model.id.in_(
        union_all(
            *_named(principal),
            select(_case.id).where(_case.client_manager_id == me),
            select(_case.id).where(_case.created_by_id == me),
            select(_case.id).where(_case.client_id.in_(mine)),
        )
    )


def team(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The team of the case's client."""
    if not principal.team_ids:
        return false()
    return model.client_id.in_(select(_client.id).where(_client.team_id.in_(sorted(principal.team_ids))))


def department(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The case's department or one below the person's."""
    return model.department_id.in_(sorted(principal.department_ids)) if principal.department_ids else false()


def branch(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The case's branch."""
    return model.branch_id == principal.branch_id if principal.branch_id else false()


def clients_worked_for(model: Any, principal: Principal) -> list[Select[Any] | ColumnElement[bool]]:
    """Ids of clients with a case on which the person is named; for a head also those with a case of the department.

    The first are few and collected. A head's are many, so each client is asked about its own cases.
    """
    me = principal.user_id
    on_team = select(_case.client_id).where(_case.id.in_(select(_member.case_id).where(_member.user_id == me)))
    if principal.has_role("dept_head") and principal.department_ids:
        of_department = _case.department_id.in_(sorted(principal.department_ids))
        named_on = or_(of_department, _case.agent_id == me, _case.process_clerk_id == me)
        # OFFSET 0 keeps PostgreSQL from collecting the clients of all these cases first
        own_cases = select(_case.id).where(_case.client_id == model.id, named_on).offset(0)
        return [own_cases.exists(), on_team.where(_case.client_id.is_not(None))]
    few = (
        on_team,
        *(select(_case.client_id).where(column == me) for column in (_case.agent_id, _case.process_clerk_id)),
    )
    return [statement.where(_case.client_id.is_not(None)) for statement in few]


def unpublished(model: Any, principal: Principal) -> ColumnElement[bool]:
    """An invention whose content is not public yet."""
    return and_(
        model.right_kind.in_(("invention", "utility_model", "design")),
        model.publication_date.is_(None),
        model.grant_publication_date.is_(None),
    )


def files_of_the_unpublished(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Of files: all but those of inventions that are not public, which people outside the work on them do not open.

    Nor lists of the cases of a client who has such an invention, unless they made the list themselves.
    """
    if not principal.roles <= set(OUTSIDE):
        return true()
    closed = select(_case.id).where(unpublished(_case, principal))
    of_clients = select(_case.client_id).where(unpublished(_case, principal), _case.client_id.is_not(None))
    listed = and_(model.record_key == "clients.client", model.kind.in_(LISTS), model.record_id.in_(of_clients))
    of_case = and_(model.record_key == "cases.case", model.record_id.in_(closed))
    return and_(
        or_(model.record_key.is_(None), not_(of_case)),
        or_(model.record_key.is_(None), model.kind.is_(None), not_(listed), _made_by_oneself(model, principal)),
    )


def _made_by_oneself(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The paper of a document that the person asked for."""
    if "documents.document" not in registry().types:
        return false()
    document = record_class("documents.document").__table__.c
    mine = document.created_by_id == principal.user_id
    return model.id.in_(select(document.file_id).where(mine, document.file_id.is_not(None)))


RULES = (Rule("core.attachment", "files of unpublished inventions", files_of_the_unpublished, actions=("read",)),)


def of_their_cases(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Parts of cases of the clients that a person of a client is bound to."""
    mine = claimed(_case.client_id, principal)
    return false() if mine is false() else model.case_id.in_(select(_case.id).where(mine, _case.archived_at.is_(None)))


def theirs(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Cases of the clients that a person of a client is bound to, while we keep them."""
    mine = of_their_client(model, principal)
    return mine if mine is false() else and_(mine, model.archived_at.is_(None))


CASE_SCOPES = Scopes(own=own, assigned=named, team=team, department=department, branch=branch, extra={"client": theirs})
PART_SCOPES = replace(scopes_via("case"), extra={"client": of_their_cases})

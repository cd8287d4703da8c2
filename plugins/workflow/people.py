"""Who is asked at a node: words of the definition become people who may see the record; nobody found is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from core import Record, _, current_locale, db, readers, record_class, registry, role_holders
from plugins.workflow.flow import Node, Token, read_token
from plugins.workflow.values import place_of, value_of

FALLBACK = ("manager", "role:administrator", "role:config_admin")
"""Who is asked when nobody else is found: the head's manager, then whoever can appoint somebody."""
STEWARDS = ("administrator", "config_admin")
"""Roles that may take a task only to hand it on, so they need not see the record."""


@dataclass(frozen=True)
class Subject:
    """What the words are about: the record, who started the flow, where it belongs, who decided at which node."""

    record: Record
    starter: int | None
    department: int | None
    branch: int | None
    deciders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """`places`: one tuple of people for each signature; `missing`: words for which nobody was found."""

    places: tuple[tuple[int, ...], ...]
    missing: tuple[str, ...] = ()
    fallback: tuple[int, ...] = ()


def subject_of(record: Record, starter: int | None, deciders: Mapping[str, tuple[int, ...]] | None = None) -> Subject:
    """Department and branch of the record; where it has none, of the person who started."""
    user = record_class("core.user")
    own = db.session.execute(select(user.department_id, user.branch_id).where(user.id == starter)).first()
    department = place_of(record, "department") or (own.department_id if own else None)
    branch = place_of(record, "branch") or _branch_of(department) or (own.branch_id if own else None)
    return Subject(record, starter, department, branch, deciders or {})


def asked(node: Node, subject: Subject, fallback: Iterable[str], without: frozenset[int]) -> Answer:
    """The people of a node's signatures. People in `without`, inactive ones and those who cannot see the record drop
    out; a signature left without anybody goes to the fallback."""
    tokens = [read_token(text) for text in node.get("who", ())]
    groups: list[tuple[Token, tuple[int, ...]]] = []
    for token in tokens:
        found = _able(people_of(token, subject), subject, without)
        groups += [(token, (one,)) for one in found] if token.each and found else [(token, found)]
    missing = tuple(str(token) for token, found in groups if not found)
    if node.mode == "any":
        together = tuple(dict.fromkeys(one for _token, found in groups for one in found))
        groups = [(tokens[0], together)] if tokens else []
        missing = missing if not together else ()
    spare = instead(subject, fallback, without) if any(not found for _token, found in groups) else ()
    places = [found or spare for _token, found in groups]
    unique = tuple(
        place for at, place in enumerate(places) if place not in places[:at] or (len(place) > 1 and place != spare)
    )
    return Answer(unique, missing, spare)


def instead(subject: Subject, fallback: Iterable[str], without: frozenset[int]) -> tuple[int, ...]:
    """The first words of the fallback for which somebody is found."""
    for text in (*fallback, *FALLBACK):
        token = read_token(text)
        steward = token.kind == "role" and token.value in STEWARDS
        people = people_of(token, subject)
        found = tuple(p for p in people if p not in without) if steward else _able(people, subject, without)
        if found:
            return found
    return ()


def _able(people: Iterable[int], subject: Subject, without: frozenset[int]) -> tuple[int, ...]:
    wanted = [one for one in dict.fromkeys(people) if one not in without]
    return tuple(readers(subject.record, wanted))


def people_of(token: Token, subject: Subject) -> tuple[int, ...]:
    """Active staff for one word of a definition."""
    if token.kind == "role":
        return _of_role(token, subject)
    ids = {
        "user": lambda: _by_login(token.value),
        "head": lambda: _heads(_department(token.value, subject)),
        "manager": lambda: _managers(subject),
        "field": lambda: [value_of(subject.record, token.value)],
        "starter": lambda: [subject.starter],
        "decider": lambda: subject.deciders.get(token.value, ()),
    }[token.kind]()
    return active(ids)


def active(ids: Iterable[int | None]) -> tuple[int, ...]:
    """Those of the people who still work here, in the order given."""
    wanted = [one for one in ids if one is not None]
    user = record_class("core.user")
    chosen = (user.id.in_(wanted), user.active.is_(True), user.realm == "staff", user.archived_at.is_(None))
    here = set(db.session.scalars(select(user.id).where(*chosen))) if wanted else set()
    return tuple(one for one in dict.fromkeys(wanted) if one in here)


def names_of(ids: Iterable[int | None]) -> dict[int, str]:
    """Names of people by id, in the reader's language."""
    wanted = {i for i in ids if i is not None}
    user = record_class("core.user")
    rows = db.session.execute(select(user.id, user.name, user.name_en).where(user.id.in_(wanted))) if wanted else ()
    return {row.id: (row.name_en or row.name) if current_locale() == "en" else row.name for row in rows}


def _by_login(login: str) -> list[int]:
    user = record_class("core.user")
    return list(db.session.scalars(select(user.id).where(user.login == login)))


def _of_role(token: Token, subject: Subject) -> tuple[int, ...]:
    user = record_class("core.user")
    everybody = select(user.id).where(user.id.in_(role_holders(token.value)))
    reaches = ("department", "branch", "all") if token.reach == "near" else (token.reach,)
    for reach in reaches:
        narrowed = everybody
        if reach == "department":
            narrowed = everybody.where(user.department_id == subject.department)
        elif reach == "branch":
            narrowed = everybody.where(user.branch_id == subject.branch)
        if found := tuple(db.session.scalars(narrowed.order_by(user.id))):
            return found
    return ()


def _department(value: str, subject: Subject) -> int | None:
    if value == "record":
        return subject.department
    if value == "starter":
        user = record_class("core.user")
        return db.session.scalar(select(user.department_id).where(user.id == subject.starter))
    department = record_class("core.department")
    return db.session.scalar(select(department.id).where(department.code == value))


def _branch_of(department: int | None) -> int | None:
    model = record_class("core.department")
    return db.session.scalar(select(model.branch_id).where(model.id == department)) if department else None


def _heads(department: int | None) -> list[int]:
    """The head of the department, else of the nearest one above that has one."""
    chain = _chain(department)
    return [next((head for head in chain if head is not None), None)] if chain else []


def _chain(department: int | None) -> list[int | None]:
    model, found, seen = record_class("core.department"), [], set()
    while department and department not in seen:
        seen.add(department)
        row = db.session.execute(select(model.head_id, model.parent_id).where(model.id == department)).first()
        if row is None:
            break
        found.append(row.head_id)
        department = row.parent_id
    return found


def _managers(subject: Subject) -> list[int | None]:
    """Who stands above the head: the head's own manager, then the heads of the departments above."""
    chain = [head for head in _chain(subject.department) if head is not None]
    user = record_class("core.user")
    manager = db.session.scalar(select(user.manager_id).where(user.id == chain[0])) if chain else None
    return [manager, *chain[1:]][:1] if manager else chain[1:2]


def words(text: str, record_key: str = "") -> str:
    """A word of a definition as people read it; fields are called as records of that type call them."""
    token = read_token(text)
    roles = registry().access.all_roles()
    if token.kind == "role":
        named = str(roles[token.value].label) if token.value in roles else token.value
        reach = {"department": _("of the department"), "branch": _("of the branch"), "all": _("of the agency")}
        named = f"{named} ({reach[token.reach]})" if token.reach in reach else named
        return str(_("everybody with the role %(role)s", role=named)) if token.each else named
    plain = {
        "user": lambda: _name_of(token.value),
        "field": lambda: _field_words(record_key, token.value),
        "starter": lambda: str(_("who submitted")),
        "manager": lambda: str(_("the head's manager")),
        "decider": lambda: str(_("who decided at “%(node)s”", node=token.value)),
        "head": lambda: (
            str(_("the department's head"))
            if token.value in ("record", "starter")
            else str(_("the head of %(code)s", code=token.value))
        ),
    }
    return plain[token.kind]()


def _field_words(record_key: str, path: str) -> str:
    kind = registry().types.get(record_key)
    spec = kind.fields.get(path.split(".")[0]) if kind else None
    return str(spec.label) if spec is not None and "." not in path else str(_("the person in “%(field)s”", field=path))


def _name_of(login: str) -> str:
    user = record_class("core.user")
    return db.session.scalar(select(user.name).where(user.login == login)) or login

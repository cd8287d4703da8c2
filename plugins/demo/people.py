"""First chapter: branches, departments, teams and people with their roles, who all share the demo's password."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import DEMO_PASSWORD, hash_password, record_class
from plugins.demo.cast import data


def load(session: Any) -> None:
    """Make what is missing; what is there stays as it is."""
    given = data("people")
    branches = _named(session, "core.branch", "code", [_branch(row) for row in given["branches"]])
    rows = [_department(row, branches) for row in given["departments"]]
    departments = _named(session, "core.department", "code", rows)
    for row in given["departments"]:
        parent = departments.get(row.get("parent"))
        departments[row["code"]].parent_id = parent.id if parent else None
    teams = _named(session, "core.team", "name", [_team(row, branches) for row in given["teams"]])
    people = _named(session, "core.user", "login", [_person(row, departments, teams) for row in given["people"]])
    for login, _name, _en, _place, roles, _title, *more in given["people"]:
        people[login].manager_id = people[more[0]["m"]].id if more and "m" in more[0] else None
        _give_roles(session, people[login], roles)
    for row in given["departments"]:
        departments[row["code"]].head_id = people[row["head"]].id
    session.flush()


def _named(session: Any, key: str, by: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The records of a type by their natural key, made where missing."""
    model = record_class(key)
    found = {getattr(record, by): record for record in session.scalars(select(model))}
    for row in rows:
        if row[by] not in found:
            found[row[by]] = model(**row)
            session.add(found[row[by]])
    session.flush()
    return found


def _branch(row: dict[str, Any]) -> dict[str, Any]:
    return {"code": row["code"], "name": row["name"], "name_en": row["en"], "city": row["city"]}


def _department(row: dict[str, Any], branches: dict[str, Any]) -> dict[str, Any]:
    branch = row.get("branch") or row["code"].split("-")[0]
    return {"code": row["code"], "name": row["name"], "name_en": row["en"], "branch_id": branches[branch].id}


def _team(row: dict[str, Any], branches: dict[str, Any]) -> dict[str, Any]:
    return {"name": row["name"], "branch_id": branches[row["branch"]].id}


def _person(row: list[Any], departments: dict[str, Any], teams: dict[str, Any]) -> dict[str, Any]:
    login, name, name_en, place, _roles, title, *more = row
    team = teams.get(more[0].get("t")) if more else None
    return {
        "login": login,
        "name": name,
        "name_en": name_en,
        "title_text": title,
        "email": f"{login}@lanqi.example",
        "department_id": departments[place].id,
        "branch_id": departments[place].branch_id,
        "team_id": team.id if team else None,
        "locale": more[0].get("l", "zh") if more else "zh",
        "password_hash": _password(),
    }


_hashed: list[str] = []


def _password() -> str:
    """The common password, hashed once: the hash is slow on purpose."""
    if not _hashed:
        _hashed.append(hash_password(DEMO_PASSWORD))
    return _hashed[0]


def _give_roles(session: Any, person: Any, roles: list[str]) -> None:
    model = record_class("core.user_role")
    held = set(session.scalars(select(model.role).where(model.user_id == person.id)))
    session.add_all(model(user_id=person.id, role=role) for role in roles if role not in held)

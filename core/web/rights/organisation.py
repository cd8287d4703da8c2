"""`/settings/organisation`: branches, departments as a tree, teams, and how many people are where."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import select

from core.db import db
from core.i18n import current_locale, gettext
from core.permissions.org import Branch, Department, Team, User
from core.permissions.principal import current_principal
from core.records.dump import labels
from core.web.rights.words import crumbs
from core.web.settings_items import require_administrator

Node = dict[str, Any]


def page() -> Any:
    """The house at a glance; each name leads to its page, each number to its people."""
    require_administrator()
    rows = _read(select(Department.__table__).where(Department.__table__.c.archived_at.is_(None)))
    branches = _read(select(Branch.__table__).where(Branch.__table__.c.archived_at.is_(None)))
    teams = _read(select(Team.__table__).where(Team.__table__.c.archived_at.is_(None)))
    user = User.__table__.c
    people = _read(
        select(user.id, user.name, user.department_id, user.branch_id, user.team_id).where(
            user.active, user.archived_at.is_(None), user.realm == "staff"
        )
    )
    names = labels("core.user", [p.id for p in people])
    counts = {n: Counter(getattr(p, n) for p in people) for n in ("department_id", "branch_id", "team_id")}
    trees = [_branch(b, rows, counts, names) for b in sorted(branches, key=lambda b: b.name)]
    loose = _departments(None, [d for d in rows if d.branch_id is None], rows, counts, names)
    me, title = current_principal(), gettext("Organisation")
    kinds = ("core.branch", "core.department", "core.team", "core.user")
    return render_template(
        "web/rights/organisation.html",
        title=title,
        crumbs=crumbs(title),
        trees=trees,
        loose=loose,
        teams=[_node("core.team", t, counts["team_id"][t.id]) for t in sorted(teams, key=lambda t: t.name)],
        nowhere=counts["department_id"][None],
        people=len(people),
        may={kind.partition(".")[2]: me.can(kind, "create") for kind in kinds},
    )


def _read(statement: Any) -> list[Any]:
    return list(db.session().connection().execute(statement))


def _branch(branch: Any, rows: list[Any], counts: dict[str, Counter], names: dict[int, str]) -> Node:
    own = [d for d in rows if d.branch_id == branch.id]
    inside = _departments(None, own, rows, counts, names)
    return _node("core.branch", branch, counts["branch_id"][branch.id]) | {"children": inside}


def _departments(
    parent: int | None, own: list[Any], rows: list[Any], counts: dict[str, Counter], names: dict[int, str]
) -> list[Node]:
    """Those without a parent among `own`, each with those below; a circle, which nothing lets in, is not followed."""
    ids = {d.id for d in own}
    tops = [d for d in own if (d.parent_id == parent if parent is not None else d.parent_id not in ids)]
    return [
        _node("core.department", d, counts["department_id"][d.id])
        | {
            "head": names.get(d.head_id),
            "children": _departments(d.id, [o for o in own if o.id != d.id], rows, counts, names),
        }
        for d in sorted(tops, key=lambda d: d.name)
    ]


def _node(key: str, row: Any, people: int) -> Node:
    name = getattr(row, "name_en", None) if current_locale() == "en" else None
    field = key.partition(".")[2]
    return {
        "name": name or row.name,
        "href": f"/r/{key}/{row.id}",
        "people": people,
        "list": f"/r/core.user?{field}={row.id}",
        "children": [],
        "head": None,
    }


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/settings/organisation", "organisation", page)

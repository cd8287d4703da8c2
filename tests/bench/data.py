"""The data of the benchmark, written past all rules straight into the tables: people, clients, cases, deadlines."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, text

from core.db import db
from core.hooks.indexes import ensure_indexes
from core.records.base import MODELS
from core.records.bulk import insert_rows
from core.registry import registry
from core.search.rebuilding import rebuild
from tests.bench import names

NOW = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)
TODAY = NOW.date()
BRANCHES, DEPARTMENTS, PEOPLE = 3, 12, 60
STAFF = 1
"""Id of the person who asks, in the first department and branch; also the id of that department."""
SHARE = 0.3
"""What part of all records lies with that person's department beyond its even share."""


def build(size: int, deadlines: int) -> None:
    """Fill the database of the current app, which has its schema and nobody's data."""
    chance = random.Random(20260601)
    with db.engine.connect() as connection:
        drop_search_indexes(connection)
        fill(connection, "core.branch", ({"name": f"{c}分所"} for c in names.CITIES[:BRANCHES]))
        fill(connection, "core.department", departments())
        fill(connection, "core.user", people(chance))
        fill(connection, "core.user_role", roles())
        fill(connection, "clients.client", clients(chance, size))
        fill(connection, "cases.case", cases(chance, size))
        fill(connection, "deadlines.deadline", dates(chance, size, deadlines))
        ensure_indexes(connection, registry())
        connection.commit()
    rebuild()
    analyse()


def drop_search_indexes(connection: Connection) -> None:
    """They are quicker made at the end."""
    if connection.dialect.name == "postgresql":
        found = text("SELECT indexname FROM pg_indexes WHERE indexname LIKE '%\\_bigram'")
        for name in connection.scalars(found).all():
            connection.execute(text(f'DROP INDEX "{name}"'))


def analyse() -> None:
    """Figures for the planner, as autovacuum and the nightly job keep them."""
    with db.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        raw.rollback()
        if connection.dialect.name == "postgresql":
            raw.autocommit = True
            raw.execute("VACUUM ANALYZE")
            raw.autocommit = False
        else:
            raw.execute("ANALYZE")


def fill(connection: Connection, key: str, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows in blocks, completed by the columns' defaults; ids count from 1."""
    table: Table = MODELS[key].__table__
    template = {c.name: default_of(c) for c in table.columns}
    template |= {"version": 1, "created_at": NOW, "updated_at": NOW}
    counter = iter(range(1, 1 << 40))
    source = iter(rows)
    while block := list(islice(source, 10_000)):
        if unknown := set(block[0]) - set(template):
            raise LookupError(f"{key} has no column {unknown}")
        insert_rows(connection, table, [template | row | {"id": next(counter)} for row in block])
    if connection.dialect.name == "postgresql":
        connection.execute(
            text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}")
        )


def default_of(column: Any) -> Any:
    """What the column holds when nobody says otherwise."""
    if column.default is None:
        return None
    return column.default.arg(None) if column.default.is_callable else column.default.arg


def departments() -> Iterator[dict[str, Any]]:
    """Four departments in each branch."""
    for number in range(DEPARTMENTS):
        yield {"name": f"第{number + 1}部", "branch_id": number % BRANCHES + 1}


def people(chance: random.Random) -> Iterator[dict[str, Any]]:
    """Heads of departments."""
    for number in range(PEOPLE):
        place = number % DEPARTMENTS
        yield {
            "login": f"bench{number + 1}",
            "name": names.word(chance, 3),
            "department_id": place + 1,
            "branch_id": place % BRANCHES + 1,
            "locale": "zh",
            "realm": "staff",
        }


def roles() -> Iterator[dict[str, Any]]:
    """The first person manages a branch, which is one plain record rule; the others are heads, who see more ways."""
    for number in range(PEOPLE):
        yield {"user_id": number + 1, "role": "dept_head" if number else "branch_manager"}


def place(chance: random.Random) -> dict[str, int]:
    """Somebody's record: a person with department and branch; the first department has a third of all."""
    number = chance.randrange(PEOPLE)
    department = 0 if chance.random() < SHARE else number % DEPARTMENTS
    return {"owner_id": number + 1, "department_id": department + 1, "branch_id": department % BRANCHES + 1}


def clients(chance: random.Random, size: int) -> Iterator[dict[str, Any]]:
    """Companies with distinct numbers."""
    for number in range(1, size + 1):
        name = names.company(chance)
        yield place(chance) | {
            "number": f"E-{number % 9999:04d}-{number:06d}",
            "name": name,
            "match_key": name,
            "kind": "enterprise",
            "region": "440305",
            "tier": chance.choice(("general", "potential", "key")),
            "uscc": f"9144{number:014d}",
            "phone": f"0755-{number % 10_000_000:08d}",
            "address": f"{name[:2]}市高新区{names.word(chance, 2)}路{number % 900 + 1}号",
            "industry": name[4:6],
            "brands": [names.word(chance, 2)],
        }


def cases(chance: random.Random, size: int) -> Iterator[dict[str, Any]]:
    """Half registered marks, half granted inventions; each with a client."""
    for number in range(1, size + 1):
        where = place(chance)
        owner = where.pop("owner_id")
        filed = TODAY - dt.timedelta(days=chance.randrange(400, 6000))
        common = where | {"client_id": chance.randrange(1, size + 1), "agent_id": owner, "status_group": "granted"}
        common |= {"opened_on": filed, "filing_date": filed, "jurisdiction": "CN", "watched": True}
        yield common | (mark(chance, number, filed) if number % 2 else invention(chance, number, filed))


def mark(chance: random.Random, number: int, filed: dt.date) -> dict[str, Any]:
    """A registered trademark."""
    name = names.word(chance, chance.choice((2, 3, 4)))
    registered = filed + dt.timedelta(days=390)
    end = registered.replace(year=registered.year + 10, day=min(registered.day, 28))
    return {
        "number": f"TM{filed:%Y%m%d}-{number:06d}",
        "case_type": "tm_application",
        "right_kind": "trademark",
        "status": "registered",
        "name": name,
        "mark_name": name,
        "application_number": str(20_000_000 + number),
        "registration_number": str(20_000_000 + number),
        "registration_date": registered,
        "valid_from": registered,
        "valid_to": end,
        "classes": [str(chance.randrange(1, 46))],
        "applicants": [{"name": names.company(chance)}],
        "applicant_names": names.company(chance),
    }


def invention(chance: random.Random, number: int, filed: dt.date) -> dict[str, Any]:
    """A granted invention patent."""
    title = names.invention(chance)
    granted = filed + dt.timedelta(days=900)
    return {
        "number": f"PT{filed:%Y%m%d}-{number:06d}",
        "case_type": "invention",
        "right_kind": "invention",
        "status": "granted",
        "name": title,
        "title_text": title,
        "application_number": f"{filed.year}1{number:07d}.{number % 10}",
        "publication_number": f"CN{number:09d}A",
        "publication_date": filed + dt.timedelta(days=540),
        "grant_number": f"CN{number:09d}B",
        "grant_publication_date": granted,
        "inventors": [names.word(chance, 3)],
        "applicants": [{"name": names.company(chance)}],
        "applicant_names": names.company(chance),
    }


RULES = (
    ("CN.PAT.ANNUITY", "年费", "fatal"),
    ("CN.PAT.ANNUITY_GRACE", "年费滞纳期", "fatal"),
    ("CN.TM.RENEWAL", "商标续展", "fatal"),
    ("CN.PAT.OA1", "第一次审查意见答复", "fatal"),
    ("CN.TM.CORRECTION", "商标补正", "curable"),
)


def dates(chance: random.Random, size: int, count: int) -> Iterator[dict[str, Any]]:
    """Deadlines spread over the cases; most are met, one in eight is open."""
    for number in range(count):
        case = number % size + 1
        code, name, severity = RULES[number % len(RULES)]
        due = TODAY + dt.timedelta(days=chance.randrange(-4000, 2500))
        live = due > TODAY - dt.timedelta(days=20) and number % 3 == 0
        person = chance.randrange(PEOPLE) + 1
        yield {
            "case_id": case,
            "name": name,
            "rule_code": code,
            "severity": severity,
            "kind": "deadline",
            "status": "open" if live else "met",
            "due": due,
            "safe_date": due,
            "internal_date": due - dt.timedelta(days=15),
            "client_date": due - dt.timedelta(days=45),
            "nominal_date": due,
            "calendar": "official",
            "responsible_id": person,
            "department_id": (person - 1) % DEPARTMENTS + 1,
            "identity": f"{code}|case|{number}",
            "fact": "case",
            "occurrence": str(number // size),
        }

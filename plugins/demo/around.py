"""Fourth chapter: papers that people have put to cases, helpers on the team, words to clients."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import create, record_class, system, today
from plugins.cases import Member
from plugins.demo import files
from plugins.demo.cases import CASE, cases_by_key
from plugins.demo.cast import Cast, data
from plugins.demo.clients import write_note, write_notes
from plugins.demo.when import day, office_day


def load(_session: Any) -> None:
    """Put there what is missing."""
    cast, cases, given = Cast(), cases_by_key(), data("around")
    filed, helping = _filed(), _helping()
    for row in given["papers"]:
        if (cases[row["case"]], f"{row['title']}.pdf") not in filed:
            with cast.acting(row["who"], office_day(day(row["day"], today()))):
                files.paper(CASE, cases[row["case"]], row["title"], row["lines"], row["kind"])
    for row in given["team"]:
        if (cases[row["case"]], cast.ids[row["user"]], row["role"]) not in helping:
            with cast.acting(row["who"], office_day(day(row["day"], today()))):
                create(Member, {"case": cases[row["case"]], "user": cast.ids[row["user"]], "role": row["role"]})
    write_notes(cast)
    for key, login, written, text in given["messages"]:
        write_note(cast, login, day(written, today()), CASE, cases[key], text, visibility="client")


def _filed() -> set[tuple[int, str]]:
    file = record_class("core.attachment")
    with system("demo: read the files") as session:
        found = select(file.record_id, file.filename).where(file.record_key == CASE)
        return {(row.record_id, row.filename) for row in session.execute(found)}


def _helping() -> set[tuple[int, int, str]]:
    with system("demo: read the teams") as session:
        found = session.execute(select(Member.case_id, Member.user_id, Member.role))
        return {(row.case_id, row.user_id, row.role) for row in found}

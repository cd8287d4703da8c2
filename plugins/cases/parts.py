"""Keeps the rows of applicants and classes in step with the lists on the case: whoever writes one finds the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import select

from core import Change, db, delete, elevated, insert_derived
from plugins.cases.case import Case
from plugins.cases.records import Applicant, Goods

WHY = "parts of a case follow the case"
_following: ContextVar[bool] = ContextVar("zhian_cases_following", default=False)


@contextmanager
def _keeping_step() -> Iterator[None]:
    """While one side follows the other, the other does not follow back."""
    token = _following.set(True)
    try:
        with elevated(WHY):
            yield
    finally:
        _following.reset(token)


def make_parts(cases: Iterable[Any]) -> None:
    """Rows for the applicants and classes named on new cases."""
    cases = list(cases)
    applicants = [row for case in cases for row in _applicant_rows(case)]
    goods = [row for case in cases for row in _goods_rows(case)]
    if applicants or goods:
        with _keeping_step():
            insert_derived(Applicant, applicants)
            insert_derived(Goods, goods)


def follow_case(changes: Iterable[Change]) -> None:
    """Rows follow lists that were changed on the case itself."""
    if _following.get():
        return
    changes = list(changes)
    named = [change.record for change in changes if change.changed("applicants")]
    classed = [change.record for change in changes if change.changed("goods")]
    if named:
        _replace_applicants(named)
    if classed:
        _replace_goods(classed)


def follow_rows(model: type[Any], rows: Iterable[Any]) -> None:
    """The lists on the case follow rows that were changed by themselves."""
    ids = sorted({row.case_id for row in rows if row.case_id})
    if _following.get() or not ids:
        return
    with _keeping_step():
        for case in db.session.scalars(select(Case).where(Case.id.in_(ids))):
            _list_applicants(case) if model is Applicant else _list_goods(case)


def _applicant_rows(case: Any) -> list[Applicant]:
    return [
        Applicant(
            case_id=case.id,
            position=position,
            role="applicant",
            name=row["name"],
            name_en=row.get("name_en"),
            client_id=row.get("client"),
            address=row.get("address"),
        )
        for position, row in enumerate(case.applicants or (), 1)
    ]


def _goods_rows(case: Any) -> list[Goods]:
    return [
        Goods(case_id=case.id, nice_class=str(row["class"]), items=row["items"] or None) for row in case.goods or ()
    ]


def _replace_applicants(cases: list[Any]) -> None:
    ids = [case.id for case in cases]
    with _keeping_step():
        old = db.session.scalars(select(Applicant).where(Applicant.case_id.in_(ids), Applicant.role == "applicant"))
        for row in old.all():
            delete(row)
        db.session.flush()
        insert_derived(Applicant, [row for case in cases for row in _applicant_rows(case)])


def _replace_goods(cases: list[Any]) -> None:
    ids = [case.id for case in cases]
    with _keeping_step():
        wanted = {(row.case_id, row.nice_class): row for case in cases for row in _goods_rows(case)}
        for row in db.session.scalars(select(Goods).where(Goods.case_id.in_(ids))).all():
            same = wanted.pop((row.case_id, row.nice_class), None)
            if same is None:
                delete(row)
            else:
                row.items = same.items
        db.session.flush()
        insert_derived(Goods, list(wanted.values()))


def _list_applicants(case: Case) -> None:
    rows = db.session.scalars(
        select(Applicant)
        .where(Applicant.case_id == case.id, Applicant.role == "applicant")
        .order_by(Applicant.position, Applicant.id)
    ).all()
    made = [{"name": r.name, "name_en": r.name_en, "client": r.client_id, "address": r.address} for r in rows]
    case.applicants = [{k: v for k, v in row.items() if v is not None} for row in made] or None


def _list_goods(case: Case) -> None:
    rows = db.session.scalars(select(Goods).where(Goods.case_id == case.id)).all()
    made = [{"class": int(row.nice_class), "items": row.items or []} for row in rows]
    case.goods = sorted(made, key=lambda row: row["class"]) or None
    case.classes = [str(row["class"]) for row in case.goods or ()] or None

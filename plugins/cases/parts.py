"""Keeps rows of applicants and classes, and the filed image, in step with the case: who writes one finds the other."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from sqlalchemy import delete, select, update

from core import Change, current_principal, db, elevated, insert_derived
from plugins.cases import computed
from plugins.cases.case import Case
from plugins.cases.records import Applicant, Goods

WHY = "parts of a case follow the case"


def make_parts(cases: Iterable[Any]) -> None:
    """Rows for the applicants and classes named on new cases."""
    cases = list(cases)
    applicants = [row for case in cases for row in _applicant_rows(case)]
    goods = [row for case in cases for row in _goods_rows(case)]
    if applicants or goods:
        with elevated(WHY):
            insert_derived(Applicant, applicants)
            insert_derived(Goods, goods)


def make_room(rows: Iterable[Any]) -> None:
    """A class that was ticked has an empty row; the row that brings its goods takes its place."""
    with elevated(WHY) as session:
        for row in rows:
            same = (Goods.case_id == row.case_id, Goods.nice_class == row.nice_class)
            empty = (Goods.items.is_(None), Goods.status.is_(None))
            session.execute(delete(Goods).where(*same, *empty))


def follow_case(changes: Iterable[Change]) -> None:
    """Rows follow lists that were changed on the case itself."""
    changes = list(changes)
    named = [change.record for change in changes if change.changed("applicants")]
    classed = [change.record for change in changes if change.changed("goods")]
    if named:
        _replace_applicants(named)
    if classed:
        _replace_goods(classed)


def follow_rows(model: type[Any], rows: Iterable[Any]) -> None:
    """The lists on the case follow rows that were changed by themselves; the case wants verifying anew."""
    ids = sorted({row.case_id for row in rows if row.case_id})
    if not ids:
        return
    anew = {"entered_by_id": current_principal().user_id, "verified_by_id": None, "verified_at": None}
    with elevated(WHY) as session:
        for case_id in ids:
            values = _applicant_list(case_id) if model is Applicant else _goods_list(case_id)
            session.execute(update(Case).where(Case.id == case_id).values(**values, **anew))


def take_images(files: Iterable[Any]) -> None:
    """An image filed as that of the mark is the image of its case from now on, in lists, letters and the portal."""
    for file in files:
        if file.record_key == "cases.case" and file.kind == "mark_image":
            with elevated(WHY) as session:
                session.execute(update(Case).where(Case.id == file.record_id).values(mark_image_id=file.id))


def _applicant_rows(case: Any) -> list[dict[str, Any]]:
    return [
        {
            "case_id": case.id,
            "position": position,
            "role": "applicant",
            "name": row["name"],
            "name_en": row.get("name_en"),
            "client_id": row.get("client"),
            "address": row.get("address"),
        }
        for position, row in enumerate(case.applicants or (), 1)
    ]


def _goods_rows(case: Any) -> list[dict[str, Any]]:
    return [
        {"case_id": case.id, "nice_class": str(row["class"]), "items": row["items"] or None} for row in case.goods or ()
    ]


def _replace_applicants(cases: list[Any]) -> None:
    ids = [case.id for case in cases]
    with elevated(WHY) as session:
        session.execute(delete(Applicant).where(Applicant.case_id.in_(ids), Applicant.role == "applicant"))
        insert_derived(Applicant, [row for case in cases for row in _applicant_rows(case)])


def _replace_goods(cases: list[Any]) -> None:
    wanted = {(row["case_id"], row["nice_class"]): row for case in cases for row in _goods_rows(case)}
    ids = [case.id for case in cases]
    with elevated(WHY) as session:
        there = session.execute(select(Goods.id, Goods.case_id, Goods.nice_class).where(Goods.case_id.in_(ids))).all()
        gone = [row.id for row in there if (row.case_id, row.nice_class) not in wanted]
        session.execute(delete(Goods).where(Goods.id.in_(gone)))
        for row in there:
            if same := wanted.pop((row.case_id, row.nice_class), None):
                session.execute(update(Goods).where(Goods.id == row.id).values(items=same["items"]))
        insert_derived(Goods, list(wanted.values()))


def _applicant_list(case_id: int) -> dict[str, Any]:
    rows = db.session.scalars(
        select(Applicant)
        .where(Applicant.case_id == case_id, Applicant.role == "applicant")
        .order_by(Applicant.position, Applicant.id)
    ).all()
    made = [{"name": r.name, "name_en": r.name_en, "client": r.client_id, "address": r.address} for r in rows]
    applicants = [{k: v for k, v in row.items() if v is not None} for row in made] or None
    names = computed.applicant_names(SimpleNamespace(applicants=applicants))
    return {"applicants": applicants, "applicant_names": names}


def _goods_list(case_id: int) -> dict[str, Any]:
    rows = db.session.scalars(select(Goods).where(Goods.case_id == case_id)).all()
    made = [{"class": int(row.nice_class), "items": row.items or []} for row in rows]
    goods = sorted(made, key=lambda row: row["class"]) or None
    words = computed.goods_text(SimpleNamespace(goods=goods))
    return {"goods": goods, "goods_text": words, "classes": [str(row["class"]) for row in goods or ()] or None}

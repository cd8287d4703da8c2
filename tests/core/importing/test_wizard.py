"""The wizard as a browser meets it: upload, columns, dry run, mending, import, undo; and who may not."""

from __future__ import annotations

import io
import re

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

pytest_plugins = ("tests.e2e.fixtures",)

SHEET = """Name,Number,Due,Keeper,Amount
First,N-1,2031.03.05,ann,￥1200.50
Second,N-2,2031.13.05,ann,=1+1
Third,N-3,,bob,3
"""


def run_jobs(app):
    """Do what the worker would do."""
    from core.db import db
    from core.jobs.model import JobRun
    from core.jobs.runs import run_job

    with app.app_context():
        with db.engine.connect() as connection:
            table = JobRun.__table__
            waiting = connection.execute(select(table.c.id).where(table.c.state == "queued")).scalars().all()
        for job_id in waiting:
            run_job(job_id)


def upload(visitor, content=SHEET, name="papers.csv", key="desk.paper"):
    visitor.get(f"/import/{key}")
    return visitor.post(f"/import/{key}", file=(io.BytesIO(content.encode()), name))


def figures(page):
    """Created, updated, refused, unchanged."""
    shown = page.text.partition('class="z-sum"')[2].partition('class="z-ratio"')[0]
    return [int(number) for number in re.findall(r"<b>(\d+)</b>", shown)]


def columns_form(page):
    """What the page of columns would send when nothing is changed."""
    names = re.findall(r'name="column" value="([^"]*)"', page.text)
    chosen = {}
    for place in range(len(names)):
        select_part = page.text.partition(f'name="field{place}"')[2].partition("</select>")[0]
        found = re.search(r'value="([^"]+)" selected', select_part)
        chosen[f"field{place}"] = found[1] if found else ""
    return names, chosen


@pytest.fixture
def checked(visit):
    """ann's upload after the dry run: (visitor, address)."""
    ann = visit("ann")
    answer = upload(ann)
    assert answer.status_code == 303, answer.text
    place = answer.headers["Location"]
    names, _chosen = columns_form(ann.get(place))
    chosen = {"field0": "name", "field1": "number", "field2": "due", "field3": "keeper", "field4": "amount"}
    answer = ann.post(f"{place}/columns", column=names, key="number", **chosen)
    assert answer.status_code == 303, answer.text
    return ann, place


def test_columns_are_guessed(visit):
    ann = visit("ann")
    _names, chosen = columns_form(ann.get(upload(ann).headers["Location"]))
    assert chosen == {"field0": "name", "field1": "number", "field2": "due", "field3": "keeper", "field4": "amount"}


def test_from_upload_to_undo(checked, desk):
    ann, place = checked
    page = ann.get(place)
    assert figures(page) == [1, 0, 2, 0], "a paper for somebody else is not hers to make"
    assert "2031.13.05" in page.text
    answer = ann.post(f"{place}/mend", row="3", column="Due", value="2031-12-05", before="2031.13.05")
    assert answer.status_code == 303, answer.text
    assert "=1+1" in ann.get(place).text, "the next fault of the same row"
    assert ann.post(f"{place}/mend", row="3", column="Amount", value="2", before="=1+1").status_code == 303
    assert figures(ann.get(place)) == [2, 0, 1, 0]
    assert ann.post(f"{place}/start").status_code == 303
    assert 'id="wait"' in ann.get(place).text
    run_jobs(desk.app)
    assert ann.get(f"{place}?part=1").headers["HX-Redirect"] == place
    assert figures(ann.get(place)) == [2, 0, 1, 0], "as the check has told"
    assert "First" in ann.get("/r/desk.paper?view=all").text
    assert ann.post(f"{place}/start").status_code == 422, "an import starts once"
    assert ann.post(f"{place}/undo").status_code == 303
    run_jobs(desk.app)
    assert "This import was undone." in ann.get(place).text
    assert "First" not in ann.get("/r/desk.paper?view=all").text


def test_values_that_are_chosen_no_more_are_refused_but_kept_where_they_stand(visit, desk):
    from core.db import system
    from core.shaping.store import save_shape

    def shape(data):
        with desk.app.app_context(), system("shape of a test"):
            save_shape("choices", "desk.paper.state", data)

    shape({"items": [{"code": "filed", "retired": True}]})
    try:
        ann = visit("ann")
        held = re.search(r"P-\d+", ann.get("/r/desk.paper?state=filed").text)[0]
        place = upload(ann, f"Name,Number,State\nNew one,N-77,filed\nOld one,{held},filed\n").headers["Location"]
        names, _chosen = columns_form(ann.get(place))
        ann.post(f"{place}/columns", column=names, key="number", field0="name", field1="number", field2="state")
        assert figures(ann.get(place)) == [0, 1, 1, 0]
        assert "no longer used" in ann.get(place).text
    finally:
        shape(None)


def test_refused_rows_come_as_a_sheet_without_formulas(checked):
    ann, place = checked
    answer = ann.get(f"{place}/refused.xlsx")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][4:] == ("Name", "Number", "Due", "Keeper", "Amount")
    assert [row[0] for row in rows[1:]] == ["3", "4"]
    assert rows[1][8] == "=1+1"
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


def test_headers_are_remembered(checked, visit, desk):
    ann, place = checked
    names, _chosen = columns_form(ann.get(f"{place}?step=columns"))
    without = {"field0": "name", "field1": "number", "field2": "", "field3": "keeper", "field4": ""}
    ann.post(f"{place}/columns", column=names, key="number", **without)
    ann.post(f"{place}/start")
    answer = upload(ann)
    _names, chosen = columns_form(ann.get(answer.headers["Location"]))
    assert chosen == without
    run_jobs(desk.app)
    ann.post(f"{place}/undo")
    run_jobs(desk.app)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("", "a.csv"),
        ("not a workbook", "a.xlsx"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a><b>&b;</b></a>', "a.xml"),
        ("x", "a.exe"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_not_kept(visit, desk, content, name):
    ann = visit("ann")
    folder = desk.app.config["ZHIAN"].data / "imports"
    before = set(folder.iterdir()) if folder.is_dir() else set()
    answer = upload(ann, content, name)
    assert answer.status_code == 422
    assert set(folder.iterdir()) == before


def test_others_do_not_see_it_and_readers_may_not_import(checked, visit):
    _ann, place = checked
    assert visit("bob").get(place).status_code == 404
    assert visit("bob").get(f"{place}/refused.xlsx").status_code == 404
    assert visit("rea").get("/import/desk.paper").status_code == 403
    assert visit("ann").get("/import/no.such").status_code == 404
    assert visit().get("/import/desk.paper").status_code == 302

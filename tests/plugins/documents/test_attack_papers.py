"""Letters under load: hundreds of pictures, workers that die or race each other, templates that do harm."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from datetime import timedelta

import openpyxl
import pypdf
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import select

from core import now, record_class, system
from plugins.documents import jobs
from plugins.documents.printing import Unprintable
from plugins.documents.records import Document

LIST = """<table>{% for r in rows %}<tr><td>{{ r.number }}</td>
<td><img style="width:20mm;height:20mm;object-fit:contain" src="{{ r.mark }}"></td></tr>{% endfor %}</table>"""


@pytest.fixture(scope="module")
def marks(tmp_path_factory):
    """Many different pictures, as large as people upload them."""
    folder, found = tmp_path_factory.mktemp("marks"), {}
    for number in range(90):
        chance = random.Random(number)
        picture = Image.effect_noise((64, 64), 90).convert("RGB").resize((900, 900), Image.Resampling.BICUBIC)
        ImageDraw.Draw(picture).text((20, 20), str(chance.random()), fill="red")
        path = folder / f"{number}.jpg"
        picture.save(path, quality=85)
        found[hashlib.sha256(str(number).encode()).hexdigest()] = str(path)
    return found


def test_a_long_list_with_a_picture_in_each_row_is_printed_and_stays_small(press, marks):
    rows = [{"number": f"{at:08d}", "mark": {"$picture": checksum}} for at, checksum in enumerate(marks)]
    columns = [{"key": "number", "label": "号", "kind": "text"}, {"key": "mark", "label": "图", "kind": "picture"}]
    asked = {"sources": {"letter": LIST}, "data": {"rows": rows}, "language": "zh", "pictures": marks}
    made = press.print(asked | {"sheet": {"title": "清单", "columns": columns, "rows": rows}}, 90)
    pages = pypdf.PdfReader(io.BytesIO(made.pdf)).pages
    images = {hashlib.sha256(image.get_object()._data).digest() for page in pages for image in _images(page)}
    assert len(images) == len(marks)
    page = openpyxl.load_workbook(io.BytesIO(made.xlsx)).active
    assert len(page._images) == len(marks)
    assert {(cell.value, cell.data_type) for cell in page["A"][3:]} == {(row["number"], "s") for row in rows}
    assert len(made.pdf) + len(made.xlsx) < 90 * 2 * 250_000  # what noise comes to at that size


def _images(page):
    return [o for o in page["/Resources"].get("/XObject", {}).values() if o.get_object()["/Subtype"] == "/Image"]


def test_a_letter_names_no_picture_but_its_own(press, marks):
    one, other = list(marks)[:2]
    body = f'<p>x<img src="picture:{other}"><img src="picture:../../etc/passwd"><img src="{{{{ own }}}}"></p>'
    asked = {"sources": {"letter": body}, "data": {"own": {"$picture": one}}, "language": "zh"}
    made = press.print(asked | {"pictures": {one: marks[one]}, "sheet": None})
    assert len(_images(pypdf.PdfReader(io.BytesIO(made.pdf)).pages[0])) == 1


@pytest.mark.parametrize(
    "body",
    [
        "{% for i in range(10**9) %}x{% endfor %}",
        "{% macro m(s, n) %}{{ m(s + s, n - 1) }}{% endmacro %}{{ m('ab' , 60) }}",
        "{{ '{0.__class__.__mro__}'.format(1) }}",
        "{{ ['a'] | map(attribute='__class__') | list }}",
        "{{ [{'a': 1}] | groupby('a.__class__') | list }}{{ ''['__class__'] }}",
        "{% set s = 'a' | replace('a', 'aaaaaaaaaa') %}" + "{% set s = s | replace('a', s) %}" * 6 + "{{ s }}",
        "{{ 2 | round(10 ** 9) }}{{ range(9999) | batch(1) | list | list | string | unique | list | nothing }}",
        "{% for i in range(9999) %}{% for j in range(99) %}<table><tr><td>x</table>{% endfor %}{% endfor %}",
        "文" * 4_000_001,
    ],
    ids=range(9),
)
def test_what_a_template_may_not_do_ends_by_name(press, body):
    with pytest.raises(Unprintable) as fault:
        press.print({"sources": {"letter": body}, "data": {}, "language": "zh", "pictures": {}, "sheet": None}, 20)
    assert fault.value.code in {"too_large", "too_long", "template_forbidden", "template_error", "template_syntax",
                                "out_of_memory"}  # fmt: skip
    assert press.print({"sources": {"letter": "好"}, "data": {}, "language": "zh", "pictures": {}}).pages == 1


def _files_of(document):
    file = record_class("core.attachment")
    with system("look") as session:
        return list(session.scalars(select(file).where(file.filename.like(f"{document.number}%"))))


def _lose(ident, hours=0.5, state="rendering"):
    """As if the worker had died so long ago."""
    from sqlalchemy import update

    with system("a worker dies") as session:
        then = now() - timedelta(hours=hours)
        values = {"state": state, "updated_at": then, "created_at": then}
        session.execute(update(Document).where(Document.id == ident).values(values))


def _seen(ident):
    with system("look") as session:
        return session.get(Document, ident)


def test_two_workers_on_one_document_keep_one_file(make, press, app):
    ident = make("filing_confirmation_request")
    before = _files_of(_seen(ident))
    _lose(ident)
    request = jobs._claim(ident)
    printed = press.print(request, 60)
    start, ended = threading.Barrier(3), []

    def finish():
        with app.app_context():
            start.wait()
            ended.append(jobs._ready(ident, printed))

    threads = [threading.Thread(target=finish) for _one in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == ["ready"] * 3
    assert len(_files_of(_seen(ident))) == len(before) + 1


def test_who_comes_late_does_not_turn_a_ready_document_into_a_failed_one(make, context):
    ident = make("filing_confirmation_request", language="en")
    assert jobs._failed(ident, Unprintable("too_long")) == "ready"
    assert (_seen(ident).state, _seen(ident).error) == ("ready", None)


def test_a_document_that_lost_its_worker_is_made_after_all(make, context, press):
    ident = make("filing_confirmation_request", language="en")
    _lose(ident, state="queued")
    assert jobs.resume()["again"] == 1
    assert jobs.resume()["again"] == 1  # the run that waits is the same one
    assert jobs.print_document(ident, press) == "ready"
    assert jobs.resume() == {"again": 0, "failed": 0}


def test_a_document_that_costs_every_worker_its_life_fails_by_name(make, context):
    ident = make("filing_confirmation_request", language="en")
    _lose(ident, hours=3)
    assert jobs.resume()["failed"] == 1
    assert (_seen(ident).state, _seen(ident).error) == ("failed", "interrupted")

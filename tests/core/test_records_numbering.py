"""Numbers are unique and without gaps when many write at once, in threads and in processes, also after refusals."""

from __future__ import annotations

import multiprocessing
import threading
from datetime import date
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from core import DatePart, FieldPart, NumberRule, Seq, Text, ZhianError, create
from core.db import acting_as, db, transaction
from core.errors import Unavailable

EACH = 12


def _numbers(lab, prefix):
    table = lab.Folder.__table__
    with db.engine.connect() as connection:
        return sorted(connection.scalars(select(table.c.number).where(table.c.name.startswith(prefix))))


def _make(lab, prefix, worker, failures):
    """Twelve folders of ann; every third try fails before its commit."""
    with lab.app.app_context():
        done = tries = 0
        while done < EACH:
            tries += 1
            try:
                with acting_as(lab.principal("ann")), transaction():
                    create(lab.Folder, {"name": f"{prefix} {worker} {tries}", "keeper": lab.who.ann})
                    if failures and tries % 3 == 0:
                        raise KeyError("changed my mind")
                done += 1
            except (KeyError, Unavailable, OperationalError):
                continue


def test_threads_draw_unique_numbers_without_gaps(lab):
    threads = [threading.Thread(target=_make, args=(lab, "thread", n, True)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    numbers = _numbers(lab, "thread")
    assert len(numbers) == len(set(numbers)) == 6 * EACH
    values = sorted(int(n.removeprefix("F-")) for n in numbers)
    assert values == list(range(values[0], values[0] + 6 * EACH))


def _in_process(lab, worker):
    with lab.app.app_context():
        db.engine.dispose(close=False)
    _make(lab, "process", worker, False)


def test_processes_draw_unique_numbers_without_gaps(lab):
    children = [multiprocessing.get_context("fork").Process(target=_in_process, args=(lab, n)) for n in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [c.exitcode for c in children] == [0] * 4
    numbers = _numbers(lab, "process")
    values = sorted(int(n.removeprefix("F-")) for n in numbers)
    assert values == list(range(values[0], values[0] + 4 * EACH))


def test_a_number_is_kept_when_it_is_given_and_never_changes(lab):
    with acting_as(lab.principal("ann")), transaction():
        made = create(lab.Folder, {"name": "given", "keeper": lab.who.ann, "number": "OLD-1"}, allow=("number",))
        assert made.number == "OLD-1"
        with pytest.raises(ZhianError):
            create(lab.Folder, {"name": "given", "keeper": lab.who.ann, "number": "OLD-2"})
        made.name = "renamed"
    assert lab.row("folder", made.id).number == "OLD-1"


@pytest.mark.parametrize(
    ("parts", "record", "expected"),
    [
        ((Text("TM"), DatePart("%Y%m%d"), Text("-"), Seq(3)), {}, "TM20240520-007"),
        ((FieldPart("kind", 2), FieldPart("region", 4, "0"), Seq(5)), {"kind": "EN", "region": None}, "EN000000007"),
        ((FieldPart("kind", 3), Seq(2)), {"kind": None}, "XXX07"),
        ((DatePart("%Y", "day"), Seq(2)), {"day": date(1999, 1, 1)}, "199907"),
        ((DatePart("%Y%m", "day"), Seq(2)), {"day": None}, "00000007"),
        ((FieldPart(lambda r: r.kind.lower()), Seq(1)), {"kind": "AB"}, "ab7"),
        ((Seq(2), Text("/CN")), {}, "07/CN"),
    ],
)
def test_parts_print_what_their_rule_says(parts, record, expected):
    rule = NumberRule("x.y", "number", parts)
    assert rule.render(SimpleNamespace(**record), date(2024, 5, 20), 7) == expected


def test_scopes_and_resets_choose_the_counter():
    day, later = date(2024, 5, 20), date(2025, 1, 1)
    record = SimpleNamespace(kind="EN")
    by_prefix = NumberRule("x.y", "n", (FieldPart("kind"), Seq(3)))
    by_day = NumberRule("x.y", "n", (Text("T"), Seq(3, reset="day")))
    by_year = NumberRule("x.y", "n", (Text("T"), Seq(3, reset="year")))
    own = NumberRule("x.y", "n", (Text("T"), Seq(3, scope=lambda r: "all")))
    assert by_prefix.scope(record, day) != by_prefix.scope(SimpleNamespace(kind="FR"), day)
    assert by_prefix.scope(record, day) == by_prefix.scope(record, later)
    assert by_day.scope(record, day) != by_day.scope(record, date(2024, 5, 21))
    assert by_year.scope(record, day) == by_year.scope(record, date(2024, 12, 31)) != by_year.scope(record, later)
    assert own.scope(record, day).startswith("all|")
    with pytest.raises(ValueError, match="no sequence"):
        NumberRule("x.y", "n", (Text("T"),)).scope(record, day)

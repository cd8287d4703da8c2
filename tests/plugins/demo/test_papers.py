"""Pictures and papers of the demo are real files."""

from __future__ import annotations

import struct
import zlib

from plugins.cases.formats import parse_patent_number, parse_publication_number
from plugins.demo import numbers, papers
from tests.plugins.demo.test_when import TODAY


def test_a_mark_is_a_png_that_is_always_the_same_for_one_name():
    picture = papers.mark("知味集")
    assert picture == papers.mark("知味集") != papers.mark("穗禾")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (papers.SIDE, papers.SIDE)
    start = picture.index(b"IDAT")
    length = struct.unpack(">I", picture[start - 4 : start])[0]
    rows = zlib.decompress(picture[start + 4 : start + 4 + length])
    assert len(rows) == papers.SIDE * (1 + 3 * papers.SIDE)
    assert len(set(rows)) > 2, "the picture is not blank"


def test_a_paper_is_a_pdf_whose_table_of_places_is_right():
    paper = papers.pdf("驳回通知书", ["案件：知味集", "Second line"])
    start = int(paper.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert paper[start:].startswith(b"xref")
    places = [int(line[:10]) for line in paper[start:].split(b"\n")[3:8]]
    assert all(paper[place:].startswith(b"%d 0 obj" % number) for number, place in enumerate(places, 1))
    assert "驳回通知书".encode("utf-16-be").hex().encode() in paper


def test_invented_numbers_have_right_check_digits():
    for case_type, kind in (("invention", "invention"), ("utility_model", "utility_model"), ("design", "design")):
        number = parse_patent_number(numbers.patent(case_type, TODAY, 7))
        assert (number.kind, number.year) == (kind, 2026)
        assert number.check is not None
    assert numbers.patent("invention", TODAY, 1) == "202610300001.0"
    assert parse_patent_number(numbers.patent("pct_national", TODAY, 5)).is_pct
    assert parse_publication_number(numbers.publication("invention", 3, granted=True)).is_grant

"""Every kind of file comes out as rows with their physical numbers."""

import json
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from core.importing.headers import find_header, fold
from core.importing.paths import leaf_paths, pluck, steps
from core.importing.source import CellError, Source

HEADER = ["申请号", "名称", "申请日"]
KNOWN = {fold(name) for name in HEADER}


def read(path, sheet=None):
    source = Source(path, known=KNOWN.__contains__)
    table = source.sheet(sheet)
    return table, [(row.number, row.cells) for row in source.rows(table)]


def test_xlsx_header_below_a_title_and_blank_rows_keep_their_numbers(workbook):
    path = workbook(
        [["2024 年案件一览"], [], HEADER, ["1", "甲", date(2019, 7, 9)], [], ["2", "乙", datetime(2019, 7, 9, 8)]]
    )
    table, rows = read(path)
    assert table.columns == tuple(HEADER)
    assert table.header_row == 3
    assert rows[0] == (4, {"申请号": "1", "名称": "甲", "申请日": date(2019, 7, 9)})
    assert rows[1][0] == 6
    assert rows[1][1]["申请日"] == datetime(2019, 7, 9, 8)
    assert table.samples["名称"] == ["甲", "乙"]


def test_xlsx_two_line_merged_header(tmp_path):
    book = Workbook()
    sheet = book.active
    for row in (
        ["申请号", "申请人", None, "申请日"],
        [None, "名称", "地址", None],
        ["1", "甲公司", "北京", "2019.07.09"],
    ):
        sheet.append(row)
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("A1:A2")
    book.save(tmp_path / "two.xlsx")
    table, rows = read(tmp_path / "two.xlsx")
    assert table.columns == ("申请号", "申请人/名称", "申请人/地址", "申请日")
    assert rows == [(3, {"申请号": "1", "申请人/名称": "甲公司", "申请人/地址": "北京", "申请日": "2019.07.09"})]


def test_xlsx_sheets_formulas_errors_and_hidden(workbook, tmp_path):
    path = workbook([["说明"]], 案件=[HEADER, ["1", "#N/A", 43655]])
    _table, rows = read(path, "案件")
    assert rows == [(2, {"申请号": "1", "名称": "#N/A", "申请日": 43655})]
    assert isinstance(rows[0][1]["名称"], CellError)


def test_columns_of_one_name_are_told_apart(workbook):
    table, _rows = read(workbook([["申请号", "名称", "名称", None], ["1", "a", "b", "c"]]))
    assert table.columns == ("申请号", "名称", "名称 (2)")
    assert table.column(" 申 请 号：") == "申请号"


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_in_every_encoding_and_delimiter(tmp_path, encoding, delimiter):
    text = "\r\n".join(
        delimiter.join(row) for row in (HEADER, ["1", '"第一行\n第二行"', "2019.07.09"], ["2", "龍", "x"])
    )
    path = tmp_path / "f.csv"
    path.write_bytes(text.encode(encoding))
    _table, rows = read(path)
    assert [number for number, _cells in rows] == [2, 3]
    assert rows[0][1]["名称"] == "第一行\n第二行"
    assert rows[1][1] == {"申请号": "2", "名称": "龍", "申请日": "x"}


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_the_mark_of_utf8_before_other_bytes_is_not_believed(tmp_path, encoding):
    path = tmp_path / "f.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "申请号,名称\n1,电池\n".encode(encoding))
    table, rows = read(path)
    assert table.columns == ("申请号", "名称")
    assert rows == [(2, {"申请号": "1", "名称": "电池"})]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("合计", True),
        ("小 计：", True),
        ("总计（件）", True),
        ("合计3件", True),
        ("Total:", True),
        ("合计科技公司", False),
    ],
)
def test_rows_that_sum_up_are_known_by_their_first_cell(tmp_path, cell, told):
    path = tmp_path / "f.csv"
    path.write_text(f"序号,申请号,名称\n1,1,电池\n{cell},,2\n", "utf-8")
    source = Source(path)
    assert [row.summary for row in source.rows(source.sheet(), ["名称"])] == [False, told]


def test_csv_marks_what_its_encoding_cannot_tell(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes("申请号,名称\n1,好\n2,".encode("gbk") + b"\xff\xff\n" + "3,电池\n".encode("gbk"))
    _table, rows = read(path)
    assert rows[0][1]["名称"] == "好"
    assert "\ufffd" in rows[1][1]["名称"]
    assert rows[2][1]["名称"] == "电池"


def test_json_array_and_object_with_one_array(tmp_path):
    items = [{"a": {"b": [{"c": 1}, {"c": 2}]}, "n": ["x", None]}, {"n": None}, 3]
    for name, content in (("one.json", items), ("two.json", {"meta": {"total": 3}, "data": {"items": items}})):
        (tmp_path / name).write_text(json.dumps(content))
        source = Source(tmp_path / name)
        assert source.sheet().columns == ("a.b.c", "n")
        rows = list(source.rows(source.sheet(), ["a.b[1].c", "a.b.c", "n"]))
        assert [row.number for row in rows] == [0, 1, 2]
        assert rows[0].cells == {"a.b[1].c": 2, "a.b.c": [1, 2], "n": ["x"]}
        assert rows[2].cells == {"a.b[1].c": None, "a.b.c": None, "n": None}


def test_xml_repeated_element_with_attributes_and_parts(tmp_path):
    path = tmp_path / "f.xml"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE r SYSTEM "http://127.0.0.1:9/never.dtd"><r><head><t>2</t></head><list>'
        '<m no="1"><n>甲</n><o><c>x</c></o><o><c>y</c></o></m><m no="2"><n/><k v="1">z</k></m></list></r>',
        encoding="utf-8",
    )
    source = Source(path)
    assert source.sheet().name == "r/list/m"
    rows = list(source.rows(source.sheet(), ["@no", "n", "o.c", "o[1].c", "k", "k.@v"]))
    assert rows[0].cells == {"@no": "1", "n": "甲", "o.c": ["x", "y"], "o[1].c": "y", "k": None, "k.@v": None}
    assert (rows[1].number, rows[1].cells["n"], rows[1].cells["k"], rows[1].cells["k.@v"]) == (1, None, "z", "1")


def test_paths_without_an_index_gather_and_with_one_pick():
    item = {"a": [{"b": [1, 2]}, {"b": [3]}], "c": {"#text": "t", "@x": "1"}}
    assert pluck(item, steps("a.b")) == [1, 2, 3]
    assert pluck(item, steps("a[0].b[1]")) == 2
    assert pluck(item, steps("a[7].b")) is None
    assert pluck(item, steps("c")) == "t"
    assert leaf_paths([item]) == ["a.b", "c", "c.@x"]


def test_a_data_row_is_not_taken_for_a_header():
    rows = [(1, ["CN201220249767.4", "一种装置", "2012.05.31"]), (2, ["a", "b"])]
    assert find_header([(1, HEADER), *[(n + 1, cells) for n, cells in rows]], KNOWN.__contains__).last_row == 1


@pytest.mark.parametrize(
    ("file", "kind", "rows", "first"),
    [
        ("cn_patents_legacy_1985_2017/zhuanli_xinxi.open.xlsx", "xlsx", 4430, 2),
        ("cn_patents_cnipr_export/cnipr_export_200.open.xlsx", "xlsx", 119, 2),
        ("cn_patents_sipo_crawl_szu/sipo_crawl_111.open.xlsx", "xlsx", 66, 2),
        ("cn_patent_gazette_2019/utility_20190712.open.csv", "csv", 9710, 2),
        ("tw_tipo_trademark_gazette/registrations.open.xml", "xml", 1460, 0),
        ("kr_kipris_trademarks/trademarks.open.json", "json", 302, 0),
        ("agency_templates/LeeTeukxu_OneYear.xls", "xls", 6, 4),
    ],
)
def test_real_files_give_all_their_rows(real, file, kind, rows, first):
    source = Source(real / file, known={fold("专利申请号"), fold("专利名称")}.__contains__)
    numbers = [row.number for row in source.rows(source.sheet())]
    assert (source.kind, len(numbers), numbers[0]) == (kind, rows, first)


def test_names_that_only_later_items_hold_are_columns_too(tmp_path):
    path = tmp_path / "late.json"
    items = [{"申请号": str(n)} for n in range(100)] + [{"申请号": "100", "日期": {"申请日": "2019-07-09"}}]
    path.write_text(json.dumps(items), "utf-8")
    table, rows = read(path)
    assert table.columns == ("申请号", "日期.申请日")
    assert rows[100] == (100, {"申请号": "100", "日期.申请日": "2019-07-09"})


def test_a_formula_without_its_result_is_an_error_and_not_empty(workbook):
    _table, rows = read(workbook([HEADER, ["1", '=A2&"x"', None]]))
    assert rows == [(2, {"申请号": "1", "名称": CellError("#FORMULA!"), "申请日": None})]
    assert isinstance(rows[0][1]["名称"], CellError)

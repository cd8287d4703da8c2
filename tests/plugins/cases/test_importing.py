"""Cases out of foreign sheets: real files whole, dirty cells one by one, second runs, undo, rights."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import Refused, create, record_class, registry, update
from core.importing import run
from core.importing.undo import undo
from plugins.cases.formats import check_digit


def number_of(base):
    return f"{base}.{check_digit(base)}"


HEADER = ["申请号", "名称", "申请日", "申请人", "公开（公告）号", "公开（公告）日", "法律状态"]
HP = "惠普发展公司,有限责任合伙企业"
GOOD = [
    number_of("201720000015"),
    "一种轨枕",
    "2017.05.31",
    "海安县建莲商品混凝土有限公司",
    "CN202644312U",
    "2018.01.02",
    "授权",
]


@pytest.fixture
def sheet(tmp_path):
    """Write rows below the header to a CSV; its path."""

    def write(*rows, header=HEADER, name="cases.csv"):
        path = tmp_path / name
        with path.open("w", newline="", encoding="gb18030") as out:
            csv.writer(out).writerows([header, *rows])
        return path

    return write


def bring_in(acting, path, who="administrator", key="cases.case", **options):
    with acting(who):
        plan = run.open_plan(key, path, **options)
        return run.execute(plan, run.start(plan))


def outcomes(report):
    return {name: report[name] for name in ("rows", "created", "updated", "unchanged", "refused") if report[name]}


def stored(acting, number, *fields, who="administrator"):
    case = record_class("cases.case")
    columns = [getattr(case, registry().types["cases.case"].fields[name].attr) for name in fields]
    with acting(who) as session:
        return tuple(session.execute(select(*columns).where(case.application_number == number)).one())


def count(acting, key="cases.case"):
    with acting("administrator") as session:
        return session.scalar(select(func.count(record_class(key).id)))


REAL = [
    ("cn_patents_sipo_crawl_szu/sipo_crawl_111.open.xlsx", {"rows": 66, "created": 66}),
    ("cn_patents_cnipr_export/cnipr_export_200.open.xlsx", {"rows": 119, "created": 119}),
    ("kr_kipris_trademarks/trademarks.open.json", {"rows": 302, "created": 302}),
    ("tw_tipo_trademark_gazette/registrations.open.xml", {"rows": 1460, "created": 1460}),
    (
        "cn_patent_gazette_2019/grant_20190709.open.csv",
        {"rows": 2857, "created": 239, "unchanged": 10, "refused": 2608},
    ),
]


@pytest.mark.parametrize(("file", "expected"), REAL, ids=[file.split("/")[0] for file, _expected in REAL])
def test_real_files_end_whole_and_a_second_run_changes_nothing(acting, shared_data, file, expected):
    path = shared_data / "real" / file
    with acting("administrator"):
        looked = run.check(run.open_plan("cases.case", path))
    first = bring_in(acting, path)
    assert outcomes(first) == expected == outcomes(looked)
    assert first["related"] == looked["related"]
    assert len(first["refused_rows"]) == first["refused"]
    assert {row["code"] for row in first["refused_rows"]} <= {"ruined_number"}
    second = bring_in(acting, path)
    assert (second["created"], second["updated"]) == (0, 0)
    assert second["unchanged"] == first["created"] + first["unchanged"]
    assert second["refused_rows"] == first["refused_rows"]


def test_what_the_real_files_say_is_stored(acting, shared_data):
    for file, _expected in REAL:
        bring_in(acting, shared_data / "real" / file)
    assert stored(acting, "201220249767.4", "case_type", "grant_number", "grant_publication_date", "filing_date") == (
        "utility_model", "CN202644312U", date(2013, 1, 2), date(2012, 5, 31),
    )  # fmt: skip
    fields = ("jurisdiction", "mark_name", "filing_date", "valid_from", "valid_to", "classes", "status")
    assert stored(acting, "109088843", *fields) == (
        "TW", "F FISHER SCIENTIFIC", date(2020, 12, 15), date(2022, 3, 16), date(2032, 3, 15), ["1"], "registered",
    )  # fmt: skip
    assert stored(acting, "4019950043843", "jurisdiction", "mark_name", "title_en", "status", "classes") == (
        "KR", "프레스카", "FRESCA", "registered", ["30"],
    )  # fmt: skip
    applicants, inventors = stored(acting, "201610895413.X", "applicants", "inventors")
    assert [part["name"] for part in applicants] == ["深圳大学"]
    assert inventors == ["戴明", "陈思平", "陈昕", "林浩铭"]


def test_every_kind_of_trouble_has_its_code(acting, sheet):
    def row(**changed):
        return [changed.get(str(place), value) for place, value in enumerate(GOOD)]

    path = sheet(
        GOOD,
        row(**{"0": "2.02E+12"}),
        row(**{"0": "CN201720000015.X"}),
        row(**{"0": "", "4": ""}),
        row(**{"0": number_of("201720000025"), "2": "2017.13.31"}),
        row(**{"0": number_of("201720000025"), "2": "2018.05.31"}),
        row(**{"0": "CN202644312U", "4": "CN202644312U"}),
        row(**{"0": "CN202644315U", "4": number_of("201720000035")}),
        row(
            **{"0": f"ZL 2017 2 0000045.{check_digit('201720000045')}", "3": "惠普发展公司,有限责任合伙企业; 乙公司；"}
        ),
        GOOD,
        row(**{"1": "另一名称"}),
        row(**{"0": "CN86207465", "2": "1986-10-12", "4": "", "5": "", "6": "奇怪的状态"}),
    )
    report = bring_in(acting, path)
    assert outcomes(report) == {"rows": 12, "created": 4, "unchanged": 1, "refused": 7}
    assert {row["row"]: row["code"] for row in report["refused_rows"]} == {
        3: "ruined_number",
        4: "check_digit",
        5: "missing_key",
        6: "bad_date",
        7: "date_order",
        8: "publication_number",
        12: "duplicate_conflict",
    }
    assert all(row["field"] and row["reason"] for row in report["refused_rows"])
    assert stored(acting, number_of("201720000035"), "grant_number") == ("CN202644315U",)
    (applicants,) = stored(acting, number_of("201720000045"), "applicants")
    assert [part["name"] for part in applicants] == [HP, "乙公司"]
    assert all(part["client"] for part in applicants)
    assert stored(acting, "86207465", "status", "case_type") == ("accepted", "utility_model")


def test_a_dry_run_writes_nothing(acting, sheet):
    before = [count(acting, key) for key in ("cases.case", "clients.client")]
    with acting("administrator"):
        report = run.check(
            run.open_plan("cases.case", sheet([number_of("201310000001"), "甲", "2013.01.02", "干跑公司", "", "", ""]))
        )
    assert (report["created"], report["import_id"]) == (1, None)
    assert report["related"] == {"clients.client": {"created": 1}}
    assert [count(acting, key) for key in ("cases.case", "clients.client")] == before


def test_a_dry_run_refuses_what_lies_outside_of_the_persons_scope(acting, sheet):
    header = ["申请号", "名称", "申请日", "主办"]
    mine, other = number_of("201310000101"), number_of("201310000102")
    path = sheet([mine, "我的", "2013.01.02", "patent_agent"], [other, "无人的", "2013.01.02", ""], header=header)
    before = count(acting)
    with acting("patent_agent"):
        looked = run.check(run.open_plan("cases.case", path))
    assert count(acting) == before
    report = bring_in(acting, path, who="patent_agent")
    assert outcomes(looked) == outcomes(report) == {"rows": 2, "created": 1, "refused": 1}
    told = [[(row["row"], row["field"], row["code"]) for row in each["refused_rows"]] for each in (looked, report)]
    assert told[0] == told[1] == [(3, "", "forbidden")]


def test_a_row_that_repeats_a_refused_one_is_refused_with_it(acting, sheet):
    header = ["申请号", "名称", "申请日", "主办"]
    good = [number_of("201310000110"), "有主", "2013.01.02", "clerk"]
    row = [number_of("201310000111"), "重复", "2013.01.02", "查无此人"]
    report = bring_in(acting, sheet(good, row, row, good, header=header))
    assert outcomes(report) == {"rows": 4, "created": 1, "unchanged": 1, "refused": 2}
    assert [(row["row"], row["code"]) for row in report["refused_rows"]] == [(3, "not_found"), (4, "not_found")]


def test_sums_below_a_table_are_told_apart(acting, sheet):
    header = ["序号", "申请号", "名称", "申请日"]
    number = number_of("201310000121")
    rows = [["1", number, "求和", "2013.01.02"], ["小计", "", "1件", ""], ["合计：", "", "", ""], ["", "", "无号", ""]]
    report = bring_in(acting, sheet(*rows, header=header))
    assert outcomes(report) == {"rows": 4, "created": 1, "refused": 3}
    assert [row["code"] for row in report["refused_rows"]] == ["summary_row", "summary_row", "missing_key"]


@pytest.mark.parametrize(
    ("file", "fields", "constants"),
    [
        ("epo__ops__published__test__biblio_example.xml", set(), {}),
        (
            "uspto__odp__fixtures__application.json",
            {"application_number", "title", "filing_date", "kind_text", "applicants", "inventors", "classification"},
            {"jurisdiction": "US"},
        ),
    ],
)
def test_patent_classes_of_foreign_offices_are_no_nice_classes(acting, shared_data, file, fields, constants):
    with acting("administrator"):
        plan = run.open_plan("cases.case", shared_data / "real/foreign_office_samples" / file)
    assert fields <= set(plan.mapping.fields.values())
    assert not {"classes", "registration_number"} & set(plan.mapping.fields.values())
    assert plan.mapping.constants == constants


def test_a_violated_constraint_shows_although_the_inserts_run_behind(acting, sheet):
    taken = number_of("201310000131")
    rows = [[number_of(f"2013100001{n}"), f"后写{n}", "2013.01.02", "后写公司", f"BEHIND-{n}"] for n in range(41, 49)]
    header = ["申请号", "名称", "申请日", "申请人", "我方案号"]
    bring_in(acting, sheet([number_of("201310000140"), "在先", "2013.01.02", "", "BEHIND-1"], header=header))
    path = sheet(*rows, [taken, "撞号", "2013.01.02", "后写公司", "BEHIND-1"], header=header)
    report = bring_in(acting, path)
    assert outcomes(report) == {"rows": 9, "created": 8, "refused": 1}
    assert [(row["row"], row["field"], row["code"]) for row in report["refused_rows"]] == [(10, "number", "unique")]
    assert outcomes(bring_in(acting, path)) == {"rows": 9, "unchanged": 8, "refused": 1}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"keys": ("applicants",)}, "bad_key"),
        ({"keys": ("client",)}, "bad_key"),
        ({"mapping": {"申请号": "application_number", "=x": "filing_date"}}, "bad_constant"),
        ({"mapping": {}}, "no_mapping"),
    ],
)
def test_keys_and_constants_that_cannot_be_are_told(acting, sheet, options, code):
    with acting("administrator"), pytest.raises(Refused) as told:
        run.check(run.open_plan("cases.case", sheet(GOOD), **options))
    assert told.value.code == code


def test_later_news_update_and_older_news_do_not_set_back(acting, sheet):
    number = number_of("201811000003")
    filed = sheet([number, "一种方法", "2018.11.01", "进展公司", "", "", "受理"], name="a.csv")
    granted = sheet([number, "一种方法", "2018.11.01", "进展公司", "CN109000003B", "2020.01.07", "授权"], name="b.csv")
    assert outcomes(bring_in(acting, filed)) == {"rows": 1, "created": 1}
    assert outcomes(bring_in(acting, granted)) == {"rows": 1, "updated": 1}
    assert outcomes(bring_in(acting, filed)) == {"rows": 1, "unchanged": 1}
    assert stored(acting, number, "status", "grant_number") == ("granted", "CN109000003B")


def test_undo_takes_back_what_nobody_touched_since(acting, sheet):
    rows = [[n, f"撤销{n}", "2014.02.03", f"撤销{n}公司", "", "", ""] for n in NUMBERED]
    before = [count(acting, key) for key in ("cases.case", "clients.client")]
    report = bring_in(acting, sheet(*rows))
    assert outcomes(report) == {"rows": 3, "created": 3}
    case = record_class("cases.case")
    with acting("administrator") as session:
        kept = session.scalars(select(case).where(case.application_number == NUMBERED[0])).one()
        update(kept, {"remarks": "看过"})
        kept_id = kept.id
    with acting("administrator"):
        result = undo(report["import_id"])
    assert [(entry["record"], entry["id"], entry["reason"]) for entry in result["kept"]][:1] == [
        ("cases.case", kept_id, "changed_since")
    ]
    assert count(acting) == before[0] + 1
    assert count(acting, "clients.client") == before[1] + 1, "the client of the kept case is still needed"
    assert outcomes(bring_in(acting, sheet(*rows))) == {"rows": 3, "created": 2, "unchanged": 1}


NUMBERED = [number_of(f"20141{n:07d}") for n in (11, 12, 13)]


def test_undoing_an_update_restores_the_old_values_and_frees_the_earlier_import(acting, sheet):
    base = "201410000021"
    number = number_of(base)
    first = bring_in(acting, sheet([number, "旧名", "2014.02.03", "甲改公司", "", "", ""]))
    second = bring_in(acting, sheet([number, "新名", "2014.02.03", "乙改公司", "", "", ""]))
    assert outcomes(second) == {"rows": 1, "updated": 1}
    with acting("administrator"):
        undo(second["import_id"])
    title, applicants = stored(acting, number, "title", "applicants")
    assert (title, [part["name"] for part in applicants]) == ("旧名", ["甲改公司"])
    with acting("administrator"):
        assert undo(first["import_id"])["kept_count"] == 0


def test_rights_hold_for_the_person_who_imports(acting, agency, sheet):
    base = "201410000031"
    number = number_of(base)
    path = sheet([number, "别所案件", "2014.02.03", "远方公司", "", "", ""])
    with acting("administrator"):
        create(record_class("cases.case"), {
            "case_type": "invention", "title": "别所案件", "application_number": number, "department": agency.abroad,
        })  # fmt: skip
    report = bring_in(acting, path, who="patent_agent")
    assert [row["code"] for row in report["refused_rows"]] == ["hidden"]
    assert "别所" not in str(report["refused_rows"])


def test_links_by_name_and_an_own_number(acting, agency, sheet):
    header = ["申请号", "名称", "申请日", "主办", "我方案号"]
    base = "201410000041"
    report = bring_in(
        acting,
        sheet(
            [number_of(base), "有主办", "2014.02.03", "clerk", "ABC-1"],
            [number_of("201410000051"), "无此人", "2014.02.03", "查无此人", "ABC-2"],
            header=header,
        ),
    )
    assert [(row["row"], row["field"], row["code"]) for row in report["refused_rows"]] == [(3, "agent", "not_found")]
    assert stored(acting, number_of(base), "agent", "number") == (agency.clerk, "ABC-1")


def test_audit_names_the_import(acting, sheet):
    from core.records.audit import AuditEntry

    base = "201410000061"
    report = bring_in(acting, sheet([number_of(base), "留痕", "2014.02.03", "", "", "", ""]))
    with acting("administrator") as session:
        table = AuditEntry.__table__
        about = (table.c.record_key == "cases.case", table.c.title == "留痕", table.c.action == "create")
        found = session.connection().execute(select(table.c.via, table.c.reason).where(*about))
        assert found.one() == ("import", f"import {report['import_id']}")


def test_an_interrupted_import_goes_on_where_it_stopped(acting, sheet, monkeypatch):
    rows = [[number_of(f"20151{n:07d}"), f"续{n}", "2015.02.03", f"续{n % 7}公司", "", "", ""] for n in range(1, 61)]
    path = sheet(*rows)
    monkeypatch.setattr(run, "BATCH", 20)
    with acting("administrator"):
        plan = run.open_plan("cases.case", path)
        started = run.start(plan)
        run_id = started.id

        def stop(done, _total):
            if done == 40:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run.execute(plan, started, stop)
    monkeypatch.setattr(run, "abandoned", lambda found: True)
    with acting("administrator"):
        plan = run.open_plan("cases.case", path)
        again = run.start(plan)
        assert (again.id, again.state) == (run_id, "running")
        report = run.execute(plan, again)
    assert outcomes(report) == {"rows": 60, "created": 60}
    assert outcomes(bring_in(acting, path)) == {"rows": 60, "unchanged": 60}


@pytest.mark.slow
def test_kill_in_the_middle_loses_and_doubles_nothing(tmp_path, shared_data):
    """The command line killed at three points; the next call brings the rest, each case once."""
    file = tmp_path / "many.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        for n in range(1, 6001):
            base = f"20161{n:07d}"
            writer.writerow([number_of(base), f"杀{n}", "2016.02.03", f"杀{n % 50}公司", "", "", ""])
    command = [sys.executable, "-m", "core.cli", "import", "cases.case", str(file), "--data", str(tmp_path / "data")]
    root = Path(run.__file__).resolve().parents[2]
    for pause in (4.0, 5.0, 6.0):
        process = subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)
        time.sleep(pause)
        process.kill()
        process.wait()
    report = tmp_path / "report.json"
    subprocess.run([*command, "--report", str(report)], cwd=root, check=True, stderr=subprocess.DEVNULL)
    found = json.loads(report.read_text())
    assert found["created"] + found["unchanged"] == found["rows"] == 6000
    with sqlite3.connect(tmp_path / "data" / "zhian.db") as database:
        assert database.execute("select count(*), count(distinct application_number) from cases_case").fetchone() == (
            6000,
            6000,
        )
        assert database.execute("select count(*) from clients_client").fetchone() == (50,)


def test_an_agency_ledger_with_a_cover_titles_and_a_header_of_two_lines(acting, tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["某某知识产权代理有限公司"])
    sheet = book.create_sheet("台账")
    base = "202110000014"
    for line in (
        ["专利案件台账（截至2024-05-01）"],
        ["制表人：张三", None, None, "单位：件"],
        ["案卷号", "专利申请号", "发明名称", "申请人", None, "申请日期", "当前法律状态", "主办人"],
        [None, None, None, "名称", "地址", None, None, None],
        [
            "HN-001",
            base + check_digit(base),
            "台账装置",
            "长沙甲公司；长沙乙公司",
            "长沙",
            date(2021, 3, 1),
            "审中-实审",
            "某人",
        ],
        ["合计", None, None, 1],
    ):
        sheet.append(line)
    sheet.merge_cells("D3:E3")
    book.save(tmp_path / "ledger.xlsx")
    report = bring_in(acting, tmp_path / "ledger.xlsx")
    assert outcomes(report) == {"rows": 2, "created": 1, "refused": 1}
    assert [(row["row"], row["code"]) for row in report["refused_rows"]] == [(6, "summary_row")]
    number, status, applicants = stored(acting, number_of(base), "number", "status", "applicants")
    assert (number, status) == ("HN-001", "substantive_exam")
    assert [(part["name"], part.get("address")) for part in applicants] == [
        ("长沙甲公司", "长沙"),
        ("长沙乙公司", None),
    ]

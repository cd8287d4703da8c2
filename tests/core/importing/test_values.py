"""Cells as they really are, and the values they become."""

from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from core.importing.dates import BadDate, parse_date
from core.importing.source import CellError
from core.importing.text import fold_name, split_names, split_values, tidy
from core.importing.values import BadCell, ImportTarget, coerce

DAY = date(2019, 7, 9)
STATUS = (
    SimpleNamespace(code="granted", label=SimpleNamespace(zh="已授权", en="Granted"), synonyms=("授权",)),
    SimpleNamespace(code="filed", label=SimpleNamespace(zh="已递交", en="Filed"), synonyms=()),
)


def target(kind, **options):
    return ImportTarget("f", kind, "F", **options)


@pytest.mark.parametrize(
    "written",
    [
        "2019.07.09", "2019-7-9", "20190709", "2019年7月9日", "2019/07/09", "２０１９．７．９", "2019-07-09 00:00:00",
        "2019-07-09T08:30:00Z", "Jul 9, 2019", "July 9 2019", "9 Jul 2019", "9-Jul-2019", " 2019. 7. 9 ", "2019.07.09;",
        20190709, 20190709.0, 43655, 43655.75, "43655", DAY, datetime(2019, 7, 9, 3, 4), ["20190709", None],
        "民國108年7月9日",
    ],
)  # fmt: skip
def test_every_way_to_write_one_day(written):
    assert parse_date(written) == DAY


@pytest.mark.parametrize("written", ["民國108年7月9日", "1080709", 1080709, "108/07/09", "108.7.9", "民国108.07.09"])
def test_roc_years_where_the_source_is_taiwanese(written):
    assert parse_date(written, roc=True) == DAY


def test_roc_years_before_100():
    assert parse_date("99.12.15", roc=True) == date(2010, 12, 15)
    assert parse_date("1951/02/27", roc=True) == date(1951, 2, 27)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("07/09/2019", "ambiguous_date"),
        ("108/07/09", "ambiguous_date"),
        ("19-7-9", "ambiguous_date"),
        ("2019-13-01", "bad_date"),
        ("2019-02-30", "bad_date"),
        ("2019", "incomplete_date"),
        ("2019-07", "incomplete_date"),
        ("soon", "bad_date"),
        (True, "bad_date"),
        ("9999-12-31", "bad_date"),
    ],
)
def test_days_that_cannot_be_known_are_refused(written, code):
    with pytest.raises(BadDate) as caught:
        parse_date(written)
    assert caught.value.code == code


@pytest.mark.parametrize("written", ["", " ", "-", "/", "无", "无数据", "0000-00-00", None, 0])
def test_cells_that_say_no_day(written):
    assert parse_date(written) is None


def test_a_comma_never_parts_a_name():
    assert split_names("惠普发展公司,有限责任合伙企业") == ["惠普发展公司,有限责任合伙企业"]
    assert split_names("惠普发展公司，有限责任合伙企业") == ["惠普发展公司，有限责任合伙企业"]
    assert split_names("抗菌技术,生物技术研究与发展股份有限公司;") == ["抗菌技术,生物技术研究与发展股份有限公司"]


@pytest.mark.parametrize(
    "written",
    [
        "甲公司;乙公司",
        "甲公司；乙公司；",
        "甲公司 ; 乙公司",
        "甲公司;??乙公司",
        "甲公司\n乙公司",
        "甲公司;\u2002乙公司;甲公司",
        ["甲公司", "乙公司"],
    ],
)
def test_several_names_in_a_cell(written):
    assert split_names(written) == ["甲公司", "乙公司"]


def test_the_enumeration_comma_parts_short_names_only():
    assert split_names("张三、李四、欧阳修文") == ["张三", "李四", "欧阳修文"]
    assert split_names("北京甲乙、丙丁科技有限公司") == ["北京甲乙、丙丁科技有限公司"]
    assert split_values("9、35，42;9") == ["9", "35", "42"]


def test_text_is_tidied_not_rewritten():
    assert tidy(" \u3000一种（新）\u00a0装置\u200b  A_x000D_ ") == "一种（新） 装置 A"
    assert tidy("一\r\n二 ", lines=True) == "一\n二"
    assert fold_name("Ａ（北京） 有限公司") == fold_name("a(北京)有限公司")


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("integer", "１，２３４", 1234),
        ("integer", 12.0, 12),
        ("money", "￥1,234.50元", Decimal("1234.50")),
        ("decimal", "85%", Decimal("0.85")),
        ("decimal", "(12.5)", Decimal("-12.5")),
        ("boolean", "是", True),
        ("boolean", "√", True),
        ("boolean", "No", False),
        ("boolean", 0, False),
        ("text", "标题;", "标题"),
        ("text", 2019.0, "2019"),
        ("text", "—", None),
        ("tags", "张三 ; 李四", ["张三", "李四"]),
        ("date", "2019.07.09", DAY),
    ],
)
def test_coercion_by_kind(kind, cell, value):
    assert coerce(target(kind), cell) == value


@pytest.mark.parametrize("word", ["granted", "已授权", "Granted", "授权", " GRANTED "])
def test_choices_by_code_label_or_synonym(word):
    assert coerce(target("choice", choices=STATUS), word) == "granted"
    assert coerce(target("multi_choice", choices=STATUS), f"{word};已递交") == ["granted", "filed"]


@pytest.mark.parametrize(
    ("kind", "cell", "code"),
    [
        ("integer", "1.5", "not_whole"),
        ("integer", "many", "bad_number"),
        ("decimal", "NaN1", "bad_number"),
        ("decimal", "Infinity", "bad_number"),
        ("boolean", "maybe", "bad_boolean"),
        ("text", CellError("#N/A"), "cell_error"),
        ("text", "惠普\ufffd", "lost_characters"),
        ("date", "2019-02-30", "bad_date"),
    ],
)
def test_what_a_field_cannot_take_has_a_code(kind, cell, code):
    with pytest.raises(BadCell) as caught:
        coerce(target(kind), cell)
    assert caught.value.code == code


def test_unknown_choices_and_long_texts_are_refused():
    with pytest.raises(BadCell, match="bad_choice"):
        coerce(target("choice", choices=STATUS), "驳回")
    with pytest.raises(BadCell, match="too_long"):
        coerce(target("text", max_length=3), "abcd")


def test_instants_without_a_zone_are_shanghai_time():
    assert coerce(target("datetime"), "2019-07-09 08:30").isoformat() == "2019-07-09T08:30:00+08:00"
    assert coerce(target("datetime"), DAY).isoformat() == "2019-07-09T00:00:00+08:00"

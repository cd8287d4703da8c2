"""Pieces and queries without a database: whatever part of a text is typed, the query finds it."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from core.search.asking import Asked, Both, Either, Piece, in_fts5, in_tsquery, words_of
from core.search.pinyin import POLYPHONES, SYLLABLES, heard, readings
from core.search.words import Pieces, both_ways

HAN = "北京堃垚科技有限公司重庆长安汽车曾单仇锂电池隔膜龑䶮𬭎〇"


def found(text: str, query: str, *, number: bool = False) -> bool:
    """Whether a query finds a text, by the meaning of the expressions."""
    pieces = Pieces()
    pieces.add(text, number=number)
    words = words_of(query)
    return bool(words) and all(holds(word.asked, pieces) for word in words)


def holds(asked: Asked, pieces: Pieces) -> bool:
    if isinstance(asked, Both):
        return all(holds(part, pieces) for part in asked.of)
    if isinstance(asked, Either):
        return any(holds(part, pieces) for part in asked.of)
    return any(follow(asked, run) for run in (*pieces.runs, *([piece] for piece in pieces.loose)))


def follow(asked: Piece, run: list[str]) -> bool:
    *first, last = asked.pieces
    size = len(asked.pieces)
    for start in range(len(run) - size + 1):
        part = run[start : start + size]
        ends = part[-1].startswith(last) if asked.begins else part[-1] == last
        if part[:-1] == first and ends:
            return True
    return False


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=HAN + "aB1 -，。", min_size=1, max_size=40), st.data())
def test_every_part_of_two_chinese_characters_or_more_is_found(text, data):
    runs = [run for run in re.findall(f"[{HAN}]+", text) if len(run) > 1]
    if not runs:
        return
    run = data.draw(st.sampled_from(runs))
    start = data.draw(st.integers(0, len(run) - 2))
    end = data.draw(st.integers(start + 2, len(run)))
    assert found(text, run[start:end])
    assert found(text, run[start])


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=HAN, min_size=2, max_size=12), st.text(alphabet=HAN, min_size=2, max_size=4))
def test_what_is_not_in_a_text_is_not_found(text, other):
    assert found(text, other) == (other in text)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="北京堃垚科技重庆长安曾单乐行", min_size=2, max_size=9), st.data())
def test_initials_and_pinyin_of_any_part_are_found_in_every_reading_that_matters(name, data):
    start = data.draw(st.integers(0, len(name) - 2))
    part = name[start : data.draw(st.integers(start + 2, len(name)))]
    read = [data.draw(st.sampled_from(readings(c))) for c in part]
    assert found(name, "".join(sound[0] for sound in read))
    assert found(name, "".join(read)) or len("".join(read)) > 24
    assert heard(name, "".join(read)) is not None


def test_names_are_found_by_the_sounds_that_people_type():
    for name, query in (
        ("北京堃垚科技有限公司", "bjky"),
        ("北京堃垚科技有限公司", "kykj"),
        ("北京堃垚科技有限公司", "bjkykjyxgs"),
        ("北京堃垚科技有限公司", "beijingku"),
        ("重庆长安汽车", "cqca"),
        ("重庆长安汽车", "chongqing"),
        ("重庆长安汽车", "zhongqing"),
        ("单先生曾", "danxian"),
        ("单先生曾", "shanxianshengceng"),
        ("西安绿源", "xian"),
        ("西安绿源", "lvyuan"),
        ("西安绿源", "xi an"),
    ):
        assert found(name, query), (name, query)
    assert not found("北京堃垚科技有限公司", "bjx")
    assert all(sound in SYLLABLES for entry in POLYPHONES.split() for sound in entry[1:].split(","))


def test_numbers_are_found_with_and_without_their_signs_and_by_their_end():
    for stored, query in (
        ("202310123456.7", "ZL202310123456.7"),
        ("202310123456.7", "zl 2023 1 0123456.7"),
        ("202310123456.7", "2023-1-0123456.7"),
        ("202310123456.7", "2023101234567"),
        ("202310123456.7", "２０２３１０１２３４５６．７"),
        ("202310123456.7", "3456.7"),
        ("202310123456.7", "123456"),
        ("202310123456.7", "20231012"),
        ("CN112345678B", "112345678"),
        ("CN112345678B", "cn112345678"),
        ("CN112345678B", "345678"),
        ("112345678", "CN112345678B"),
        ("TM20230101-000123", "tm20230101000123"),
        ("TM20230101-000123", "20230101-000123"),
        ("TM20230101-000123", "000123"),
        ("E-4403-000123", "E4403000123"),
        ("E-4403-000123", "0123"),
        ("P-3", "P-3"),
    ):
        assert found(stored, query, number=True), (stored, query)
    assert not found("TM20230101-000123", "999", number=True)
    assert list(both_ways("科技")) == []


def test_words_of_all_kinds_may_be_mixed_and_all_must_be_there():
    text = "云岫 YUNXIU 茶饮料（第30类）3D打印"
    for query in ("云岫 yun", "YUNXIU 饮料", "yx 茶", "3d打印", "３Ｄ 打印", "30"):
        assert found(text, query), query
    assert not found(text, "云岫 咖啡")
    assert words_of("…！ %%") == []


def test_queries_hold_nothing_but_pieces_and_signs():
    for text in ("'; DROP TABLE x --", 'a" OR 1 *', "\\x00(a|b)&!c:*", "NEAR(a b)", "云'岫\"茶"):
        for word in words_of(text):
            for made in (in_fts5(word.asked, ["abcd"]), in_tsquery(word.asked, ["abcd"])):
                inside = re.findall(r"[\"']([^\"']*)[\"']", made)
                assert all(re.fullmatch(r"[\w¹²ºª ]+", piece) for piece in inside), made

"""The printing child alone: what templates may not do, what stops them, and that the paper says what was given."""

from __future__ import annotations

import http.server
import io
import random
import threading
import time
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from plugins.documents.press.plain import decode, encode
from plugins.documents.press.sheet import written
from plugins.documents.printing import FONTS, Press, Unprintable
from tests.plugins.documents.conftest import png, text_of

RARE = "龑䶮㛃淼翀玥琤旻晟喆犇骉垚焱"
WAYS_OUT = [
    "{{ ''.__class__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ ''.join(['a']) }}",
    "{{ 'a'.zfill(1000000000) }}",
    "{{ range.__globals__ }}",
    "{{ cycler('a').__init__ }}",
    "{{ [1] | map('attr', 'x') | list }}",
    "{{ {} | attr('items') }}",
    "{{ 'x' | format }}",
    "{{ x | safe }}",
    "{{ 'a' * 10 ** 9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ range(10 ** 7) | list }}",
    "{% include '/etc/passwd' %}",
    "{% import 'documents/../../records.py' as r %}",
    "{% extends 'web/page.html' %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for i in range(9999) %}{% for j in range(9999) %}{% for k in range(99) %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for i in range(9999) %}{% for j in range(9999) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}{% endfor %}",
    "{{ 1 / 0 }}",
    "{{ (a.x).y() }}",
    "{% set a.b = 1 %}",
    "{% do a.update({}) %}",
    "{{ caller() }}",
]


def asked(body, data=None, **more):
    request = {"sources": {"letter": body}, "data": encode(data or {}), "language": "zh", "pictures": {}}
    return request | more


def code_of(press, body, data=None, seconds=20, **more):
    with pytest.raises(Unprintable) as fault:
        press.print(asked(body, data, **more), seconds)
    return fault.value.code


@pytest.mark.parametrize("body", WAYS_OUT)
def test_a_template_reaches_nothing_but_its_data_and_is_stopped_soon(press, body):
    started = time.monotonic()
    assert code_of(press, body, {"a": {"b": 1}, "x": "<i>"}).startswith(("template", "too_l", "out_of"))
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("name", ["a.__class__.__mro__", "a['__class__']", "lipsum.__globals__", "loop._iterable"])
def test_names_of_python_are_names_that_the_data_do_not_have(press, name):
    assert text_of(press.print(asked(f"<p>{{{{ {name} }}}}</p>", {"a": {"b": 1}})).pdf) == "—"


def test_values_are_escaped(press):
    text = text_of(press.print(asked("<p>{{ a }}</p>", {"a": "<b>1 & 2</b>{{ 7*7 }}"})).pdf)
    assert text == "<b>1&2</b>{{7*7}}"


def test_a_missing_name_prints_a_dash_and_is_told_and_a_required_one_is_named(press):
    body = "<p>{{ nobody.knows.this }}|{{ a.b }}|{{ a.b | required('申请号') }}|{{ a.c | required('有') }}</p>"
    printed = press.print(asked(body, {"a": {"b": "", "c": "在"}}))
    assert text_of(printed.pdf) == "—|—|—|在"
    assert printed.unknown == ["nobody"]
    assert printed.needed == ["申请号"]


def test_amounts_days_and_capitals_in_both_languages(press):
    from datetime import date
    from decimal import Decimal

    body = "<p>{{ d | day }}|{{ d | month }}|{{ m | money }}|{{ m | money('USD') }}|{{ m | capital }}|{{ n | day }}</p>"
    data = {"d": date(2026, 11, 22), "m": Decimal("1234.5"), "n": None}
    zh = text_of(press.print(asked(body, data)).pdf)
    assert zh == "2026年11月22日|2026年11月|¥1,234.50|USD1,234.50|人民币壹仟贰佰叁拾肆元伍角整|—"
    en = text_of(press.print(asked(body, data, language="en")).pdf)
    assert en.startswith("22November2026|November2026|¥1,234.50|")


def test_only_plain_values_get_in():
    class Thing:
        def delete(self):
            raise AssertionError("called")

    with pytest.raises(TypeError, match=r"data\.a\[0\] is a Thing"):
        encode({"a": [Thing()]})
    assert decode('{"a": {"$amount": "1.20"}, "b": {"$day": "2026-11-22"}}')["b"].year == 2026


class Canary(http.server.BaseHTTPRequestHandler):
    """Counts whoever comes."""

    hits: list[str] = []

    def do_GET(self):
        Canary.hits.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        return


def test_nothing_is_fetched_and_no_file_is_attached(press, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET-CONTENT")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image href="{here}/s" '
    svg += f'width="9" height="9"/><image xlink:href="file://{secret}"/></svg>'
    body = f"""<link rel=stylesheet href="{here}/a.css"><link rel=attachment href="file://{secret}">
    <link rel=attachment href="{here}/b"><style>@import url({here}/c.css);
    @font-face {{ font-family: x; src: url({here}/f.ttf) }}
    p {{ background: url({here}/d.png); font-family: x }} li {{ list-style-image: url(file://{secret}) }}</style>
    <img src="{here}/e.png"><img src="file://{secret}"><img src="//127.0.0.1:{server.server_port}/g">
    <a rel=attachment href="file://{secret}">x</a><object data="{here}/h"></object><embed src="{here}/i">{svg}
    <img src='data:image/svg+xml,{svg.replace("#", "%23")}'><p>好</p><li>x"""
    try:
        printed = press.print(asked(body))
    finally:
        server.shutdown()
    reader = pypdf.PdfReader(io.BytesIO(printed.pdf))
    assert Canary.hits == []
    assert not reader.attachments
    assert b"SECRET-CONTENT" not in printed.pdf
    assert "好" in text_of(printed.pdf)


def test_a_huge_table_is_stopped_and_the_press_lives_on(press):
    row = "<tr>{% for j in range(9) %}<td>{{ i * j }}{% endfor %}</tr>"
    body = f"<table>{{% for i in range(9999) %}}{row}{{% endfor %}}</table>"
    started = time.monotonic()
    assert code_of(press, body, seconds=4) in ("too_long", "out_of_memory")
    assert time.monotonic() - started < 12
    assert text_of(press.print(asked("<p>还在</p>")).pdf) == "还在"


def test_a_letter_that_eats_memory_is_stopped(press):
    cells = "{% for j in range(30) %}<b>字</b>{% endfor %}"
    body = f"{{% for i in range(9999) %}}<div style='display:flex'><span>{cells}</span></div>{{% endfor %}}"
    assert code_of(press, body, seconds=6) in ("too_long", "out_of_memory")


@pytest.mark.parametrize("text", ["🍵 茶", "꧁", "𓀀 和 \U0001f600"])
def test_a_character_without_a_glyph_fails_by_name(press, text):
    with pytest.raises(Unprintable) as fault:
        press.print(asked("<p>{{ t }}</p>", {"t": text}))
    assert fault.value.code == "missing_glyph"
    assert next(c for c in text if c not in "茶和 ") in fault.value.message
    assert "茶" not in fault.value.message


def test_generated_text_is_looked_at_too(press):
    assert code_of(press, "<style>p::before { content: '🍵' }</style><p>茶</p>") == "missing_glyph"


def test_without_a_font_nothing_crashes(tmp_path):
    with Press(tmp_path / "cache", tmp_path) as empty:
        assert code_of(empty, "<p>x</p>") == "no_font"


def test_what_is_given_is_what_the_text_layer_says(press):
    common = [chr(c) for c in range(0x4E00, 0x9FA5)]
    dice = random.Random(20261122)
    for _round in range(12):
        text = "".join(dice.sample(common, 400)) + "".join(dice.sample(RARE, 8)) + "①②③℃№→®☑☐"
        assert text_of(press.print(asked("<p>{{ t }}</p><p><b>{{ t }}</b></p>", {"t": text})).pdf) == text * 2


def test_the_right_glyph_is_drawn(press):
    """Glyphs on the page are those of our font files: names of the fonts, and the glyph for each character."""
    from fontTools.ttLib import TTFont

    text = "专利申请缴费通知单" + RARE
    reader = pypdf.PdfReader(io.BytesIO(press.print(asked("<p>{{ t }}</p>", {"t": text})).pdf))
    fonts = reader.pages[0]["/Resources"]["/Font"]
    names = {str(fonts[f].get_object()["/BaseFont"]) for f in fonts}
    assert all("Noto-Sans-SC" in n or "NotoSansSC" in n for n in names), names
    inside = [fonts[f].get_object()["/DescendantFonts"][0].get_object() for f in fonts]
    file = inside[0]["/FontDescriptor"]["/FontFile2"].get_object().get_data()
    drawn, ours = TTFont(io.BytesIO(file)), TTFont(FONTS / "NotoSansSC-Regular.ttf")
    cmap, outlines, embedded = ours.getBestCmap(), ours["glyf"], drawn["glyf"]
    order = {bytes(embedded[n].compile(embedded)) for n in drawn.getGlyphOrder() if embedded[n].numberOfContours}
    for sign in text:
        glyph = outlines[cmap[ord(sign)]]
        assert glyph.numberOfContours < 0 or bytes(glyph.compile(outlines)) in order, sign


def test_the_same_letter_twice_says_the_same(press):
    one, two = (press.print(asked("<h1>{{ a }}</h1>", {"a": "云岫"})).pdf for _ in range(2))
    assert text_of(one) == text_of(two)


def test_pictures_are_drawn_anew_and_what_is_none_is_left_out(press, tmp_path):
    good, bomb, fake, drawing = (tmp_path / n for n in ("good", "bomb", "fake", "svg"))
    good.write_bytes(png())
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    fake.write_bytes(b"GIF89a" + b"\0" * 50)
    drawing.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    paths = {n: str(tmp_path / n) for n in ("good", "bomb", "fake", "svg")}
    data = {n: {"$picture": n} for n in paths}
    request = {"sources": {"letter": "{% for p in [good, bomb, fake, svg] %}<img src='{{ p }}'>{% endfor %}"}}
    printed = press.print(request | {"data": data, "language": "zh", "pictures": paths})
    assert printed.lost == ["bomb", "fake", "svg"]
    images = pypdf.PdfReader(io.BytesIO(printed.pdf)).pages[0].images
    assert len(images) == 1


def test_a_sheet_keeps_texts_as_texts(tmp_path):
    import openpyxl

    from plugins.documents.press.pictures import Album

    picture = tmp_path / "p"
    picture.write_bytes(png())
    columns = [
        {"key": k, "label": k, "kind": kind} for k, kind in (("no", "number"), ("reg", "text"), ("pic", "picture"))
    ]
    rows = [{"no": 1, "reg": "01234567", "pic": {"$picture": "p"}}, {"no": 2, "reg": "=1+1", "pic": None}]
    book = written({"title": "清单", "notes": ["x"], "columns": columns, "rows": rows}, Album({"p": str(picture)}))
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    cells = [[c.value for c in row[:2]] for row in sheet.iter_rows()]
    assert [1, "01234567"] in cells
    assert [2, "=1+1"] in cells
    assert all(c.data_type != "f" for row in sheet.iter_rows() for c in row)
    assert len(sheet._images) == 1
    assert sheet._images[0].anchor._from.row == 4
    assert sheet.freeze_panes == "A5"


def test_the_fonts_are_here():
    assert {"NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf", "NotoSansSymbols2-Regular.ttf"} <= {
        p.name for p in Path(FONTS).iterdir()
    }

"""Ctrl-K: a mixture of what people type, one letter more each time, by four people at once."""

from __future__ import annotations

import random
from urllib.parse import quote

from tests.bench import names
from tests.bench.data import NOW
from tests.bench.load import Maker, Request, measure
from tests.bench.report import Line
from tests.bench.servers import Server

PEOPLE = 4
LIMIT = 150.0
"""Milliseconds at the 95th percentile, by the clock of the person who types."""
KINDS = ("numbers", "names", "pinyin", "frequent words", "two words", "nothing")


def typed(kind: str, chance: random.Random, size: int) -> str:
    """What somebody types in the end."""
    number = chance.randrange(1, size + 1)
    year = NOW.year - chance.randrange(1, 15)
    company = names.company(chance)
    if kind == "numbers":
        forms = (
            f"{20_000_000 + number}",
            f"ZL{year}1{number:07d}",
            f"E-{number % 9999:04d}-{number:06d}",
            f"{number:07d}",
        )
        return chance.choice(forms)
    if kind == "names":
        return chance.choice((company[:6], company[2:6], names.invention(chance)[:8], names.word(chance, 2)))
    if kind == "pinyin":
        return chance.choice(("bjky", "szhp", "kexue", "dianchi", "beijing", "hupo", "zhuangzhi", "gzgs", "yzdc"))
    if kind == "frequent words":
        return chance.choice(("科技", "有限公司", "装置", "电池", "方法", "深圳"))
    if kind == "two words":
        return f"{company[:2]} {chance.choice(('科技', '电池', '深圳', 'keji'))}"
    return chance.choice(("龘靐齉", "zzzzqq", "99999999999", "查无此人公司"))


def keystrokes(kind: str, size: int, seed: int = 20260601) -> list[str]:
    """The queries of a hundred searches: the end of each word, and on the way there every second letter."""
    chance = random.Random(f"{seed} {kind}")
    found = []
    for _n in range(100):
        whole = typed(kind, chance, size)
        found += [whole[:length] for length in range(2, len(whole), 2)] + [whole]
    return found


def asking(cookie: str, words: list[str]) -> Maker:
    """The palette's requests."""
    headers = (("Cookie", cookie), ("HX-Request", "true"))
    return lambda n: Request("GET", f"/find?q={quote(words[n % len(words)])}", None, headers)


def lines(database: str, server: Server, cookie: str, size: int, seconds: float) -> list[Line]:
    """One line for each kind of query, and one for all of them mixed."""
    each = {kind: keystrokes(kind, size) for kind in KINDS}
    mixed = [words for group in zip(*each.values(), strict=False) for words in group]
    found = []
    for kind, words in {**each, "mixed": mixed}.items():
        figures = measure(server, asking(cookie, words), seconds, 200, PEOPLE)
        ok = figures.p95 <= LIMIT if kind == "mixed" else None
        target = f"<= {LIMIT:g}" if kind == "mixed" else ""
        found.append(
            Line(database, f"search {kind}", figures.p95, "ms p95", target, ok=ok, details={"ours": figures.plain()})
        )
    return found

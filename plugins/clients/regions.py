"""Regions of clients: administrative divisions of China (GB/T 2260, as of 2024) and countries (ISO 3166-1 alpha-2)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from core import _, current_locale

DATA = Path(__file__).parent / "data" / "regions.txt"
COUNTRIES = Path(__file__).parent / "data" / "countries.txt"
GENERIC = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划")
"""Names of the second level that are no place."""

PROVINCES_EN = {
    "11": "Beijing", "12": "Tianjin", "13": "Hebei", "14": "Shanxi", "15": "Inner Mongolia", "21": "Liaoning",
    "22": "Jilin", "23": "Heilongjiang", "31": "Shanghai", "32": "Jiangsu", "33": "Zhejiang", "34": "Anhui",
    "35": "Fujian", "36": "Jiangxi", "37": "Shandong", "41": "Henan", "42": "Hubei", "43": "Hunan",
    "44": "Guangdong", "45": "Guangxi", "46": "Hainan", "50": "Chongqing", "51": "Sichuan", "52": "Guizhou",
    "53": "Yunnan", "54": "Tibet", "61": "Shaanxi", "62": "Gansu", "63": "Qinghai", "64": "Ningxia",
    "65": "Xinjiang", "71": "Taiwan", "81": "Hong Kong", "82": "Macao",
}  # fmt: skip

_SUFFIX = re.compile(r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|省|市|地区|盟|自治州|区|县|旗)$")


@cache
def divisions() -> dict[str, str]:
    """Chinese name by code of two, four or six digits."""
    names: dict[str, str] = {}
    for line in DATA.read_text("utf-8").splitlines():
        head, _colon, below = line.partition(": ")
        code, name = head.split(" ", 1)
        names[code] = name
        names.update({code + county[:2]: county[2:] for county in below.split()})
    return names


@cache
def countries(locale: str) -> dict[str, str]:
    """Country names by ISO code in `zh` or `en`."""
    rows = (line.split("|") for line in COUNTRIES.read_text("utf-8").splitlines())
    return {code: zh if locale == "zh" else en for code, zh, en in rows}


def region_name(code: str | None, locale: str | None = None) -> str:
    """The full name: 广东省深圳市南山区; in English the province before the place. Empty for an unknown code."""
    if not code:
        return ""
    locale = locale or current_locale()
    if code.isalpha():
        return countries("zh" if locale == "zh" else "en").get(code, code)
    chain = [divisions().get(code[:n], "") for n in (2, 4, 6) if len(code) >= n]
    places = [name for name in chain if name and name not in GENERIC]
    if locale == "zh":
        return "".join(dict.fromkeys(places))
    province = PROVINCES_EN.get(code[:2], "")
    return ", ".join([province, *places[1:]]) if province else "".join(places)


def validate(text: str) -> str:
    """The code of a region given as code or name; raises `ValueError` for what is neither."""
    found = find(text)
    if found is None:
        raise ValueError(_("“%(text)s” is no region: give a division code, a place or a country.", text=text))
    return found


def find(text: str) -> str | None:
    """The most exact code that the text names: `440305`, `广东深圳南山区`, `DE`, `德国`; None when it names none."""
    plain = re.sub(r"[\s,，、/]+", "", unicodedata.normalize("NFKC", text))
    if plain.isdigit():
        return _by_code(plain)
    if len(plain) == 2 and plain.isascii():
        return plain.upper() if plain.upper() in countries("en") else None
    return _by_name(plain) or _by_country(text.strip())


def _by_code(digits: str) -> str | None:
    if len(digits) in (9, 12):
        digits = digits[:6]
    while len(digits) > 2 and digits.endswith("00"):
        digits = digits[:-2]
    return digits if digits in divisions() else None


def _by_country(name: str) -> str | None:
    for locale in ("zh", "en"):
        for code, known in countries(locale).items():
            if known.casefold() == name.casefold():
                return "CN" if code == "CN" else code
    return None


@cache
def _short_names() -> dict[str, list[tuple[str, str]]]:
    """Below each code its places as (name, code), longest name first, each also without its suffix."""
    below: dict[str, list[tuple[str, str]]] = {}
    for code, name in divisions().items():
        if name in GENERIC:
            continue
        parents = {code[:n] for n in (2, 4) if n < len(code)} or {""}
        short = _SUFFIX.sub("", name)
        for parent in parents:
            below.setdefault(parent, []).append((name, code))
            if len(short) >= 2:
                below[parent].append((short, code))
    return {parent: sorted(names, key=lambda pair: -len(pair[0])) for parent, names in below.items()}


def _by_name(text: str) -> str | None:
    rest, code = text.removeprefix("中国"), ""
    while rest:
        found = next(((n, c) for n, c in _short_names().get(code, ()) if rest.startswith(n)), None)
        if found is None:
            break
        rest, code = rest[len(found[0]) :], found[1]
    return code or _unique_city(text)


def _unique_city(text: str) -> str | None:
    """A city named without its province, when only one has that name."""
    found = {c for names in _short_names().values() for n, c in names if len(c) == 4 and text.startswith(n)}
    return _within(found.pop(), text) if len(found) == 1 else None


def _within(city: str, text: str) -> str:
    name = divisions()[city]
    rest = text.removeprefix(name) if text.startswith(name) else text.removeprefix(_SUFFIX.sub("", name))
    return next((c for n, c in _short_names().get(city, ()) if rest.startswith(n)), city)

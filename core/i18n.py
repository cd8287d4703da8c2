"""Texts in two languages: lazy gettext for code, `L` for data, one merged catalog of core and all enabled plugins."""

from __future__ import annotations

import gettext as _gettext
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import total_ordering
from pathlib import Path
from typing import Any

LOCALES = ("zh", "en")
DEFAULT_LOCALE = "zh"
EXTRACT_KEYWORDS = {"_": None, "gettext": None, "lazy": None, "ngettext": (1, 2)}
EXTRACT_METHODS = [
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2.ext:babel_extract"),
    ("**.html", "jinja2.ext:babel_extract"),
]
"""Where texts stand and by which calls: what the catalogues are made from."""
_locale: ContextVar[str] = ContextVar("zhian_locale", default=DEFAULT_LOCALE)
_catalog: dict[str, str] = {}


def current_locale() -> str:
    """`zh` or `en`."""
    return _locale.get()


def set_locale(code: str | None) -> None:
    """Make `code` the language of this request or job; anything unknown becomes the default."""
    _locale.set(code if code in LOCALES else DEFAULT_LOCALE)


@contextmanager
def use_locale(code: str | None) -> Iterator[None]:
    """Speak `code` inside the block."""
    token = _locale.set(code if code in LOCALES else DEFAULT_LOCALE)
    try:
        yield
    finally:
        _locale.reset(token)


def gettext(message: str, **values: Any) -> str:
    """The message in the current language, with `%(name)s` filled in."""
    text = _catalog.get(message, message) if _locale.get() == "zh" else message
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: Any) -> str:
    """Chinese has one form; English chooses by `n`, which is also filled in."""
    return gettext(singular if n == 1 else plural, n=n, **values)


@total_ordering
class LazyText:
    """A text that is translated when it is shown, not when it is written down."""

    __slots__ = ("message", "values")

    def __init__(self, message: str, values: dict[str, Any] | None = None) -> None:
        self.message = message
        self.values = values or {}

    def __str__(self) -> str:
        return gettext(self.message, **self.values)

    def __repr__(self) -> str:
        return f"_({self.message!r})"

    def __html__(self) -> str:
        from markupsafe import escape

        return escape(str(self))

    def __mod__(self, values: Any) -> str:
        return str(self) % values

    def __add__(self, other: Any) -> str:
        return str(self) + str(other)

    def __radd__(self, other: Any) -> str:
        return str(other) + str(self)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __lt__(self, other: object) -> bool:
        return str(self) < str(other)

    def __hash__(self) -> int:
        return hash(self.message)

    def __len__(self) -> int:
        return len(str(self))


def lazy(message: str, **values: Any) -> LazyText:
    """Mark an English source text for translation; resolved by `str()`."""
    return LazyText(message, values)


_ = lazy


class L(LazyText):
    """A label that is data: both languages are given in place."""

    __slots__ = ("en", "zh")

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en

    def __str__(self) -> str:
        return self.zh if _locale.get() == "zh" else self.en

    def __repr__(self) -> str:
        return f"L({self.zh!r}, {self.en!r})"

    def __hash__(self) -> int:
        return hash((self.zh, self.en))


def load_catalogs(folders: list[Path]) -> None:
    """Replace the merged Chinese catalog by those of the `translations` folders; compiles what is stale."""
    _catalog.clear()
    for folder in folders:
        source = folder / "zh" / "LC_MESSAGES" / "messages.po"
        if not source.exists():
            continue
        with _compiled(source).open("rb") as stream:
            loaded = _gettext.GNUTranslations(stream)
        _catalog.update({k: v for k, v in loaded._catalog.items() if isinstance(k, str) and k and v})


def _compiled(source: Path) -> Path:
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return target
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as stream:
        catalog = read_po(stream, locale="zh")
    fresh = target.with_suffix(f".mo.{id(catalog)}")
    with fresh.open("wb") as stream:
        write_mo(stream, catalog)
    fresh.replace(target)
    return target


def extract(room: Path) -> tuple[int, int]:
    """Bring the `.po` of one room up to date; returns (messages, still untranslated)."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po, write_po

    fresh = Catalog(locale="zh")
    found = extract_from_dir(str(room), EXTRACT_METHODS, keywords=EXTRACT_KEYWORDS)
    for filename, line, message, comments, context in found:
        for text in message if isinstance(message, tuple) else (message,):
            fresh.add(text, locations=[(filename, line)], auto_comments=comments, context=context)
    target = room / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        with target.open("rb") as stream:
            old = read_po(stream, locale="zh")
        for message in fresh:
            if message.id and message.id in old:
                message.string = old[message.id].string
    with target.open("wb") as stream:
        write_po(stream, fresh, width=120, omit_header=False, no_location=True, sort_output=True)
    left = sum(1 for m in fresh if m.id and not m.string)
    return len(fresh), left


if __name__ == "__main__" and sys.argv[1:2] == ["extract"]:
    root = Path(__file__).resolve().parent.parent
    for place in [root / "core", *sorted(p.parent for p in (root / "plugins").glob("*/plugin.toml"))]:
        if len(sys.argv) == 2 or place.name in sys.argv[2:]:
            print(place.name, *extract(place))  # noqa: T201 - a developer's tool

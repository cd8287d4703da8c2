"""HTML to PDF by WeasyPrint, with our fonts alone and nothing fetched; a character without a glyph is a failure."""

from __future__ import annotations

import logging
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from plugins.documents.press.pictures import SCHEME, Album
from plugins.documents.press.template import Faulty

ARCHIVE = "pdf/a-3u"
"""Text can be extracted from it in twenty years."""
IGNORED = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Cs", "Co", "Mn"})
"""Categories that need no glyph of their own; combining marks are checked as part of a composed character."""


class Fetcher(URLFetcher):
    """The one way out of a letter: data: URLs, and the pictures of its own album. No files, no network."""

    def __init__(self, album: Album | None = None) -> None:
        super().__init__(allowed_protocols={"data"})
        self.album = album

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """The content behind an address; raises `ValueError` for what is neither data nor in the album."""
        if self.album is None or not url.startswith(SCHEME):
            return super().fetch(url, headers)
        found = self.album.get(url.removeprefix(SCHEME))
        if found is None:
            raise ValueError(f"no such picture: {url}")
        return URLFetcherResponse(url, found[0], {"Content-Type": found[1]})


@cache
def coverage(folder: str) -> frozenset[int]:
    """The characters that our fonts can draw."""
    found: set[int] = set()
    for file in sorted(Path(folder).glob("*.ttf")):
        with TTFont(file, lazy=True) as font:
            found |= font.getBestCmap().keys()
    if not found:
        raise Faulty("no_font", "no font files in the fonts folder")
    return frozenset(found)


def warm_up(folder: str) -> None:
    """Load fonts and libraries once, so that each letter after this one is quick. Raises `Faulty` without a font."""
    coverage(folder)
    _paper("<p>暖 <b>机</b></p>").write_pdf()


@cache
def _fonts() -> FontConfiguration:
    return FontConfiguration()


def _paper(html: str, album: Album | None = None) -> Any:
    return HTML(string=html, url_fetcher=Fetcher(album)).render(font_config=_fonts())


def printed(html: str, folder: str, album: Album | None = None) -> tuple[bytes, int]:
    """The PDF and its number of pages. Raises `Faulty`: missing_glyph names the characters."""
    drawable = coverage(folder)
    document = _paper(html, album)
    lost = missing(document, drawable)
    if lost:
        raise Faulty("missing_glyph", " ".join(lost))
    return document.write_pdf(pdf_variant=ARCHIVE, pdf_tags=True), len(document.pages)


def missing(document: Any, drawable: frozenset[int]) -> list[str]:
    """The characters on the pages that none of our fonts can draw, as they stand and by their code."""
    found: dict[str, None] = {}
    for page in document.pages:
        for box in page._page_box.descendants():
            for sign in getattr(box, "text", None) or "":
                if ord(sign) not in drawable and unicodedata.category(sign) not in IGNORED:
                    found[sign] = None
    return [f"{sign} (U+{ord(sign):04X})" for sign in sorted(found)[:20]]


for _name in ("weasyprint", "fontTools"):
    logging.getLogger(_name).setLevel(logging.ERROR)

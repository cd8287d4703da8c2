"""Why a letter could not be printed, in words, each with what to do next."""

from __future__ import annotations

from typing import Any

from core import _

WORDS = {
    "missing_glyph": _("These characters are in none of the fonts: %(detail)s. Write them differently, or add a font."),
    "no_font": _("The fonts for papers are missing. An administrator runs `zhian doctor`, which says how to get them."),
    "template_syntax": _("The template is not well-formed: %(detail)s"),
    "template_error": _("The template cannot be filled: %(detail)s"),
    "template_forbidden": _("The template uses what templates may not use: %(detail)s"),
    "too_large": _("The letter grows beyond what is allowed: %(detail)s"),
    "too_long": _("Making the letter took too long and was stopped. Make a smaller list, or mend the template."),
    "out_of_memory": _("Making the letter needs more memory than is allowed. Make a smaller list."),
    "busy": _("Too many letters are being printed just now. Try again in a moment."),
    "crashed": _("The printer gave up on this letter: %(detail)s"),
    "interrupted": _("Making the letter was interrupted again and again. Try it once more, or tell an administrator."),
    "data": _("The record cannot be put into this letter: %(detail)s"),
    "template_missing": _("The template of this kind of document is missing."),
}


def words(code: str | None, detail: str | None = None, line: int | None = None) -> Any:
    """The failure as people read it."""
    text = WORDS.get(code or "", WORDS["crashed"])
    said = _(text.message, detail=detail or "") if "%(detail)s" in text.message else text
    return _("Line %(line)s: %(text)s", line=line, text=said) if line else said

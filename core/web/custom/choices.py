"""The choices of a custom field as rows of a form: read from what was posted, drawn as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.i18n import _, gettext
from core.records.fields import Choice, Field
from core.web.widgets import field_of

BEGIN = "choices-"
PLACE = "__n__"
TONES = (
    Choice("plain", _("without a colour")),
    Choice("accent", _("blue")),
    Choice("done", _("green")),
    Choice("warn", _("amber")),
    Choice("today", _("orange")),
    Choice("danger", _("red")),
)
CELLS = (
    Field("text", _("Name in Chinese"), name="zh", max_length=120, required=True),
    Field("text", _("Name in English"), name="en", max_length=120, required=True),
    Field("text", _("Code"), name="code", max_length=40, required=True),
    Field("choice", _("Colour"), name="tone", choices_source=TONES),
    Field(
        "choice",
        _("In use"),
        name="use",
        required=True,
        default="on",
        choices_source=(Choice("on", _("offered")), Choice("off", _("retired"))),
    ),
)


def slug(words: str) -> str:
    """`Key account` as `key_account`."""
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def posted(form: Any) -> list[dict[str, Any]]:
    """The choices of a form in its order; blank rows are left out, missing codes are made of the names."""
    numbers = dict.fromkeys(n.removeprefix(BEGIN).partition("-")[0] for n in form if n.startswith(BEGIN))
    made: list[dict[str, Any]] = []
    for number in (n for n in numbers if n != PLACE):
        cell = {name: form.get(f"{BEGIN}{number}-{name}", "").strip() for name in ("id", "gone", *_NAMES)}
        if cell["gone"] or not (cell["zh"] or cell["en"] or cell["code"]):
            continue
        code = cell["id"] or cell["code"] or slug(cell["en"])[:40] or _free({c["code"] for c in made})
        choice = {"code": code, "zh": cell["zh"] or cell["en"], "en": cell["en"], "tone": cell["tone"]}
        made.append(choice | ({"retired": True} if cell["use"] == "off" else {}))
    return made


_NAMES = tuple(spec.name for spec in CELLS)


def _free(taken: set[str]) -> str:
    return next(code for n in range(1, 1000) if (code := f"c{n}") not in taken)


def table(found: list[dict[str, Any]] | None, *, stored: Any = None) -> dict[str, Any]:
    """The rows as the template of rows draws them; codes of stored choices stand fast."""
    known = {c["code"] for c in (stored.choices or ())} if stored is not None else set()
    rows = [_row(str(n), choice, choice.get("code") in known) for n, choice in enumerate(found or ())]
    rows = rows or [_row(f"new{n}", {}, False) for n in range(2)]
    return {
        "label": gettext("Choices"),
        "add": gettext("Choice"),
        "heads": [str(spec.label) for spec in CELLS],
        "rows": rows,
        "gone": [],
        "blank": _row(PLACE, {}, False),
        "begin": BEGIN,
    }


def _row(number: str, choice: Mapping[str, Any], fast: bool) -> dict[str, Any]:
    begin = f"{BEGIN}{number}-"
    values = {**choice, "use": "off" if choice.get("retired") else "on"}
    fields = []
    for spec in CELLS:
        drawn = field_of(spec, values.get(spec.name)) | {"name": begin + spec.name, "wide": False}
        if spec.name == "code" and fast:
            drawn |= {"readonly": True, "shown": choice["code"]}
        fields.append(drawn)
    return {"begin": begin, "id": choice["code"] if fast else None, "fields": fields, "errors": []}

"""A step for automation rules about calls."""

from __future__ import annotations

from typing import Any

from core import _, gettext
from hotline.services import answer
from plugins.automation import Input, Occasion, StepKind

KEY = "hotline.call"
NOTE = Input("note", _("What it was about"), "long_text")


def called_back(occasion: Occasion, step: dict[str, Any]) -> str:
    """The call is answered, with what the rule says about it."""
    answer(occasion.record, {"note": occasion.fill(step.get("note"))})
    return gettext("Called back")


def kinds() -> list[StepKind]:
    """The steps."""
    return [
        StepKind(
            "hotline.called_back",
            _("Note that somebody called back"),
            lambda record_key: (NOTE,),
            called_back,
            icon="phone",
            available=lambda record_key: record_key == KEY,
        )
    ]

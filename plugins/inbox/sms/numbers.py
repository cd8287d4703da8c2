"""Phone numbers: one form for sending, one for showing. Pure."""

from __future__ import annotations

import re
import unicodedata


def plain_number(text: str | None) -> str | None:
    """`+86 138-0000 1234` as 8613800001234; None for what is no mobile number. Other countries need their +code."""
    wide = unicodedata.normalize("NFKC", text or "")
    digits = re.sub(r"[\s().-]", "", wide)
    if re.fullmatch(r"(\+?86|0086)?1[3-9]\d{9}", digits):
        return f"86{digits[-11:]}"
    if re.fullmatch(r"\+(?!86)[1-9]\d{6,14}", digits):
        return digits[1:]
    return None


def masked(number: str) -> str:
    """138****1234: enough to recognise one's own."""
    shown = number.removeprefix("86") if len(number) == 13 else number
    return f"{shown[:3]}****{shown[-4:]}"

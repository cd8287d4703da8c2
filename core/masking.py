"""Secrets stay out of logs and journals: texts known to be secret are masked wherever they would be written."""

from __future__ import annotations

import logging
from collections.abc import Iterable

MASK = "***"
SHORTEST_SECRET = 6
"""Shorter texts are not masked: they would be found in ordinary words."""
_secrets: set[str] = set()
_CONTROL = {number: repr(chr(number))[1:-1] for number in (*range(9), *range(10, 32), 127, 0x85, 0x2028, 0x2029)}
"""Signs that would let a value forge a line of the log, or move a terminal's cursor."""


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the given secrets and those that were made known by `keep_secret`."""
    for secret in sorted({*secrets, *_secrets}, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return text


def keep_secret(*secrets: str | None) -> None:
    """Never let these texts reach a log of this process."""
    _secrets.update(s for s in secrets if s and len(s) >= SHORTEST_SECRET)


class MaskingFilter(logging.Filter):
    """Takes known secrets out of each log record, and what would begin a new line, whichever library writes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; the message may have changed."""
        plain = record.getMessage()
        masked = mask(plain).translate(_CONTROL)
        if masked != plain:
            record.msg, record.args = masked, ()
        return True


def mask_logs() -> None:
    """Put the filter before every handler of the root logger; httpx names whole addresses at INFO, so it is quieter."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(f, MaskingFilter) for f in handler.filters):
            handler.addFilter(MaskingFilter())
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)

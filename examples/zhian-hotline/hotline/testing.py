"""Samples for the conformance suite."""

from __future__ import annotations

import datetime
from itertools import count
from typing import Any

_numbers = count(1)


def _call() -> dict[str, Any]:
    at = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)
    return {"caller": "+862155550000", "called_at": at, "outside_id": f"sample-{next(_numbers)}"}


SAMPLES = {"hotline.call": _call}

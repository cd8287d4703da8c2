"""Where the status models ask for the agency's changes. The plugin puts its own function here; alone there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_NONE: Mapping[str, Any] = {}


def _shipped() -> Mapping[str, Any]:
    return _NONE


changes: Callable[[], Mapping[str, Any]] = _shipped
"""The agency's changes by model; the same object until one of them changes."""

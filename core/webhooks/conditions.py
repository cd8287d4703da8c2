"""The condition of a webhook: what stands behind the question mark of a filtered list's address, or that whole one."""

from __future__ import annotations

from urllib.parse import parse_qsl

from core.records.conditions import Filter, parse_filters
from core.registry import RecordType

APART = ("sort", "group", "page", "limit", "view", "as", "columns", "q", "locale", "cursor", "preset", "tab")
"""What else stands in the address of a list."""


def filters_of(kind: RecordType, said: str | None) -> tuple[Filter, ...]:
    """The conditions as filters; raises `BadRequest` for what the record type does not have."""
    query = (said or "").strip()
    query = query.partition("?")[2] if "?" in query else query
    pairs = parse_qsl(query.replace("\n", "&"), keep_blank_values=False)
    return parse_filters([pair for pair in pairs if pair[0] not in APART], kind)

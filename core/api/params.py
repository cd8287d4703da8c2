"""The address of a list request as a `Query`; what cannot be understood is refused by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import BadRequest
from core.i18n import _
from core.records import trees
from core.records.query import Query, find_field, parse_filters
from core.registry import RecordType

MAX_LIMIT = 200
MAX_FILTERS = 400
MAX_TEXT = 2000
RESERVED = ("q", "where", "sort", "cursor", "limit", "fields", "expand", "count", "archived", "locale")
YES, NO = ("1", "true", "yes"), ("", "0", "false", "no")


@dataclass(frozen=True)
class ListRequest:
    """What to read, and which links to show whole."""

    query: Query
    expand: tuple[str, ...]


def list_request(kind: RecordType, args: Any) -> ListRequest:
    """Parse a MultiDict of arguments; raises `BadRequest`."""
    pairs = list(args.items(multi=True))
    _check_size(pairs)
    given = {name: value for name, value in pairs if name in RESERVED}
    for name, _value in pairs:
        if name.startswith("_"):
            raise BadRequest(_("“%(record)s” has no field “%(name)s”.", record=kind.label, name=name), code="field")
    fields, expand = field_names(kind, given.get("fields")), expand_names(kind, given.get("expand"))
    query = Query(
        filters=parse_filters(pairs, kind, RESERVED),
        where=trees.parsed(kind, given.get("where", "")),
        q=given.get("q", "").strip(),
        sort=tuple(n for n in given.get("sort", "").split(",") if n),
        fields=fields,
        limit=_limit(given.get("limit")),
        cursor=given.get("cursor") or None,
        count=flag(given, "count"),
        archived=flag(given, "archived"),
    )
    return ListRequest(query, expand)


def _check_size(pairs: list[tuple[str, str]]) -> None:
    if len(pairs) > MAX_FILTERS:
        raise BadRequest(_("At most %(n)s parameters are taken at once.", n=MAX_FILTERS), code="too_many")
    for name, value in pairs:
        wrong = name.endswith("__isnull") and value.lower() not in (*YES, *NO)
        if wrong or (len(value) > MAX_TEXT and name != "where") or "\x00" in value:
            raise BadRequest(
                _("“%(value)s” does not fit the field “%(name)s”.", value=value[:60], name=name), code="value"
            )


def flag(given: dict[str, str], name: str) -> bool:
    """A yes or no of the address; raises `BadRequest` for anything else."""
    value = given.get(name, "").lower()
    if value not in (*YES, *NO):
        raise BadRequest(_("“%(name)s” is 1 or 0.", name=name), code="value")
    return value in YES


def _limit(text: str | None) -> int:
    """Rows of a page: 50 unless told, at most 200; 0 is for the total alone."""
    if text is None:
        return 50
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest(_("“limit” is a number from 0 to %(n)s.", n=MAX_LIMIT), code="value")
    return min(int(text), MAX_LIMIT)


def field_names(kind: RecordType, text: str | None) -> tuple[str, ...] | None:
    """The fields to read, or None for all; raises `BadRequest` for an unknown one."""
    if text is None:
        return None
    names = tuple(n.strip() for n in text.split(",") if n.strip())
    for name in names:
        if "." in name:
            raise BadRequest(_("“%(record)s” has no field “%(name)s”.", record=kind.label, name=name), code="field")
        find_field(kind, name)
    return names


def expand_names(kind: RecordType, text: str | None) -> tuple[str, ...]:
    """Links to show whole; raises `BadRequest` for what is not a link of this record."""
    names = tuple(n.strip() for n in (text or "").split(",") if n.strip())
    for name in names:
        if "." in name or not find_field(kind, name).target:
            raise BadRequest(_("“%(name)s” is not a link.", name=name), code="expand")
    return names

"""The state of a list lives in its address: view, filters, search, sort, group, columns, page, way of showing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.datastructures import MultiDict

from core.errors import BadRequest
from core.i18n import _
from core.records.query import Filter, Query, find_field, parse_filters
from core.registry import RecordType, registry
from core.views import Column, ListView, Preset

RESERVED = frozenset({"view", "q", "sort", "group", "cols", "page", "as", "month", "archived", "locale"})
PAGE_SIZE = 50
SHOWN_AS = ("list", "board", "calendar")
DEFAULT_COLUMNS = 6


@dataclass(frozen=True)
class ListState:
    """What one list shows. `pairs` are the filters as they stand in the address."""

    kind: RecordType
    view: ListView
    pairs: tuple[tuple[str, str], ...] = ()
    preset: str = ""
    q: str = ""
    sort: str = ""
    group: str = ""
    cols: tuple[str, ...] = ()
    page: int = 1
    shown_as: str = "list"
    month: str = ""
    archived: bool = False
    filters: tuple[Filter, ...] = field(default=())

    def url(self, **change: Any) -> str:
        """The address of this list with something changed; changing what is shown goes back to page one."""
        state = replace(self, **({"page": 1} | change)) if change else self
        args: list[tuple[str, str]] = [("view", state.preset)] if state.preset else []
        args += state.pairs
        plain = (
            ("q", state.q),
            ("sort", state.sort),
            ("group", state.group),
            ("cols", ",".join(state.cols)),
            ("month", state.month),
        )
        args += [(k, v) for k, v in plain if v]
        if state.shown_as != "list":
            args.append(("as", state.shown_as))
        if state.archived:
            args.append(("archived", "1"))
        if state.page > 1:
            args.append(("page", str(state.page)))
        base = f"/r/{state.kind.key}"
        if not args and default_preset(state.view) is not None:
            args = [("view", "-")]
        return f"{base}?{urlencode(args)}" if args else base

    def without(self, pair: tuple[str, str]) -> str:
        """The address without one filter."""
        return self.url(
            pairs=tuple(p for p in self.pairs if p != pair), preset=self.preset if self.preset == "-" else ""
        )

    def query(self, **change: Any) -> Query:
        """What to ask the records for."""
        wanted = {
            "filters": self.filters,
            "q": self.q,
            "sort": tuple(s for s in self.sort.split(",") if s),
            "limit": PAGE_SIZE,
            "page": self.page,
            "archived": self.archived,
        }
        return Query(**(wanted | change))

    def columns(self) -> list[Column]:
        """The columns to show, in their order: those chosen in the address, else those of the view."""
        offered = {c.key: c for c in self.offered_columns()}
        if self.cols:
            return [offered[c] for c in self.cols if c in offered]
        return [c for c in self.view.columns if c.shown and c.key in offered] or list(offered.values())[
            :DEFAULT_COLUMNS
        ]

    def offered_columns(self) -> list[Column]:
        """All columns that a person may choose: the view's own, then every other field."""
        own = [
            c for c in self.view.columns if all(readable(self.kind, n) for n in (c.needs if c.template else (c.key,)))
        ]
        known = {c.key for c in own}
        rest = [
            f
            for f in self.kind.fields.values()
            if f.name not in known and f.kind not in ("json", "secret") and readable(self.kind, f.name)
        ]
        return own + [Column(f.name, shown=False) for f in rest]


def readable(kind: RecordType, name: str | None) -> bool:
    """Whether there is such a field and the person may read it at all."""
    if not name:
        return False
    try:
        find_field(kind, name)
    except BadRequest:
        return False
    return True


def default_preset(view: ListView) -> Preset | None:
    """The preset that an address without any state means."""
    return next((p for p in view.presets if p.default), None)


def read_state(kind: RecordType, view: ListView | None, args: MultiDict[str, str]) -> ListState:
    """The state in an address; raises `BadRequest` for what no list understands."""
    view = view or ListView(kind.key)
    pairs = tuple((k, v) for k, v in args.items(multi=True) if k not in RESERVED and v != "")
    preset = args.get("view", "")
    chosen = next((p for p in view.presets if p.key == preset), None)
    if not preset and not pairs and not args.get("q"):
        chosen = default_preset(view)
    sort, group = args.get("sort", ""), args.get("group", "")
    if chosen is not None:
        if not pairs and not args.get("page"):
            sort, group = sort or chosen.sort or "", group or chosen.group or ""
        pairs = pairs or tuple(chosen.filters.items())
    state = ListState(
        kind=kind,
        view=view,
        pairs=pairs,
        preset=chosen.key if chosen else ("-" if preset else ""),
        q=args.get("q", "").strip()[:200],
        sort=sort or view.sort or "",
        group=group if group != "-" else "",
        cols=_columns(args),
        page=_page(args.get("page", "1")),
        shown_as=args.get("as") if args.get("as") in SHOWN_AS else "list",
        month=args.get("month", ""),
        archived=args.get("archived") == "1",
    )
    if state.group:
        find_field(kind, state.group)
    return replace(state, filters=parse_filters(state.pairs, kind))


def _columns(args: MultiDict[str, str]) -> tuple[str, ...]:
    return tuple(c for part in args.getlist("cols") for c in part.split(",") if c)


def _page(raw: str) -> int:
    try:
        page = int(raw)
    except ValueError:
        raise BadRequest(_("The page is a number.")) from None
    return min(max(page, 1), 100_000)


def state_at(kind: RecordType, address: str) -> ListState:
    """The state of a list by its whole address."""
    return read_state(kind, registry().view("list", kind.key), MultiDict(parse_qsl(urlsplit(address).query)))

"""The state of a list lives in its address: view, conditions, search, sort, groups, columns, page, way of showing.

What an address leaves open comes from the saved view or preset that it names, then from what the person chose last.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.datastructures import MultiDict

from core.errors import BadRequest, NotFound
from core.i18n import _
from core.records import trees
from core.records.query import Filter, Query, find_field, parse_filters
from core.records.totals import Level, levels_of
from core.registry import RecordType, registry
from core.views import Column, ListView, Preset
from core.web.known import KnownViews, Saved, known_views

RESERVED = frozenset(
    {"view", "q", "sort", "group", "cols", "page", "as", "month", "archived", "locale"}
    | {"where", "freeze", "by", "own"}
)
PAGE_SIZE = 50
SHOWN_AS = ("list", "board", "calendar")
DEFAULT_COLUMNS = 6
NARROWEST, WIDEST = 48, 900
MOST_FROZEN = 3
PASSING = ("page", "month", "locale")
"""What is of the moment and no part of a view."""


@dataclass(frozen=True)
class ListState:
    """What one list shows. `pairs` are the filters as they stand in the address, `where` the tree beside them.

    `by` is the field of a board's lanes or of a calendar's days; `widths` are in pixels; `chosen` are the columns
    that the person last chose, for where the address names none.
    """

    kind: RecordType
    view: ListView
    pairs: tuple[tuple[str, str], ...] = ()
    where: trees.Tree | None = None
    preset: str = ""
    saved: Saved | None = None
    q: str = ""
    sort: str = ""
    group: str = ""
    cols: tuple[str, ...] = ()
    freeze: int = 0
    page: int = 1
    shown_as: str = "list"
    by: str = ""
    month: str = ""
    archived: bool = False
    filters: tuple[Filter, ...] = field(default=())
    levels: tuple[Level, ...] = ()
    chosen: tuple[str, ...] = ()
    has_default: bool = False

    @property
    def base(self) -> str:
        """The address of the list without any state."""
        return f"/r/{self.kind.key}"

    def stored(self) -> str:
        """The state as it is kept in a saved view: all but the page."""
        return urlencode(self._args())

    def _args(self) -> list[tuple[str, str]]:
        plain = (
            ("where", trees.compact(self.where)),
            ("q", self.q),
            ("sort", self.sort),
            ("group", self.group),
            ("cols", ",".join(self.cols)),
            ("freeze", str(self.freeze) if self.freeze and self.cols else ""),
            ("as", self.shown_as if self.shown_as != "list" else ""),
            ("by", self.by if self.shown_as != "list" else ""),
            ("archived", "1" if self.archived else ""),
        )
        return [*self.pairs, *((k, v) for k, v in plain if v)]

    @property
    def asked(self) -> bool:
        """Whether the list shows less than all its records."""
        return bool(self.pairs or self.where or self.q)

    @property
    def changed(self) -> bool:
        """Whether a saved view is shown otherwise than it was saved."""
        return self.saved is not None and self.stored() != self.saved.query

    def url(self, **change: Any) -> str:
        """The address of this list with something changed; changing what is shown goes back to page one."""
        state = replace(self, **({"page": 1} | change)) if change else self
        passing = [("month", state.month)] if state.month else []
        passing += [("page", str(state.page))] if state.page > 1 else []
        if state.saved is not None:
            if not state.changed:
                return f"{state.saved.address}?{urlencode(passing)}" if passing else state.saved.address
            return f"{state.base}?{urlencode([('view', state.preset), ('own', '1'), *state._args(), *passing])}"
        args = [*([("view", state.preset)] if state.preset else []), *state._args(), *passing]
        if not args and state.has_default:
            args = [("view", "-")]
        return f"{state.base}?{urlencode(args)}" if args else state.base

    def at(self, base: str) -> str:
        """This state, the page left out, behind another address: of an export, of a part of the page."""
        view = [("view", self.preset), *([("own", "1")] if self.saved else [])] if self.preset else []
        args = [*view, *self._args()]
        return f"{base}?{urlencode(args)}" if args else f"{base}?view=-" if self.has_default else base

    def asking(self, pairs: tuple[tuple[str, str], ...], where: trees.Tree | None) -> str:
        """The address with other conditions."""
        return self.url(pairs=pairs, where=where, preset=self.preset if self.saved or self.preset == "-" else "")

    def without(self, pair: tuple[str, str]) -> str:
        """The address without one filter."""
        return self.asking(tuple(p for p in self.pairs if p != pair), self.where)

    def query(self, **change: Any) -> Query:
        """What to ask the records for."""
        wanted = {
            "filters": self.filters,
            "where": self.where,
            "q": self.q,
            "sort": tuple(s for s in self.sort.split(",") if s),
            "limit": PAGE_SIZE,
            "page": self.page,
            "archived": self.archived,
        }
        return Query(**(wanted | change))

    def columns(self) -> list[Column]:
        """The columns to show, in their order: those of the address, those chosen last, else those of the view."""
        offered = {c.key: c for c in self.offered_columns()}
        for chosen in (self.cols, self.chosen):
            if found := [offered[k] for k in (c.partition(":")[0] for c in chosen) if k in offered]:
                return found
        return [c for c in self.view.columns if c.shown and c.key in offered] or list(offered.values())[
            :DEFAULT_COLUMNS
        ]

    def widths(self) -> dict[str, int]:
        """Widths in pixels by column, of those that have one."""
        parts = (c.partition(":") for c in self.cols or self.chosen)
        return {key: _within(width) for key, _sep, width in parts if width.isdigit()}

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


def _within(width: str) -> int:
    return min(max(int(width[:5]), NARROWEST), WIDEST)


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
    """The state in an address; raises `BadRequest` for what no list understands, `NotFound` for a view that is gone."""
    view, known = view or ListView(kind.key), known_views(kind.key)
    saved, args = _saved(known, args)
    pairs = tuple((k, v) for k, v in args.items(multi=True) if k not in RESERVED and k[:1] != "_" and v != "")
    where = trees.parsed(kind, args.get("where", ""))
    preset = args.get("view", "")
    chosen = next((p for p in view.presets if p.key == preset), None)
    bare = not pairs and not where and not args.get("q")
    if not preset and bare and saved is None:
        chosen = default_preset(view)
    sort, group = args.get("sort", ""), args.get("group", "")
    if chosen is not None:
        if bare and not args.get("page"):
            sort, group = sort or chosen.sort or "", group or chosen.group or ""
        pairs = pairs or (() if where else tuple(chosen.filters.items()))
    layout = known.chosen if saved is None else MultiDict()
    state = ListState(
        kind=kind,
        view=view,
        pairs=pairs,
        where=where,
        preset=saved.tag if saved else chosen.key if chosen else ("-" if preset else ""),
        saved=saved,
        q=args.get("q", "").strip()[:200],
        sort=sort or layout.get("sort") or view.sort or "",
        group=group if group != "-" else "",
        cols=_columns(args),
        freeze=_frozen(args.get("freeze") or layout.get("freeze", "")),
        page=_page(args.get("page", "1")),
        shown_as=args.get("as") if args.get("as") in SHOWN_AS else "list",
        by=args.get("by", ""),
        month=args.get("month", ""),
        archived=args.get("archived") == "1",
        chosen=_columns(layout),
        has_default=default_preset(view) is not None or known.default is not None,
    )
    filters = parse_filters(state.pairs, kind)
    if state.by:
        find_field(kind, state.by)
    return replace(state, filters=filters, levels=levels_of(kind, state.group))


def _saved(known: KnownViews, args: MultiDict[str, str]) -> tuple[Saved | None, MultiDict[str, str]]:
    """The saved view that an address means, if any, and the address with what the view says filled in."""
    tag = args.get("view", "")
    saved = known.find(tag)
    if saved is None and tag.startswith("v") and tag[1:].isdigit():
        raise NotFound(_("This view is not there any more, or not for you."))
    if saved is None and not (set(args) - {*PASSING, "as"}):
        saved = known.default
    if saved is None or args.get("own"):
        return saved, args
    told = MultiDict(parse_qsl(saved.query))
    for name in ("page", "month", "as", "by"):
        if name in args:
            told[name] = args[name]
    return saved, told


def _columns(args: MultiDict[str, str]) -> tuple[str, ...]:
    return tuple(c for part in args.getlist("cols") for c in part.split(",") if c)


def _frozen(raw: str) -> int:
    return min(int(raw), MOST_FROZEN) if raw.isdigit() and len(raw) < 3 else 0


def _page(raw: str) -> int:
    try:
        page = int(raw)
    except ValueError:
        raise BadRequest(_("The page is a number.")) from None
    return min(max(page, 1), 100_000)


def state_at(kind: RecordType, address: str) -> ListState:
    """The state of a list by its whole address, also by that of a saved view."""
    parts = urlsplit(address)
    args = MultiDict(parse_qsl(parts.query))
    if parts.path.startswith("/v/"):
        args["view"] = f"v{parts.path.removeprefix('/v/').partition('-')[0]}"
    return read_state(kind, registry().view("list", kind.key), args)

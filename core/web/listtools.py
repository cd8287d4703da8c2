"""The tools over a list: conditions, groups, columns, order; and its parts that load by themselves: groups, sums."""

from __future__ import annotations

from itertools import takewhile
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request

from core.errors import BadRequest
from core.i18n import _
from core.permissions.principal import current_principal
from core.records import service
from core.records.query import UNSORTABLE
from core.records.totals import MOST_LEVELS, levels_of
from core.records.trees import parts_of
from core.saved.model import LAYOUT, SavedView
from core.web import groups, rows, trees
from core.web.known import forget_views, known_views
from core.web.lifecycle import commit, go
from core.web.listing import clear_url, groupable, kind_of, state_of
from core.web.liststate import MOST_FROZEN, NARROWEST, WIDEST, ListState, state_at
from core.web.security import safe_next

MOST_SORTED = 4
LAID = ("cols", "freeze", "sort")


def filter_form(key: str) -> Any:
    """The conditions of the list as a form."""
    state = state_of(key)
    tree = trees.of_state(state.filters, state.where)
    joined, parts = parts_of(tree)
    drawn = trees.group(state.kind, {joined: [*parts, {}]} if not parts else tree)
    clear = clear_url(state) if parts else None
    source = f"/r/{key}/-/filter/part"
    return render_template(
        "web/_filter.html", kind=state.kind, tree=drawn, source=source, here=state.url(), clear=clear
    )


def filter_set(key: str) -> Any:
    """Turns the form into the address of the list with these conditions."""
    state = _here(key, request.args.get("here"))
    pairs, where = trees.to_state(state.kind, trees.read(request.args))
    return redirect(state.asking(pairs, where), 303)


def find_set(key: str) -> Any:
    """The address of the list with these words searched."""
    return redirect(_here(key, request.args.get("here")).url(q=request.args.get("q", "").strip()[:200]), 303)


def _here(key: str, address: str | None) -> ListState:
    """The list whose tool was used."""
    return state_at(kind_of(key), safe_next(address, f"/r/{key}"))


def group_form(key: str) -> Any:
    """By what the list is grouped, up to three levels."""
    state = state_of(key)
    fields = [state.kind.fields[n] for n in groupable(state.kind)]
    first = [n for n in state.view.group_by if n in {f.name for f in fields}]
    fields.sort(key=lambda f: first.index(f.name) if f.name in first else len(first))
    chosen = [level.key for level in state.levels]
    return render_template(
        "web/_group.html",
        kind=state.kind,
        here=state.url(),
        levels=[*chosen, *[""] * (MOST_LEVELS - len(chosen))],
        options=[option for f in fields for option in _level_options(state, f.name)],
    )


def _level_options(state: ListState, name: str) -> list[tuple[str, str]]:
    spec = state.kind.fields[name]
    keys = [f"{name}:{unit}" for unit in groups.UNIT_WORDS] if spec.kind in ("date", "datetime") else [name]
    return [(key, groups.level_words(levels_of(state.kind, key)[0])) for key in keys]


def group_set(key: str) -> Any:
    """The address of the list with these groups."""
    state = _here(key, request.args.get("here"))
    chosen = takewhile(bool, request.args.getlist("level"))
    levels = levels_of(state.kind, ",".join(chosen))
    none = "" if state.preset in ("", "-") or state.saved else "-"
    return redirect(state.url(group=",".join(level.key for level in levels) or none, levels=levels), 303)


def columns_form(key: str) -> Any:
    """Which columns the list shows, in which order and how wide, and how many of them stay when it scrolls."""
    state = state_of(key)
    shown, widths = [c.key for c in state.columns()], state.widths()
    offered = sorted(state.offered_columns(), key=lambda c: shown.index(c.key) if c.key in shown else len(shown))
    columns = [
        {"key": c.key, "label": rows.label_of(state.kind, c), "shown": c.key in shown, "width": widths.get(c.key, "")}
        for c in offered
    ]
    return render_template(
        "web/_columns.html",
        kind=state.kind,
        columns=columns,
        freeze=state.freeze,
        most_frozen=MOST_FROZEN,
        narrowest=NARROWEST,
        widest=WIDEST,
        here=state.url(),
    )


def columns_set(key: str) -> Any:
    """Remember the columns of the form for this person."""
    form = request.form
    state = _here(key, form.get("here"))
    shown = [c for c in form.getlist("col") if form.get(f"on-{c}")]
    cols = [f"{c}:{w}" if (w := form.get(f"w-{c}", "")).isdigit() else c for c in shown]
    return _laid(state, cols=",".join(cols), freeze=form.get("freeze", ""))


def sort_form(key: str) -> Any:
    """By what the list is sorted, several fields in their order."""
    state = state_of(key)
    fields = [f for f in state.kind.fields.values() if f.kind not in UNSORTABLE and f.name in _sortable(state)]
    chosen = [s for s in (state.sort or state.kind.order).split(",") if s][:MOST_SORTED]
    return render_template(
        "web/_sort.html",
        kind=state.kind,
        here=state.url(),
        options=[(f.name, str(f.label)) for f in fields],
        keys=[*((s.lstrip("-+"), s.startswith("-")) for s in chosen), *[("", False)] * (MOST_SORTED - len(chosen))],
    )


def _sortable(state: ListState) -> set[str]:
    return {c.key for c in state.offered_columns()}


def sort_set(key: str) -> Any:
    """Sort by these fields, now and the next time."""
    form = request.form
    state = _here(key, form.get("here"))
    ways = form.getlist("way")
    named = [(n, w) for n, w in zip(form.getlist("key"), [*ways, *[""] * MOST_SORTED], strict=False) if n]
    return _laid(state, sort=",".join(f"-{n}" if w == "down" else n for n, w in dict(named).items()))


def layout_set(key: str) -> Any:
    """Remember widths that were dragged, or an order that was clicked; answers nothing."""
    form = request.form
    state = _here(key, form.get("here"))
    told = {name: form[name][:2000] for name in LAID if name in form}
    _laid(state, **told)
    return "", 204


def _laid(state: ListState, **told: str) -> Any:
    """Keep the layout for the person; a saved view that is shown stays as it is and is shown otherwise."""
    known = known_views(state.kind.key)
    kept = {k: v for k, v in ({name: known.chosen.get(name, "") for name in LAID} | told).items() if v}
    fresh = {"cols": tuple(c for c in told["cols"].split(",") if c)} if "cols" in told else {}
    fresh |= {"sort": told["sort"]} if "sort" in told else {}
    fresh |= {"freeze": int(told["freeze"])} if told.get("freeze", "").isdigit() else {}
    if state.saved is None and current_principal().can("core.view", "create"):
        values = {"query": urlencode(kept), "visibility": LAYOUT, "record": state.kind.key, "name": LAYOUT}
        if known.layout is None:
            service.create(SavedView, values)
        else:
            service.update(service.get(SavedView, known.layout), values)
        commit()
        forget_views()
        fresh = {"cols": ()} | ({"sort": told["sort"]} if "sort" in told else {})
    return go(state.url(**fresh))


def group_part(key: str) -> Any:
    """What stands below one head: loaded when it is opened, and further rows of it."""
    state = state_of(key)
    path = groups.path_of(request.args.get("_path", ""))
    step = request.args.get("_step", "0")
    if not state.levels or len(path) > len(state.levels) or not step.isdigit() or len(step) > 4:
        raise BadRequest(_("This is no state of a list."))
    part = rows.below(state, path, int(step))
    return render_template("web/_groups.html", state=state, kind=state.kind, **part)


def sums_part(key: str) -> Any:
    """The sums under a long list, loaded after its rows."""
    state = state_of(key)
    return render_template("web/_sums.html", foot=rows.foot(rows.plan(state)))


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/-/filter", "filter_form", filter_form)
    web.add_url_rule("/r/<key>/-/filter/set", "filter_set", filter_set)
    web.add_url_rule("/r/<key>/-/find", "find_set", find_set)
    web.add_url_rule("/r/<key>/-/group", "group_form", group_form)
    web.add_url_rule("/r/<key>/-/group/set", "group_set", group_set)
    web.add_url_rule("/r/<key>/-/group/part", "group_part", group_part)
    web.add_url_rule("/r/<key>/-/columns", "columns_form", columns_form)
    web.add_url_rule("/r/<key>/-/columns", "columns_set", columns_set, methods=["POST"])
    web.add_url_rule("/r/<key>/-/sort", "sort_form", sort_form)
    web.add_url_rule("/r/<key>/-/sort", "sort_set", sort_set, methods=["POST"])
    web.add_url_rule("/r/<key>/-/layout", "layout_set", layout_set, methods=["POST"])
    web.add_url_rule("/r/<key>/-/sums", "sums_part", sums_part)
    trees.register(web)

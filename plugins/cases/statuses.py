"""The status models in the browser: a picture of each, and an editor of its states, moves, needs and words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request
from werkzeug.datastructures import MultiDict

from core import Endpoints, Invalid, L, NotFound, current_locale, gettext, local, registry, say, shape_versions
from plugins.cases import shaping, status
from plugins.cases.status import overlay
from plugins.cases.status.picture import picture

RIGHT = ("core.shape", "update")
statuses = Endpoints("cases_statuses", "/cases/statuses")
NEW = 2
"""Empty rows for further states."""
Changes = dict[str, Any]


@statuses.route("", permission=RIGHT)
def overview() -> Any:
    """`/cases/statuses`: one line for each case type."""
    rows = []
    for model in status.all_models():
        changed = shaping.changes_of(model.code)
        rows.append(
            {
                "code": model.code,
                "label": model.label(current_locale()),
                "states": len(model.states),
                "moves": len(model.transitions),
                "changed": bool(changed),
            }
        )
    title = gettext("Statuses of cases")
    return render_template("cases/statuses.html", title=title, crumbs=_crumbs((title, None)), rows=rows)


@statuses.route("/<code>", permission=RIGHT)
def editor(code: str) -> Any:
    """`/cases/statuses/<code>`: the picture of the model and what can be changed of it."""
    _known(code)
    return _page(code, shaping.changes_of(code))


@statuses.route("/<code>", permission=RIGHT, methods=("POST",))
def change(code: str) -> Any:
    """Save, back to shipped, an earlier version, or a step that only changes the draft."""
    _known(code)
    order = request.form.get("do", "save")
    if order.startswith("version:"):
        found = next((v for v in shape_versions(shaping.KIND, code) if str(v.id) == order[8:]), None)
        if found is None:
            raise NotFound()
        return _page(code, found.data or {})
    changes = {} if order == "shipped" else _ordered(read(code, request.form), order)
    if order not in ("save", "shipped"):
        return _page(code, changes)
    try:
        shaping.save(code, changes or None)
    except Invalid as error:
        return _page(code, changes, [(e.field, str(e.message)) for e in error.errors]), 422
    say(gettext("The statuses are saved; every case keeps its own"))
    return redirect(f"/cases/statuses/{code}", 303)


def _known(code: str) -> None:
    if code not in status.codes():
        raise NotFound()


def _crumbs(*more: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    return [(gettext("Settings"), "/settings"), *more]


def read(code: str, form: MultiDict[str, str]) -> Changes:
    """The changes that were posted; what reads as shipped is not kept, so that it follows the plugin."""
    raw = status.raw_model(code)
    states, gone = _read_states(raw, form)
    moves, gone_moves = _read_moves(raw, form)
    events: list[dict[str, Any]] = [
        {"code": token, "zh": form.get(f"zh:e:{token}", ""), "en": form.get(f"en:e:{token}", "")}
        for token in form.getlist("event")
    ]
    added, event = _new_move(form)
    found: Changes = {"states": states, "gone": gone, "moves": moves + added, "gone_moves": gone_moves}
    found["events"] = events + event
    return {name: rows for name, rows in found.items() if rows}


def _read_states(raw: dict[str, Any], form: MultiDict[str, str]) -> tuple[list[Changes], list[str]]:
    shipped = {s["code"]: s for s in raw["states"]}
    rows, gone = [], []
    for token in dict.fromkeys(form.getlist("row")):
        code = token.removeprefix("s:")
        base = shipped.get(code)
        if f"gone:{token}" in form:
            gone += [code] if base else []
            continue
        told = {"zh": "zh", "en": "en", "portal_zh": "pzh", "portal_en": "pen"}
        row: Changes = {"code": code}
        for name, short in told.items():
            text = form.get(f"{short}:{token}", "").strip()[:80]
            if text and not (base and text == _shipped_word(base, name)):
                row[name] = text
        if base is None:
            row |= {"added": True, "group": form.get(f"group:{token}", "pending")}
            row |= {"terminal": True} if f"terminal:{token}" in form else {}
        rows.append(row)
    rows += _new_states(form)
    plain = [row["code"] for row in rows] == [c for c in shipped if c not in gone] and all(len(r) == 1 for r in rows)
    return ([] if plain else rows), gone


def _shipped_word(state: dict[str, Any], name: str) -> str:
    return state["portal"][name[-2:]] if name.startswith("portal") else state[name]


def _new_states(form: MultiDict[str, str]) -> list[Changes]:
    found = []
    for n in range(NEW):
        given = {part: form.get(f"new-{part}-{n}", "").strip()[:80] for part in ("code", "zh", "en", "pzh", "pen")}
        if given["code"] or given["zh"] or given["en"]:
            row = {"code": given["code"], "added": True, "zh": given["zh"], "en": given["en"]}
            row |= {"group": form.get(f"new-group-{n}", "pending")}
            row |= {"portal_zh": given["pzh"]} if given["pzh"] else {}
            row |= {"portal_en": given["pen"]} if given["pen"] else {}
            found.append(row | ({"terminal": True} if form.get(f"new-terminal-{n}") else {}))
    return found


def _read_moves(raw: dict[str, Any], form: MultiDict[str, str]) -> tuple[list[Changes], list[str]]:
    shipped, rows, gone = overlay.keyed(raw["transitions"]), [], []
    for token in dict.fromkeys(form.getlist("move")):
        key = token.removeprefix("m:")
        if f"gone:{token}" in form:
            gone += [key] if key in shipped else []
            continue
        asked = _read_needs(form, token)
        who = form.getlist(f"who:{token}")
        if key not in shipped:
            places = {"from": form.getlist(f"from:{token}"), "to": form.get(f"to:{token}", "")}
            rows.append({"added": True, **places, "event": form.get(f"on:{token}", ""), "who": who, "needs": asked})
            continue
        base, row = shipped[key], {}
        if sorted(who) != sorted(base["who"]):
            row["who"] = who
        if _sorted_needs(asked) != _sorted_needs(base.get("needs") or {}):
            row["needs"] = asked
        if row:
            rows.append({"key": key, **row})
    return rows, gone


def _read_needs(form: MultiDict[str, str], token: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for given in dict.fromkeys([*form.getlist(f"need:{token}"), *form.getlist(f"more:{token}")]):
        kind, _colon, name = given.partition(":")
        if kind in overlay.NEEDS and name:
            found.setdefault(kind, []).append(name)
    return found


def _sorted_needs(needs: Mapping[str, Any]) -> dict[str, list[str]]:
    return {kind: sorted(names) for kind, names in needs.items() if names}


def _new_move(form: MultiDict[str, str]) -> tuple[list[Changes], list[Changes]]:
    """The further move that was filled in, and the event of one's own that it may bring."""
    sources, to = [s for s in form.getlist("new-from") if s], form.get("new-to", "")
    if not sources and not to:
        return [], []
    event, own = form.get("new-on", ""), []
    zh, en = form.get("new-event-zh", "").strip()[:80], form.get("new-event-en", "").strip()[:80]
    if not event:
        event = f"OWN_{form.get('new-event', '').strip().upper()}"
        own = [{"code": event, "zh": zh, "en": en}]
    row = {"added": True, "from": sources, "to": to, "event": event, "who": form.getlist("new-who")}
    return [row | {"needs": _read_needs(form, "new")}], own


def _ordered(changes: Changes, order: str) -> Changes:
    """The changes after a button that moves a state up or down."""
    what, _colon, token = order.partition(":")
    rows, code = changes.get("states") or [], token.removeprefix("s:")
    if what in ("up", "down"):
        rows = rows or [{"code": t.removeprefix("s:")} for t in dict.fromkeys(request.form.getlist("row"))]
        at = next((n for n, row in enumerate(rows) if row["code"] == code), None)
        if at is not None:
            row = rows.pop(at)
            rows.insert(max(at - 1, 0) if what == "up" else at + 1, row)
        changes["states"] = rows
    return changes


def _page(code: str, changes: Mapping[str, Any], errors: Any = ()) -> str:
    locale, raw = current_locale(), status.raw_model(code)
    made = overlay.laid_over(raw, changes)
    model = status.model_from(made)
    names = {state.code: state.label(locale) for state in model.states.values()}
    own = overlay.own_events([changes])
    events = {c: e.label(locale) for c, e in status.event_types().items()} | {
        c: L(r["zh"], r["en"]) for c, r in own.items()
    }
    used = shaping.in_use(code, {"gone": [s["code"] for s in raw["states"]]}) if not errors else {}
    return render_template(
        "cases/statuses_model.html",
        title=model.label(locale),
        crumbs=_crumbs((gettext("Statuses of cases"), "/cases/statuses"), (model.label(locale), None)),
        code=code,
        picture=picture(model, {c: str(e) for c, e in events.items()}, locale),
        states=_states(model, raw, used),
        moves=_moves(raw, changes, names, events),
        events=list(own.values()),
        groups=[(g.code, g.label(locale)) for g in status.groups().values()],
        names=names,
        all_events=sorted(((c, str(e)) for c, e in events.items()), key=lambda item: item[1]),
        all_needs=shaping.needs(),
        roles=[(r, _role(r)) for r in [*sorted({w for t in model.transitions for w in t.who} | {"dept_head"})]],
        errors=[(names.get(what, what), why) for what, why in errors],
        changed=bool(changes),
        new=range(NEW),
        asked=request.form if errors else {},
        versions=[
            {"id": v.id, "at": f"{local(v.at):%Y-%m-%d %H:%M}", "actor": v.actor, "shipped": v.data is None}
            for v in shape_versions(shaping.KIND, code)
        ],
    )


def _states(model: Any, raw: dict[str, Any], used: Mapping[str, int]) -> list[dict[str, Any]]:
    shipped = {s["code"] for s in raw["states"]}
    return [
        {
            "token": f"s:{s.code}",
            "code": s.code,
            "zh": s.zh,
            "en": s.en,
            "portal_zh": s.portal_zh,
            "portal_en": s.portal_en,
            "group": s.group,
            "terminal": s.terminal,
            "added": s.code not in shipped,
            "first": s.code == model.initial,
            "used": used.get(s.code, 0),
        }
        for s in model.states.values()
    ]


def _moves(raw: dict[str, Any], changes: Mapping[str, Any], names: Mapping[str, str], events: Mapping[str, Any]) -> Any:
    """Every move that is in force, shipped ones by their key, the agency's own by a number."""
    gone = set(changes.get("gone_moves", ()))
    changed = {row["key"]: row for row in changes.get("moves", ()) if row.get("key")}
    rows = [
        _move(
            f"m:{key}", move | {n: v for n, v in changed.get(key, {}).items() if n in ("who", "needs")}, names, events
        )
        | {"added": False, "changed": key in changed}
        for key, move in overlay.keyed(raw["transitions"]).items()
        if key not in gone
    ]
    own = [row for row in changes.get("moves", ()) if row.get("added")]
    rows += [_move(f"m:+{n}", row, names, events) | {"added": True, "changed": False} for n, row in enumerate(own)]
    return [row for row in rows if row["to_label"] and row["from_labels"]]


def _move(token: str, move: Mapping[str, Any], names: Mapping[str, str], events: Mapping[str, Any]) -> dict[str, Any]:
    locale = current_locale()
    needs = [
        {"value": f"{kind}:{name}", "label": status.need(name, kind).label(locale)}
        for kind in overlay.NEEDS
        for name in (move.get("needs") or {}).get(kind, ())
    ]
    return {
        "token": token,
        "from": move["from"],
        "to": move["to"],
        "event": move["event"],
        "from_labels": [names[s] for s in move["from"] if s in names],
        "to_label": names.get(move["to"], ""),
        "event_label": str(events.get(move["event"], move["event"])),
        "who": move.get("who") or [],
        "needs": needs,
    }


def _role(code: str) -> str:
    role = registry().access.roles.get(code)
    return str(role.label) if role else gettext("the system") if code == "system" else code

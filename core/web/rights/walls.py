"""`/settings/walls`: information walls, who stands on their sides, what lies there; building one and ending it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.clock import local, now, today
from core.db import db
from core.errors import FieldError, Invalid
from core.i18n import _, gettext
from core.permissions import walling, walls
from core.permissions.people import forget
from core.permissions.principal import current_principal
from core.permissions.separation import SIDES, Wall, WallPart
from core.records import service
from core.records.dump import labels
from core.registry import registry
from core.web.lifecycle import done
from core.web.rights.words import crumbs
from core.web.settings_items import require
from core.web.toasts import say


def page() -> Any:
    """All walls, and the form of a new one."""
    return _page({"starts": today().isoformat()}, {})


def _page(values: dict[str, Any], errors: dict[str, str]) -> Any:
    require("core.wall", "read")
    title = gettext("Information walls")
    made = render_template(
        "web/rights/walls.html",
        title=title,
        crumbs=crumbs(title),
        rows=[_row(wall) for wall in db.session.scalars(select(Wall).order_by(Wall.id.desc()).limit(200))],
        may=current_principal().can("core.wall", "create"),
        values=values,
        errors=errors,
    )
    return (made, 422) if errors else made


def _row(wall: Wall) -> dict[str, Any]:
    state, tone = _state(wall)
    return {
        "id": wall.id,
        "name": wall.name,
        "reason": wall.reason,
        "state": state,
        "tone": tone,
        "starts": f"{local(wall.starts_at):%Y-%m-%d}",
        "ends": f"{local(wall.ends_at):%Y-%m-%d}" if wall.ends_at else None,
    }


def _state(wall: Wall) -> tuple[str, str]:
    if wall.ends_at is not None and wall.ends_at <= now():
        return gettext("ended"), ""
    return (gettext("stands"), "done") if wall.starts_at <= now() else (gettext("planned"), "warn")


def build() -> Any:
    """A new wall; who stands behind it is named on its page."""
    require("core.wall", "create")
    form = request.form
    try:
        first = _day(form.get("starts", ""), "starts")
        last = _day(form["ends"], "ends") if form.get("ends") else None
        values = {
            "name": form.get("name", ""),
            "reason": form.get("reason", ""),
            "starts_at": now() if first == today() else walling.day_start(first),
            "ends_at": walling.day_start(last + dt.timedelta(days=1)) if last else None,
        }
        wall = walling.build(values)
    except Invalid as error:
        db.session.rollback()
        names = {"starts_at": "starts", "ends_at": "ends"}
        return _page(form.to_dict(), {names.get(e.field, e.field): str(e.message) for e in error.errors})
    forget()
    say(gettext("The wall is there. Name who stands on its sides."))
    return done(f"/settings/walls/{wall.id}")


def _day(text: str, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid([FieldError(name, "date", _("Write the day as 2026-12-14."))]) from None


def wall_page(ident: int) -> Any:
    """One wall with its two sides."""
    require("core.wall", "read")
    wall = service.get(Wall, ident)
    parts = walling.parts(ident)
    names = {key: labels(key, [p.record_id for p in parts if p.record_key == key]) for key in _kinds()}
    ended = wall.ends_at is not None and wall.ends_at <= now()
    may = current_principal().can("core.wall", "update") and not ended
    bound = walling.stands_behind(ident, current_principal())
    return render_template(
        "web/rights/wall.html",
        title=wall.name,
        crumbs=[*crumbs(gettext("Information walls"), "/settings/walls"), (wall.name, None)],
        wall=_row(wall),
        may=may and not bound,
        bound=bound,
        sides=[_side(side, parts, names) for side in SIDES],
        pickers=[_picker(key) for key in _kinds() if current_principal().can(key, "read")],
    )


def _kinds() -> list[str]:
    return [*walls.PEOPLE, *walling.kinds()]


def _side(side: Any, parts: list[WallPart], names: dict[str, dict[int, str]]) -> dict[str, Any]:
    types = registry().types
    rows = [
        {
            "id": part.id,
            "icon": types[part.record_key].icon,
            "kind": str(types[part.record_key].label),
            "name": names.get(part.record_key, {}).get(part.record_id) or gettext("not shown to you"),
            "person": part.record_key in walls.PEOPLE,
        }
        for part in parts
        if part.side == side.code and part.record_key in types
    ]
    return {"code": side.code, "label": str(side.label), "rows": sorted(rows, key=lambda r: (not r["person"], r["id"]))}


def _picker(key: str) -> dict[str, Any]:
    """A field that finds one record of the type."""
    return {
        "name": key,
        "label": str(registry().types[key].label),
        "widget": "link",
        "required": False,
        "readonly": False,
        "source": f"/r/{key}/-/pick",
        "value": "",
        "shown": "",
        "wide": False,
    }


def end(ident: int) -> Any:
    """It stands no more."""
    require("core.wall", "update")
    walling.end(service.get(Wall, ident))
    forget()
    say(gettext("The wall has ended"))
    return done(f"/settings/walls/{ident}")


def put(ident: int) -> Any:
    """Whatever was chosen in the form takes its place on one side."""
    require("core.wall_part", "create")
    wall, side = service.get(Wall, ident), request.form.get("side", "")
    chosen = [(key, int(value)) for key in _kinds() if (value := request.form.get(key, "")).isdigit()]
    for key, number in chosen:
        walling.put(wall, side, key, number)
    forget()
    if chosen:
        say(gettext("It holds everywhere within a second"))
    return done(f"/settings/walls/{ident}")


def take(ident: int, part: int) -> Any:
    """It stands on that side no more."""
    require("core.wall_part", "delete")
    found = service.get(WallPart, part)
    if found.wall_id == ident:
        service.delete(found)
        forget()
    return done(f"/settings/walls/{ident}")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/walls", "walls", page)
    web.add_url_rule("/settings/walls", "build_wall", build, methods=["POST"])
    web.add_url_rule("/settings/walls/<int:ident>", "wall", wall_page)
    web.add_url_rule("/settings/walls/<int:ident>/end", "end_wall", end, methods=["POST"])
    web.add_url_rule("/settings/walls/<int:ident>/parts", "put_behind_wall", put, methods=["POST"])
    web.add_url_rule("/settings/walls/<int:ident>/parts/<int:part>/remove", "take_from_wall", take, methods=["POST"])

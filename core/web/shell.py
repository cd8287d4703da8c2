"""What surrounds every page: sidebar groups, top bar, phone tabs, the New menu, counts. Filled by plugins' menus."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import current_app, g, request
from markupsafe import Markup
from sqlalchemy import func, select

from core.db import db
from core.desk import marks
from core.hooks.faults import recent
from core.hooks.manager import Fault
from core.i18n import _, current_locale, gettext, ngettext
from core.permissions.principal import Principal, current_principal
from core.records.dump import labels
from core.records.notes import Notification
from core.registry import Registry
from core.views import Menu
from core.web.rendering import part

GROUPS = (("work", None), ("cases", _("Cases")), ("clients", _("Clients")), ("business", _("Business")))
COUNT_SECONDS = 15.0
SHOWN_FAVOURITES = 8
_counts: dict[tuple[int | None, str], tuple[float, int]] = {}
_recent: tuple[float, list[Fault]] | None = None


def registry() -> Registry:
    """The registry of this app."""
    return current_app.extensions["zhian"]


def context() -> dict[str, Any]:
    """Names that every template may use."""
    principal, settings = current_principal(), current_app.config["ZHIAN"]
    locale = current_locale()
    return {
        "person": principal if principal.user_id else None,
        "own_name": own_name,
        "locale": locale,
        "theme": request.cookies.get("zhian_theme")
        if request.cookies.get("zhian_theme") in ("light", "dark")
        else "auto",
        "density": "comfortable" if request.cookies.get("zhian_density") == "comfortable" else "compact",
        "folded": request.cookies.get("zhian_fold") == "1",
        "product": "知案" if locale == "zh" else "Zhian",
        "agency": settings.agency if locale == "zh" else settings.agency_en,
        "here": request.full_path.rstrip("?") if request.method == "GET" else "/",
        "plugin_styles": current_app.extensions.get("zhian.styles", ()),
        "plugin_scripts": current_app.extensions.get("zhian.scripts", ()),
        "menu_groups": menu_groups,
        "phone_tabs": phone_tabs,
        "creatable": creatable,
        "unread": unread,
        "self_menu": self_menu,
        "slot_banner": slot_banner,
    }


def own_name() -> str:
    """The person's name in the language of the page."""
    principal = current_principal()
    known = labels("core.user", [principal.user_id]) if principal.user_id and current_locale() != "zh" else {}
    return known.get(principal.user_id or 0, principal.name)


def self_menu() -> Markup:
    """Theme, language and density of one's own, as menu items."""
    return part("web/_self.html")


def allowed(menu: Menu, principal: Principal) -> bool:
    """Whether the person may go where the entry leads."""
    if menu.permission:
        return principal.can(*menu.permission)
    return principal.can(menu.record, "read") if menu.record else True


def url_of(menu: Menu) -> str:
    """Where the entry leads."""
    return menu.url or f"/r/{menu.record}"


def menu_groups() -> list[dict[str, Any]]:
    """Sidebar groups with their entries, own work first; empty groups vanish."""
    principal = current_principal()
    own = {"url": "/", "label": gettext("My work"), "icon": "home", "current": request.path == "/"} | _home_count()
    inbox = {
        "url": "/inbox",
        "label": gettext("Inbox"),
        "icon": "inbox",
        "count": unread(),
        "hot": False,
        "current": request.path == "/inbox",
    }
    groups = []
    for key, label in GROUPS:
        items = [own, inbox] if key == "work" else []
        items += [
            _item(m, principal)
            for m in registry().menus
            if m.group == key and m.key != "home" and allowed(m, principal)
        ]
        if items:
            groups.append({"label": str(label) if label else "", "items": items})
    if starred := marks.marked(marks.favourites, SHOWN_FAVOURITES):
        items = [{"url": m.href, "label": m.label, "icon": "star", "current": request.path == m.href} for m in starred]
        groups.append({"label": gettext("Favourites"), "items": items})
    return groups


def _home_count() -> dict[str, Any]:
    menu = next((m for m in registry().menus if m.key == "home"), None)
    return {"count": count_of(menu), "hot": True} if menu and menu.count else {"count": 0, "hot": False}


def _item(menu: Menu, principal: Principal) -> dict[str, Any]:
    url = url_of(menu)
    path = url.partition("?")[0]
    here = g.get("stands_for") or request.path
    current = here == path or here.startswith(f"{path}/")
    return {
        "url": url,
        "label": str(menu.label),
        "icon": menu.icon,
        "count": count_of(menu),
        "hot": menu.urgent,
        "current": current,
    }


def count_of(menu: Menu) -> int:
    """The entry's figure for this person, at most fifteen seconds old; 0 when its plugin fails."""
    count = menu.count
    return _kept((current_principal().user_id, menu.key), lambda: _safely(menu.key, count)) if count else 0


def _safely(key: str, count: Callable[[], int]) -> int:
    """A figure in the sidebar must not take the page with it."""
    found = registry()
    return found.hooks.isolated(found.owners.get(("menu", key), "core"), f"count of menu {key}", count, 0)


def _kept(key: tuple[int | None, str], read: Callable[[], int]) -> int:
    found = _counts.get(key)
    if found is None or found[0] < time.monotonic():
        found = _counts[key] = (time.monotonic() + COUNT_SECONDS, read())
    return found[1]


def forget_counts() -> None:
    """After a change: the figures of this process are read anew."""
    global _recent
    _counts.clear()
    _recent = None


def unread() -> int:
    """Unread messages of the person."""
    statement = select(func.count(Notification.id)).where(Notification.read_at.is_(None))
    return _kept((current_principal().user_id, "unread"), lambda: db.session.scalar(statement) or 0)


def creatable() -> list[dict[str, Any]]:
    """The New menu: types in the sidebar that the person may create."""
    principal = current_principal()
    if principal.user_id is None:
        return []
    seen = dict.fromkeys(m.record for m in registry().menus if m.record and not m.group.startswith("settings"))
    kinds = [registry().types[k] for k in seen if ("form", k) in registry().views and principal.can(k, "create")]
    return [{"label": str(k.label), "href": f"/r/{k.key}/new", "icon": k.icon} for k in kinds]


def phone_tabs() -> list[dict[str, Any]]:
    """Five tabs: work, the first two lists, New, more."""
    principal = current_principal()
    lists = [m for m in registry().menus if m.group in ("cases", "clients") and allowed(m, principal)]
    lists = sorted(
        lists,
        key=lambda m: (
            ("cases.case", "deadlines.deadline").index(m.record)
            if m.record in ("cases.case", "deadlines.deadline")
            else 9,
            m.order,
        ),
    )
    pages = [_item(m, principal) for m in lists[:2]]
    tabs = [{"url": "/", "label": gettext("Work"), "icon": "home", "current": request.path == "/"}, *pages[:1]]
    tabs.append({"url": "/new", "label": gettext("New"), "icon": "plus", "current": request.path == "/new"})
    tabs += pages[1:2]
    tabs.append({"url": "/more", "label": gettext("More"), "icon": "dots", "current": request.path == "/more"})
    return tabs


def slot_banner() -> list[Markup]:
    """Notes of plugins above the page, and for administrators what is wrong with the deployment."""
    hooks = registry().hooks
    found = [render_panel(p) for p in hooks.gather("slot_banner")] if hooks.implementations("slot_banner") else []
    if current_principal().viewer is not None:
        from core.web.rights import viewing

        found.insert(0, part("web/rights/_viewing.html", **(viewing.banner() or {})))
    if current_principal().can("core.user_role", "create"):
        found += [part("web/_warning.html", **w) for w in warnings()]
    return found


def warnings() -> list[dict[str, Any]]:
    """What an administrator should know at once, each with where to look."""
    found = []
    if faults := known_faults():
        names = ", ".join(sorted({fault.plugin for fault in faults}))
        text = ngettext(
            "%(n)s contribution of the extension %(names)s failed and was left out.",
            "%(n)s contributions of extensions failed and were left out: %(names)s.",
            len(faults),
            names=names,
        )
        found.append({"text": text, "href": "/settings/extensions"})
    return found


def known_faults() -> list[Fault]:
    """Contributions that failed within the last day, in any process, the last one first; each once."""
    global _recent
    if _recent is None or _recent[0] < time.monotonic():
        _recent = (time.monotonic() + COUNT_SECONDS, recent())
    found = {(f.plugin, f.hook): f for f in (*_recent[1], *registry().hooks.faults)}
    return sorted(found.values(), key=lambda fault: fault.at, reverse=True)


def render_panel(panel: Any) -> Markup:
    """A slot's panel as markup; a fault of its template drops it and is remembered."""
    plugin = panel.template.split("/")[0]
    draw = partial(part, panel.template, **panel.context)
    return registry().hooks.isolated(plugin, f"panel {panel.template}", draw, Markup())

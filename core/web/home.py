"""The home page: panels of plugins in order, the work list first; and the phone's New and More pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from core.clock import local, now, today
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.web import format as fmt
from core.web import shell

ASIDE_FROM = 50
COMPOUND = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "司徒",
        "宇文",
        "长孙",
        "夏侯",
        "闻人",
        "南宫",
        "独孤",
        "端木",
        "澹台",
        "申屠",
        "钟离",
        "万俟",
    ]
)
"""Family names of two characters."""


def home() -> Any:
    """`/`: greeting, main panels, aside panels."""
    panels = sorted(shell.registry().hooks.gather("slot_home"), key=lambda p: p.order)
    return render_template(
        "web/home.html",
        title=gettext("My work"),
        crumbs=[(gettext("My work"), None)],
        greeting=greeting(),
        day=fmt.day_heading_full(today()),
        cards=cards(),
        main=[shell.render_panel(p) for p in panels if p.order < ASIDE_FROM],
        asides=[shell.render_panel(p) for p in panels if p.order >= ASIDE_FROM],
    )


def cards() -> list[dict[str, Any]]:
    """The figures of plugins that this person may see; one that fails is left out."""
    registry, principal = shell.registry(), current_principal()
    found = []
    for plugin, card in registry.cards:
        if card.permission is None or principal.can(*card.permission):
            value = registry.hooks.isolated(plugin, f"card {card.key}", card.value)
            if value is not None:
                told = {"label": str(card.label), "value": value, "href": card.href, "tone": card.tone}
                found.append(told | {"note": str(card.note) if card.note else None})
    return found


def greeting() -> str:
    """`早上好，知夏`: a Chinese name without its family name, when that leaves two characters."""
    hour, name = local(now()).hour, shell.own_name()
    words = (
        gettext("Good morning") if hour < 12 else gettext("Good afternoon") if hour < 18 else gettext("Good evening")
    )
    given = name[1:] if len(name) == 3 and not name.isascii() and name[:2] not in COMPOUND else name
    return gettext("%(greeting)s, %(name)s", greeting=words, name=given)


def new() -> Any:
    """`/new`: what can be made, for the phone's tab."""
    return render_template("web/new.html", title=gettext("New"), crumbs=[(gettext("New"), None)])


def more() -> Any:
    """`/more`: the sidebar as a page, for the phone's tab."""
    return render_template("web/more.html", title=gettext("More"), crumbs=[(gettext("More"), None)])


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/", "home", home)
    web.add_url_rule("/new", "new", new)
    web.add_url_rule("/more", "more", more)

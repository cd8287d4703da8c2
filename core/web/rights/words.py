"""Words of rights for pages: actions, scopes, record types; and the way back to the settings."""

from __future__ import annotations

from typing import Any

from core.i18n import _, gettext
from core.web import shell

ACTION_WORDS = {
    "read": _("read"),
    "create": _("create"),
    "update": _("update"),
    "delete": _("delete"),
    "export": _("export"),
    "*": _("everything"),
}
SCOPE_WORDS = {
    "all": _("all"),
    "own": _("own"),
    "assigned": _("assigned to them"),
    "team": _("own team"),
    "department": _("own department and below"),
    "branch": _("own branch"),
}


def type_words(types: dict[str, Any], key: str) -> str:
    """A record type as people call it."""
    return str(types[key].plural) if key in types else gettext("everything")


def action_words(key: str, codes: tuple[str, ...]) -> str:
    """Actions as a list of words."""
    named = shell.registry().actions.get(key, {})
    return gettext(", ").join(str(ACTION_WORDS.get(c) or (named[c].label if c in named else c)) for c in codes)


def crumbs(last: str, href: str | None = None) -> list[tuple[str, str | None]]:
    """The way from the settings to this page."""
    return [(gettext("Settings"), "/settings"), (last, href)]

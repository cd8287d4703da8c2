"""Words of rights for pages: actions, scopes, record types; and the way back to the settings."""

from __future__ import annotations

from typing import Any

from core.i18n import _, gettext
from core.permissions.declared import CONDITION, GLASS
from core.permissions.overlay import Overlay, last_overlay
from core.permissions.principal import Principal
from core.records.dump import labels
from core.web import shell

ACTION_WORDS = {
    "read": _("read"),
    "create": _("create"),
    "update": _("update"),
    "delete": _("delete"),
    "export": _("export"),
    "unmask": _("look behind masks"),
    "verify": _("verify"),
    "approve_large": _("approve large exports"),
    "view_as": _("look through others' eyes"),
    "*": _("everything"),
}
SCOPE_WORDS = {
    "own": _("own"),
    "assigned": _("assigned to them"),
    "team": _("own team"),
    "department": _("own department and below"),
    "branch": _("own branch"),
    "all": _("all"),
    "client": _("of the own client"),
    "released": _("released to the client"),
    "record": _("of records they see"),
}
TREATMENT_WORDS = {
    "open": _("read and write"),
    "readonly": _("read only"),
    "masked": _("masked"),
    "hidden": _("not shown"),
}
NARROW_FIRST = tuple(SCOPE_WORDS)


def type_words(types: dict[str, Any], key: str) -> str:
    """A record type as people call it."""
    return str(types[key].plural) if key in types else gettext("everything")


def action_word(key: str, code: str) -> str:
    """One right on a record type as people call it."""
    named = shell.registry().actions.get(key, {})
    return str(ACTION_WORDS.get(code) or (named[code].label if code in named else code.replace("_", " ")))


def action_words(key: str, codes: tuple[str, ...]) -> str:
    """Actions as a list of words."""
    return gettext(", ").join(action_word(key, code) for code in codes)


def scope_word(name: str, overlay: Overlay | None = None) -> str:
    """A scope as people call it; a built condition by its name."""
    if not name.startswith(CONDITION):
        return str(SCOPE_WORDS.get(name, name))
    number = name.removeprefix(CONDITION)
    built = (overlay or last_overlay()).conditions.get(int(number)) if number.isdigit() else None
    return gettext("if %(condition)s", condition=built.name) if built else gettext("a condition that is gone")


def in_order(scopes: Any) -> list[str]:
    """Scopes, the narrow first, conditions last."""
    return sorted(scopes, key=lambda s: (NARROW_FIRST.index(s) if s in NARROW_FIRST else 99, s))


def role_word(role: Any, code: str) -> str:
    """A role as people call it."""
    if code == "*":
        return gettext("Everybody")
    if code == GLASS:
        return gettext("Client data opened in an emergency")
    return str(role.label) if role is not None else code


def name_of(person: Principal) -> str:
    """A person's name in the reader's language."""
    return labels("core.user", [person.user_id or 0]).get(person.user_id or 0) or person.name


def crumbs(last: str, href: str | None = None) -> list[tuple[str, str | None]]:
    """The way from the settings to this page."""
    return [(gettext("Settings"), "/settings"), (last, href)]

"""What Ctrl-K can do beside finding: make, go to, begin a step. Known by words in both languages and in pinyin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from core.i18n import LOCALES, _, current_locale, gettext, use_locale
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.search.pinyin import heard
from core.search.words import normal
from core.web import shell
from core.web.imports import importable

AT_FIRST, FOUND = 14, 6
Words = Callable[[], str]


@dataclass(frozen=True)
class Command:
    """One entry. `labels` by language; `scope` (record/action) asks for a record before its step."""

    labels: tuple[str, ...]
    notes: tuple[str, ...]
    href: str
    icon: str
    scope: str = ""

    @property
    def label(self) -> str:
        """In the language of the page."""
        return self.labels[LOCALES.index(current_locale())]

    @property
    def note(self) -> str:
        """What kind of command it is."""
        return self.notes[LOCALES.index(current_locale())]

    def rank(self, words: list[str]) -> int:
        """How well it answers: 0 not at all, more for what begins with the first word."""
        best = 0
        for label in map(normal, self.labels):
            if all(word in label for word in words):
                best = max(best, 3 if label.startswith(words[0]) else 2)
        whole = "".join(words)
        if not best and len(whole) > 1 and whole.isascii() and whole.isalpha():
            place = heard(self.labels[0], whole)
            best = 0 if place is None else 2 if place[0] == 0 else 1
        return best


def commands(q: str) -> list[Command]:
    """The commands that answer to the words, the best first; without words those that people begin with."""
    known, words = _known(), normal(q).split()
    if not words:
        return known[:AT_FIRST]
    ranked = [(command.rank(words), command) for command in known]
    return [command for rank, command in sorted(ranked, key=lambda each: -each[0]) if rank][:FOUND]


def _known() -> list[Command]:
    """All that the person may; kept with their rights."""
    principal = current_principal()
    key = ("commands", id(shell.registry()))
    if key not in principal.cache:
        found: dict[tuple[str, str], Command] = {}
        for command in _all():
            found.setdefault((command.href, command.scope), command)
        principal.cache[key] = list(found.values())
    return principal.cache[key]


def _command(label: Words, href: str, icon: str, note: Any = "", scope: str = "") -> Command:
    labels, notes = [], []
    for code in LOCALES:
        with use_locale(code):
            labels.append(label())
            notes.append(str(note))
    return Command(tuple(labels), tuple(notes), href, icon, scope)


def _all() -> Iterator[Command]:
    principal, registry = current_principal(), shell.registry()
    for made in shell.creatable():
        kind = registry.types[made["href"].split("/")[2]]
        yield _command(lambda kind=kind: gettext("New %(record)s", record=str(kind.label)), made["href"], made["icon"])
    yield from _steps()
    go = _("Go to")
    own = ((_("My work"), "/", "home"), (_("Inbox"), "/inbox", "inbox"), (_("My desk"), "/desk", "star"))
    for label, href, icon in own:
        yield _command(lambda label=label: str(label), href, icon, go)
    for menu in registry.menus:
        if not menu.group.startswith("settings") and menu.key != "home" and shell.allowed(menu, principal):
            yield _command(lambda menu=menu: str(menu.label), shell.url_of(menu), menu.icon, go)
    if importable():
        yield _command(lambda: gettext("Import a sheet"), "/import", "upload")
    yield _command(lambda: gettext("Settings"), "/settings", "settings", go)
    yield from _settings()


def _steps() -> Iterator[Command]:
    """The first step that each type in the sidebar offers for its records: the record is asked for next."""
    registry, principal = shell.registry(), current_principal()
    for key in dict.fromkeys(m.record for m in registry.menus if m.record and not m.group.startswith("settings")):
        for code, action in registry.actions.get(key, {}).items():
            first = action.primary and not action.on_type and not action.bulk
            kind = registry.types[key]
            if first and kind.public and access().can(principal, key, code):
                scope, icon = f"{key}/{code}", action.icon or kind.icon
                yield _command(lambda action=action: str(action.label), f"/find?act={scope}", icon, kind.label, scope)


def _settings() -> Iterator[Command]:
    from core.web import plugin_settings, settings_items

    principal = current_principal()
    for item in (*settings_items._of_menus(principal), *settings_items.ITEMS, *plugin_settings.items(principal)):
        if item.shown(principal):
            yield _command(lambda item=item: str(item.label), item.href, item.icon, _("Settings"))

"""What of each record type is searched: its fields in parts that are open to the same people, and linked texts."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.contributions import Linked
from core.permissions.rules import access
from core.records.custom.known import edition
from core.records.fields import Field
from core.registry import RecordType, registry

NUMBER, TITLE, REST = "number", "title", "rest"
NUMBERS = re.compile(r"(^|_)(number|numbers|code|uscc|reference|userid)$")
"""How fields are called that hold numbers, which people type without their separators."""
OF_CORE = ("core.user", "core.department", "core.team", "core.branch")
"""Records of the core that people look for; the others are its bookkeeping."""
ROOM = 1 << 40
"""So many records of a type fit between its base and the next one."""
BASES = 1 << 22
CODE_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Part:
    """Fields (or linked texts) that are open or closed together, with the code that their pieces begin with."""

    code: str
    kind: str
    names: tuple[str, ...]
    linked: Linked | None = None


@dataclass(frozen=True)
class Plan:
    """How one type is indexed."""

    key: str
    base: int
    parts: tuple[Part, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """The fields of the type itself that are indexed."""
        return frozenset(n for part in self.parts if part.linked is None for n in part.names)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the index of the type has to be made anew."""
        return hashlib.sha256(repr((VERSION, self.base, self.parts)).encode()).hexdigest()


VERSION = 1
"""Of the pieces: a change of `words.py` or `pinyin.py` that makes other pieces counts this up."""


def plan_of(kind: RecordType) -> Plan | None:
    """How the type is indexed; None when nobody searches for its records."""
    return plans().get(kind.key)


def plans() -> dict[str, Plan]:
    """All indexed types; kept until custom fields change."""
    return edition().remembered(("search plans", id(registry())), lambda: dict(_plans()))


def _plans() -> Iterator[tuple[str, Plan]]:
    found = registry()
    reachable = {menu.record for menu in found.menus} | {key for view, key in found.views if view == "detail"}
    for key, kind in found.types.items():
        declared = kind.model.__record__.get("search", ())
        wanted = key in reachable and kind.public and declared is not False
        if wanted and (not key.startswith("core.") or key in OF_CORE) and (parts := tuple(_parts(kind, declared))):
            yield key, Plan(key, base_of(key), parts)


def base_of(key: str) -> int:
    """Where the entries of a type begin."""
    return (zlib.crc32(key.encode()) % BASES) * ROOM


def _parts(kind: RecordType, declared: Any) -> Iterator[Part]:
    groups: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    more = [item for item in declared if isinstance(item, str)]
    specs = [*kind.search_fields, *(kind.fields[name] for name in more if name in kind.fields)]
    for spec in dict.fromkeys(s.name for s in specs):
        groups[_use(kind, spec), *_bound(kind, kind.fields[spec])].append(spec)
    for (use, *_rules), names in groups.items():
        yield Part(_code(kind.key, use, names), use, tuple(sorted(names)))
    for item in (item for item in declared if isinstance(item, Linked) and item.record in registry().types):
        yield Part(_code(kind.key, repr(item), []), REST, item.fields, item)


def _use(kind: RecordType, name: str) -> str:
    if name == kind.number or NUMBERS.search(name):
        return NUMBER
    return TITLE if name in (kind.title, kind.title_en) else REST


def _bound(kind: RecordType, spec: Field) -> tuple[Any, ...]:
    """What ties fields together: the same rules of plugins. Fields of administrators stand alone."""
    if spec.custom:
        return ("custom", spec.name)
    rules = (r for r in access().field_rules.get(kind.key, ()) if r.field == spec.name)
    return tuple(sorted((r.treatment, r.roles, getattr(r.when, "__qualname__", "")) for r in rules))


def _code(key: str, use: str, names: list[str]) -> str:
    """Four letters. Other members give other letters, so what was indexed before is not found by mistake."""
    number = zlib.crc32(repr((key, use, sorted(names))).encode()) % 36**4
    return "".join(CODE_LETTERS[number // 36**n % 36] for n in range(4))


def problems() -> Iterator[tuple[str, str]]:
    """(record key, what is wrong) of declarations that do not fit, for the start."""
    bases: dict[int, str] = {}
    for key, plan in plans().items():
        kind = registry().types[key]
        if (other := bases.setdefault(plan.base, key)) != key:
            yield key, f"its entries in the index of search would lie where those of {other} are; rename one of them"
        for item in kind.model.__record__.get("search", ()):
            target = registry().types.get(item.record) if isinstance(item, Linked) else kind
            names = (item.by, *item.fields) if isinstance(item, Linked) else (item,)
            for name in names if target is not None else ():
                if name not in target.fields:
                    yield key, f"search names {target.key}.{name}, which does not exist"


def codes_shared() -> frozenset[str]:
    """Codes that several parts came to have: they are open to nobody to whom one of these is closed."""
    seen: dict[str, int] = defaultdict(int)
    for plan in plans().values():
        for part in plan.parts:
            seen[part.code] += 1
    return frozenset(code for code, times in seen.items() if times > 1)


def watchers() -> dict[str, list[tuple[str, Linked]]]:
    """By record type: the types whose records are found by its texts."""
    return edition().remembered(("search watchers", id(registry())), _watchers)


def _watchers() -> dict[str, list[tuple[str, Linked]]]:
    found: dict[str, list[tuple[str, Linked]]] = defaultdict(list)
    for key, plan in plans().items():
        for part in plan.parts:
            if part.linked is not None:
                found[part.linked.record].append((key, part.linked))
    return dict(found)

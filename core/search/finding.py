"""What Ctrl-K shows: hits of all types with the rights in each statement; exact numbers first, names, then the rest."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy import text as plain_sql

from core.clock import today
from core.db import db
from core.i18n import current_locale
from core.permissions.rules import access
from core.records.bulk import among
from core.records.conditions import allowed, asking, plain_search, treatment
from core.records.custom.known import edition
from core.records.dump import link_labels
from core.records.fields import Field
from core.records.query import mask_rows, selection
from core.records.reading import run
from core.registry import RecordType, registry
from core.search.asking import Word, words_of
from core.search.keeping import waiting
from core.search.pinyin import heard
from core.search.plan import NUMBER, ROOM, TITLE, Plan, plan_of, plans
from core.search.sight import Sight, entries, found_by, fts, matching, sight_of
from core.search.words import BETWEEN, normal

LOOKED_AT = 400
"""Entries of all types together that are ranked; where there are more, each type is asked by itself."""
OF_EACH = 40
MOST_HITS = 3000
"""Of a type and a frequent word on PostgreSQL, before the newest of them are chosen."""
PAGE = 30
EXACT, BEGINS_NUMBER, NAMED, BEGINS_NAME, IN_NAME, ELSEWHERE = 100, 80, 70, 60, 40, 10
OWN, LATELY = 5, 3
RECENT = dt.timedelta(days=30)


@dataclass
class Found:
    """A record as its finder may see it. `because` is the text by which it was found, where the name does not tell."""

    kind: RecordType
    id: int
    title: str
    number: str
    note: str
    because: str
    rank: int = 0


@dataclass
class Group:
    """Hits of one type, the best first; `more` says that there are others."""

    kind: RecordType
    hits: list[Found] = field(default_factory=list)
    more: bool = False

    @property
    def rank(self) -> int:
        """Of the best hit."""
        return self.hits[0].rank if self.hits else 0


def find(text: str, per_type: int = 5, keys: Iterable[str] | None = None) -> list[Group]:
    """The best hits of each type that the person reads, groups with the best hits first."""
    words = words_of(text)
    if not words:
        return []
    kinds = _kinds(keys)
    ids = _candidates(kinds, words, text)
    groups = []
    for kind in kinds:
        if chosen := ids.get(kind.key):
            hits = sorted(_read(kind, chosen, text, words), key=lambda hit: (-hit.rank, -hit.id))
            if hits:
                groups.append(Group(kind, hits[:per_type], len(hits) > per_type))
    return sorted(groups, key=lambda group: -group.rank)


def page_of(kind: RecordType, text: str, page: int, size: int = PAGE) -> Group:
    """One page of the hits of a type, the newest first."""
    condition = found_by(kind, text)
    if condition is None:
        return Group(kind)
    table = kind.model.__table__
    chosen = select(table.c.id).where(allowed(kind), condition, *_not_archived(kind)).order_by(table.c.id.desc())
    ids = list(run(chosen.offset((page - 1) * size).limit(size + 1)).scalars())
    hits = _read(kind, ids[:size], text, words_of(text))
    return Group(kind, sorted(hits, key=lambda hit: -hit.id), len(ids) > size)


def _kinds(keys: Iterable[str] | None) -> list[RecordType]:
    principal, types = asking(), registry().types
    wanted = plans() if keys is None else [key for key in keys if key in plans()]
    return [types[key] for key in wanted if access().can(principal, key, "read")]


def _candidates(kinds: list[RecordType], words: list[Word], text: str) -> dict[str, list[int]]:
    """Ids by type that may be hits; what is not the person's is not among them, or falls away when they are read."""
    sights = {kind.key: sight_of(kind, _plan(kind)) for kind in kinds}
    indexed = [kind for kind in kinds if not sights[kind.key].single]
    found = _together(indexed, {kind.key: sights[kind.key].codes for kind in indexed}, words)
    if found is None:
        found = {kind.key: _of_type(kind, words, sights[kind.key]) for kind in indexed}
    elif any(sights[key].sometimes for key in found):
        found = _confirmed(indexed, sights, found, words)
    for kind in kinds:
        if sights[kind.key].single and (condition := found_by(kind, text)) is not None:
            found[kind.key] = _newest(kind, condition)
    for key, ranges in waiting(db.session().connection()).items():
        kind = registry().types.get(key)
        if kind in indexed and (late := plain_search(kind, text)) is not None:
            column = kind.model.__table__.c.id
            for first, last in ranges:
                found.setdefault(key, []).extend(_newest(kind, column.between(first, last) & late))
    return found


def _confirmed(
    kinds: list[RecordType], sights: dict[str, Sight], found: dict[str, list[int]], words: list[Word]
) -> dict[str, list[int]]:
    """Of what was also found in parts that are closed in some rows: those in whose row the part is open."""
    freely = _together(kinds, {kind.key: [p.code for p in sights[kind.key].open] for kind in kinds}, words) or {}
    kept: dict[str, list[int]] = {}
    for kind in kinds:
        ids, free = found.get(kind.key, []), set(freely.get(kind.key, ()))
        rest = [ident for ident in ids if ident not in free]
        kept[kind.key] = [*free, *(_open_rows(kind, sights[kind.key], words, rest) if rest else ())]
    return kept


def _open_rows(kind: RecordType, sight: Sight, words: list[Word], ids: list[int]) -> list[int]:
    """The records that are found without the parts that are closed in them."""
    table = kind.model.__table__
    flags = [shown.label(f"open{n}") for n, (_part, shown) in enumerate(sight.sometimes)]
    by_codes: dict[tuple[str, ...], list[int]] = {}
    for row in run(select(table.c.id, *flags).where(table.c.id.in_(ids))):
        codes = [part.code for part in sight.open]
        codes += [part.code for (part, _shown), shown in zip(sight.sometimes, row[1:], strict=True) if shown]
        by_codes.setdefault(tuple(codes), []).append(row[0])
    kept = []
    for codes, some in by_codes.items():
        if len(codes) == len(sight.codes):
            kept += some
        elif codes:
            again = _together([kind], {kind.key: codes}, words) or {}
            kept += sorted(set(some) & set(again.get(kind.key, ())))
    return kept


def _plan(kind: RecordType) -> Plan:
    plan = plan_of(kind)
    assert plan is not None
    return plan


def _together(
    kinds: list[RecordType], codes: Mapping[str, Sequence[str]], words: list[Word]
) -> dict[str, list[int]] | None:
    """One question about all types; None when it has too many answers to tell which are the best."""
    asked = [code for kind in kinds for code in codes[kind.key]]
    if not asked:
        return {}
    column = fts.c.rowid if _sqlite() else entries.c.id
    with _by_index():
        rows = list(run(select(column).where(matching(words, asked)).limit(LOOKED_AT + 1)).scalars())
    if len(rows) > LOOKED_AT:
        return None
    bases = {_plan(kind).base: kind.key for kind in kinds}
    found: dict[str, list[int]] = {}
    for number in rows:
        if (key := bases.get(number - number % ROOM)) is not None:
            found.setdefault(key, []).append(number % ROOM)
    return found


def _sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def _of_type(kind: RecordType, words: list[Word], sight: Sight) -> list[int]:
    """Of many: the newest that carry it in their number or name, then the newest, then what rules open in part."""
    names = [part.code for part in sight.open if part.kind in (NUMBER, TITLE)]
    codes = [part.code for part in sight.open]
    found = _seen(kind, words, names) if names else []
    if len(found) < OF_EACH and len(codes) > len(names):
        found += [ident for ident in _seen(kind, words, codes) if ident not in found]
    if len(found) < OF_EACH and sight.sometimes:
        shown = and_(*(condition for _part, condition in sight.sometimes))
        found += [ident for ident in _seen(kind, words, sight.codes, shown) if ident not in found]
    return found


def _seen(kind: RecordType, words: list[Word], codes: Sequence[str], *conditions: Any) -> list[int]:
    """The newest records of the type with the words in these parts that the person reads."""
    table, base = kind.model.__table__, _plan(kind).base
    rules = (allowed(kind), *_not_archived(kind), *conditions)
    if _sqlite():
        column = fts.c.rowid
        chosen = select(table.c.id).select_from(fts.join(table, table.c.id == column - base))
        within = column.between(base, base + ROOM - 1)
        return list(
            run(chosen.where(matching(words, codes), within, *rules).order_by(column.desc()).limit(OF_EACH)).scalars()
        )
    own = select(entries.c.record_id).where(entries.c.record_key == kind.key, matching(words, codes))
    with _by_index():
        hits = list(run(own.limit(MOST_HITS)).scalars())
    newest = select(table.c.id).where(among(table.c.id, hits), *rules).order_by(table.c.id.desc()).limit(OF_EACH)
    found = list(run(newest).scalars()) if hits else []
    if len(hits) < MOST_HITS or len(found) == OF_EACH:
        return found
    return _newest(kind, and_(table.c.id.in_(own.offset(0)), *conditions))


@contextlib.contextmanager
def _by_index() -> Iterator[None]:
    """PostgreSQL would read the whole table where it believes that a limit ends that soon."""
    if _sqlite():
        yield
        return
    run(plain_sql("SET LOCAL enable_seqscan = off"))
    yield
    run(plain_sql("SET LOCAL enable_seqscan = on"))


def _newest(kind: RecordType, condition: Any) -> list[int]:
    table = kind.model.__table__
    chosen = select(table.c.id).where(allowed(kind), condition, *_not_archived(kind))
    return list(run(chosen.order_by(table.c.id.desc()).limit(OF_EACH)).scalars())


def _not_archived(kind: RecordType) -> list[Any]:
    return [kind.model.__table__.c.archived_at.is_(None)] if kind.archive else []


def _read(kind: RecordType, ids: Sequence[int], text: str, words: list[Word]) -> list[Found]:
    """The records as the person may see them, ranked. Hidden ones fall away, hidden values are not there."""
    shown, owners = _fields(kind)
    names, statement = selection(kind, [*shown, *owners])
    table = kind.model.__table__
    statement = statement.add_columns(table.c.updated_at)
    rows = []
    for start in range(0, len(ids), 500):
        part = statement.where(table.c.id.in_(ids[start : start + 500]), allowed(kind), *_not_archived(kind))
        rows += [dict(zip((*names, "_changed"), row, strict=True)) for row in run(part)]
    mask_rows(kind, shown, rows)
    mine = asking().acting_ids
    found = [_hit(kind, row, text, words, shown, any(row[o.name] in mine for o in owners)) for row in rows]
    _label_secondary(kind, shown, rows, found)
    return found


def _fields(kind: RecordType) -> tuple[list[Field], list[Field]]:
    """What is shown or compared, and the people who answer for the record."""
    principal, key = asking(), ("search fields", kind.key, edition().number)
    kept = principal.cache.get(key)
    if kept is None or kept[0] is not kind:
        named = [kind.title, kind.title_en, kind.number, kind.secondary, *sorted(_plan(kind).names)]
        shown = [kind.fields[n] for n in dict.fromkeys(named) if n and n in kind.fields and _open(kind, n)]
        people = [s for s in kind.fields.values() if s.target == "core.user" and _open(kind, s.name) and s not in shown]
        kept = (kind, shown, people)
        if len(principal.cache) < 2000:
            principal.cache[key] = kept
    return kept[1], kept[2]


def _open(kind: RecordType, name: str) -> bool:
    """Whether the person reads the field, at least in some rows."""
    rule = treatment(kind, name)
    hidden = rule is not None and rule.when is None and rule.treatment == "hidden"
    return not hidden and not kind.fields[name].hidden and kind.fields[name].kind != "secret"


def _hit(kind: RecordType, row: dict[str, Any], text: str, words: list[Word], shown: list[Field], own: bool) -> Found:
    english = current_locale() == "en"
    title = next((row[n] for n in ((kind.title_en if english else None), kind.title) if n and row.get(n)), None)
    number = row.get(kind.number) if kind.number else None
    texts = {s.name: str(row[s.name]) for s in shown if isinstance(row[s.name], str) and row[s.name]}
    rank, name = _rank(kind, texts, text, words)
    because = texts.get(name, "") if name not in (kind.title, kind.title_en, kind.number, None) else ""
    changed = row["_changed"]
    lately = changed is not None and changed.date() > today() - RECENT
    return Found(
        kind,
        row["id"],
        str(title or number or f"{kind.label} {row['id']}"),
        str(number or "") if title else "",
        str(row.get(kind.secondary) or "") if kind.secondary and kind.fields[kind.secondary].kind == "text" else "",
        because,
        rank + (OWN if own else 0) + (LATELY if lately else 0),
    )


def _rank(kind: RecordType, texts: dict[str, str], text: str, words: list[Word]) -> tuple[int, str | None]:
    """How good a hit is, and in which field."""
    plain = normal(text).strip()
    compact = BETWEEN.sub("", plain)
    best: tuple[int, str | None] = (ELSEWHERE, None)
    for name, value in texts.items():
        best = max(best, (_rank_of(kind, name, normal(value), plain, compact, words), name), key=lambda each: each[0])
    return best


def _rank_of(kind: RecordType, name: str, value: str, plain: str, compact: str, words: list[Word]) -> int:
    named = name in (kind.title, kind.title_en)
    if len(compact) > 2 and any(c.isdigit() for c in compact) and not any(ord(c) > 0x3000 for c in plain):
        bare = BETWEEN.sub("", value)
        if bare and (bare == compact or bare == compact.lstrip("abcdefghijklmnopqrstuvwxyz")):
            return EXACT + (1 if name == kind.number else 0)
        if bare.startswith(compact) or bare.endswith(compact):
            return BEGINS_NUMBER + (1 if name == kind.number else 0)
    if value == plain:
        return NAMED if named else IN_NAME - 5
    if value.startswith(plain):
        return BEGINS_NAME if named else IN_NAME - 8
    if all(word.text in value for word in words):
        return IN_NAME if named else IN_NAME - 10
    place = heard(value, plain) if plain.isascii() and plain.isalpha() and len(plain) > 1 else None
    if place is not None:
        return (BEGINS_NAME if place[0] == 0 else IN_NAME) if named else IN_NAME - 8
    return ELSEWHERE


def _label_secondary(kind: RecordType, shown: list[Field], rows: list[dict[str, Any]], found: list[Found]) -> None:
    """The second line of a type may be a link, of which people know the name."""
    spec = next((s for s in shown if s.name == kind.secondary and s.target), None)
    if spec is None:
        return
    link_labels([spec], rows)
    for row, hit in zip(rows, found, strict=True):
        value = row[spec.name]
        hit.note = str(value.get("label", "")) if isinstance(value, dict) else ""

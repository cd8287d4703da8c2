"""Where a person may find words: parts of the index that are open to them, with the conditions that field rules set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from core.db import db
from core.permissions.rules import access, on_table
from core.records.conditions import (
    allowed,
    asking,
    column_of,
    contains,
    plain_search,
    treatment,
    visible_column,
)
from core.records.custom.known import edition
from core.registry import RecordType, registry
from core.search.asking import MOST_WORDS, Word, in_fts5, in_tsquery, words_of
from core.search.keeping import waiting
from core.search.model import SearchEntry
from core.search.plan import ROOM, Part, Plan, codes_shared, plan_of

TEXTS = ("text", "long_text")
MOST_KEPT = 2000
entries = SearchEntry.__table__
fts = table("core_search_fts", column("rowid"))


@dataclass(frozen=True)
class Sight:
    """Of one type: codes that are open, codes that are closed in some rows, fields that are looked into one by one."""

    open: tuple[Part, ...]
    sometimes: tuple[tuple[Part, ColumnElement[bool]], ...]
    single: tuple[str, ...]

    @property
    def codes(self) -> list[str]:
        """Of all parts that are open, or open in some rows."""
        return [part.code for part in self.open] + [part.code for part, _shown in self.sometimes]

    @property
    def plain(self) -> bool:
        """Whether open parts are all there is to ask."""
        return not self.sometimes and not self.single


def sight_of(kind: RecordType, plan: Plan) -> Sight:
    """What the person who asks may search; kept with their rights."""
    principal = asking()
    key = ("search sight", kind.key, edition().number)
    kept = principal.cache.get(key)
    if kept is None or kept[0] is not kind:
        made = (kind, _sight(kind, plan))
        if len(principal.cache) > MOST_KEPT:
            return made[1]
        kept = principal.cache[key] = made
    return kept[1]


def _sight(kind: RecordType, plan: Plan) -> Sight:
    open_, sometimes, single = [], [], []
    shared = codes_shared()
    for part in plan.parts:
        closed, hidden = _linked_state(kind, part) if part.linked else _state(kind, part)
        if part.code in shared:
            closed = True
        if not closed and hidden is None:
            open_.append(part)
        elif not closed:
            sometimes.append((part, not_(func.coalesce(hidden, false()))))
        elif part.linked is None:
            single += [n for n in part.names if kind.fields[n].kind in TEXTS and _readable(kind, n)]
    return Sight(tuple(open_), tuple(sometimes), tuple(single))


def _state(kind: RecordType, part: Part) -> tuple[bool, Any]:
    """(closed, condition under which it is hidden) of a part. Fields that came to differ close it: one by one then."""
    rules = [treatment(kind, name) for name in part.names]
    bound = [r for r in rules if r is not None and r.treatment != "readonly"]
    if not bound:
        return False, None
    when = bound[0].when
    if len(bound) < len(rules) or when is None or any(r.when is not when for r in bound):
        return True, None
    return False, on_table(when(kind.model, asking()))


def _readable(kind: RecordType, name: str) -> bool:
    rule = treatment(kind, name)
    return rule is None or rule.treatment == "readonly" or rule.when is not None


def _linked_state(kind: RecordType, part: Part) -> tuple[bool, Any]:
    """Linked texts find a record for those who may read all the records that they stand in."""
    assert part.linked is not None
    target = registry().types[part.linked.record]
    treated = access().treatments(target.model, asking())
    rules = [treated[name] for name in (part.linked.by, *part.names) if name in treated]
    if target is kind or any(rule.treatment != "readonly" for rule in rules):
        return True, None
    rule = allowed(target)
    if rule is true():
        return False, None
    by = column_of(target, target.fields[part.linked.by])
    own = kind.model.__table__
    unseen = select(by).where(by == own.c.id, not_(func.coalesce(rule, false()))).correlate(own)
    return False, exists(unseen)


def matching(words: Sequence[Word], codes: Sequence[str]) -> ColumnElement[bool]:
    """All words in the parts of these codes, as a condition on the index."""
    if db.engine.dialect.name == "postgresql":
        asked = " & ".join(f"({in_tsquery(word.asked, codes)})" for word in words)
        return entries.c.words.op("@@")(cast(literal(asked), TSQUERY))
    asked = " AND ".join(f"({in_fts5(word.asked, codes)})" for word in words)
    return literal_column("core_search_fts").op("MATCH")(asked)


def ids_matching(plan: Plan, words: Sequence[Word], codes: Sequence[str]) -> Any:
    """A select of the ids of the records whose entry holds all words."""
    if db.engine.dialect.name == "postgresql":
        own = entries.c.record_key == plan.key
        return (
            select(entries.c.record_id).where(own, matching(words, codes)).offset(0)
        )  # a fence: asked once, by its index
    within = fts.c.rowid.between(plan.base, plan.base + ROOM - 1)
    return select((fts.c.rowid - plan.base).label("record_id")).where(matching(words, codes), within)


def found_by(kind: RecordType, text: str) -> ColumnElement[bool] | None:
    """The records of the type that hold all words where the person may look; None where nothing can be asked."""
    plan, words = plan_of(kind), words_of(text)
    if plan is None or not words:
        return None
    sight = sight_of(kind, plan)
    if sight.plain:
        codes = [part.code for part in sight.open]
        held = kind.model.__table__.c.id.in_(ids_matching(plan, words, codes)) if codes else false()
    else:
        held = and_(*(_word(kind, plan, sight, word) for word in words))
    return or_(held, *_not_yet(kind, text))


def quick(kind: RecordType, text: str) -> ColumnElement[bool] | None:
    """The search box of a list: by the index, and by parts of words where the index knows only their beginnings.

    None where the type is not indexed.
    """
    plan, words = plan_of(kind), words_of(text)
    if plan is None or not words or len(words) < len(text.split()[:MOST_WORDS]):
        return None
    if all(word.complete for word in words):
        return found_by(kind, text)
    sight = sight_of(kind, plan)
    return or_(and_(*(_word_or_part(kind, plan, sight, word) for word in words)), *_not_yet(kind, text))


def _word(kind: RecordType, plan: Plan, sight: Sight, word: Word) -> ColumnElement[bool]:
    ident = kind.model.__table__.c.id
    ways: list[ColumnElement[bool]] = []
    if sight.open:
        ways.append(ident.in_(ids_matching(plan, [word], [p.code for p in sight.open])))
    for part, shown in sight.sometimes:
        ways.append(and_(ident.in_(ids_matching(plan, [word], [part.code])), shown))
    ways += [contains(visible_column(kind, kind.fields[name]), word.text) for name in sight.single]
    return or_(*ways) if ways else false()


def _word_or_part(kind: RecordType, plan: Plan, sight: Sight, word: Word) -> ColumnElement[bool]:
    """PostgreSQL serves each way by its own index only where they are not one OR."""
    held, ident = _word(kind, plan, sight, word), kind.model.__table__.c.id
    plain = None if word.complete else plain_search(kind, word.text)
    if plain is None:
        return held
    if db.engine.dialect.name != "postgresql":
        return or_(held, plain)
    table = kind.model.__table__
    return ident.in_(union_all(select(table.c.id).where(held), select(table.c.id).where(plain)))


def _not_yet(kind: RecordType, text: str) -> list[ColumnElement[bool]]:
    """Records that wait for their entry are looked through."""
    ranges = waiting(db.session().connection()).get(kind.key, ())
    plain = plain_search(kind, text) if ranges else None
    if plain is None:
        return []
    ident = kind.model.__table__.c.id
    return [and_(or_(*(ident.between(first, last) for first, last in ranges)), plain)]

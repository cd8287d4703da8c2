"""Every record type on every way out, asked by ten kinds of people: who sees which side stands in records.yaml.

Each text of each row says where it comes from (`marks`), so any answer that holds a mark which its reader's rights
and field rules do not give them is a leak, whatever way it took: page, list, total, group, filter, sort, relation,
search, suggestion, timeline, file, export, description, or figure.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.security.marks import Mark
from tests.security.test_matrix_routes import OURS_OF, named
from tests.security.world import KINDS, PORTAL, STAFF, World

TABLE = Path(__file__).with_name("records.yaml")
SIDES = ("here", "there")
STAFF_ORDER = list(STAFF)
WRITTEN = r"zq[ht]\d{3}x\d{2}z"


BRAND = {Mark("here", "portal.look", name) for name in ("name", "name_en")}
"""The agency's name stands at the door of the portal."""


TOLD = {"workflow.instance": ("workflow.definition", ("name", "name_en"))}
"""What a record tells by itself of another one that its readers do not open: a flow its name."""
LOG = "/settings/audit"
"""Who reads the log reads what was changed, sealed as it was; that is a right of its own."""


def with_what_is_told(found: set[Mark]) -> set[Mark]:
    told = {(side, *TOLD[key]) for side, key in {(m.side, m.key) for m in found} if key in TOLD}
    return found | {Mark(side, key, name) for side, key, names in told for name in names}


def own_name(kind: str) -> set[Mark]:
    """What every person of a client reads on each page: their client's name, and what we have to tell it."""
    names = ("name", "name_en", "short_name", "portal_notice") if kind in PORTAL else ()
    return {Mark(PORTAL[kind][0], "clients.client", name) for name in names}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def backend(request: pytest.FixtureRequest) -> str:
    """Every day on one database; the walls between branches are asked on both by `test_six_plugins_walls`."""
    return request.param


@pytest.fixture(scope="module")
def world(app):
    return World(app)


@pytest.fixture(scope="module")
def table():
    return yaml.safe_load(TABLE.read_text("utf-8"))


@pytest.fixture(scope="module")
def crawl(world):
    return Crawl(world)


class Crawl:
    """Asks, and remembers each mark that its reader should not have seen."""

    def __init__(self, world: World) -> None:
        self.world, self.leaks, self.seen = world, [], {kind: set() for kind in KINDS}
        with world.app.app_context():
            self.allowed = {kind: with_what_is_told(world.allowed(kind)) | BRAND | own_name(kind) for kind in KINDS}

    def get(self, kind: str, path: str) -> Any:
        """The answer, looked through."""
        answer = self.world.ask(kind, "GET", path)
        assert answer.status_code < 500, (kind, path, answer.text[-500:])
        sent = set(re.findall(WRITTEN, path))
        content = re.sub("|".join(sent), "", text_of(answer)) if sent else text_of(answer)
        found = self.world.marks.found(content.encode())
        self.seen[kind] |= found
        if not (path.startswith(LOG) and kind == "auditor"):
            self.leaks += [(kind, path, mark) for mark in sorted(found - self.allowed[kind], key=repr)]
        return answer

    def settle(self) -> None:
        """Raise what leaked so far."""
        leaks, self.leaks = self.leaks, []
        assert not leaks, "\n".join(f"{kind} {path}: {mark}" for kind, path, mark in leaks[:80])


def text_of(answer: Any) -> str:
    """What a reader can find in it: of sheets and archives, what they hold."""
    if answer.data[:2] != b"PK":
        return answer.data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return " ".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def public(world: World) -> list[Any]:
    return [kind for kind in world.marks.kinds if kind.public]


def with_row(world: World, table: dict[str, Any]) -> list[Any]:
    """The types that have a row; that all have one is asked once."""
    return [kind for kind in public(world) if kind.key in table]


def sees(table: dict[str, Any], key: str, kind: str) -> set[str]:
    """The sides that the table shows to this kind of people."""
    row = table[key]
    return {side for side, words in (("here", "ours"), ("there", "theirs")) if kind in named(row.get(words, ""))}


def test_every_record_type_has_a_row(world, table):
    missing = [kind.key for kind in public(world) if kind.key not in table]
    assert not missing, (
        f"say in {TABLE.name} who of {', '.join(STAFF)} sees a record of their own side and one of the other, "
        "for example `{ours: clerk admin, theirs: admin}`: " + ", ".join(missing)
    )
    assert set(table) <= {kind.key for kind in public(world)}, "take out what is no more"


def test_lists_totals_and_single_records_are_those_of_the_table(world, crawl, table):
    apart = []
    for type_ in with_row(world, table):
        ids = {side: world.marks.ids[side][type_.key] for side in SIDES}
        both = f"id__in={ids['here']},{ids['there']}"
        for kind in KINDS:
            listed = crawl.get(kind, f"/api/v1/{type_.key}?{both}&count=1&limit=5&sort=-id")
            rows = listed.json.get("data", [])
            found = {side for side in SIDES if ids[side] in [row["id"] for row in rows]}
            single = {s for s in SIDES if crawl.get(kind, f"/api/v1/{type_.key}/{ids[s]}").status_code == 200}
            wanted = sees(table, type_.key, kind)
            if not found == single == wanted or listed.json.get("total", 0) != len(wanted):
                apart.append((kind, type_.key, f"table {wanted}, list {found}, single {single}"))
    assert not apart, "\n".join(map(str, apart))
    crawl.settle()


@pytest.mark.parametrize("kind", STAFF)
def test_search_suggestion_relation_and_group_find_what_the_list_shows(world, crawl, table, kind):
    apart = []
    for type_ in with_row(world, table):
        shown = sees(table, type_.key, kind)
        for side in SIDES:
            ident, name = world.marks.ids[side][type_.key], next(iter(type_.search_fields or ()), None)
            if name is not None:
                word = world.marks.of(side, type_.key, getattr(name, "name", name))
                found = crawl.get(kind, f"/api/v1/{type_.key}?q={word}&count=1&limit=3")
                picked = crawl.get(kind, f"/r/{type_.key}/-/pick?q={word}")
                hits = [row["id"] for row in (picked.json or {}).get("data", [])] if picked.is_json else []
                if side not in shown and (found.json.get("total") or found.json.get("data") or ident in hits):
                    apart.append((type_.key, side, "search"))
            apart += [
                (type_.key, side, path)
                for path in probes(world, type_, side)
                if side not in shown and hit(crawl, kind, path)
            ]
        for spec in (f for f in type_.fields.values() if f.kind == "choice" and not f.hidden):
            crawl.get(kind, f"/r/{type_.key}?view=-&group={spec.name}")
            break
    assert apart == []
    crawl.settle()


def probes(world: World, type_: Any, side: str) -> list[str]:
    """Questions to records that point here, whose answers would tell of this one."""
    found = []
    title = type_.title if type_.title in type_.fields and type_.fields[type_.title].kind == "text" else None
    for other in public(world):
        for spec in (f for f in other.fields.values() if f.target == type_.key and not f.hidden):
            if title is not None:
                word = world.marks.of(side, type_.key, title)
                found.append(f"/api/v1/{other.key}?{spec.name}.{title}={word}&count=1&limit=0")
    return found


def hit(crawl: Crawl, kind: str, path: str) -> bool:
    answer = crawl.get(kind, path)
    return answer.status_code == 200 and answer.json["total"] > 0


LOOKS = ("?view=-", "?view=-&as=board", "?view=-&as=calendar", "/-/columns", "/-/filter", "/new")


@pytest.mark.parametrize(
    ("kind", "looks"),
    [
        *((kind, 3) for kind in STAFF if kind != "admin"),
        *(pytest.param(kind, 1, marks=pytest.mark.long) for kind in STAFF),
    ],
)
def test_pages_timelines_and_exports_show_no_more(world, crawl, table, kind, looks):
    """Each record's pages, its export and looks of its list: every day each kind of people takes a third of the looks,
    so that each look of each type is asked for; in the long form everybody takes all.
    """
    apart = []
    for place, type_ in enumerate(with_row(world, table), STAFF_ORDER.index(kind)):
        shown = sees(table, type_.key, kind)
        if not shown and crawl.get(kind, f"/r/{type_.key}").status_code == 403:
            continue
        for path in LOOKS[place % looks :: looks]:
            crawl.get(kind, f"/r/{type_.key}{path}")
        crawl.get(kind, f"/export/{type_.key}?view=-")
        for side in SIDES:
            base = f"/r/{type_.key}/{world.marks.ids[side][type_.key]}"
            opened = {path: crawl.get(kind, base + path).status_code for path in ("", "?tab=all", "/edit", "/-/peek")}
            if (opened[""] == 200) != (side in shown) or (side not in shown and 200 in opened.values()):
                apart.append((type_.key, side, opened))
    assert apart == []
    crawl.settle()


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "admin"])
def test_no_other_address_shows_more(world, crawl, kind):
    """Every address of the realm, with the ids of both sides; search by the words of the other side."""
    portal = kind in PORTAL
    for rule in world.app.url_map.iter_rules():
        if "GET" not in rule.methods or "<key>" in rule.rule or rule.rule.startswith(("/static", "/api")):
            continue
        if kind != "anon" and rule.rule.startswith("/portal") != portal:
            continue
        for side in SIDES if rule.arguments else SIDES[:1]:
            for ident in idents(world, rule, side):
                words = {"language": "zh", "level": "day", "record_key": "cases.case", "ending": "xlsx"}
                path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m, w=words, i=ident: str(w.get(m[1], i)), rule.rule)
                crawl.get(kind, path)
    for side in SIDES:
        for type_ in world.marks.kinds:
            if type_.search_fields and not portal:
                word = world.marks.of(side, type_.key, getattr(type_.search_fields[0], "name", type_.search_fields[0]))
                crawl.get(kind, f"/find?q={word}")
    crawl.settle()


def idents(world: World, rule: Any, side: str) -> list[Any]:
    """Ids that an address could mean: of the type that its variable names, or of each type of its plugin."""
    if not rule.arguments:
        return [""]
    ids = world.marks.ids[side]
    for name in rule.arguments:
        if name in OURS_OF:
            return [ids.get(OURS_OF[name], 1)]
    rooms = ("portal.", "billing.", "documents.", "cases.", "workflow.")
    return sorted({ids[key] for key in ids if key.startswith(rooms)})


def test_the_marks_are_really_there(crawl):
    """Nothing above would fail if nothing were shown: those who may see much have seen much."""
    for kind, least in (("clerk", 100), ("finance", 100), ("attorney", 60), ("portal_owner", 5)):
        assert len(crawl.seen[kind]) >= least, (kind, len(crawl.seen[kind]))
    assert {mark.side for mark in crawl.seen["admin"]} == set(SIDES)

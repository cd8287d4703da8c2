"""Every plugin alone with what it requires, every pair, and all without one: each starts and shows no trace of others.

Only composing, routes, menus and the described API are looked at here, each set in a fork of one prepared process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from core.settings import ROOT
from tests.support.running import environment

AT_ONCE = min(4, os.cpu_count() or 1)


def _manifests() -> dict[str, dict[str, Any]]:
    """What each plugin of this tree says of itself; the demo agency is data for the others and is left out."""
    found = {p.parent.name: tomllib.loads(p.read_text("utf-8")) for p in (ROOT / "plugins").glob("*/plugin.toml")}
    return {name: manifest for name, manifest in sorted(found.items()) if name != "demo"}


MANIFESTS = _manifests()


def closure(*names: str) -> tuple[str, ...]:
    """The plugins with all that they require."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += MANIFESTS[name].get("requires", {})
    return tuple(sorted(found))


def sensible() -> list[tuple[str, ...]]:
    """None, each one, each pair, all, all but one: closed under what is required, no set twice."""
    every = tuple(MANIFESTS)
    sets = (
        {(), closure(*every)} | {closure(name) for name in every} | {closure(*pair) for pair in combinations(every, 2)}
    )
    for left_out in every:
        sets.add(tuple(n for n in every if left_out not in closure(n)))
    return sorted(sets, key=lambda chosen: (len(chosen), chosen))


LOOK = """
import json, os, sys
from pathlib import Path
import httpx, segno, xlsxwriter, cryptography.fernet, defusedxml.ElementTree, PIL.Image, openpyxl
import core.api, core.web, core.importing
from core.app import create_app
from core.settings import load_settings

def views_of(app):
    views = {}
    for rule in app.url_map.iter_rules():
        views.setdefault(str(rule), set()).add(app.view_functions[rule.endpoint].__module__)
    return views

def look(plugins, data):
    app = create_app(load_settings(data=Path(data), plugins=tuple(plugins), secret="s" * 40, testing=True))
    with app.test_request_context("/"):
        from core.api.openapi import openapi
        from core.registry import registry
        found = registry()
        actions = [f"{key} {code}" for key, by_code in found.actions.items() if by_code for code in by_code]
        grants = [record for record in found.access.grants]
        return {
            "plugins": [m.name for m in found.manifests],
            "types": sorted(found.types),
            "rules": sorted(str(rule) for rule in app.url_map.iter_rules()),
            "cores": sorted(r for r, views in views_of(app).items() if all(v.startswith("core.") for v in views)),
            "places": sorted({rule.endpoint for rule in app.url_map.iter_rules()}),
            "menus": [[m.key, m.record, m.url, str(m.label)] for m in found.menus],
            "jobs": sorted(found.jobs), "schedules": sorted(found.schedules),
            "schedule_jobs": sorted(s.job for s in found.schedules.values()),
            "actions": sorted(actions), "grants": sorted(map(str, grants)),
            "subscribers": sorted(s.name for each in found.events.values() for s in each),
            "documents": sorted(key for key, kinds in found.documents.items() if kinds),
            "links": sorted(f.target for t in found.types.values() for f in t.fields.values() if f.target),
            "modules": sorted({m.split(".")[1] for m in sys.modules if m.startswith("plugins.") and m.count(".")}),
        }

def main():
    sets, data, at_once = json.load(sys.stdin)
    running = {}
    def wait():
        pid, status = os.wait()
        place = running.pop(pid)
        if status:
            place.write_text(json.dumps({"failed": place.with_suffix(".err").read_text()[-3000:]}))
    for number, plugins in enumerate(sets):
        place = Path(data) / f"{number}.json"
        pid = os.fork()
        if pid == 0:
            error = open(place.with_suffix(".err"), "w")
            os.dup2(error.fileno(), 2)
            code = 1
            try:
                place.write_text(json.dumps(look(plugins, Path(data) / str(number))))
                code = 0
            except BaseException:
                import traceback
                traceback.print_exc()
            finally:
                error.flush()
                os._exit(code)
        running[pid] = place
        if len(running) >= at_once:
            wait()
    while running:
        wait()

main()
"""


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], dict[str, Any]]:
    """What each set is composed of, by the set."""
    data: Path = tmp_path_factory.mktemp("sets")
    sets = sensible()
    given = json.dumps([sets, str(data), AT_ONCE])
    line = [sys.executable, "-c", LOOK]
    done = subprocess.run(line, input=given, capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return {chosen: json.loads((data / f"{at}.json").read_text()) for at, chosen in enumerate(sets)}


CORES_OWN = ("/inbox/<int:message_id>", "/inbox/read")
"""Pages of the core below a prefix at which a plugin of that name adds its own."""


def test_every_set_starts(looks):
    assert {chosen: look["failed"] for chosen, look in looks.items() if "failed" in look} == {}
    assert all(sorted(look["plugins"]) == list(chosen) for chosen, look in looks.items())


def test_what_is_required_and_what_is_optional_is_loaded_before(looks):
    for look in looks.values():
        order = look["plugins"]
        for name in order:
            known = (*MANIFESTS[name].get("requires", {}), *MANIFESTS[name].get("optional", {}))
            assert all(order.index(other) < order.index(name) for other in known if other in order), order


def test_no_set_shows_a_trace_of_what_is_not_in_it(looks):
    traces = []
    for chosen, look in looks.items():
        cores = set(CORES_OWN) & set(look["cores"])
        for name in set(MANIFESTS) - set(chosen):
            mine = {f"{name}.", f"/{name}/", f"/r/{name}.", f"{name}:"}
            for kind in ("types", "rules", "places", "jobs", "schedules", "schedule_jobs", "documents", "links"):
                others = [told for told in look[kind] if told not in cores]
                traces += [(chosen, kind, told) for told in others if any(told.startswith(m) for m in mine)]
            traces += [(chosen, "menu", menu) for menu in look["menus"] if (menu[1] or "").startswith(f"{name}.")]
            traces += [(chosen, "import", name)] if name in look["modules"] else []
    assert traces == []


def test_what_is_there_belongs_to_types_that_are_there(looks):
    for chosen, look in looks.items():
        types = set(look["types"])
        assert set(look["links"]) <= types, chosen
        assert {record for _key, record, _url, _label in look["menus"] if record} <= types, chosen
        assert set(look["schedule_jobs"]) <= set(look["jobs"]), chosen
        assert {told.split(" ")[0] for told in look["actions"]} <= types, chosen


def test_menus_lead_somewhere_and_say_what(looks):
    for chosen, look in looks.items():
        for key, record, url, label in look["menus"]:
            assert label, (chosen, key)
            assert record or (url or "").split("?")[0] in look["rules"] or (url or "").startswith("/r/"), (chosen, key)
        assert len({menu[0] for menu in look["menus"]}) == len(look["menus"]), chosen

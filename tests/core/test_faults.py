"""A plugin that raises, sleeps a minute or eats memory, in each family of hook: what goes on, and who is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from core.settings import ROOT

PLUGIN = '''"""A plugin that breaks where the test says."""
import time
from core import *
from core import fields, hookimpl, _
from sqlalchemy.orm import Mapped

MODE = {"where": "", "how": ""}
DONE = []


class Thing(Record):
    """A thing."""
    __record__ = {"key": "broken.thing", "label": _("Thing"), "plural": _("Things"), "title": "name", "open": "all"}
    name: Mapped[str] = fields.text(_("Name"), required=True)


def trouble(where):
    """Breaks when it is its turn."""
    if MODE["where"] == where:
        if MODE["how"] == "raise":
            raise KeyError("out of order")
        if MODE["how"] == "sleep":
            time.sleep(60)
        if MODE["how"] == "loop":
            end = time.monotonic() + 60
            while time.monotonic() < end:
                pass
        if MODE["how"] == "eat":
            DONE.append(len(bytearray(3 << 30)))


pages = Endpoints("broken", "/broken")


@pages.route("/page", permission=("broken.thing", "read"))
def page():
    """A page."""
    trouble("endpoint")
    return "a page of its own"


rest = Endpoints("brokenrest", "/api/broken", api=True)


@rest.route("/things", permission=("broken.thing", "read"))
def things():
    """Things."""
    trouble("endpoint")
    return ["a thing"]


@hookimpl
def register_records(): return [Thing]
@hookimpl
def register_grants(): return [Grant("clerk", "broken.thing", ("*",))]
@hookimpl
def register_views():
    column = Column("state", "State", template="broken/cell.html")
    tab = Tab("own", "Own", template="broken/panel.html", context=lambda thing: trouble("tab") or {"words": "own tab"})
    return [
        ListView("broken.thing", columns=(Column("name"), column)),
        DetailView("broken.thing", facts=(Section("m", "Main", ("name",)),), tabs=(tab,)),
        FormView("broken.thing", (Section("m", "Main", ("name",)),)),
    ]
@hookimpl
def register_menus():
    return [Menu("broken", "Things", "file", "work", record="broken.thing", count=lambda: trouble("count") or 1)]
@hookimpl
def register_cards(): return [Card("broken.card", "Broken card", lambda: trouble("card") or 7)]
@hookimpl
def register_search_sources():
    return [SearchSource("b", "Broken search", lambda q, n: trouble("search") or [Hit("found it", "/")])]
@hookimpl
def register_jobs(): return [Job("broken.job", lambda: trouble("job") or DONE.append("job"), timeout=1)]
@hookimpl
def register_subscribers():
    hear = lambda payload, key: trouble("subscriber") or DONE.append("heard")
    return [Subscriber("broken.hears", "broken.thing.created", hear, timeout=1)]
@hookimpl
def register_endpoints(): return [pages, rest]
@hookimpl
def validate_records(model, records): trouble("validate") if model is Thing else None
@hookimpl
def before_create(model, records): trouble("before") if model is Thing else None
@hookimpl
def after_create(model, records): trouble("after") if model is Thing else None
@hookimpl
def filter_list_rows(record_key, rows): trouble("filter")
@hookimpl
def slot_detail(record):
    trouble("slot")
    return [Panel("broken/panel.html", {"words": "a panel of its own"})]
@hookimpl
def slot_home(): return trouble("home") or [Panel("broken/panel.html", {"words": "at home"})]
@hookimpl
def provide_badge(record_key, row): return trouble("provide")
'''

DRIVER = """
import pathlib, resource, sys, time
sys.path[:0] = [{root!r}, {folder!r}]
from core.app import create_app
from core.hooks import limits
from core.settings import Settings
from core.setup.database import prepare
from core.testing import Deployment
folder = pathlib.Path({folder!r})
settings = Settings(
    plugins=("broken",), data=folder / "data", secret="s" * 40, testing=True,
    hook_seconds=0.4, write_hook_seconds=0.6, page_seconds=0.8, process_memory_mb=700,
)
app = create_app(settings, plugin_folder=folder)
prepare(app, settings)
from broken import hooks as broken
from core.registry import registry
from core.db import db
site = Deployment(app, settings)
clerk, root = site.person("clerk", "clerk"), site.person("root", "administrator")
one = site.make("broken.thing", name="First")
browser, admin, api = site.browser(clerk), site.browser(root), site.api(clerk)
resting = registry().hooks._resting

def turn(where, how):
    broken.MODE.update(where=where, how=how)
    resting.clear()
    registry().hooks.faults.clear()
    from core.web import shell
    shell._counts.clear()

def timed(fn):
    begin = time.monotonic()
    answer = fn()
    return answer, time.monotonic() - begin

def faults():
    return [(f.plugin, f.hook.split()[0], f.error) for f in registry().hooks.faults]

def count():
    with app.app_context():
        return db.session.connection().exec_driver_sql("select count(*) from broken_thing").scalar()

PAGES = {{
    "filter": ("/r/broken.thing", "First"),
    "slot": (f"/r/broken.thing/{{one}}", "First"),
    "provide": (f"/r/broken.thing/{{one}}", "First"),
    "tab": (f"/r/broken.thing/{{one}}?tab=own", "First"),
    "home": ("/", "Broken card"),
    "card": ("/", "at home"),
    "count": ("/", "at home"),
    "search": ("/find?q=First", "First"),
}}
app.config["PROPAGATE_EXCEPTIONS"] = False
app.testing = False
"""


READING = """
for where, (path, stays) in PAGES.items():
    for how in ("raise", "sleep", "loop", "eat"):
        turn(where, how)
        if how == "eat":
            soft = resource.getrlimit(resource.RLIMIT_DATA)
            limits.limit_memory(700)
        answer, seconds = timed(lambda: browser.get(path))
        assert answer.status_code == 200, (where, how, answer.status_code)
        assert stays in answer.text, (where, how)
        assert seconds < 8, (where, how, seconds)
        told = faults()
        assert told and {plugin for plugin, *_rest in told} == {"broken"}, (where, how, told)
        wanted = {"raise": "KeyError", "sleep": "took longer", "loop": "took longer", "eat": "MemoryError"}[how]
        assert wanted in told[0][2], (where, how, told)
        if how == "eat":
            resource.setrlimit(resource.RLIMIT_DATA, soft)
        again, seconds = timed(lambda: browser.get(path))
        assert again.status_code == 200 and (how in ("raise", "loop") or seconds < 0.4 + 2), (where, how, seconds)
banner = admin.get("/r/broken.thing").text
assert "of the extension broken failed and was left out" in banner or "failed and were left out: broken" in banner
assert "left out" not in browser.get("/r/broken.thing").text
assert "broken" in admin.get("/settings/extensions").text
turn("", "")
assert "a panel of its own" in browser.get(f"/r/broken.thing/{one}").text
"""
WRITING = """
before = count()
for where in ("validate", "before", "after"):
    for how in ("raise", "sleep", "loop", "eat"):
        turn(where, how)
        if how == "eat":
            soft = resource.getrlimit(resource.RLIMIT_DATA)
            limits.limit_memory(700)
        answer, seconds = timed(lambda: api.post("broken.thing", {"name": f"{where} {how}"}))
        if how == "eat":
            resource.setrlimit(resource.RLIMIT_DATA, soft)
        assert answer.status_code == 500, (where, how, answer.text)
        assert "broken" in answer.json["detail"] and "nothing was saved" in answer.json["detail"], answer.text
        assert seconds < 8, (where, how, seconds)
        assert faults()[0][0] == "broken", (where, how)
        turn("", "")
        assert count() == before, (where, how)
        assert api.post("broken.thing", {"name": "Fine"}).status_code == 201, "the next write is not held up"
        before += 1
"""
WORKING = """
from core import enqueue, transaction
from core.events.delivery import deliver_pending, undelivered
from core.jobs.runs import run_job, run_view
from core.db import system
WANTED = {"raise": "KeyError", "sleep": "took longer than 1 s", "loop": "took longer", "eat": "MemoryError"}
for how, wanted in WANTED.items():
    turn("job", how)
    with app.app_context():
        with transaction():
            run = enqueue("broken.job")
        _none, seconds = timed(lambda: run_job(run))
        with system("look"):
            view = run_view(run)
    assert view["state"] in ("queued", "failed") and wanted in view["error"], (how, view)
    assert view["name"].startswith("broken.") and seconds < 8
    turn("subscriber", how)
    assert api.post("broken.thing", {"name": how}).status_code == 201, "who writes does not wait for who listens"
    with app.app_context():
        _none, seconds = timed(lambda: deliver_pending(20))
        waits = undelivered("new")
    assert [w for w in waits if w["subscriber"] == "broken.hears" and wanted in w["last_error"]], (how, waits)
    assert seconds < 8
    with app.app_context(), system("clean") as session:
        session.connection().exec_driver_sql("update core_delivery set state = 'done'")
        session.connection().exec_driver_sql("update core_job_run set state = 'done'")
for how, wanted in (("raise", "KeyError"), ("eat", "MemoryError")):
    turn("endpoint", how)
    soft = resource.getrlimit(resource.RLIMIT_DATA)
    limits.limit_memory(700)
    assert browser.get("/broken/page").status_code == 500
    resource.setrlimit(resource.RLIMIT_DATA, soft)
    assert [(p, h) for p, h, e in faults() if wanted in e] == [("broken", "page")], faults()
for how in ("sleep", "loop"):
    turn("endpoint", how)
    answer, seconds = timed(lambda: browser.get("/broken/page"))
    assert (answer.status_code, seconds < 5) == (503, True), (how, answer.status_code, seconds)
    assert "broken" in answer.text and "Traceback" not in answer.text, how
    assert [(p, h) for p, h, e in faults() if "took longer" in e] == [("broken", "page")], faults()
    answer, seconds = timed(lambda: app.test_client().get("/api/broken/things", headers=api.headers))
    assert (answer.status_code, seconds < 5) == (503, True), (how, answer.text)
    assert answer.json["code"] == "plugin_slow" and "broken" in answer.json["detail"], answer.text
    assert browser.get("/r/broken.thing").status_code == 200, "the next request is not held up"
def nested():
    for _turn in range(3):
        assert registry().hooks.isolated("other", f"card {_turn}", lambda: time.sleep(60), "left out") == "left out"
    return "whole"
with app.test_request_context("/broken/page"):
    assert registry().hooks.page("broken", "page", nested) == "whole", "others' time is not the page's"
assert {p for p, h, e in faults() if h == "card"} == {"other"}
turn("", "")
assert app.test_client().get("/api/broken/things", headers=api.headers).json == ["a thing"]
assert browser.get("/r/broken.thing").status_code == 200
assert browser.get("/broken/page").text == "a page of its own"
assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY
"""
SECTIONS = {"READING": READING, "WRITING": WRITING, "WORKING": WORKING}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What became of each section, run in one process against a deployment with the plugin."""
    folder = tmp_path_factory.mktemp("broken")
    place = folder / "broken"
    (place / "templates" / "broken").mkdir(parents=True)
    (place / "migrations" / "versions").mkdir(parents=True)
    title = 'title = {zh = "坏", en = "Broken"}'
    (place / "plugin.toml").write_text(f'name = "broken"\nversion = "1.0"\n{title}\ncore = ">=0.1"\n')
    (place / "__init__.py").write_text('"""Broken."""\n')
    (place / "hooks.py").write_text(PLUGIN)
    (place / "templates" / "broken" / "panel.html").write_text("{{ words }}")
    (place / "templates" / "broken" / "cell.html").write_text("{{ row.id }}")
    (place / "migrations" / "versions" / "0001_initial.py").write_text(
        '"""Initial."""\nfrom alembic import op\nfrom core.records.base import MODELS\nrevision = "broken_0001"\n'
        "down_revision = None\n\n\ndef upgrade():\n    MODELS['broken.thing'].__table__.create(op.get_bind())\n"
    )

    code = DRIVER.format(root=str(ROOT), folder=str(folder))
    for name, script in SECTIONS.items():
        code += f"try:\n    exec({script!r})\nexcept BaseException:\n    import traceback\n"
        code += (
            f"    print({name!r}, traceback.format_exc().replace(chr(10), ' | '))\nelse:\n    print({name!r}, 'ok')\n"
        )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-4000:]
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.split(" ", 1)[0] in SECTIONS)


def test_reading_goes_on_without_what_breaks_and_the_plugin_is_named(outcomes):
    assert outcomes["READING"] == "ok"


def test_a_write_fails_whole_and_names_the_plugin(outcomes):
    assert outcomes["WRITING"] == "ok"


def test_jobs_events_and_pages_of_its_own_break_alone(outcomes):
    assert outcomes["WORKING"] == "ok"


def test_starts_that_break_say_which_plugins(tmp_path):
    from tests.core.test_hooks_start import start

    ways = {"raises": "raise KeyError('x')", "eats": "raise MemoryError", "imports": "import nothing_like_this"}
    said = start(tmp_path, **{n: f"@hookimpl\ndef register_menus():\n    {how}\n" for n, how in ways.items()})
    for name in ways:
        assert f"[{name}] register_menus failed" in said, said

"""The documents say what is: references are made from the code, examples run, the tutorial works as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap

import pytest

from core.hooks import reference
from core.records.base import MODELS
from core.records.fields import Field
from core.settings import ROOT
from core.testing import Conformance
from tests.core.test_plugin_new import installed

DOCS = ROOT / "docs"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_hook_reference_is_what_the_specs_say():
    assert (DOCS / "hooks.md").read_text("utf-8") == reference.hooks_page(), "run: python -m core.hooks.reference"


def test_the_settings_reference_is_what_the_settings_are():
    assert (DOCS / "settings.md").read_text("utf-8") == reference.settings_page(), "run: python -m core.hooks.reference"


def test_the_field_reference_is_what_the_helpers_are():
    from core.hooks import reference_fields

    said = "run: python -m core.hooks.reference"
    assert (DOCS / "fields.md").read_text("utf-8") == reference_fields.fields_page(), said
    taken = set(Field.__dataclass_fields__) - {"kind", "label", "choices_source", "target", "scale", "attr", "plugin"}
    told = {"extra", "record", "custom"} | set(reference_fields.OPTIONS)
    assert {name for name in taken if not name.startswith("_")} <= told
    ours = [kind for kind in MODELS.values() if kind.__module__.startswith(("core.", "plugins."))]
    used = {key for kind in ours for key in kind.__record__}
    assert used <= set(reference_fields.RECORD)


def test_every_hook_that_a_plugin_offers_has_words_and_an_example_that_runs():
    assert set(reference.offered()) == set(reference.offered_examples()) != set()


def test_every_hook_has_words_an_example_and_the_arguments_of_its_spec():
    import inspect

    shown = reference.examples()
    assert set(shown) == set(reference.hooks())
    for name, function in reference.hooks().items():
        assert len(function.__doc__ or "") > 15, name
        arguments = re.search(rf"def {name}\((.*?)\)", shown[name])[1]
        assert re.findall(r"(\w+):", arguments) == list(inspect.signature(function).parameters), name


RUN = """
import pathlib, sys
sys.path[:0] = [{root!r}, {folder!r}]
from core.app import create_app
from core.settings import Settings
from core.setup.database import load_demo, prepare
from core.testing import Deployment
settings = Settings(plugins=("parcels",), data=pathlib.Path({data!r}), secret="s" * 40, testing=True)
app = create_app(settings, plugin_folder=pathlib.Path({folder!r}))
prepare(app, settings)
load_demo(app)
from parcels import hooks
from core.registry import registry
site = Deployment(app, settings)
post, ann = site.person("post", "post_room", department="North"), site.person("ann", department="North")
api = site.api(post)
made = api.post("parcels.parcel", {{"name": "First", "owner": ann}})
assert (made.status_code, made.json["number"]) == (201, "P-N00001"), made.text
path = f"parcels.parcel/{{made.json['id']}}"
assert made.json["phone"] != "021-5550000", "masked"
assert api.post("parcels.parcel", {{"name": "bomb"}}).status_code == 422
assert site.api(ann).get(path).status_code == 200
assert api.post(f"{{path}}/actions/send").status_code == 200
assert api.post(f"{{path}}/actions/send").status_code == 422
assert api.patch(path, {{"state": "packed"}}, If_Match='"2"').status_code == 422
other = api.post("parcels.parcel", {{"name": "Second"}}).json["id"]
site.make("parcels.parcel", name="secret", state="packed")
assert "secret" not in api.get("parcels.parcel").text
browser = site.browser(post)
page = browser.get(f"/r/{{path.replace('/', '/')}}").text
for words in ("under the facts", "beside the facts", "above every page"):
    assert words in page, words
assert "on the home page" in browser.get("/").text
assert "/static/parcel.svg" in browser.get("/r/parcels.parcel").text + page
assert browser.get("/r/parcels.parcel/new").text.count('name="name"') == 1
assert browser.get("/parcels/today").text == "parcels of today"
assert browser.get("/r/core.user").status_code == 200
from core.events.delivery import deliver_pending
with app.app_context():
    deliver_pending(20)
    registry().jobs["parcels.count"].fn()
    from core import Refused, system
    with system("a deletion") as session:
        session.delete(session.get_one(hooks.Parcel, other))
    try:
        with system("a deletion that is refused") as session:
            session.delete(session.get_one(hooks.Parcel, made.json["id"]))
    except Refused:
        hooks.CALLED.append("refused")
assert registry().schedules["parcels.hourly"].job == "parcels.count"
label = registry().documents["parcels.parcel"]["parcel_label"]
assert label.data(hooks.Parcel(name="x"), "zh") == {{"parcel": {{"name": "x"}}}}
home, found = browser.get("/").text, browser.get("/find?q=office").text.replace("<mark>", "").replace("</mark>", "")
assert 'href="/r/parcels.parcel"' in home and "Riverside post office" in found
assert browser.get("/export/parcels.parcel/lines").text.splitlines()[0].startswith("Number|")
waybill = pathlib.Path({data!r}) / "today.waybill"
waybill.write_text("Ink|0371-123\\nPaper|0371-456\\n")
from core.importing.source import Source
source = Source(waybill, formats=registry().import_formats)
assert [row.cells["Name"] for row in source.rows(source.sheet())] == ["Ink", "Paper"]
third = api.post("parcels.parcel", {{"name": "Third"}}).json["id"]
done = api.post("parcels.parcel/actions/send_all", {{"ids": [third]}})
assert done.status_code == 200, done.text
from core import notify, setting, system
from core.plugin_settings import store
with app.app_context():
    assert setting("parcels.limit") == 20
    with system("settings"):
        values = {{"limit": "5", "carrier": "cart", "token": "t-1"}}
        assert store.set_values("parcels", values) == ["carrier", "limit", "token"]
    with system("a message"):
        notify([ann], "Tea is ready")
        notify([ann], "A parcel is lost", kind="parcels.lost")
with app.app_context():
    assert (setting("parcels.limit"), setting("parcels.token")) == (5, "t-1")
    deliver_pending(20)
assert "Tea is ready" in hooks.CALLED and "A parcel is lost" not in hooks.CALLED
hooks.CALLED.remove("Tea is ready")
assert registry().number_parts["parcels.side"].sample == "N" and hooks.STAMPS == []
assert "courier" in registry().realms and registry().claims and registry().import_sources["parcels.parcel"]
assert [c.name for c in registry().commands if c.name.startswith("parcels")] == ["parcels-count"]
assert not registry().hooks.faults, registry().hooks.faults
print(sorted(set(hooks.CALLED)))
"""


def test_the_example_of_every_hook_runs(tmp_path):
    folder = str(ROOT / "tests" / "plugins_for_tests")
    script = RUN.format(root=str(ROOT), folder=folder, data=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == str(
        ["after_create", "after_delete", "after_update", "demo", "job", "refused", "seed", "subscriber"]
    )


def test_the_checklist_names_each_check_of_the_suite():
    text = (DOCS / "plugin-checklist.md").read_text("utf-8")
    assert set(re.findall(r"`(test_\w+)`", text)) == {n for n in vars(Conformance) if n.startswith("test_")}


@pytest.mark.parametrize("page", sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md")))
def test_links_between_documents_lead_somewhere(page):
    text = (DOCS / page).read_text("utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not ((DOCS / page).parent / link).exists()] == []


def settings_of(info):
    """`file=… after="…"` of a fence."""
    words = dict(w.partition("=")[::2] for w in shlex.split(info))
    return {name: value.replace("\\n", "\n") for name, value in words.items()}


def worked():
    """Seconds of processor time that child processes took."""
    times = os.times()
    return times.children_user + times.children_system


class Reader:
    """Somebody who follows the tutorial word by word."""

    def __init__(self, folder):
        self.folder, self.env = folder, {}
        (folder / "config.toml").write_text("plugins = []\n")

    def run(self, line):
        words = shlex.split(line)
        if words[0] == "pip":
            self.env = installed(self.folder / words[-1], self.folder / "site")
            return
        module = {"zhian": "core.cli", "pytest": "pytest"}[words[0]]
        from tests.support.running import environment

        env = environment() | self.env | {"ZHIAN_DATA": "data", "ZHIAN_CONFIG": "config.toml"}
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *words[1:]],
            cwd=self.folder, env=env, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"

    def edit(self, code, file, after=None, replace=None, append=None):
        place = self.folder / file
        text = place.read_text("utf-8")
        if replace is not None:
            assert replace in text, f"{file} has no {replace!r}"
            text = text.replace(replace, code.rstrip("\n"))
        elif after is not None:
            lines = text.splitlines(keepends=True)
            at = next(n for n, line in enumerate(lines) if line.startswith(after))
            text = "".join([*lines[: at + 1], code, *lines[at + 1 :]])
        else:
            text = f"{text.rstrip()}\n\n{textwrap.dedent(code)}"
        place.write_text(text, "utf-8")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tutorial_works_as_it_stands_in_under_ten_minutes(tmp_path):
    """Ten minutes of machine and typing: the machine's work in processor time, typing at 200 characters a minute."""
    reader, typed, begin = Reader(tmp_path), 0, worked()
    command_line = tmp_path / "data"
    command_line.mkdir()
    reader.run("zhian db upgrade")
    for language, info, body in FENCE.findall((DOCS / "plugin-tutorial.md").read_text("utf-8")):
        typed += len(body)
        if language == "sh":
            for line in body.splitlines():
                reader.run(line)
        else:
            reader.edit(body, **settings_of(info))
    revised = list((tmp_path / "couriers" / "couriers" / "migrations" / "versions").glob("0002_*"))
    assert len(revised) == 1
    assert list((tmp_path / "data" / "exports").glob("purge-couriers-*.zip"))
    assert worked() - begin + typed / 200 * 60 < 600


@pytest.mark.parametrize("page", ["extensions.md", "plugin-tutorial.md", "plugin-checklist.md", "stability.md"])
def test_the_chinese_page_says_the_same_commands_code_and_names(page):
    def exact(text):
        tables = re.findall(r"`((?:test_|--|core\.|zhian |docs/)[^`]*)`", FENCE.sub("", text))
        return [(language, info, body) for language, info, body in FENCE.findall(text)], sorted(tables)

    english, chinese = ((folder / page).read_text("utf-8") for folder in (DOCS, DOCS / "zh"))
    assert exact(chinese) == exact(english)

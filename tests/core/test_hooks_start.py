"""Starting: every problem of a deployment at once, each with the plugin's name and the mend."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from core.hooks.manifest import Manifest, read_manifest
from core.hooks.resolver import resolve
from core.i18n import L
from core.settings import ROOT


def manifest(name, version="1.0", core=">=0.1,<1", **requires):
    title = L(name, name)
    return Manifest(name, version, title, title, core, requires, name, ROOT)


def problems(enabled, *manifests):
    order, found = resolve(tuple(enabled), {m.name: m for m in manifests})
    return [m.name for m in order], [str(p) for p in found]


def test_plugins_load_after_what_they_require():
    order, found = problems("abc", manifest("a", b=">=1"), manifest("b", c=">=1"), manifest("c"))
    assert (order, found) == (["c", "b", "a"], [])


def test_every_problem_is_told_at_once_with_its_mend():
    _order, found = problems(
        ["a", "b", "gone"], manifest("a", core=">=9"), manifest("b", missing=">=1", a=">=2", off=">=0"), manifest("off")
    )
    assert len(found) == 5
    assert any("[gone]" in p and "zhian plugin disable gone" in p for p in found)
    assert any("[a]" in p and "core >=9" in p for p in found)
    assert any("[b]" in p and "install the plugin missing" in p for p in found)
    assert any("[b]" in p and "requires a >=2, found 1.0" in p for p in found)
    assert any("[b]" in p and "zhian plugin enable off" in p for p in found)


def test_a_circle_is_named():
    order, found = problems("ab", manifest("a", b=">=0"), manifest("b", a=">=0"))
    assert order == []
    assert "circle" in found[0]
    assert "a" in found[0]
    assert "b" in found[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "missing; write one"),
        ("name =", "not TOML"),
        ('name = "x"', "add core, title, version"),
        ('name = "x"\nversion = "1"\ntitle = "x"\ncore = "*"\nsurprise = 1', "unknown key surprise"),
        ('name = "x"\nversion = "one"\ntitle = "x"\ncore = "*"', "PEP 440"),
        ('name = "x"\nversion = "1"\ntitle = "x"\ncore = "new"', "PEP 440"),
        ('name = "x"\nversion = "1"\ntitle = "x"\ncore = ">=0"\nrequires = {y = "??"}', "PEP 440"),
    ],
)
def test_a_manifest_says_what_is_wrong_with_it(tmp_path, text, reason):
    if text is not None:
        (tmp_path / "plugin.toml").write_text(text)
    with pytest.raises(ValueError, match=reason):
        read_manifest(tmp_path, "x")


HEAD = "from core import *\nfrom core import fields, _, hookimpl\nfrom core.permissions.rules import Grant, Rule\n"


def start(folder, more=None, **plugins):
    """What a start with these plugins says: their `hooks.py` by name, and `more` files of each."""
    for name, code in plugins.items():
        (folder / name).mkdir()
        for file, text in (more or {}).get(name, {}).items():
            (folder / name / file).write_text(text)
        (folder / name / "__init__.py").write_text('"""Test."""\n')
        title = 'title = {zh = "x", en = "x"}'
        (folder / name / "plugin.toml").write_text(f'name = "{name}"\nversion = "1.0"\n{title}\ncore = ">=0.1"\n')
        (folder / name / "hooks.py").write_text(HEAD + textwrap.dedent(code))
    script = f"""
        import sys, pathlib
        sys.path[:0] = [{str(ROOT)!r}, {str(folder)!r}]
        from core.app import compose
        from core.errors import CannotStart
        from core.settings import Settings
        try:
            compose(Settings(plugins={tuple(plugins)!r}, secret="s"), pathlib.Path({str(folder)!r}))
        except CannotStart as stop:
            print(stop)
        else:
            print("started")
    """
    line = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_misspelt_hook_stops_the_start_and_names_the_plugin(tmp_path):
    said = start(tmp_path, typo="@hookimpl\ndef register_recods(): return []\n")
    assert "[typo]" in said
    assert "register_recods" in said


def test_a_wrong_argument_of_a_hook_stops_the_start(tmp_path):
    assert "[args]" in start(tmp_path, args="@hookimpl\ndef after_create(model, rows): pass\n")


def test_a_plugin_that_cannot_be_imported_is_named_with_all_others(tmp_path):
    said = start(tmp_path, broken="import nothing_like_this\n", worse="1/0\n")
    assert "[broken] cannot be imported" in said
    assert "[worse] cannot be imported: ZeroDivisionError" in said


def test_a_register_hook_that_raises_names_its_plugin(tmp_path):
    assert "[raises] register_menus failed: KeyError" in start(
        tmp_path, raises="@hookimpl\ndef register_menus(): raise KeyError('x')\n"
    )


def test_two_plugins_cannot_declare_one_record_and_names_carry_their_plugin(tmp_path):
    record = """
        class Thing(Record):
            __record__ = {{"key": "{key}", "label": _("Thing")}}
            name = fields.text(_("Name"))
        @hookimpl
        def register_records(): return [Thing]
    """
    assert "does not carry the plugin's name" in start(tmp_path, first=record.format(key="second.thing"))


def test_links_grants_and_actions_to_nothing_are_told_together(tmp_path):
    said = start(
        tmp_path,
        loose="""
        class Thing(Record):
            __record__ = {"key": "loose.thing", "label": _("Thing")}
            other_id = fields.link("nobody.knows", _("Other"), constraint=False)
        @hookimpl
        def register_records(): return [Thing]
        @hookimpl
        def register_grants(): return [Grant("x", "no.record", ("read",))]
        @hookimpl
        def register_actions(): return [Action("no.record", "fly", _("Fly"), lambda r, p: None)]
        @hookimpl
        def register_schedules(): return [Schedule("s", "no.job")]
        """,
    )
    for word in ("nobody.knows", "grant names the record no.record", "action names the record no.record", "no.job"):
        assert word in said, said


def test_an_endpoint_without_a_permission_stops_the_start_with_its_mend(tmp_path):
    said = start(
        tmp_path,
        doors="""
        pages = Endpoints("doors", "/doors")
        @pages.route("/open")
        def wide_open(): return ""
        @pages.route("/bell", permission=public("a door for everybody"))
        def bell(): return ""
        @hookimpl
        def register_endpoints(): return [pages]
        """,
    )
    assert "[doors] route /doors/open (wide_open) declares no permission -> permission=(record, action)" in said
    assert "bell" not in said


def test_faults_of_several_plugins_are_told_together_each_with_plugin_and_mend(tmp_path):
    clash = """
        @hookimpl
        def register_jobs(): return [Job("nightly", print)]
        @hookimpl
        def register_menus(): return [Menu("files", _("Files"), "file", "work", url="/")]
    """
    said = start(
        tmp_path,
        early=clash,
        late=clash,
        wordy="@hookimpl\ndef register_menus(): return ['a word']\n",
        raises="@hookimpl\ndef register_jobs(): raise KeyError('x')\n",
        settings="@hookimpl\ndef register_settings(): return [Setting('a', 'A'), Setting('a', 'A')]\n",
    )
    for told in (
        "[late] job nightly is declared twice, by early first -> rename one of them",
        "[late] menu files is declared twice, by early first",
        "[wordy] register_menus gives 'a word' -> give a list of Menu",
        "[raises] register_jobs failed: KeyError: 'x'",
        "[settings] setting a is declared twice",
    ):
        assert told in said, said


def test_a_misspelt_hook_is_told_with_what_was_meant(tmp_path):
    said = start(
        tmp_path,
        typo="@hookimpl\ndef register_recods(): return []\n",
        other="@hookimpl\ndef slot_hom(): return []\n",
        fine="@hookimpl(optionalhook=True)\ndef register_of_another(): return []\n",
    )
    assert "[typo] hooks.py: register_recods is no hook -> did you mean register_records?" in said
    assert "[other] hooks.py: slot_hom is no hook -> did you mean slot_home?" in said
    assert "[fine]" not in said


def test_two_plugins_that_add_one_field_are_both_named(tmp_path):
    adding = """
        from core.permissions.org import User
        extend(User, "{plugin}", hat=fields.text(_("Hat")))
    """
    said = start(tmp_path, first=adding.format(plugin="first"), second=adding.format(plugin="second"))
    assert "[second] cannot be imported: TypeError: second adds hat to core.user" in said
    assert "(from first)" in said


def test_a_filter_that_breaks_is_left_out_and_one_that_gives_something_else_is_told(tmp_path):
    said = start(
        tmp_path,
        breaks="@hookimpl\ndef filter_list_view(view): raise KeyError('x')\n",
        swaps="@hookimpl\ndef filter_list_view(view): return ListView('core.branch')\n",
    )
    assert "[swaps] filter_list_view gives" in said
    assert "-> give a ListView or None" in said
    assert "[breaks]" not in said


def test_what_is_given_to_a_hook_of_another_plugin_is_looked_at_by_its_owner(tmp_path):
    specs = 'from core import hookspec\n@hookspec\ndef register_stamps() -> list[str]:\n    """Stamps."""\n'
    owner = """
        @hookimpl
        def register_offers():
            return [Offer("register_stamps", lambda items: [(who, f"{stamp} is no stamp") for who, stamp in items])]
    """
    giver = "@hookimpl\ndef register_stamps(): return ['potato']\n"
    said = start(tmp_path, {"owner": {"hookspecs.py": specs}}, owner=owner, giver=giver)
    assert "[giver] register_stamps: potato is no stamp -> see the README of owner" in said


def test_isolated_hooks_drop_what_breaks_and_remember_it(lab):
    from core.registry import registry

    hooks = registry().hooks
    before = len(hooks.faults)

    class Broken:
        @staticmethod
        def function(**_arguments):
            raise KeyError("x")

        plugin_name, argnames = "lab", ("record",)

    class Fine:
        @staticmethod
        def function(**_arguments):
            return ["panel"]

        plugin_name, argnames = "lab", ("record",)

    known = hooks.implementations("slot_detail")
    hooks._writing["slot_detail"] = [Broken, Fine]
    try:
        assert hooks.gather("slot_detail", record=None) == ["panel"]
        assert (len(hooks.faults), hooks.faults[-1].plugin, hooks.faults[-1].hook) == (before + 1, "lab", "slot_detail")
    finally:
        hooks._writing["slot_detail"] = known

"""What no line of ours may do: SQL out of values, code out of texts, markup on trust, calls without verification."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import pytest

from core.settings import ROOT

ROOMS = ("core", "plugins", "bootstrap")
SQL = {"text", "exec_driver_sql", "literal_column", "op.execute", "DDL"}
MADE_OF_NAMES = {
    "core/audit/rows.py": "columns of the log, with places for all values",
    "core/db.py": "pragmas of SQLite with our own figures",
    "core/hooks/indexes.py": "indexes of declared tables",
    "core/hooks/lifecycle.py": "purging the tables that a manifest's plugin declared",
    "core/hooks/migrations.py": "dropping indexes of declared tables by their catalogue's name",
    "core/hooks/rebuild.py": "rebuilding a declared table of SQLite",
    "core/importing/load.py": "a setting of PostgreSQL, and indexes by their catalogue's name",
    "core/records/bulk.py": "the sequence of a declared table",
    "core/records/custom/indexes.py": "indexes of declared tables on codes that are checked when they are given",
    "core/testing/schema.py": "counting rows of the tables that a schema names",
}
"""Where SQL is put together out of names of tables and columns, and why no value of a person is among them."""
NEVER = {"eval", "exec", "compile", "os.system", "os.popen", "pickle.loads", "pickle.load", "marshal.loads", "mktemp"}
NEVER |= {"tempfile.mktemp", "shelve.open", "__import__", "yaml.unsafe_load", "xml.etree.ElementTree.parse"}
TRUSTED = {
    *("core/web/rendering.py", "core/web/cells.py", "core/web/components.py", "core/web/setup.py", "core/web/rows.py"),
    *("core/web/shell.py", "core/web/security.py", "core/web/facts.py", "core/web/detail.py", "core/web/audit.py"),
    *("core/web/rights/unmasking.py", "core/web/find.py", "core/web/groups.py", "core/web/timeline.py"),
    "plugins/documents/press/filters.py",
}
"""Modules that make markup, each value through escape() or a template."""
OWN_PARTS = {
    "core/web/cells.py": {
        **dict.fromkeys(
            ("value['id']", "row['id']", "value", "value.isoformat()"), "a number or a day of the database"
        ),
        **dict.fromkeys(("fmt.day_short(value)", "fmt.instant(value)"), "a day in words of ours"),
        **dict.fromkeys(("fmt.money(value)", "fmt.number(value)"), "digits"),
        **dict.fromkeys(("spec.target", "base"), "the key of a record type"),
        **dict.fromkeys(("picture", "name", "small"), "escaped in the lines above"),
    },
    "core/web/components.py": {
        **dict.fromkeys(("extra", "whole", "size", "body"), "classes of ours"),
        **dict.fromkeys(
            ("' is-plain' if plain else ''", "' is-fatal' if fatal else ''", "tint(name)"), "classes of ours"
        ),
        **dict.fromkeys(("name", "level", "_MOON_MARKUP[level]", "asset('core', 'icons.svg')"), "of a closed table"),
        **dict.fromkeys(("day.isoformat()", "fmt.day_short(day)"), "a day"),
        **dict.fromkeys(("spoken", "label", "small", "z_av(name)"), "escaped in the lines above"),
        "f'<small>{small}</small>' if small else ''": "escaped in the lines above",
    },
}
"""What stands in markup without escape() at that very place, and why it may."""


@cache
def sources() -> dict[str, ast.Module]:
    """Our modules by path, migrations too."""
    files = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py")) if "node_modules" not in file.parts]
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text("utf-8")) for file in files}


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """(path, call, its dotted name)."""
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield path, node, ast.unparse(node.func)


def is_made(node: ast.expr) -> bool:
    """Whether a text is put together out of parts that are not constants."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return not all(isinstance(leaf, ast.Constant) for leaf in (node.left, node.right))
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".format", ".join", ".replace"))


def test_sql_is_never_put_together_out_of_values():
    wrong = {
        (path, node.lineno)
        for path, node, name in calls()
        if name.rsplit(".", 1)[-1] in SQL and node.args and is_made(node.args[0])
        if path not in MADE_OF_NAMES and "/migrations/" not in path
    }
    assert sorted(wrong) == []


def test_nothing_turns_texts_into_code():
    wrong = [(path, node.lineno, name) for path, node, name in calls() if name in NEVER]
    assert wrong == []


def test_no_call_is_made_without_its_checks():
    """No shell, no unverified TLS, no unsafe loader, no jinja environment without escaping."""
    wrong = []
    for path, node, name in calls():
        given = {word.arg: word.value for word in node.keywords}
        said = {arg: value.value for arg, value in given.items() if isinstance(value, ast.Constant)}
        wrong += [(path, node.lineno, "shell")] if said.get("shell") is True else []
        wrong += [(path, node.lineno, "verify")] if said.get("verify") is False else []
        wrong += [(path, node.lineno, "autoescape")] if said.get("autoescape") is False else []
        wrong += [(path, node.lineno, "loader")] if name == "yaml.load" and "Safe" not in ast.unparse(node) else []
        wrong += [(path, node.lineno, "context")] if name.endswith("_create_unverified_context") else []
    assert wrong == []


def test_markup_is_made_where_it_is_read_twice():
    made = {path for path, _node, name in calls() if name in ("Markup", "markupsafe.Markup")}
    assert sorted(made - TRUSTED) == []


def test_each_part_of_made_markup_is_escaped_or_of_ours():
    """Also what bandit's B704 and ruff's S704 would have one look at, value by value."""
    loose = set()
    for path, node, name in calls():
        if name in ("Markup", "markupsafe.Markup") and path in TRUSTED:
            parts = [ast.unparse(p.value) for p in ast.walk(node) if isinstance(p, ast.FormattedValue)]
            loose |= {(path, part) for part in parts if not part.startswith("escape(")}
    assert sorted((path, part) for path, part in loose if part not in OWN_PARTS.get(path, {})) == []


def test_no_template_trusts_a_text():
    """`| safe` stands once, behind a closed table of our own drawings."""
    found = []
    for room in ROOMS:
        for file in (ROOT / room).rglob("templates/**/*"):
            if file.is_file() and file.suffix in (".html", ".txt", ".xml", ".svg"):
                text = file.read_text("utf-8")
                found += [file.name for _hit in re.findall(r"\|\s*safe\b|autoescape\s+(?:false|off)", text)]
                assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=.application/json)[^>]*>", text), file
                assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), file
                assert not re.search(r"href=[\"']?javascript:", text), file
    assert found == ["overlay.html"]


def run(*line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *line], capture_output=True, text=True, cwd=ROOT, timeout=280)


def test_ruff_finds_nothing_dangerous():
    meant = "S101,S603,S607"  # what they flag and why it is meant: pyproject.toml
    done = run("ruff", "check", "--select", "S", "--ignore", meant, "--no-cache", *ROOMS)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.long
def test_bandit_finds_nothing_of_weight():
    """Medium and high. What is meant carries its reason beside it (`noqa`) or stands above; B704 is markup, value by
    value judged by `test_each_part_of_made_markup_is_escaped_or_of_ours`.
    """
    done = run("bandit", "-q", "-r", "-ll", "-ii", "-f", "json", "-x", "*/migrations/*,*/node_modules/*", *ROOMS)
    found = json.loads(done.stdout)["results"]
    left = [
        (r["filename"].removeprefix(f"{ROOT}/"), r["line_number"], r["test_id"])
        for r in found
        if "noqa" not in r["code"] and r["filename"].removeprefix("./") not in MADE_OF_NAMES
        if r["test_id"] != "B704" or r["filename"].removeprefix("./") not in TRUSTED
    ]
    assert left == []


def test_what_we_depend_on_is_pinned_and_comes_from_one_place():
    """An exact version for each, nothing from an address, so that an audit of the lock files is one of what runs."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
        assert [line for line in lines if "==" not in line or "@" in line or "://" in line] == []
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if name and not entry.get("integrity")] == []

"""`zhian import` as scripts call it: exit codes and the report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from core.importing.command import _read_mapping

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Run the command on a data folder of this module."""
    data = tmp_path_factory.mktemp("deployment")

    def run(*arguments):
        command = [sys.executable, "-m", "core.cli", "import", *map(str, arguments), "--data", str(data)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    return run


def test_report_mapping_key_and_exit_code_on_an_empty_folder(call, tmp_path):
    sheet, mapping, report = tmp_path / "a.json", tmp_path / "m.json", tmp_path / "out.json"
    sheet.write_text(
        json.dumps(
            [{"who": {"title": "甲公司", "code": "91350100M000100Y43"}}, {"who": {"title": "乙公司", "code": "1"}}]
        )
    )
    mapping.write_text(json.dumps({"who.title": "name", "who.code": "统一社会信用代码"}))
    done = call("clients.client", sheet, "--mapping", mapping, "--key", "uscc", "--report", report)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    found = json.loads(report.read_text())
    assert list(found) == ["rows", "created", "updated", "unchanged", "refused", "refused_rows", "related", "import_id"]
    assert [found[name] for name in ("rows", "created", "updated", "unchanged", "refused")] == [2, 1, 0, 0, 1]
    assert [(row["row"], row["field"]) for row in found["refused_rows"]] == [(1, "uscc")]
    assert set(found["refused_rows"][0]) == {"row", "field", "code", "reason"}
    assert isinstance(found["import_id"], int)
    looked = call("clients.client", sheet, "--mapping", mapping, "--dry-run", "--report", report)
    assert looked.returncode == 0
    again = json.loads(report.read_text())
    assert (again["unchanged"], again["created"], again["import_id"]) == (1, 0, None)


def test_what_cannot_be_read_ends_with_2(call, tmp_path):
    broken, mapping = tmp_path / "a.xlsx", tmp_path / "m.json"
    broken.write_text("this is no workbook")
    assert call("clients.client", broken).returncode == 2
    good = tmp_path / "a.csv"
    good.write_text("名称\n甲\n")
    mapping.write_text(json.dumps({"名称": "no_such_field"}))
    done = call("clients.client", good, "--mapping", mapping)
    assert (done.returncode, "no_such_field" in done.stderr) == (2, True)
    assert call("no.such", good).returncode == 2
    assert call("clients.client", tmp_path / "absent.csv").returncode == 2


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"名称": ', '{"名称": 5}', "[" * 100_000, b"\xc9\xea"])
def test_a_broken_mapping_is_told_in_a_line(tmp_path, content):
    mapping = tmp_path / "m.json"
    mapping.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(click.ClickException) as told:
        _read_mapping(mapping)
    assert told.value.exit_code == 2
    assert len(told.value.message) < 300

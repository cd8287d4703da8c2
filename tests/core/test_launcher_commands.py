"""The launcher and the command line: quick when nothing is to do, silent on stdout, at home in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from bootstrap import main as launcher
from bootstrap import system
from bootstrap.frontend import copy
from bootstrap.steps import Failed, Stamp, Step, fingerprint, run
from core.cli import take_places
from core.settings import ROOT
from tests.support import probe
from tests.support.running import command


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    return probe.install(tmp_path_factory.mktemp("probe"), ROOT)


def test_the_launcher_hands_over_from_any_folder_and_says_nothing_itself(environment, tmp_path):
    (tmp_path / "click.py").write_text("raise SystemExit('shadowed')")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ZHIAN")}
    line = [str(ROOT / "zhian"), "plugin", "list"]
    subprocess.run(line, capture_output=True, cwd=tmp_path, env=clean | environment)  # sets up what has changed
    begin = time.monotonic()
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, env=clean | environment)
    assert time.monotonic() - begin < 5 * max(1.0, os.getloadavg()[0])  # other work here is not its fault
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "probe\t0.1\ton\t" in done.stdout


def test_a_step_runs_again_only_when_its_fingerprint_changes(tmp_path):
    stamp = Stamp(tmp_path / "stamp.json")
    step = Step("python", fingerprint(["a"]), lambda: None)
    assert not stamp.holds(step)
    stamp.add(step)
    assert Stamp(stamp.file).holds(step)
    assert not stamp.holds(Step("python", fingerprint(["b"]), lambda: None))
    assert not stamp.holds(Step("python", fingerprint(["a"]), lambda: None, present=lambda: False))


def test_a_failing_step_shows_the_last_words_of_its_command(tmp_path):
    with pytest.raises(Failed, match=r"Trying failed \(exit 3\)(.|\n)*no such wheel"):
        run(["sh", "-c", "echo no such wheel; exit 3"], "Trying", tmp_path / "log")


def test_a_vanished_front_end_file_stops_the_setup_and_keeps_the_old_ones(tmp_path):
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (vendor / "old.js").write_text("old")
    with pytest.raises(Failed, match="changed its files"):
        copy(tmp_path / "nothing", vendor)
    assert [p.name for p in tmp_path.iterdir()] == ["vendor"]
    assert (vendor / "old.js").exists()


def test_who_may_not_install_is_told_the_exact_command():
    assert system.command_for(["postgresql", "chromium"]) == (
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends postgresql chromium"
    )


@pytest.mark.parametrize(
    ("arguments", "found"),
    [(["up", "--demo"], "up"), (["--data", "x", "web"], "web"), (["--data=x", "test"], "test"), (["--help"], "")],
)
def test_the_launcher_knows_the_command_behind_options(arguments, found):
    assert launcher._command(arguments) == found


def test_data_and_config_are_taken_wherever_they_stand(monkeypatch, tmp_path):
    monkeypatch.setenv("ZHIAN_DATA", "")
    monkeypatch.setenv("ZHIAN_CONFIG", "")
    monkeypatch.chdir(tmp_path)
    rest = take_places(["import", "cases.case", "f.csv", "--data", "here", "--config=c.toml", "--", "--data"])
    assert rest == ["import", "cases.case", "f.csv", "--", "--data"]
    assert os.environ["ZHIAN_DATA"] == str(tmp_path / "here")
    assert os.environ["ZHIAN_CONFIG"] == str(tmp_path / "c.toml")


def test_an_api_key_is_made_in_an_empty_folder_and_printed_alone(environment, tmp_path):
    line = ["api-key", "create", "--user", "robot", "--scope", "core.user:read", "--data", tmp_path]
    key = command(*line, env=environment).stdout
    assert key.count("\n") == 1
    assert len(key.strip()) > 30
    assert command(*line, env=environment).stdout != key


def test_people_are_made_with_roles_and_refused_with_reasons(environment, tmp_path):
    def create(login, role, password):
        line = ["user", "create", login, "--role", role, "--password-stdin", "--data", tmp_path]
        return command(*line, env=environment, check=False, input=password + "\n")

    assert create("anna", "administrator", "correct horse battery").returncode == 0
    again = create("anna", "administrator", "correct horse battery")
    assert (again.returncode, again.stdout) == (1, "")
    assert "anna" in again.stderr
    assert "administrator" in create("bert", "emperor", "correct horse battery").stderr
    assert create("bert", "administrator", "short").returncode == 1


def test_the_state_of_the_schema_is_a_table_and_an_exit_code(environment, tmp_path):
    behind = command("db", "status", "--data", tmp_path, env=environment, check=False)
    assert behind.returncode == 1
    assert "behind" in behind.stdout
    command("db", "upgrade", "--data", tmp_path, env=environment)
    fresh = command("db", "status", "--data", tmp_path, env=environment)
    assert {line.split("\t")[3] for line in fresh.stdout.splitlines()} == {"ok"}


def test_the_doctor_names_each_fault_with_its_mend(environment, tmp_path):
    bad = {"ZHIAN_SECRET": "short", "REDIS_URL": "redis://127.0.0.1:1/0", "ZHIAN_BASE_URL": "http://zhian.example.com"}
    seen = command("doctor", "--data", tmp_path, env=environment | bad, check=False)
    assert seen.returncode == 1
    for fault in ("secret is shorter", "Redis does not answer", "not https", "zhian db upgrade"):
        assert fault in seen.stdout
    broken = tmp_path / "broken.toml"
    broken.write_text('plugins = ["nosuch"]')
    assert "nosuch" in command("doctor", "--config", broken, "--data", tmp_path, env=environment, check=False).stdout


def test_a_plugin_is_switched_off_and_on_in_a_file_of_the_deployment(environment, tmp_path):
    config = tmp_path / "c.toml"
    config.write_text('# ours\nagency = "A"\nplugins = [\n  "probe",\n]\n')
    env = environment | {"ZHIAN_CONFIG": str(config)}
    command("plugin", "disable", "probe", env=env)
    assert 'agency = "A"' in config.read_text()
    assert "probe\t0.1\toff" in command("plugin", "list", env=env).stdout
    command("plugin", "enable", "probe", env=env)
    assert "probe\t0.1\ton" in command("plugin", "list", env=env).stdout
    refused = command("plugin", "enable", "nosuch", env=env, check=False)
    assert refused.returncode == 1
    assert "nosuch" in refused.stderr


def test_dead_letters_are_listed_as_json_lines(environment, tmp_path):
    assert command("events", "list", "--data", tmp_path, env=environment).stdout == ""
    command("probe-say", tmp_path / "x", 0, 2, "--data", tmp_path, env=environment)
    listed = command("events", "list", "--state", "new", "--data", tmp_path, env=environment).stdout.splitlines()
    assert [json.loads(line)["payload"]["number"] for line in listed] == [1, 0]

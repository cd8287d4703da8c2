"""`zhian up` as a user runs it: starts, survives the death of any process, stops without a trace, loses no work."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from core.jobs.embedded import Embedded, server_binary
from core.settings import ROOT
from core.supervise.traces import started
from tests.support import probe
from tests.support.running import command, running, start


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """A deployment with the probe plugin alone."""
    return probe.install(tmp_path_factory.mktemp("probe"), ROOT)


@pytest.fixture(scope="module")
def site(scratch, environment):
    """One running deployment for the tests that leave it running."""
    with running(scratch / "up", env=environment) as deployment:
        yield deployment


def answer(url: str, path: str = "/healthz") -> tuple[int, bytes]:
    with urllib.request.urlopen(url + path, timeout=20) as response:
        return response.status, response.read()


def until(condition, seconds: float = 30.0):
    """The first true value of `condition()`, or an assertion error."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("it never came")


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def test_it_says_when_it_is_ready_and_then_answers(site):
    assert set(site.ready) == {"url", "pids", "version"}
    assert set(site.ready["pids"]) == {"web", "worker", "scheduler", "redis"}
    assert all(started(pid) for pid in site.ready["pids"].values())
    status, body = answer(site.url)
    assert status == 200
    assert json.loads(body)
    assert answer(site.url, "/login")[0] == 200


def test_a_second_one_on_the_same_data_folder_is_refused_by_name(site, environment):
    second = command("up", "--data", site.data, "--port", 0, check=False, env=environment)
    assert second.returncode == 1
    assert f"in use by another `zhian up` (process {site.process.pid})" in second.stderr
    assert answer(site.url)[0] == 200


def test_a_busy_port_is_named_with_the_way_out(site, environment, tmp_path):
    port = site.url.rpartition(":")[2]
    other = command("up", "--data", tmp_path, "--port", port, check=False, env=environment)
    assert other.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in other.stderr
    assert "--port" in other.stderr
    assert not (tmp_path / "ready.json").exists()


@pytest.mark.parametrize("name", ["web", "worker", "scheduler", "redis"])
def test_a_killed_process_comes_back(site, name):
    before = site.pids()[name]
    os.kill(before, signal.SIGKILL)
    after = until(lambda: (pid := site.pids()[name]) != before and pid)
    assert started(after)
    until(lambda: _healthy(site.url))


def _healthy(url: str) -> bool:
    try:
        return answer(url)[0] == 200
    except OSError:
        return False


def test_work_is_done_once_though_the_queue_is_killed_and_emptied_under_load(site, environment, tmp_path):
    trace = tmp_path / "heard"
    count = 240
    for first in range(0, count, 60):
        command("probe-say", trace, first, first + 60, "--data", site.data, env=environment)
        if first == 60:
            os.kill(site.pids()["redis"], signal.SIGKILL)
        if first == 120:
            until(lambda: Embedded.of(site.data).answers())
            redis.Redis.from_url(Embedded.of(site.data).url).flushall()
    until(lambda: len(lines(trace)) >= count, 120)
    time.sleep(1)
    assert sorted(map(int, lines(trace))) == list(range(count))


def test_a_job_whose_worker_and_child_are_killed_runs_again(site, environment, tmp_path):
    trace = tmp_path / "work"
    command("probe-work", trace, 3, "--data", site.data, env=environment)
    (begun,) = until(lambda: lines(trace))
    worker = site.pids()["worker"]
    os.kill(worker, signal.SIGKILL)
    os.kill(int(begun.split()[1]), signal.SIGKILL)
    until(lambda: lines(trace).count("end") == 1, 60)
    time.sleep(1)
    assert [line.split()[0] for line in lines(trace)] == ["begin", "begin", "end"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_everything_and_leaves_no_trace(scratch, environment, tmp_path, number):
    with running(scratch / f"stop{number}", env=environment) as deployment:
        pids = deployment.ready["pids"].values()
        trace = tmp_path / "work"
        command("probe-work", trace, 60, "--data", deployment.data, env=environment)
        (begun,) = until(lambda: lines(trace))
        assert deployment.stop(number) == 0
        assert [pid for pid in (*pids, int(begun.split()[1])) if started(pid)] == []
        assert not (deployment.data / "ready.json").exists()
        assert not Embedded.of(deployment.data).socket.exists()


def test_after_a_killed_parent_nothing_lives_on_and_the_next_start_is_clean(scratch, environment):
    folder = scratch / "killed"
    with running(folder, env=environment) as deployment:
        pids = deployment.ready["pids"].values()
        deployment.stop(signal.SIGKILL)
        assert (folder / "ready.json").exists(), "a killed parent cannot tidy up"
        again = start(folder, env=environment)
        try:
            until(lambda: not any(started(pid) for pid in pids))
            until(lambda: _started_anew(folder, set(pids)), 60)
            again.await_ready()
            assert _healthy(again.url)
        finally:
            again.stop()


def _started_anew(folder: Path, before: set[int | None]) -> bool:
    """Whether `ready.json` is there and names other processes; the old file stands until the new start removes it."""
    try:
        return not before & set(json.loads((folder / "ready.json").read_text())["pids"].values())
    except FileNotFoundError:
        return False


def test_the_second_start_reaches_its_first_page_in_under_five_seconds(scratch, environment):
    folder = scratch / "twice"
    with running(folder, env=environment):
        pass
    crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # other work on this machine is not its fault
    begin = time.monotonic()
    with running(folder, env=environment) as deployment:
        assert answer(deployment.url, "/login")[0] == 200
        assert time.monotonic() - begin < 5 * crowd


def test_without_any_redis_the_scheduler_does_the_work_and_says_so(scratch, environment, tmp_path):
    with running(scratch / "inline", env=environment | {"ZHIAN_INLINE_JOBS": "1"}) as deployment:
        assert deployment.ready["pids"]["redis"] is None
        assert deployment.ready["pids"]["worker"] is None
        command("probe-say", tmp_path / "heard", 0, 5, "--data", deployment.data, env=environment)
        until(lambda: len(lines(tmp_path / "heard")) == 5)
        seen = command("doctor", "--data", deployment.data, env=environment, check=False).stdout
        assert "Queue: inline" in seen


def test_without_a_terminal_or_a_name_an_administrator_is_made_and_shown_once(scratch, environment):
    nobody = {"ZHIAN_ADMIN_LOGIN": "", "ZHIAN_ADMIN_PASSWORD": ""}
    folder = scratch / "nobody"
    with running(folder, env=environment | nobody):
        assert "  admin  " in (folder / "up.out").read_text()
        assert "shown this once" in (folder / "up.out").read_text()
    with running(folder, env=environment | nobody):
        assert "shown this once" not in (folder / "up.out").read_text()


def test_a_port_taken_by_a_stranger_is_noticed_before_anything_is_made(environment, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        line = command("up", "--data", tmp_path, "--port", port, check=False, env=environment)
    assert line.returncode == 1
    assert not (tmp_path / "zhian.db").exists()


def test_on_postgresql_and_a_redis_of_its_own_it_starts_no_server(scratch, environment, postgres, tmp_path):
    program, port = server_binary(), _free_port()
    line = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", ""]
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE zhian_up TEMPLATE template0")
    elsewhere = {
        "DATABASE_URL": make_url(postgres).set(database="zhian_up").render_as_string(),
        "REDIS_URL": f"redis://127.0.0.1:{port}/3",
    }
    with subprocess.Popen(line, stdout=subprocess.DEVNULL) as server:
        try:
            with running(scratch / "production", env=environment | elsewhere) as deployment:
                assert deployment.ready["pids"]["redis"] is None
                assert not (deployment.data / "zhian.db").exists()
                data = ("--data", deployment.data)
                command("probe-say", tmp_path / "heard", 0, 20, *data, env=environment | elsewhere)
                until(lambda: len(lines(tmp_path / "heard")) == 20)
                seen = command("doctor", *data, env=environment | elsewhere, check=False).stdout
                assert "Encoding UTF8" in seen
                assert "Queue: redis, 1 workers" in seen
        finally:
            server.terminate()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE zhian_up WITH (FORCE)")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe_socket:
        return probe_socket.getsockname()[1]

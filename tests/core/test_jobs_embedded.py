"""The private Valkey: closed to others, at home in deep folders, started anew when its old data cannot be read."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import replace

import redis

from core.jobs.connection import redis_url
from core.jobs.embedded import SOCKET_PATH_LIMIT, Embedded, server_binary
from core.settings import ROOT, load_settings
from tests.support import probe
from tests.support.running import running


def test_a_deep_data_folder_gets_a_short_socket_that_only_the_owner_reaches(tmp_path):
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 6)
    embedded = Embedded.of(deep)
    assert len(str(embedded.socket)) <= SOCKET_PATH_LIMIT
    assert Embedded.of(deep) == embedded
    process = subprocess.Popen([server_binary(), str(embedded.prepare())])
    try:
        assert embedded.wait(10, lambda: process.poll() is None)
        assert stat.S_IMODE(embedded.socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(embedded.socket.parent.stat().st_mode) == 0o700
        client = redis.Redis.from_url(embedded.url)
        assert client.config_get("appendonly")["appendonly"] == "yes"
        assert client.config_get("port")["port"] == "0", "it listens on no network"
    finally:
        process.terminate()
        process.wait(10)
        embedded.socket.parent.rmdir()


def test_a_stated_server_comes_before_the_private_one_and_inline_before_none(tmp_path, monkeypatch):
    settings = load_settings(data=tmp_path, plugins=())
    assert redis_url(settings) == Embedded.of(tmp_path).url
    assert redis_url(replace(settings, redis_url="redis://r:6379/1")) == "redis://r:6379/1"
    monkeypatch.setenv("ZHIAN_INLINE_JOBS", "1")
    assert redis_url(settings) is None


def test_unreadable_old_data_are_put_aside_and_the_deployment_starts(scratch, tmp_path):
    folder = scratch / "broken"
    (folder / "redis" / "appendonlydir").mkdir(parents=True)
    (folder / "redis" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with running(folder, env=probe.install(tmp_path, ROOT)) as deployment:
        assert Embedded.of(folder).answers()
        assert "put aside" in (folder / "up.out").read_text()
        assert [name for name in os.listdir(folder / "redis") if name.startswith("appendonlydir.broken")]
        assert deployment.ready["pids"]["redis"]

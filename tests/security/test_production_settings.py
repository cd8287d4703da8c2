"""Settings that are for trials alone: each is named, with its mend, and stops a deployment that is for production."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from core.app import create_app
from core.doctor.production import examine_for_production, require_fit
from core.errors import CannotStart
from core.identity.settings import IdentitySettings
from core.settings import Settings
from tests.support.running import command

GOOD = {
    "secret": "u7Jd0qPz_4mVwC1xYbR8sKtGhLnE2fAo9iQk3Wv5",
    "base_url": "https://zhian.firm.cn",
    "database_url": "postgresql://zhian:pw@db.firm.cn/zhian?sslmode=verify-full",
    "redis_url": "rediss://:pw@redis.firm.cn:6379/0",
    "smtp_url": "smtps://user:pw@mail.firm.cn",
    "mail_from": "zhian@firm.cn",
}
BAD = {
    "testing": {"testing": True},
    "demo is on": {"demo": True},
    "plugin of the demo": {"plugins": ("clients", "demo")},
    "short secret": {"secret": "short"},
    "typed secret": {"secret": "a" * 40},
    "known secret": {"secret": "changeme-please-changeme-please-1234567890"},
    "no address": {"base_url": ""},
    "plain address": {"base_url": "http://zhian.firm.cn"},
    "address of this machine": {"base_url": "https://localhost"},
    "open way to the database": {"database_url": "postgresql://zhian:pw@db.firm.cn/zhian"},
    "superuser": {"database_url": "postgresql://postgres:pw@db.internal/zhian"},
    "open Redis": {"redis_url": "redis://redis.internal:6379/0"},
    "open way to Redis": {"redis_url": "redis://:pw@redis.firm.cn:6379/0"},
    "open way to the mail server": {"smtp_url": "smtp://user:pw@mail.firm.cn:25"},
    "nobody's address": {"mail_from": "zhian@localhost"},
    "sign-ins for ever": {"session_idle_minutes": 10**6},
    "guessing without end": {"identity": IdentitySettings(tries=10**6)},
    "guessing from one place": {"identity": IdentitySettings(address_tries=10**6)},
    "calls reach all inside": {"outgoing_allow": ("10.0.0.0/8",)},
    "endless uploads": {"max_upload_mb": 10**5},
}


@pytest.fixture
def good(tmp_path: Path) -> Settings:
    tmp_path.chmod(0o700)
    return Settings(data=tmp_path, plugins=("clients",), **GOOD)


def problems(settings: Settings) -> list[str]:
    return [f.what for f in examine_for_production(settings) if f.level == 2]


def test_a_deployment_in_order_is_fit(good):
    assert problems(good) == []
    near = replace(good, database_url="postgresql://zhian:pw@10.1.2.3/zhian", redis_url="redis://:pw@redis.internal")
    assert problems(near) == []
    assert problems(replace(good, database_url="", redis_url="", smtp_url="")) == []


@pytest.mark.parametrize("what", BAD)
def test_each_bad_setting_is_named_alone_and_stops_production(good, what):
    wrong = replace(good, **BAD[what])
    named = problems(wrong)
    assert len(named) == 1, named
    require_fit(wrong)  # a trial may have it
    with pytest.raises(CannotStart) as told:
        create_app(replace(wrong, production=True))
    assert [(p.what, bool(p.mend)) for p in told.value.problems] == [(named[0], True)]


def test_all_are_told_at_once_and_what_is_in_order_starts(good):
    require_fit(replace(good, production=True))
    with pytest.raises(CannotStart) as told:
        require_fit(replace(good, production=True, secret="short", base_url="", demo=True))
    assert len(told.value.problems) == 3


@pytest.mark.parametrize("name", ["", "secret", "zhian.db"])
def test_what_everybody_on_the_machine_may_read_is_named(good, name):
    place = good.data / name
    place.touch() if name else None
    place.chmod(place.stat().st_mode | stat.S_IROTH)
    assert len(problems(good)) == 1


def test_debugging_is_named(good, monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert len(problems(good)) == 1


def test_the_command_ends_with_1_and_names_the_mend(tmp_path):
    tmp_path.chmod(0o700)
    seen = command("doctor", "--production", "--data", tmp_path, check=False, env={"ZHIAN_DEMO": "1"})
    assert seen.returncode == 1
    assert "BAD  The demo is on" in seen.stdout
    assert "Set ZHIAN_BASE_URL" in seen.stdout


@pytest.mark.parametrize("process", ["up", "scheduler"])
def test_no_process_starts_and_nothing_is_made(tmp_path, process):
    folder = tmp_path / "data"
    seen = command(process, "--data", folder, check=False, env={"ZHIAN_PRODUCTION": "1", "ZHIAN_SECRET": "short"})
    assert seen.returncode == 1
    assert "Zhian cannot start:" in seen.stderr
    assert "[production] The secret is shorter than 32 characters -> Take it out" in seen.stderr
    assert "[production] base_url is missing" in seen.stderr
    assert not folder.exists()

"""What a password must be in each profile, and what the settings of identity may say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity.policy import MLPS, MODERN, common_passwords, fault, is_common
from core.identity.settings import read_identity
from core.settings import load_settings

GOOD = (
    "correct horse battery",
    "Ein Satz, den niemand kennt",
    "月亮爬上来了我还在写案子",
    "a-long-password-1",
    "tK7#mq0!zPw2",
)


@pytest.mark.parametrize("password", GOOD)
def test_modern_takes_any_long_password_that_nobody_tries_first(password):
    assert fault(password, MODERN) is None


@pytest.mark.parametrize(
    "password",
    [
        "password123", "Passw0rd2026!", "P@ssw0rd1234", "1234567890", "qwertyuiop12", "aaaaaaaaaaaa", "abcabcabcabc",
        "woaini1314520", "iloveyou2025", "zhuanli123456", "drowssap12", "abcdefghijkl", "1qaz2wsx3edc", "dragonmonkey",
        "qq123456789", "letmein-2026", "987654321000",
    ],
)  # fmt: skip
def test_known_passwords_are_refused_also_dressed_up(password):
    assert fault(password, MODERN)[0] in ("common", "too_easy")


@given(st.sampled_from(sorted(p for p in common_passwords() if len(p) >= 10)))
def test_every_listed_password_is_refused_in_any_case(password):
    assert is_common(password)
    assert fault(password.upper(), MODERN)[0] == "common"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "too_short"),
        ("x7" * 200, "too_long"),
        ("lanqi law 7788", "too_easy"),
        ("我是王小明没错对吧哈哈", "too_easy"),
    ],
)
def test_the_reason_is_named(password, code):
    assert fault(password, MODERN, ("Lanqi", "王小明"))[0] == code


@pytest.mark.parametrize("password", ["correct horse battery", "nur-kleine-buchstaben"])
def test_mlps_asks_for_three_kinds_of_characters(password):
    assert fault(password, MLPS)[0] == "too_plain"
    assert fault(f"{password.title()}7", MLPS) is None


def test_the_profiles_are_what_the_two_standards_ask_for():
    assert (MODERN.classes, MODERN.days, MODERN.history, MODERN.length >= 10) == (0, 0, 0, True)
    assert (MLPS.classes, MLPS.days, MLPS.history, MLPS.idle_minutes) == (3, 90, 5, 30)
    assert (MLPS.lock_after, MLPS.rests, MLPS.may_stay) == (5, (15,), False)


def test_the_lists_name_their_source_and_are_no_longer_than_needed():
    assert 25_000 < len(common_passwords()) < 40_000


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"policy": "strict"}, "known are modern, mlps"),
        ({"pollicy": "mlps"}, "unknown setting pollicy"),
        ({"tries": 0}, "identity.tries"),
        ({"oidc": {"corp": {"issuer": "https://id.example"}}}, "identity.oidc.corp lacks client_id"),
        ({"oidc": {"a-b": {"issuer": "https://x", "client_id": "y"}}}, "stands in addresses"),
        ({"oidc": {"corp": {"issuer": "https://x", "client_id": "y", "match": "name"}}}, "known are email, login"),
        ({"oidc": {"corp": {"issuer": "https://x", "client_id": "y", "secret": "z"}}}, "unknown setting secret"),
    ],
)
def test_settings_that_make_no_sense_stop_the_start_and_say_why(table, said):
    with pytest.raises(ValueError, match=said):
        read_identity(table)


def test_the_settings_are_read_from_the_deployments_file(tmp_path):
    (tmp_path / "client").write_text("s3cret\n")
    file = tmp_path / "config.toml"
    file.write_text(
        '[identity]\npolicy = "mlps"\nsecond_factor_roles = ["administrator"]\n'
        '[identity.oidc.corp]\nissuer = "https://id.example"\nclient_id = "zhian"\n'
        f'client_secret_file = "{tmp_path / "client"}"\n'
    )
    found = load_settings(file, data=tmp_path, secret="s" * 40).identity
    assert (found.policy, found.second_factor_roles) == ("mlps", ("administrator",))
    assert (found.oidc[0].name, found.oidc[0].secret) == ("corp", "s3cret")

"""Password hashes that cost little: a fifth of a second for each person and each sign-in is no matter of most tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from core.permissions import passwords


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Argon2id with the smallest parameters, for all tests that run in this process."""
    usual = passwords._hasher
    passwords._hasher, passwords._nobody = PasswordHasher(1, 1024, 1), ""
    yield
    passwords._hasher, passwords._nobody = usual, ""


@pytest.fixture
def usual_hashes(quick_hashes: None) -> Iterator[None]:
    """For one test: hashes that cost what they cost a deployment."""
    quick = passwords._hasher
    passwords._hasher, passwords._nobody = PasswordHasher(), ""
    yield
    passwords._hasher, passwords._nobody = quick, ""

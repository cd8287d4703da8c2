"""The REST interface, asked by its own description: nothing falls over, nothing answers but what is described.

The short form asks a few record types a few questions. `python -m tests.security fuzz` asks all of them for as long
as one likes, `--anonymous` without a key.
"""

from __future__ import annotations

import pytest

from tests.security.fuzzing import fuzz, key_of_a_caller

EVERYDAY = ["clients.contact", "cases.case", "billing.bill", "core.note"]
"""A plain record, the widest one, one with actions and lines, one that follows another's rights."""


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """What is described does not depend on the database."""
    return request.param


def test_a_few_types_answer_as_they_are_described(app):
    key = key_of_a_caller(app, "administrator")
    outcome = fuzz(app, key, tags=EVERYDAY, phases={"fuzzing"}, examples=2, seconds=20, seed=7)
    assert not outcome.failures, outcome.told()
    assert outcome.cases > 40
    assert not [status for status in outcome.statuses if status >= 500]


def test_without_a_key_every_operation_asks_for_one(app):
    key = key_of_a_caller(app, "administrator")
    outcome = fuzz(app, key, anonymous=True, tags=EVERYDAY, phases={"fuzzing"}, examples=1, seconds=12, seed=7)
    assert not outcome.failures, outcome.told()
    assert set(outcome.statuses) <= {400, 401, 404, 405}, outcome.statuses


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("phases", [{"coverage"}, {"fuzzing", "stateful"}])
def test_every_type_answers_as_it_is_described(app, phases):
    tags = [kind.key for kind in app.extensions["zhian"].types.values() if kind.public]
    for tag in tags:
        key = key_of_a_caller(app, "administrator")
        outcome = fuzz(app, key, tags=[tag], phases=phases, examples=10, seconds=60, seed=3)
        assert not outcome.failures, outcome.told()

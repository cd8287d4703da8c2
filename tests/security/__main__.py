"""`python -m tests.security fuzz [--minutes 30] [--seed N] [--role administrator]`: the long form of the API's test."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from core.app import create_app
from core.settings import DEFAULT_CONFIG, load_settings
from core.setup.database import prepare


def main() -> int:
    """Fuzz a fresh deployment on SQLite; 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.security")
    parser.add_argument("what", choices=["fuzz"])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--role", default="administrator")
    parser.add_argument("--anonymous", action="store_true")
    parser.add_argument("--tags", default="")
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    given = parser.parse_args()
    from tests.security.fuzzing import Outcome, add, fuzz, key_of_a_caller

    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(DEFAULT_CONFIG, data=Path(folder), testing=True, secret="s" * 40)
        app = create_app(settings)
        prepare(app, settings)
        how = {"phases": set(given.phases.split(",")), "examples": given.examples, "seed": given.seed}
        tags = (
            given.tags.split(",") if given.tags else [k.key for k in app.extensions["zhian"].types.values() if k.public]
        )
        outcome, each = Outcome(), max(1, int(given.minutes * 60 / len(tags)))
        for tag in tags:  # each with a fresh person: some requests put away people, keys and roles
            key = key_of_a_caller(app, given.role)
            outcome = add(outcome, fuzz(app, key, anonymous=given.anonymous, tags=[tag], seconds=each, **how))
    print(outcome.told(400))
    print(f"{outcome.cases} cases, {len(outcome.operations)} operations, {len(outcome.failures)} findings")
    print(dict(sorted(outcome.statuses.items())))
    return bool(outcome.failures)


if __name__ == "__main__":
    sys.exit(main())

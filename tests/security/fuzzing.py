"""Schemathesis against the whole description of the REST interface, in this process; also `python -m tests.security`.

What it may find: answers of the 5xx family, statuses, types and bodies that the description does not name, data that
are taken or refused against it, doors that open without a key.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from secrets import token_hex
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import strategies
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from werkzeug.serving import WSGIRequestHandler, make_server

from core import create, record_class, system
from core.api.keys import issue_key

DAYS = strategies.dates(date(1900, 1, 1), date(2100, 1, 1))
INSTANTS = strategies.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))
FORMATS = {
    "cursor": strategies.just(""),  # all others were handed out by the list before
    "where": strategies.just(""),  # what a tree may ask depends on the record type; trees have tests of their own
    "dates": strategies.lists(DAYS, max_size=3).map(lambda found: ",".join(d.isoformat() for d in found)),
    "date-times": strategies.lists(INSTANTS, max_size=3).map(lambda f: ",".join(f"{d:%Y-%m-%dT%H:%M:%S}Z" for d in f)),
}
for _name, _strategy in FORMATS.items():
    schemathesis.openapi.format(_name, _strategy)
BUSINESS = ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "428", "429"]
"""Valid data may be refused by a rule of the business (422) or by a version that moved on (412); the rest is 2xx."""


@dataclass
class Outcome:
    """What a run asked and found: each failure once, by operation and check."""

    cases: int = 0
    operations: set[str] = field(default_factory=set)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    def told(self, most: int = 40) -> str:
        """The failures in words."""
        shown = [f"{name} [{check}]: {what}" for (name, check), what in sorted(self.failures.items())]
        return "\n".join(shown[:most]) + (f"\n… and {len(shown) - most} more" if len(shown) > most else "")


def key_of_a_caller(app: Flask, role: str) -> str:
    """The key of a fresh person of that role, behind others whose ids are guessed first."""
    with app.app_context(), system("somebody who asks everything"):
        for number in range(8):
            create(record_class("core.user"), {"login": f"fuzz {number} {token_hex(4)}", "name": "F"})
        person = create(record_class("core.user"), {"login": f"fuzz {token_hex(4)}", "name": "Fuzz"})
        create(record_class("core.user_role"), {"user": person.id, "role": role})
        ident = person.id
    with app.app_context():
        return issue_key(ident, ["*"], "fuzz")


def configuration(
    key: str | None, phases: set[str], examples: int, seconds: int | None, seed: int
) -> SchemathesisConfig:
    """All checks; a fixed seed, so that a failure comes again."""
    known = ("examples", "coverage", "fuzzing", "stateful")
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            **({"max-time": seconds} if seconds else {}),
            **({"headers": {"Authorization": f"Bearer {key}"}} if key else {}),
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
            "phases": {name: {"enabled": name in phases} for name in known},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": BUSINESS},
                "negative_data_rejection": {"expected-statuses": ["4xx"]},
                "missing_required_header": {"expected-statuses": ["4xx"]},
            },
        }
    )


def fuzz(app: Flask, key: str, *, anonymous: bool = False, tags: list[str] | None = None, **how: Any) -> Outcome:
    """Run it. `tags` are record types; all without."""
    config = configuration(None if anonymous else key, **how)
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
    outcome = Outcome()
    with listening(app) as place:
        schema = schemathesis.openapi.from_url(f"{place}/api/v1/openapi.json", config=config, headers=headers)
        _run(outcome, schema.include(tag=tags) if tags else schema)
    return outcome


def add(one: Outcome, other: Outcome) -> Outcome:
    """Both together."""
    return Outcome(
        one.cases + other.cases,
        one.operations | other.operations,
        one.failures | other.failures,
        one.statuses + other.statuses,
    )


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """The address of a server of this app."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)


class Silent(WSGIRequestHandler):
    """A server that says nothing of each request."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        return


def _run(outcome: Outcome, schema: Any) -> None:
    for event in from_schema(schema).execute():
        recorder = getattr(event, "recorder", None)
        if recorder is not None:
            _note(outcome, recorder)
        if type(event).__name__ in ("FatalError", "NonFatalError"):
            fault = getattr(event, "exception", None) or getattr(event, "value", None)
            outcome.failures[str(getattr(event, "label", "")), "engine"] = f"{type(fault).__name__}: {fault}"[:600]


def _note(outcome: Outcome, recorder: Any) -> None:
    outcome.operations.add(recorder.label)
    outcome.cases += len(recorder.interactions)
    for interaction in recorder.interactions.values():
        if interaction.response is not None:
            outcome.statuses[interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                words = f"{failure.title} {failure.message}"[:500].replace("\n", " ")
                sample = check.failure_info.code_sample[:700].replace("\n", " ")
                outcome.failures.setdefault((recorder.label, check.name), f"{words} ({case_id}) {sample}")

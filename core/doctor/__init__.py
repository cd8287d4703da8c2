"""`zhian doctor`: what is wrong with a deployment, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.doctor.findings import Finding, bad
from core.settings import Settings


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, the good ones too, in an order in which one mends: machine, settings, database, queue."""
    from core.doctor import machine, services

    for check in (*machine.CHECKS, *services.FIRST):
        findings = list(_safely(check, settings))
        yield from findings
    if any(finding.level == 2 for finding in findings):
        return  # without plugins there is nothing to compare the database with
    for check in services.NEED_PLUGINS:
        yield from _safely(check, settings)


def _safely(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    """A check that breaks is a finding, not the end."""
    try:
        yield from check(settings)
    except Exception as fault:  # whatever it is, the administrator must see it with the other findings
        name = check.__name__.removeprefix("check_").replace("_", " ")
        yield bad(f"The check of {name} broke: {type(fault).__name__}: {str(fault).splitlines()[0][:200]}")

"""`doctor`, `shell`, `test`."""

from __future__ import annotations

import code
import json
import os
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import click

from core.settings import ROOT, load_settings


@click.command()
@click.option("--production", is_flag=True, help="Also refuse settings that are for trials alone.")
@click.option("--components", is_flag=True, help="Print the bill of materials (CycloneDX, JSON) and nothing else.")
def doctor(production: bool, components: bool) -> None:
    """Look at everything a deployment needs; exit code 1 when something must be mended."""
    if components:
        from core.doctor.components import bill

        click.echo(json.dumps(bill(), ensure_ascii=False, indent=1))
        return
    from core.doctor import examine
    from core.doctor.production import examine_for_production

    settings, worst = load_settings(), 0
    for finding in chain(examine_for_production(settings) if production else (), examine(settings)):
        worst = max(worst, finding.level)
        click.echo(f"{finding.mark} {finding.what}")
        if finding.mend:
            click.echo(f"      {finding.mend}")
    if worst >= 2:
        raise click.exceptions.Exit(1)


@click.command()
def shell() -> None:
    """A Python prompt inside the deployment, as the system; commit by hand."""
    import core
    from core.db import system
    from core.setup.database import deployment

    with deployment() as app, system("shell") as session:
        names: dict[str, Any] = {name: getattr(core, name) for name in core.__all__}
        names |= {"app": app, "session": session}
        code.interact(banner="Zhian. `session` sees everything; leaving commits.", local=names, exitmsg="")


@click.command("test", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run_tests(arguments: tuple[str, ...]) -> None:
    """Run the tests; arguments go to pytest as they are."""
    if not (ROOT / "tests").is_dir():
        raise click.UsageError("There are no tests beside this installation; take them from the source.")
    given = [str(Path(a).absolute()) if Path(a.split("::")[0]).exists() else a for a in arguments]
    own = ("-n", "--numprocesses", "--pdb", "--collect-only", "--co")
    if not any(a.startswith(own) for a in given):
        given = ["-n", "2", "--dist", "loadfile", *given]
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", "pytest", *given])  # noqa: S606 - becomes pytest


@click.command(
    "standins",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run_standins(arguments: tuple[str, ...]) -> None:
    """Start the stand-ins of other companies' servers that the demo speaks with, until Ctrl-C."""
    if not (ROOT / "tests" / "standins").is_dir():
        raise click.UsageError("There are no stand-ins beside this installation; take them from the source.")
    os.chdir(ROOT)
    sys.stdout.flush()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.execv(sys.executable, [sys.executable, "-P", "-m", "tests.standins", *arguments])  # noqa: S606 - becomes them

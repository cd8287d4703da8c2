"""`zhian import`: a file into a record from the command line, with the report that scripts rely on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click


@click.command("import")
@click.argument("record")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help='JSON: {"column": "field"}.'
)
@click.option(
    "--key", "keys", multiple=True, help="Field that tells rows apart; repeatable, the first filled one decides."
)
@click.option("--sheet", default=None, help="Sheet, array path or element path; the first table when left out.")
@click.option("--dry-run", is_flag=True, help="Only check; nothing is written.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the report (JSON).")
@click.option("--refused", type=click.Path(dir_okay=False, path_type=Path), help="Where to write refused rows (.xlsx).")
@click.option("--user", "login", default=None, help="Who imports; the first administrator when left out.")
def import_command(
    record: str,
    file: Path,
    mapping: Path | None,
    keys: tuple[str, ...],
    sheet: str | None,
    dry_run: bool,
    report: Path | None,
    refused: Path | None,
    login: str | None,
) -> None:
    """Bring FILE (.xlsx .xls .csv .json .xml) into RECORD, for example cases.case.

    Exit code 0 when the run finished, whatever was refused; 2 when the file or the mapping cannot be read.
    """
    from core.errors import NotFound, Refused
    from core.setup.database import deployment

    from .mapping import UnknownName
    from .sandbox import FileRefused

    wanted = _read_mapping(mapping)
    with deployment():
        try:
            outcome = _run(_principal(login), record, file, wanted, keys, sheet, dry_run)
        except FileRefused as error:
            raise _unreadable(f"{file}: {error}") from error
        except UnknownName as error:
            raise _unreadable(f"the mapping names the {error.kind} “{error.name}”, which does not exist") from error
        except NotFound as error:
            raise _unreadable(f"{record}: {error}") from error
        except Refused as error:
            if error.code not in ("no_mapping", "bad_key", "bad_constant"):
                raise
            raise _unreadable(f"{file}: {error}") from error
    _write(outcome, report, refused)


def _unreadable(text: str) -> click.ClickException:
    error = click.ClickException(text)
    error.exit_code = 2
    return error


def _read_mapping(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except (ValueError, OSError, RecursionError) as error:
        raise _unreadable(f"{path}: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(v, str | None) for v in found.values()):
        raise _unreadable(f'{path}: an object {{"column": "field"}} is expected')
    return found


def _principal(login: str | None) -> Any:
    """The person who imports; the first administrator, made when there is none yet."""
    from core.permissions.people import load_principal
    from core.setup import people

    if login is None:
        found = people.first_administrator() or people.ensure_administrator("admin")
        user_id = found if isinstance(found, int) else found.id
    else:
        user_id = people.user_id_of(login)
    principal = load_principal(user_id)
    if principal is None:
        raise click.ClickException(f"{login or user_id}: no such active person")
    return principal


def _run(
    principal: Any,
    record: str,
    file: Path,
    mapping: dict[str, Any] | None,
    keys: tuple[str, ...],
    sheet: str | None,
    dry_run: bool,
) -> dict[str, Any]:
    """The report, with the cells of refused rows."""
    from core.db import acting_as, transaction
    from core.i18n import use_locale

    from . import run

    with acting_as(principal), use_locale(principal.locale), transaction():
        plan = run.open_plan(record, file, sheet=sheet, mapping=mapping, keys=keys)
        if dry_run:
            return run.check(plan)
        started = run.start(plan)
        run.execute(plan, started)
        return run.report_of(started.id, cells=True)


def _write(outcome: dict[str, Any], report: Path | None, refused: Path | None) -> None:
    if refused is not None:
        from .sheet import refused_sheet

        _replace(refused, refused_sheet(outcome["refused_rows"]))
    bare = outcome | {
        "refused_rows": [{k: v for k, v in row.items() if k != "cells"} for row in outcome["refused_rows"]]
    }
    if report is not None:
        _replace(report, json.dumps(bare, ensure_ascii=False, indent=1).encode())
    counts = " ".join(f"{name}={bare[name]}" for name in ("rows", "created", "updated", "unchanged", "refused"))
    click.echo(f"{counts} import_id={bare['import_id']} related={json.dumps(bare['related'])}", err=True)


def _replace(path: Path, content: bytes) -> None:
    """Write the whole file or nothing of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)

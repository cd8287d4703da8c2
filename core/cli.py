"""`zhian …`: the command line. Commands are imported when they are called; plugins add theirs."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import sys
from pathlib import Path
from types import ModuleType

import click

from core.errors import CannotStart
from core.masking import mask_logs

COMMANDS = {
    "api-key": "core.commands.people:api_key",
    "audit": "core.commands.audit:audit",
    "config": "core.commands.configuration:config",
    "db": "core.commands.database:db_group",
    "doctor": "core.commands.checks:doctor",
    "events": "core.commands.work:events",
    "import": "core.importing.command:import_command",
    "plugin": "core.commands.plugins:plugin_group",
    "scheduler": "core.commands.serve:scheduler",
    "search": "core.commands.search:search_group",
    "secrets": "core.commands.secrets:secrets_group",
    "settings": "core.commands.settings:settings_group",
    "shell": "core.commands.checks:shell",
    "standins": "core.commands.checks:run_standins",
    "test": "core.commands.checks:run_tests",
    "up": "core.commands.serve:up",
    "user": "core.commands.people:user",
    "web": "core.commands.serve:web",
    "worker": "core.commands.serve:worker",
}
_EVERYWHERE = {"--data": "ZHIAN_DATA", "--config": "ZHIAN_CONFIG"}


class Zhian(click.Group):
    """The core's commands by name, then those of the enabled plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, for `--help`."""
        try:
            return sorted({*COMMANDS, *_plugin_commands()})
        except CannotStart as refusal:
            click.echo(f"{refusal}\n", err=True)
            return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """One command; only a name that is not the core's loads the plugins."""
        if place := COMMANDS.get(name):
            module, attribute = place.split(":")
            return getattr(_imported(module), attribute)
        return _plugin_commands().get(name)


def _imported(module: str) -> ModuleType:
    """A module with all that it imports; nothing of that is garbage, and looking for some takes a tenth of a start."""
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()


def _plugin_commands() -> dict[str, click.Command]:
    """Commands of the enabled plugins, run in the app context of the deployment; that opens no database."""
    from core.app import create_app
    from core.registry import registry

    app = create_app(web=False)
    click.get_current_context().with_resource(app.app_context())
    return {command.name: command for command in registry().commands if command.name}


@click.group(cls=Zhian, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Zhian: a modular platform for intellectual-property agencies.

    Every command takes --data DIR (or ZHIAN_DATA; default ./var) and --config FILE (or ZHIAN_CONFIG).
    """


def main() -> None:
    """Run a command; user errors end with one line on stderr and exit code 1."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    mask_logs()
    logging.getLogger("zhian").setLevel(os.environ.get("ZHIAN_LOG", "INFO").upper())
    if "test" not in sys.argv[1:2]:
        os.umask(0o077)  # data folders hold clients' secrets: nobody else on this machine reads them
    try:
        code = cli.main(args=take_places(sys.argv[1:]), prog_name="zhian", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except Exception as problem:
        if not _is_expected(problem):
            raise
        click.echo(f"zhian: {problem}", err=True)
        sys.exit(1)


def take_places(arguments: list[str]) -> list[str]:
    """Move `--data DIR` and `--config FILE` into the environment, wherever they stand; the rest of the arguments."""
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if name == "--" or name not in _EVERYWHERE:
            rest += [word, *waiting] if name == "--" else [word]
            if name == "--":
                break
        elif equals or waiting:
            os.environ[_EVERYWHERE[name]] = str(Path(value if equals else waiting.pop(0)).absolute())
        else:
            raise click.UsageError(f"{name} needs a value")
    return rest


def _is_expected(problem: Exception) -> bool:
    """Errors whose text is meant for people."""
    from core.errors import ZhianError
    from core.setup.database import NotReady
    from core.supervise.parent import CannotStart as NotUp
    from core.supervise.traces import AlreadyRunning

    return isinstance(problem, (ZhianError, CannotStart, NotReady, NotUp, AlreadyRunning))


if __name__ == "__main__":
    main()

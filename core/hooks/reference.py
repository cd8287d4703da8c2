"""Writes `docs/hooks.md`, `fields.md`, `settings.md` from the code: `python -m core.hooks.reference`. Tests compare."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from pathlib import Path
from typing import Any

from core.hooks import specs
from core.hooks.reference_fields import fields_page
from core.identity.settings import IdentitySettings
from core.settings import _ENV, ROOT, Settings

EXAMPLES = ROOT / "tests" / "plugins_for_tests" / "parcels" / "hooks.py"
FAMILIES = {
    "register": "Collected once at the start. An error stops the start and names the plugin.",
    "validate": "In the transaction of a write. `Invalid` and `Refused` reach the person; any other error is a fault"
    " of the plugin: the write is rolled back whole and the plugin is named. The same when it takes longer than"
    " `write_hook_seconds`.",
    "before": "In the transaction, before the flush. May complete or refuse; errors as for `validate_*`.",
    "after": "In the transaction, after the flush. No veto: an error is a fault, and the write is rolled back whole.",
    "filter": "Isolated: what raises, or takes longer than `hook_seconds`, is dropped, logged and shown to"
    " administrators with the plugin's name. Views are filtered once, at the start; rows on every page of a list.",
    "slot": "Isolated: a panel that raises, or takes longer than `hook_seconds`, is dropped, logged and shown to"
    " administrators with the plugin's name; the page stands.",
    "provide": "The first result that is not None; isolated.",
}
SPECS = (
    "core.registry",
    "core.contributions",
    "core.views",
    "core.permissions.rules",
    "core.records.numbering",
    "core.endpoints",
    "core.shaping.configuration",
)
WORDS = {
    "plugins": "Names of the plugins that are on.",
    "data": "Folder of the deployment: database, files, logs, exports, the private Valkey. Default `./var`.",
    "database_url": "`postgresql://user@host/name`; empty: SQLite in the data folder.",
    "redis_url": "`redis://…`; empty: a private Valkey that `zhian up` starts.",
    "secret": "At least 32 random characters: signs sessions, encrypts stored secrets. Empty: one is made in the data"
    " folder.",
    "old_secrets": "Earlier secrets, comma-separated: they still open what was stored under them, until"
    " `zhian secrets rotate` has written it anew.",
    "outgoing_allow": "Private hosts or networks that webhooks and other calls to elsewhere may reach.",
    "proxies": "How many proxies of our own stand before the web processes; so many addresses of X-Forwarded-For are"
    " believed.",
    "agency": "Name of the agency in Chinese, on pages and papers.",
    "agency_en": "The same in English.",
    "base_url": "Where people reach the deployment; links in mails lead there, and https makes cookies secure.",
    "demo": "Whether the invented agency is loaded.",
    "production": "Whether people work here: then nothing starts while a setting is one for trials alone (`zhian doctor"
    " --production` names them).",
    "testing": "For tests alone.",
    "smtp_url": "`smtp://host` or `smtps://user:password@host`; empty: mails are kept and shown, not sent.",
    "mail_from": "Sender of mails.",
    "max_upload_mb": "Largest upload.",
    "session_idle_minutes": "After so long without a click a sign-in ends.",
    "session_days": "How long a sign-in lasts that is to be kept.",
    "hook_seconds": "How long one contribution of a plugin to a page may take; then the page goes on without it.",
    "write_hook_seconds": "How long a plugin's hook in one write may take; then nothing of it is saved.",
    "page_seconds": "How long a page or REST address of a plugin's own may take when it is read; writing ones, and"
    " those of bundled plugins, have `write_hook_seconds`. Then it is answered with 503 that names the plugin.",
    "process_memory_mb": "Memory that a web process may take on top of what it begins with, and each job; 0: no limit.",
    "identity": "The table `[identity]`, below: how people prove who they are.",
    "plugin_settings": "A table per plugin, `[plugin_settings.billing]`: values of settings it declares, fixed then.",
}
IDENTITY = {
    "policy": "`modern` (NIST SP 800-63B) or `mlps` (等保, GB/T 22239).",
    "second_factor_roles": 'Codes of roles whose people must have a second step; `["*"]` for everybody.',
    "tries": "Tries to sign in to one account in 15 minutes.",
    "address_tries": "Tries to sign in from one address in 15 minutes.",
    "fresh_minutes": "After so many minutes a proof is asked for again before sensitive changes.",
    "oidc": "A table per provider of single sign-on: `[identity.oidc.<name>]`, see [identity.md](identity.md).",
}
UNSAID = {"config_file"}


def hooks() -> dict[str, Any]:
    """The specs by name, in the order of the file."""
    found = {n: f for n, f in vars(specs).items() if inspect.isfunction(f) and f.__module__ == specs.__name__}
    return {n: f for n, f in found.items() if n.split("_")[0] in FAMILIES}


def examples() -> dict[str, str]:
    """The source of each example by the hook's name."""
    text = EXAMPLES.read_text("utf-8")
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list and node.name in hooks():
            lines = text.splitlines()[node.decorator_list[0].lineno - 1 : node.end_lineno]
            found[node.name] = "\n".join(lines)
    return found


def hooks_page() -> str:
    """The hook reference. Raises `LookupError` for a hook without words or without an example."""
    shown = examples()
    parts = [_HEAD]
    for family, policy in FAMILIES.items():
        parts.append(f"## `{family}_*`\n\n{policy}\n")
        for name, function in hooks().items():
            if name.split("_")[0] == family:
                if not function.__doc__ or name not in shown:
                    raise LookupError(f"{name} lacks {'an example' if function.__doc__ else 'a docstring'}")
                head = f"### `{name}{_signature(function)}`"
                parts.append(f"{head}\n\n{inspect.cleandoc(function.__doc__)}\n\n```python\n{shown[name]}\n```\n")
    parts.append(_offered_part())
    parts.append("## What the hooks give and get\n\nAll of these are names of `core`.\n")
    parts += [_described(kind) for kind in _kinds()]
    return "\n".join(parts)


def offered() -> dict[str, tuple[str, ast.FunctionDef]]:
    """The hooks that bundled plugins offer, with the plugin and the declaration; read from their files."""
    found = {}
    for file in sorted((ROOT / "plugins").glob("*/hookspecs.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                found[node.name] = (file.parent.name, node)
    return found


def offered_examples() -> dict[str, str]:
    """An implementation of each out of the packages under `examples/`."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "examples").glob("*/*/hooks.py")):
        text = file.read_text("utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and node.name in offered():
                lines = text.splitlines()[node.decorator_list[0].lineno - 1 : node.end_lineno]
                found.setdefault(node.name, "\n".join(lines))
    return found


def _offered_part() -> str:
    """Raises `LookupError` for a hook without words or without an example."""
    parts, shown = [_OFFERED], offered_examples()
    for name, (plugin, node) in offered().items():
        words = ast.get_docstring(node)
        if not words or name not in shown:
            raise LookupError(f"{name} of {plugin} lacks {'an example' if words else 'a docstring'}")
        gives = ast.unparse(node.returns) if node.returns else "Any"
        parts.append(f"### `{name}() -> {gives}`\n\nBy `{plugin}`. {words}\n\n```python\n{shown[name]}\n```\n")
    return "\n".join(parts)


def _signature(function: Any) -> str:
    return str(inspect.signature(function)).replace("'", "")


def _kinds() -> list[type]:
    import importlib

    import core

    named = {name: value for module in SPECS for name, value in vars(importlib.import_module(module)).items()}
    found = {
        n: v for n, v in named.items() if isinstance(v, type) and dataclasses.is_dataclass(v) and n in core.__all__
    }
    return [found[name] for name in sorted(found)]


def _described(kind: type) -> str:
    rows = []
    for field in dataclasses.fields(kind):
        needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        default = "required" if needed else _plain(field)
        rows.append(f"| `{field.name}` | `{str(field.type).replace('|', '&#124;')}` | {default} |")
    table = "\n".join(["| field | type | default |", "|---|---|---|", *rows])
    return f"### `{kind.__name__}`\n\n{inspect.cleandoc(kind.__doc__ or '')}\n\n{table}\n"


def _plain(field: Any) -> str:
    if field.default is dataclasses.MISSING:
        return f"`{field.default_factory.__name__}()`"
    return (
        f"`{field.default!r}`"
        if isinstance(field.default, (str, int, float, bool, tuple, type(None)))
        else "see the code"
    )


def settings_page() -> str:
    """The settings reference. Raises `LookupError` for a setting without words."""
    rows = []
    for field in dataclasses.fields(Settings):
        if field.name in UNSAID:
            continue
        if field.name not in WORDS:
            raise LookupError(f"the setting {field.name} has no words")
        variable = f"`{_ENV[field.name]}`" if field.name in _ENV else "–"
        default = "–" if field.name in ("data", "identity", "plugin_settings") else _plain(field)
        rows.append(f"| `{field.name}` | {variable} | {default} | {WORDS[field.name]} |")
    table = "\n".join(["| setting | environment | default | meaning |", "|---|---|---|---|", *rows])
    return f"{_SETTINGS}\n{table}\n\n## `[identity]`\n\n{_identity_table()}\n"


def _identity_table() -> str:
    rows = [f"| `{f.name}` | {_plain(f)} | {IDENTITY[f.name]} |" for f in dataclasses.fields(IdentitySettings)]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def write(folder: Path = ROOT / "docs") -> None:
    """All pages."""
    (folder / "fields.md").write_text(fields_page(), "utf-8")
    (folder / "hooks.md").write_text(hooks_page(), "utf-8")
    (folder / "settings.md").write_text(settings_page(), "utf-8")


_HEAD = """# Hooks

A plugin adds to Zhian by functions in its `hooks.py`, marked with `@hookimpl` from `core`, each of a few lines that
delegate. The prefix of a hook says when it runs and what an error does. A hook gets the whole list, never one row of
it. Misspelt names and arguments stop the start with the plugin's name; `ZHIAN_TRACE_HOOKS=1` prints each call.

This page is made from `core/hooks/specs.py`; its examples are the plugin `tests/plugins_for_tests/parcels`, which the
tests start and use. Make it anew: `python -m core.hooks.reference`.
"""
_OFFERED = """## Hooks that plugins offer

A plugin may offer hooks of its own: it declares them in its `hookspecs.py` with `@hookspec`, names them `register_…`,
and says by `register_offers` what is done with what others give. Who implements one requires that plugin, or marks it
`@hookimpl(optionalhook=True)`. These are offered by the plugins that come with Zhian; the examples are the packages
under `examples/`, which the tests install and run.
"""
_SETTINGS = """# Settings

A deployment reads one TOML file: the one that `--config` or `ZHIAN_CONFIG` names, else `config.toml` in its data
folder, else `config/default.toml`. The environment wins over the file; `NAME_FILE` names a file that holds the value.
An unknown name stops the start.

Settings that plugins declare (`register_settings`) are set in the browser under `/settings/<plugin>`, or by
`zhian settings list`, `zhian settings get PLUGIN.KEY` and `zhian settings set PLUGIN.KEY VALUE`. They hold at once in
every process, each change stands in the log, secrets are stored encrypted and never shown again. What
`[plugin_settings.<plugin>]` of the file names is fixed, and shown as such.

This page is made from `core/settings.py`: `python -m core.hooks.reference`.
"""

if __name__ == "__main__":
    write()

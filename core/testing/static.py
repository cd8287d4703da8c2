"""Checks that read a plugin's files and import nothing: manifest, imports, ways around the guard, texts, docstrings."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

from core.hooks.manifest import Manifest, discover
from core.settings import ROOT

CORE_FACES = {"core", "core.testing", "core.importing", "core.views"}
AROUND = {
    "text", "literal_column", "exec_driver_sql", "bulk_save_objects", "bulk_insert_mappings", "from_statement",
    "create_engine", "sessionmaker", "scoped_session",
}  # fmt: skip
"""Names of SQLAlchemy by which a statement leaves the guard."""
METHODS = {"exec_driver_sql", "bulk_save_objects", "bulk_insert_mappings", "from_statement"}
DANGEROUS = {"eval", "exec", "os.system", "os.popen", "pickle.loads", "pickle.load", "marshal.loads"}
FLASK_BRINGS = {"click", "itsdangerous", "jinja2", "markupsafe", "werkzeug"}
"""Packages whose names Flask itself hands out."""
FLASK_FREE = {"services.py", "rules.py", "records.py"}
PLACEHOLDER = re.compile(r"%\(\w+\)s")


@dataclass(frozen=True)
class Source:
    """The files of one plugin."""

    manifest: Manifest

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.manifest.folder

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """Its modules by path, without migrations and tests."""
        files = (f for f in sorted(self.folder.rglob("*.py")) if not {"migrations", "tests"} & set(f.parts))
        return {str(f.relative_to(self.folder)): ast.parse(f.read_text("utf-8")) for f in files}


def manifest_problems(source: Source) -> Iterator[str]:
    """Titles in both languages, a range of cores with an end, a README, known requirements."""
    manifest, file = source.manifest, f"{source.manifest.name}/plugin.toml"
    for what in ("title", "summary"):
        label = getattr(manifest, what)
        if not label.zh.strip() or not label.en.strip():
            yield f'{file}: {what} is not in both languages -> {what} = {{ zh = "…", en = "…" }}'
    if "<" not in manifest.core and "==" not in manifest.core and "~=" not in manifest.core:
        yield f'{file}: core = "{manifest.core}" fits every later core -> end the range: core = ">=0.1,<1"'
    beside = any((place / "README.md").is_file() for place in (source.folder, source.folder.parent))
    if not beside and not _described(manifest.name):
        yield f"{manifest.name}: there is no README.md -> write what it is for, its records, rights and settings"
    known = discover(None)[0]
    for name in manifest.requires:
        if name not in known:
            yield f"{file}: requires {name}, which is not installed -> install it, or correct the name"


def _described(plugin: str) -> bool:
    """Whether the package of an installed plugin carries its README."""
    dists = (entry.dist for entry in metadata.entry_points(group="zhian.plugins") if entry.name == plugin)
    return any(dist and (dist.metadata.get_payload() or dist.metadata.get("Description")) for dist in dists)


def import_problems(source: Source) -> Iterator[str]:
    """Only the core's face, faces of required plugins, Python, and packages that are declared."""
    homes = {m.module: name for name, m in discover(None)[0].items()}
    own, allowed = source.manifest.module, _packages(source)
    for path, tree in source.trees.items():
        for line, module in _imported(tree):
            if mend := _import_mend(module, own, homes, source.manifest, allowed):
                yield f"{path}:{line}: imports {module} -> {mend}"


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            if node.module == "core":
                yield from ((node.lineno, f"core:{alias.name}") for alias in node.names)
            elif node.module == "plugins":
                yield from ((node.lineno, f"plugins.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module


def _import_mend(
    module: str, own: str, homes: dict[str, str], manifest: Manifest, allowed: frozenset[str]
) -> str | None:
    """What to do instead; None for an import that is in order."""
    import core

    if module.startswith("core:"):
        name = module.removeprefix("core:")
        known = name in core.__all__ or f"core.{name}" in CORE_FACES
        return None if known else "the core has no such public name; take one of core.__all__"
    if module.split(".")[0] == "core":
        return None if module in CORE_FACES else "import the public name from `core` itself"
    if module == own or module.startswith(f"{own}."):
        return None
    home = next((h for h in homes if module == h or module.startswith(f"{h}.")), None)
    if home is not None:
        if homes[home] not in manifest.requires:
            return f'declare it: requires = {{ {homes[home]} = ">=…" }} in plugin.toml, or meet it by record key'
        return None if module == home else f"import from `{home}` itself, its public face"
    if module.split(".")[0] in sys.stdlib_module_names or module.split(".")[0] in allowed:
        return None
    return "declare its package under [project] dependencies, or do without it"


def _packages(source: Source) -> frozenset[str]:
    """Top modules of the packages that Zhian or the plugin's own distribution declares."""
    beside = source.folder.parent / "pyproject.toml"
    wanted = _declared(ROOT / "pyproject.toml") or set(metadata.requires("zhian") or ())
    wanted |= _declared(beside)
    for entry in metadata.entry_points(group="zhian.plugins"):
        if entry.name == source.manifest.name and entry.dist:
            wanted |= set(entry.dist.requires or ())
    names = {_plain(re.split(r"[\s\[<>=!~;(]", text)[0]) for text in wanted}
    found = {top for top, dists in metadata.packages_distributions().items() if names & {_plain(d) for d in dists}}
    return frozenset(found | (FLASK_BRINGS if "flask" in found else set()))


def _declared(file: Path) -> set[str]:
    """Requirements of a project, with those of its extras but for the developers' own."""
    if not file.exists():
        return set()
    project = tomllib.loads(file.read_text("utf-8")).get("project", {})
    extras = (texts for extra, texts in project.get("optional-dependencies", {}).items() if extra != "dev")
    return {*project.get("dependencies", ()), *(text for texts in extras for text in texts)}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def guard_problems(source: Source) -> Iterator[str]:
    """No SQL as text, no connection of its own, nothing that runs words as code; business functions know no Flask."""
    for path, tree in source.trees.items():
        taken = _sqlalchemy_names(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = dotted(node.func)
                last = name.rsplit(".", 1)[-1]
                index = name == "text" and path.endswith("records.py")
                if (name in AROUND & taken and not index) or (name != last and last in METHODS):
                    yield f"{path}:{node.lineno}: {name}() goes around the record rules -> select(Model) by db.session"
                if name.endswith((".connection", "engine.connect", "engine.begin", ".connection().execute")):
                    yield f"{path}:{node.lineno}: a connection of its own goes around the rules -> use db.session"
                if name in DANGEROUS:
                    yield f"{path}:{node.lineno}: {name}() runs or loads what somebody wrote -> do without it"
        if path.rsplit("/", 1)[-1] in FLASK_FREE and any(m.split(".")[0] == "flask" for _line, m in _imported(tree)):
            yield f"{path}: knows Flask -> pages belong to endpoints.py; pass what is needed"


def _sqlalchemy_names(tree: ast.Module) -> set[str]:
    taken = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("sqlalchemy"))
    return {alias.asname or alias.name for node in taken for alias in node.names}


def dotted(node: ast.expr) -> str:
    """A call's name, as far as it is written as names."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return node.id if isinstance(node, ast.Name) else "?"


def text_problems(source: Source) -> Iterator[str]:
    """Every text of code and templates has its Chinese, with the same placeholders."""
    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po

    from core.i18n import EXTRACT_KEYWORDS, EXTRACT_METHODS

    catalog = source.folder / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
    known = {}
    if catalog.exists():
        with catalog.open("rb") as stream:
            known = {m.id: m.string for m in read_po(stream, locale="zh") if m.id}
    name, seen = source.manifest.name, set()
    for file, line, message, *_rest in extract_from_dir(str(source.folder), EXTRACT_METHODS, keywords=EXTRACT_KEYWORDS):
        for text in message if isinstance(message, tuple) else (message,):
            if not text or text in seen or file.startswith("tests/"):
                continue
            seen.add(text)
            if not known.get(text):
                yield f"{file}:{line}: {text!r} has no Chinese -> zhian plugin texts {name}, then fill {catalog.name}"
            elif set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(str(known[text]))):
                yield f"{file}:{line}: {text!r} and its Chinese differ in placeholders -> use the same ones"


def docstring_problems(source: Source) -> Iterator[str]:
    """Every module and every hook says what it is for."""
    for path, tree in source.trees.items():
        if tree.body and not ast.get_docstring(tree):
            yield f"{path}: no docstring -> one line on what lives here"
        for node in tree.body:
            hook = isinstance(node, ast.FunctionDef) and any(dotted(d) == "hookimpl" for d in node.decorator_list)
            if hook and not ast.get_docstring(node):
                yield f"{path}:{node.lineno}: the hook {node.name} has no docstring -> say what it adds"

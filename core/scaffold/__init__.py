"""`zhian plugin new`: a plugin that runs, out of the files of `plugin/` and `package/`. Nothing else imports this."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from string import Template

from core.hooks.manifest import discover
from core.settings import ROOT

HERE = Path(__file__).parent
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 24
TAKEN = {"core", "plugins", "tests", "test", "config", "docs", "zhian", "bootstrap", "examples"}
SHIPPED = ("__init__.py", "hooks.py", "plugin.toml", "records.py", "rules.py", "services.py", "views.py")
CHINESE = {
    "Name": "名称",
    "Status": "状态",
    "Due": "截止日期",
    "Looked after by": "负责人",
    "Department": "部门",
    "Remarks": "备注",
    "Open": "进行中",
    "Mark as done": "标记完成",
    "This is done already.": "已经完成了。",
}


class BadName(ValueError):
    """A name that cannot be used; the text says why and what to write instead."""


def check_plugin_name(name: str) -> str:
    """The name itself; raises `BadName` for one that is no package name, in use, or hides a module of Python."""
    _check_word(name, "plugin")
    if name in TAKEN or name in sys.stdlib_module_names:
        raise BadName(f"{name!r} is the name of a module that Zhian or Python needs; choose another, like my_{name}")
    if name in discover(None)[0]:
        raise BadName(f"there is a plugin {name!r} already; choose another name, or extend it by requiring it")
    if find_spec(name) is not None:
        raise BadName(f"{name!r} is an installed package; choose another name, like {name}_desk")
    return name


def check_thing(thing: str) -> str:
    """The name of the record; raises `BadName`."""
    _check_word(thing, "record")
    if thing in ("record", "user", "type", "class"):
        raise BadName(f"{thing!r} says too little; name what an agency calls it, like courier_parcel")
    return thing


def _check_word(word: str, what: str) -> None:
    if not NAME.fullmatch(word):
        better = "_".join(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()))
        better = better.lstrip("0123456789_") or "trade_secret"
        raise BadName(f"{word!r} cannot name a {what}: small letters, digits and single underscores; write {better}")
    if len(word) > LONGEST:
        raise BadName(f"{word!r} is too long for the names of tables and indexes; {LONGEST} characters are the most")
    if keyword.iskeyword(word) or keyword.issoftkeyword(word):
        raise BadName(f"{word!r} is a word of Python; choose another, like {word}_{what}")


def plural_of(word: str) -> str:
    """The English plural by the usual rules."""
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(s|x|z|ch|sh)$", word) else f"{word}s"


def words(name: str, thing: str, zh: str | None, *, alone: bool) -> dict[str, str]:
    """What the templates are filled with; `zh` is the Chinese name of the record."""
    label = thing.replace("_", " ").capitalize()
    title, chinese = name.replace("_", " ").capitalize(), zh or label
    known = dict(sorted((CHINESE | {label: chinese, plural_of(label): chinese}).items()))
    return {
        "name": name,
        "dashed": name.replace("_", "-"),
        "module": name if alone else f"plugins.{name}",
        "thing": thing,
        "Thing": "".join(part.capitalize() for part in thing.split("_")),
        "table": f"{name}_{thing}",
        "label": label,
        "labels": plural_of(label),
        "label_low": label.lower(),
        "labels_low": plural_of(label).lower(),
        "labels_zh": chinese,
        "title": title,
        "title_zh": zh or title,
        "messages": "\n\n".join(f'msgid "{en}"\nmsgstr "{text}"' for en, text in known.items()),
    }


def make(name: str, thing: str, *, out: Path | None = None, zh: str | None = None, root: Path = ROOT) -> list[Path]:
    """Write the plugin and return its files: a package below `out`, or `plugins/NAME` and its tests below `root`.

    Raises `BadName`, also for a Chinese name with marks that a catalogue cannot hold, and for a place that is taken.
    """
    filling = words(check_plugin_name(name), check_thing(thing), _checked_label(zh), alone=out is not None)
    files = dict(_places(name, Path(out) if out else None, root))
    if there := [place for place in files if place.exists()]:
        raise BadName(f"{there[0]} is there already; choose another name or another --out")
    for place, source in files.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(Template(source.read_text("utf-8")).substitute(filling), "utf-8")
    return list(files)


def _checked_label(zh: str | None) -> str | None:
    if zh is not None and (not zh.strip() or re.search(r'["\\%\n{}]', zh) or len(zh) > 40):
        raise BadName(f"{zh!r} cannot be a label: at most 40 characters, none of them quotes, backslash, % or braces")
    return zh.strip() if zh else None


def _places(name: str, out: Path | None, root: Path) -> Iterator[tuple[Path, Path]]:
    """(file to write, template) of each file."""
    folder = out / name if out else root / "plugins" / name
    tests = out / "tests" if out else root / "tests" / "plugins" / name
    yield from ((folder / file, HERE / "plugin" / f"{file}.txt") for file in SHIPPED)
    yield folder / "migrations" / "versions" / "0001_initial.py", HERE / "plugin" / "0001_initial.py.txt"
    yield folder / "translations" / "zh" / "LC_MESSAGES" / "messages.po", HERE / "plugin" / "messages.po.txt"
    yield tests / f"test_{name}.py", HERE / "plugin" / "test_plugin.py.txt"
    yield (out or folder) / "README.md", HERE / "plugin" / "README.md.txt"
    if out:
        yield out / "pyproject.toml", HERE / "package" / "pyproject.toml.txt"
        yield out / ".gitignore", HERE / "package" / "gitignore.txt"
        yield out / ".github" / "workflows" / "tests.yml", HERE / "package" / "ci.yml.txt"

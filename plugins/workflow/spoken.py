"""Conditions, fields and actions in the editor: codes become the reader's words and words codes again. Only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core import gettext, registry, use_locale

BETWEEN = " › "
"""Between a link and a field of what it points to: 客户 › 等级."""
LOCALES = ("zh", "en")
YES = {"true": lambda: gettext("yes"), "false": lambda: gettext("no")}


class Spoken:
    """The words of one record type in one page."""

    def __init__(self, record_key: str) -> None:
        self.record_key = record_key
        self.fields = dict(_fields(record_key))
        self.actions = _unique({a.code: str(a.label) for a in _actions(record_key)})

    def nodes(self, nodes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Nodes as the editor shows them."""
        return [self._node(node, self.condition, self.fields, self.actions) for node in nodes]

    def codes(self, nodes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Nodes as they are stored."""
        return [self._node(node, self.stored, self.all_fields(), self.all_actions()) for node in nodes]

    def _node(
        self, node: Mapping[str, Any], turned: Callable[..., Any], fields: Mapping[str, str], actions: Mapping[str, str]
    ) -> dict[str, Any]:
        found = dict(node)
        if isinstance(found.get("when"), list):
            found["when"] = [turned(c) for c in found["when"]]
        if found.get("kind") == "client":
            found["client"] = fields.get(found.get("client") or "client", found.get("client") or "client")
        if found.get("kind") == "auto" and isinstance(found.get("action"), str):
            found["action"] = actions.get(found["action"], found["action"])
        if isinstance(found.get("branches"), list):
            found["branches"] = [self._branch(b, turned, fields, actions) for b in found["branches"]]
        return found

    def _branch(self, branch: Mapping[str, Any], turned: Any, fields: Any, actions: Any) -> dict[str, Any]:
        when = {"when": [turned(c) for c in branch["when"]]} if branch.get("when") else {}
        rows = [self._node(n, turned, fields, actions) for n in branch.get("nodes") or []]
        return {**branch, **when, "nodes": rows}

    def condition(self, condition: Mapping[str, Any]) -> dict[str, Any]:
        """One condition in words."""
        path = str(condition.get("field") or "")
        return {
            **condition,
            "field": self.fields.get(path, path),
            "value": self._each(condition, _values(self.record_key, path)),
        }

    def stored(self, condition: Mapping[str, Any]) -> dict[str, Any]:
        """One condition as it is stored; what means nothing stays as it was typed."""
        path = self.all_fields().get(str(condition.get("field") or ""), str(condition.get("field") or ""))
        known: dict[str, str] = {}
        for locale in LOCALES:
            with use_locale(locale):
                known |= {words: code for code, words in _values(self.record_key, path).items()}
        return {**condition, "field": path, "value": self._each(condition, known)}

    @staticmethod
    def _each(condition: Mapping[str, Any], known: Mapping[str, str]) -> Any:
        value = condition.get("value")
        if isinstance(value, list):
            return [known.get(str(v), v) for v in value]
        return known.get(str(value), value) if value not in (None, "") else value

    def all_fields(self) -> dict[str, str]:
        """Codes by their words in every language."""
        return _back(lambda: dict(_fields(self.record_key)))

    def all_actions(self) -> dict[str, str]:
        """Codes by their words in every language."""
        return _back(lambda: _unique({a.code: str(a.label) for a in _actions(self.record_key)}))


def _back(words: Callable[[], Mapping[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for locale in LOCALES:
        with use_locale(locale):
            found |= {text: code for code, text in words().items()}
    return found


def _unique(words: Mapping[str, str]) -> dict[str, str]:
    """Words by code; two codes of the same words are told apart by the code."""
    often = Counter(words.values())
    return {code: text if often[text] == 1 else f"{text} ({code})" for code, text in words.items()}


def _actions(record_key: str) -> list[Any]:
    return [a for a in registry().actions.get(record_key, {}).values() if not a.bulk]


def _fields(record_key: str) -> Iterable[tuple[str, str]]:
    """Fields of the record and, over its links to records of plugins, one step further."""
    kind = registry().types.get(record_key)
    own = {s.name: str(s.label) for s in _open(kind)}
    yield from _unique(own).items()
    for spec in _open(kind):
        target = registry().types.get(spec.target or "")
        if target is not None and not target.key.startswith("core."):
            further = _unique({s.name: str(s.label) for s in _open(target)})
            yield from ((f"{spec.name}.{name}", f"{spec.label}{BETWEEN}{words}") for name, words in further.items())


def _open(kind: Any) -> list[Any]:
    return [s for s in (kind.fields.values() if kind else ()) if not s.hidden and s.kind != "secret"]


def _values(record_key: str, path: str) -> dict[str, str]:
    """The words of a field's values by code; empty where it has no choices."""
    spec, key = None, record_key
    for name in path.split("."):
        kind = registry().types.get(key)
        spec = kind.fields.get(name) if kind else None
        if spec is None:
            return {}
        key = spec.target or ""
    if spec is None:
        return {}
    if spec.kind == "boolean":
        return {code: words() for code, words in YES.items()}
    return _unique({c.code: str(c.label) for c in spec.choices}) if spec.kind in ("choice", "multi_choice") else {}

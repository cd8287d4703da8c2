"""The only filters that ever leave: fixed templates; values may not carry quotes or other parts of the language."""

from __future__ import annotations

import re

TEMPLATES = {
    "key": "{field}='{value}'",
    "keys": "{field} IN ({values})",
    "changed": "FModifyDate>='{since}' AND {field} LIKE '{prefix}-%'",
    "ours": "{field} LIKE '{prefix}-%'",
    "dated": "{day}>='{first}' AND {day}<='{last}' AND {field} LIKE '{prefix}-%'",
    "code": "FNumber='{value}'",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,59}")
_VALUE = re.compile(r"[\w .:/()（）-]{1,80}")
_PREFIX = re.compile(r"[A-Za-z0-9]{1,12}")


def filter_string(template: str, **values: str | list[str]) -> str:
    """The filter by its template; raises `ValueError` for a value with a quote, a wildcard or a comment in it."""
    filled = {name: _fit(name, value) for name, value in values.items()}
    return TEMPLATES[template].format(**filled)


def _fit(name: str, value: str | list[str]) -> str:
    if isinstance(value, list):
        return ",".join(f"'{_fit('value', one)}'" for one in value)
    shape = {"field": _NAME, "day": _NAME, "prefix": _PREFIX}.get(name, _VALUE)
    if not shape.fullmatch(value) or "--" in value:
        raise ValueError(f"{name} is not fit for a filter")
    return value

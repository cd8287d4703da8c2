"""Writes `docs/fields.md`: what a record declares of itself and of its fields. Run by `core.hooks.reference`."""

from __future__ import annotations

import inspect
from typing import Any

from core.records import fields

RECORD = {
    "key": "`plugin.thing`: the address, the API, grants and the table `plugin_thing`. Required.",
    "label": "What one of them is called. Required.",
    "plural": "What several are called.",
    "title": "The field that names a record to people.",
    "title_en": "The field that names it to readers of English.",
    "number": "The field that holds its number.",
    "secondary": "The field beneath the title in lists and searches.",
    "icon": "A name out of the set on `/styleguide`.",
    "order": "The order of lists; `-` before the name: descending.",
    "archive": "Whether deleting puts it away, so that it can be restored (the default).",
    "public": "False for records without list, page and API of their own.",
    "search": "Names of fields and `Linked(...)` texts that the search finds it by, beside those marked `search`; False: none.",
    "walls": "True for records before which an information wall can stand; what links to one is closed with it.",
    "guarded": "True for records of which large exports need the approval of a second person.",
    "open": "Why all rows are for everybody who has a grant, where no rule and no scope says which.",
}
OPTIONS = {
    "required": "Must be filled.",
    "unique": "No two records have the same value.",
    "default": "A value, or a function that gives one. A field that is added to another's record and may not be empty"
    " needs a plain one: rows that exist take it.",
    "help": "A sentence under the field in forms, and in the API's description.",
    "search": "The quick search and Ctrl-K look into it; on PostgreSQL it gets an index for pieces of words.",
    "index": "An index of the column; links have one.",
    "readonly": "Set by code alone: `update(…, allow=(name,))`.",
    "hidden": "Neither in forms nor lists nor the API.",
    "track": "Changes stand in the log and the timeline (the default).",
    "validate": "`fn(value)` gives the value as it is kept, or raises `ValueError` with words for people.",
    "compute": "`fn(record)` gives the value at each write; people cannot set it.",
    "synonyms": "Further headers by which imports know it.",
    "group": "The section it belongs to where no view says so.",
    "open_choices": "Administrators may add values of their own to its choices.",
    "name": "Its public name, where the attribute cannot have it.",
    "max_length": "Characters that fit.",
}
_HEAD = """# Records and fields

A record is a class; a field is declared once, with a helper that makes the column. Form, list, filter, sort, search,
import, export, API, OpenAPI and log follow from the declaration.

```python
from core import Choice, L, Record, _, fields

class Parcel(Record):
    __record__ = {"key": "parcels.parcel", "label": _("Parcel"), "title": "name"}

    name: Mapped[str] = fields.text(_("Name"), required=True, search=True)
    weight: Mapped[Decimal | None] = fields.decimal(_("Weight"), scale=3)
    owner_id: Mapped[int | None] = fields.link("core.user", _("Sender"))   # the field is called owner
```

Every record also has `id`, `version` (a stale one is refused), `created_at`, `updated_at`, `created_by_id`,
`updated_by_id`, `archived_at`, and `custom`, the fields that administrators add in the browser
([custom-fields.md](custom-fields.md)).

Fields of another plugin's record are added, in `records.py`, and made by a migration of one's own; the column is called
`<plugin>_<field>`. Two plugins that add one name do not start together.

```python
from core import extend
from plugins.clients import Client

extend(Client, "risk", rating=fields.choice(_("Risk"), RATINGS), exposure=fields.money(_("Amount at stake")))
```

What is large, many-valued or written by machines goes into a record of its own that links there. The records of a
deployment with all their fields stand in its own `/api/v1/openapi.json`.

This page is made from the code: `python -m core.hooks.reference`.
"""


def helpers() -> dict[str, Any]:
    """The field helpers by name."""
    made = {n: f for n, f in vars(fields).items() if inspect.isfunction(f) and f.__module__ == fields.__name__}
    columns = {n: f for n, f in made.items() if "MappedColumn" in str(f.__annotations__.get("return", ""))}
    return {name: function for name, function in columns.items() if not name.startswith("_")}


def fields_page() -> str:
    """The reference of records and fields. Raises `LookupError` for a helper without words."""
    parts = [_HEAD, "## `__record__`\n", _table("key", RECORD), "\n## Kinds of fields\n"]
    for name, function in helpers().items():
        if not function.__doc__:
            raise LookupError(f"fields.{name} has no docstring")
        signature = str(inspect.signature(function)).replace("'", "").removesuffix(" -> MappedColumn")
        parts.append(f"### `fields.{name}{signature}`\n\n{inspect.cleandoc(function.__doc__)}\n")
    return "\n".join([*parts, "## Options of every field\n", _table("option", OPTIONS), ""])


def _table(head: str, words: dict[str, str]) -> str:
    rows = [f"| `{name}` | {text} |" for name, text in words.items()]
    return "\n".join([f"| {head} | meaning |", "|---|---|", *rows])

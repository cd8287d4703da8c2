"""What plugins give through `register_*` hooks beside records, views and jobs: plain declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.records.fields import Field


@dataclass(frozen=True)
class Offer:
    """A hook that this plugin declares in its `hookspecs.py`, and who takes what others give to it.

    `take(items)` gets all of them as (plugin, item), also when there are none, before views are composed; each pair
    (plugin, what is wrong) that it yields stops the start.
    """

    hook: str
    take: Callable[[list[tuple[str, Any]]], Iterable[tuple[str, str]] | None]


@dataclass(frozen=True)
class Card:
    """A figure on the home page. `value()` is asked as the person who looks; None leaves the card out.

    `permission` is (record key, action); `tone` is warn or danger where the figure asks for attention.
    """

    key: str
    label: Any
    value: Callable[[], Any]
    href: str | None = None
    permission: tuple[str, str] | None = None
    order: int = 50
    note: Any = None
    tone: str = ""


@dataclass(frozen=True)
class Hit:
    """One thing that a search found."""

    label: str
    href: str
    note: str = ""
    icon: str = "file"


@dataclass(frozen=True)
class Linked:
    """Texts of other records by which a record is found, in its `__record__["search"]`, beside names of own fields.

    They are the `fields` of `record`, whose link `by` points here. Who may not read all of those records, or one of the
    fields, does not find the record by them.
    """

    record: str
    by: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class DayFeed:
    """Dates of a person for calendar programs: records of `record` that `filters` pick, by the date field `day`.

    `filters` are pairs as in an address, for example (("assignee", "me"), ("state", "open")); `label` goes before the
    title of each entry. They are read with the person's own rights at each reading.
    """

    key: str
    label: Any
    record: str
    day: str
    filters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SearchSource:
    """A place beside records in which Ctrl-K looks: `find(words, limit)` is asked as the person who searches."""

    key: str
    label: Any
    find: Callable[[str, int], Iterable[Hit]]
    permission: tuple[str, str] | None = None


@dataclass(frozen=True)
class ImportFormat:
    """A kind of file that imports can read, by the ending of its name, such as ".xyz".

    `rows(path)` yields dictionaries of header and cell, or raises `ValueError` with words for people. It runs with the
    limits of a job and must not believe the file.
    """

    suffix: str
    label: Any
    rows: Callable[[Path], Iterator[dict[str, Any]]]


@dataclass(frozen=True)
class ExportFormat:
    """A kind of file that lists can be exported to. `write(stream, headings, rows)` writes rows of plain values."""

    code: str
    label: Any
    suffix: str
    mimetype: str
    write: Callable[[Any, list[str], Iterator[list[Any]]], None]


@dataclass(frozen=True)
class Trace:
    """What became of a message that a channel took: `state` is waiting, sent, delivered or failed; `id` is the
    provider's."""

    state: str
    id: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Channel:
    """A way by which messages reach a person outside of Zhian, beside the inbox.

    `send(message, person)` runs in a worker after the commit and is repeated while it raises; `message` is the
    `core.notification`, whose `dedup_key` or id is the same on each try. `wanted(message, person)` says whether this
    channel is for them at all. A channel that only puts messages into an outbox of its own tells by
    `trace(message, person)` what became of one (None: it never took it).
    """

    code: str
    label: Any
    send: Callable[[Any, Any], Any]
    wanted: Callable[[Any, Any], bool] = lambda message, person: True
    trace: Callable[[Any, Any], Trace | None] | None = None


@dataclass(frozen=True)
class MessageKind:
    """A kind of messages, for which people choose channels: `notify(…, kind="plugin.code")`.

    Messages without one count among those about the type of their record.
    """

    code: str
    label: Any


@dataclass(frozen=True)
class NumberPart:
    """A named part of numbers, for numbering rules: `render(record)` gives its characters; `sample` shows them."""

    code: str
    label: Any
    render: Callable[[Any], str]
    record: str = "*"
    sample: str = "X"


@dataclass(frozen=True)
class Setting:
    """One setting of a plugin. `kind` is text, long_text, integer, decimal, money, boolean, date, choice or secret.

    Read it by `setting("plugin.key")`. A secret is stored encrypted and never shown again. `validate(value)` gives the
    value as it is to be kept, or raises `ValueError` with words for people.
    """

    key: str
    label: Any
    kind: str = "text"
    default: Any = None
    help: Any = None
    required: bool = False
    choices: tuple[Any, ...] = ()
    validate: Callable[[Any], Any] | None = None

    def field(self) -> Field:
        """The same as a field, for schemas and forms."""
        return Field(
            kind=self.kind,
            label=self.label,
            name=self.key,
            attr=self.key,
            required=self.required and self.kind != "secret",
            help=self.help,
            validate=self.validate,
            choices_source=self.choices or None,
            max_length=500 if self.kind == "text" else None,
        )

"""Field helpers: one declaration makes the column and carries all that form, list, import and API derive from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dc_field
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Integer, String, Text
from sqlalchemy.orm import MappedColumn, mapped_column

from core.records.types import ExactDecimal, Id, Instant, Json


@dataclass(frozen=True)
class Choice:
    """One value of a choice field: a stable code, a label in both languages, a colour group of the tokens."""

    code: str
    label: Any
    tone: str = ""
    synonyms: tuple[str, ...] = ()
    retired: bool = False

    def __iter__(self) -> Iterator[Any]:
        return iter((self.code, self.label))


Choices = Sequence[Choice] | Callable[[], Sequence[Choice]]


def shape_choices(spec: Field, given: Sequence[Choice]) -> Sequence[Choice]:
    """The choices of a field as they hold now; the room of shaping puts its own function here."""
    return given


@dataclass
class Field:
    """What is known of a field. `name` is its public name, `attr` the attribute that holds the column.

    `open_choices`: an administrator may add values of their own to its choices. `custom`: an administrator made it; its
    values lie in the column `custom`, and `attr` is an attribute all the same.
    """

    kind: str
    label: Any
    required: bool = False
    unique: bool = False
    default: Any = None
    help: Any = None
    search: bool = False
    readonly: bool = False
    hidden: bool = False
    track: bool = True
    validate: Callable[[Any], Any] | None = None
    compute: Callable[[Any], Any] | None = None
    max_length: int | None = None
    choices_source: Choices | None = None
    target: str | None = None
    synonyms: tuple[str, ...] = ()
    group: str | None = None
    scale: int = 2
    open_choices: bool = False
    name: str = ""
    attr: str = ""
    plugin: str = ""
    record: str = ""
    custom: bool = False
    extra: dict[str, Any] = dc_field(default_factory=dict)
    _labels: dict[str, Choice] | None = None
    _labelled: Any = None

    @property
    def choices(self) -> Sequence[Choice]:
        """The choices as they are now."""
        return () if self.choices_source is None else shape_choices(self, self.shipped_choices)

    @property
    def shipped_choices(self) -> Sequence[Choice]:
        """The choices that the declaration gives, before anybody shaped them."""
        source = self.choices_source
        return () if source is None else source() if callable(source) else source

    def choice(self, code: str | None) -> Choice | None:
        """The choice with that code, or None."""
        choices = self.choices
        if self._labels is None or self._labelled is not choices:
            self._labels, self._labelled = {c.code: c for c in choices}, choices
        return self._labels.get(code) if code is not None else None

    @property
    def writable(self) -> bool:
        """Whether people and programs may set it."""
        return not (self.readonly or self.compute or self.hidden)


def _column(
    kind: str, type_: Any, label: Any, args: Sequence[Any] = (), *, index: bool = False, **options: Any
) -> MappedColumn:
    column_options = options.pop("column", {})
    spec = Field(kind=kind, label=label, **options)
    if spec.compute:
        spec.readonly = True
    default = (
        spec.default if not isinstance(spec.default, (list, dict)) else (lambda value=spec.default: type(value)(value))
    )
    return mapped_column(
        type_,
        *args,
        nullable=not spec.required,
        unique=spec.unique or None,
        index=index or None,
        default=default,
        info={"field": spec},
        **column_options,
    )


def text(label: Any, *, max_length: int = 200, **options: Any) -> MappedColumn:
    """One line of text of at most `max_length` characters."""
    return _column("text", String(max_length), label, max_length=max_length, **options)


def long_text(label: Any, *, max_length: int = 100_000, **options: Any) -> MappedColumn:
    """Text of several lines."""
    return _column("long_text", Text(), label, max_length=max_length, **options)


def integer(label: Any, **options: Any) -> MappedColumn:
    """A whole number."""
    return _column("integer", Integer(), label, **options)


def decimal(label: Any, *, digits: int = 18, scale: int = 4, **options: Any) -> MappedColumn:
    """An exact decimal with `scale` places."""
    return _column("decimal", ExactDecimal(digits, scale), label, scale=scale, **options)


def money(label: Any, **options: Any) -> MappedColumn:
    """An exact amount with two places; CNY unless the record says otherwise."""
    return _column("money", ExactDecimal(18, 2), label, scale=2, **options)


def date(label: Any, **options: Any) -> MappedColumn:
    """A calendar day."""
    return _column("date", Date(), label, **options)


def datetime(label: Any, **options: Any) -> MappedColumn:
    """An aware instant, UTC inside, Asia/Shanghai for display."""
    return _column("datetime", Instant(), label, **options)


def boolean(label: Any, **options: Any) -> MappedColumn:
    """Yes or no."""
    return _column("boolean", Boolean(), label, **{"default": False, "required": True} | options)


def choice(label: Any, choices: Choices, *, max_length: int = 40, **options: Any) -> MappedColumn:
    """One code out of `choices`, a sequence or a callable that gives one."""
    return _column("choice", String(max_length), label, choices_source=choices, max_length=max_length, **options)


def multi_choice(label: Any, choices: Choices, **options: Any) -> MappedColumn:
    """Several codes out of `choices`, a JSON list."""
    return _column("multi_choice", Json, label, choices_source=choices, **options)


def tags(label: Any, **options: Any) -> MappedColumn:
    """A list of free short texts."""
    return _column("tags", Json, label, **options)


def json(label: Any, **options: Any) -> MappedColumn:
    """Structured data that people do not edit by hand."""
    return _column("json", Json, label, **options)


def secret(label: Any, *, max_length: int = 4000, **options: Any) -> MappedColumn:
    """A password or key of another system: encrypted in the database, written but never shown, listed or exported."""
    from core.records.secrets import EncryptedText  # its keys lie in a table, which is made of this room

    return _column("secret", EncryptedText(), label, max_length=max_length, **options)


def link(
    target: str, label: Any, *, on_delete: str = "restrict", index: bool = True, constraint: bool = True, **options: Any
) -> MappedColumn:
    """A link to another record: `fields.link("clients.client", _("Client"))` on an attribute that ends in `_id`.

    `constraint=False` leaves out the foreign key, for tables that would point at each other in a circle.
    """
    rule = {"restrict": "RESTRICT", "cascade": "CASCADE", "set_null": "SET NULL"}[on_delete]
    key = ForeignKey(f"{target.replace('.', '_')}.id", ondelete=rule)
    return _column("link", Id, label, [key] if constraint else [], target=target, index=index, **options)


def file(label: Any, **options: Any) -> MappedColumn:
    """A link to one stored attachment."""
    spec = link("core.attachment", label, on_delete="set_null", index=False, **options)
    spec.column.info["field"].kind = "file"
    return spec

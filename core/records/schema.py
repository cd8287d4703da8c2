"""marshmallow schemas made from field declarations: what comes in becomes values, or errors that name the field."""

from __future__ import annotations

import datetime as dt
import decimal
import re
import unicodedata
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow import fields as ma

from core.clock import LOCAL
from core.errors import FieldError
from core.i18n import _
from core.records.fields import Field

UNSEEN = dict.fromkeys((0, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Dropped from texts: NUL, which no database keeps, and marks that turn the reading order of what follows them."""
MESSAGES = {
    "required": _("This is needed."),
    "null": _("This may not be empty."),
    "invalid": _("This value does not fit here."),
    "date": _("Write the day as 2026-12-14."),
    "datetime": _("Write the moment as 2026-12-14T09:30:00+08:00."),
    "integer": _("Write a whole number."),
    "decimal": _("Write a number such as 4800.00."),
    "boolean": _("Say yes or no."),
    "choice": _("Choose one of the given values."),
    "link": _("Give the id of an existing record."),
    "text": _("Write text."),
    "list": _("Give a list."),
    "unknown": _("There is no such field."),
    "readonly": _("This is filled in by the system and cannot be set."),
}


class CodedError(ValidationError):
    """A validation error with a stable code."""

    def __init__(self, code: str, message: Any = None) -> None:
        super().__init__(str(message if message is not None else MESSAGES[code]))
        self.code = code
        self.text = message if message is not None else MESSAGES[code]


class _Text(ma.Field):
    spec: Field

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, (dict, list, bool)):
            raise CodedError("text")
        cleaned = str(value).translate(UNSEEN).strip()
        if self.spec.kind == "text":
            cleaned = " ".join(cleaned.splitlines())
        if self.spec.max_length and len(cleaned) > self.spec.max_length:
            raise CodedError("too_long", _("At most %(n)s characters fit here.", n=self.spec.max_length))
        return cleaned if any(c.isprintable() and not c.isspace() for c in cleaned) else None


class _Integer(ma.Field):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
                raise ValueError
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            raise CodedError("integer") from None
        if not -(2**31) <= number < 2**31:
            raise CodedError("out_of_range", _("This number is too large."))
        return number


_FIGURE = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?")


class _Decimal(ma.Field):
    spec: Field

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            text = unicodedata.normalize("NFKC", str(value)).strip()
            if isinstance(value, (str, bool)) and not _FIGURE.fullmatch(text):
                raise decimal.InvalidOperation  # neither powers of ten nor a comma in the place of the point is guessed
            number = decimal.Decimal(text.replace(",", ""))
            if not number.is_finite() or abs(number) >= decimal.Decimal(10) ** 13:
                raise decimal.InvalidOperation
            exact = number.quantize(decimal.Decimal(1).scaleb(-self.spec.scale))
        except decimal.InvalidOperation:
            raise CodedError("decimal") from None
        if exact != number:
            raise CodedError("too_fine", _("At most %(n)s decimal places fit here.", n=self.spec.scale))
        return exact


class _Date(ma.Field):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        try:
            text = str(value).strip()
            if len(text) != 10:
                raise ValueError
            return dt.date.fromisoformat(text)
        except ValueError:
            raise CodedError("date") from None


class _DateTime(ma.Field):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            instant = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value).strip())
            return (instant if instant.tzinfo else instant.replace(tzinfo=LOCAL)).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            raise CodedError("datetime") from None


class _Boolean(ma.Field):
    WORDS = {
        "true": True,
        "1": True,
        "on": True,
        "yes": True,
        "是": True,
        "false": False,
        "0": False,
        "off": False,
        "no": False,
        "否": False,
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        known = value if isinstance(value, bool) else self.WORDS.get(str(value).strip().lower())
        if known is None:
            raise CodedError("boolean")
        return known


class _Choice(ma.Field):
    spec: Field

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, (str, int)) or self.spec.choice(str(value)) is None:
            raise CodedError("choice")
        return str(value)


class _MultiChoice(ma.Field):
    spec: Field

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        values = [value] if isinstance(value, (str, int)) else value
        if not isinstance(values, (list, tuple)):
            raise CodedError("list")
        if any(not isinstance(v, (str, int)) or self.spec.choice(str(v)) is None for v in values):
            raise CodedError("choice")
        return list(dict.fromkeys(str(v) for v in values)) or None


class _Tags(ma.Field):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        values = value.replace("；", ";").replace("\n", ";").split(";") if isinstance(value, str) else value
        if not isinstance(values, (list, tuple)) or any(v is None or isinstance(v, (dict, list)) for v in values):
            raise CodedError("list")
        return list(dict.fromkeys(t for v in values if (t := str(v).strip()))) or None


class _Json(ma.Field):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, (dict, list)):
            raise CodedError("invalid")
        return value


class _Link(ma.Field):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            raw = value["id"] if isinstance(value, dict) else value
            if isinstance(raw, (bool, float)):
                raise ValueError
            number = int(raw)
            if not 0 < number < 2**53:
                raise ValueError
        except (KeyError, TypeError, ValueError, OverflowError):
            raise CodedError("link") from None
        return number


KINDS: dict[str, type[ma.Field]] = {
    "text": _Text,
    "long_text": _Text,
    "secret": _Text,
    "integer": _Integer,
    "decimal": _Decimal,
    "money": _Decimal,
    "date": _Date,
    "datetime": _DateTime,
    "boolean": _Boolean,
    "choice": _Choice,
    "multi_choice": _MultiChoice,
    "tags": _Tags,
    "json": _Json,
    "link": _Link,
    "file": _Link,
}


def schema_field(spec: Field) -> ma.Field:
    """The marshmallow field of a declared field."""
    made = KINDS[spec.kind](required=spec.required and spec.default is None, allow_none=not spec.required)
    made.spec = spec  # type: ignore[attr-defined]
    return made


def make_schema(name: str, specs: dict[str, Field]) -> type[Schema]:
    """The marshmallow schema class of a record type, for plugins that nest it in schemas of their own."""
    return Schema.from_dict({n: schema_field(s) for n, s in specs.items() if s.writable}, name=name)  # type: ignore[return-value]


class Loader:
    """Loads values of one record type, field by field, through the schema's fields."""

    def __init__(self, specs: dict[str, Field]) -> None:
        self.specs = specs
        self.fields = {n: schema_field(s) for n, s in specs.items()}
        self.required = tuple(n for n, s in specs.items() if s.required and s.default is None and s.writable)

    def load(
        self, values: dict[str, Any], *, partial: bool, allow: frozenset[str] = frozenset()
    ) -> tuple[dict[str, Any], list[FieldError]]:
        """(values by field name, errors). `allow` names read-only fields that the caller may set nevertheless."""
        loaded: dict[str, Any] = {}
        errors: list[FieldError] = []
        for name, value in values.items():
            spec = self.specs.get(name)
            if spec is None or (spec.hidden and name not in allow):
                errors.append(FieldError(str(name), "unknown", MESSAGES["unknown"]))
            elif not spec.writable and name not in allow:
                errors.append(FieldError(name, "readonly", MESSAGES["readonly"]))
            else:
                self._load_one(spec, value, loaded, errors)
        if not partial:
            errors += [FieldError(n, "required", MESSAGES["required"]) for n in self.required if n not in values]
        return loaded, errors

    def _load_one(self, spec: Field, value: Any, loaded: dict[str, Any], errors: list[FieldError]) -> None:
        try:
            if value is None or value == "" or (value == [] and spec.kind in ("tags", "multi_choice")):
                result = None
            else:
                result = self.fields[spec.name]._deserialize(value, spec.name, None)
                if result is not None and spec.validate:
                    result = spec.validate(result)
            if result is None and spec.required:
                if spec.default is None:
                    raise CodedError("required")
                result = spec.default() if callable(spec.default) else spec.default
            loaded[spec.name] = result
        except CodedError as error:
            errors.append(FieldError(spec.name, error.code, error.text))
        except ValueError as error:
            argument = error.args[0] if error.args else MESSAGES["invalid"]
            errors.append(FieldError(spec.name, getattr(error, "code", "invalid"), argument))

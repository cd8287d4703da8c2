"""`Record`: the declarative base of all records, their common columns and their links. No queries and no rules here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, MetaData, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, foreign, mapped_column, relationship, remote

from core.clock import now
from core.i18n import current_locale
from core.records.custom.values import CustomValues
from core.records.fields import Field
from core.records.types import Id, Instant, Json

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every mapped class of a deployment, records and the core's own bookkeeping alike."""

    metadata = MetaData(naming_convention=NAMING)


MODELS: dict[str, type[Record]] = {}
"""All record classes by key that were imported into this process."""


class Record(CustomValues, Base):
    """A thing that an agency would name. Subclasses give `__record__` with at least `key` and `label`."""

    __abstract__ = True
    __record__: dict[str, Any] = {}

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True, sort_order=-10)
    version: Mapped[int] = mapped_column(Integer, nullable=False, default=1, sort_order=90)
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False, default=now, sort_order=91)
    updated_at: Mapped[datetime] = mapped_column(Instant(), nullable=False, default=now, sort_order=92)
    created_by_id: Mapped[int | None] = mapped_column(Id, nullable=True, sort_order=93)
    updated_by_id: Mapped[int | None] = mapped_column(Id, nullable=True, sort_order=94)
    archived_at: Mapped[datetime | None] = mapped_column(Instant(), nullable=True, sort_order=95)
    custom: Mapped[dict[str, Any] | None] = mapped_column(Json, nullable=True, sort_order=96)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        spec = cls.__dict__.get("__record__")
        if spec:
            cls.__tablename__ = spec["key"].replace(".", "_")
            cls.__table_args__ = _table_args(cls)
            _add_links(cls)
        super().__init_subclass__(**kwargs)
        if spec:
            cls.__mapper__.version_id_col = cls.__table__.c.version
            MODELS[spec["key"]] = cls

    @property
    def title(self) -> str:
        """What people call this record; a record with a field of this name is asked by `called`."""
        return self.called

    @property
    def called(self) -> str:
        """What people call this record: its title field, or key and id."""
        names = [self.__record__.get(n) for n in (("title_en", "title") if current_locale() == "en" else ("title",))]
        value = next((v for n in names if n and (v := getattr(self, n, None)) not in (None, "")), None)
        return str(value) if value not in (None, "") else f"{self.__record__['label']} {self.id}"

    def __repr__(self) -> str:
        identity = inspect(self).identity
        return f"<{type(self).__name__} {identity[0] if identity else 'new'}>"


def field_specs(model: type[Record]) -> dict[str, Field]:
    """The declared fields of a record class by public name, in order of declaration."""
    return {c.info["field"].name: c.info["field"] for c in model.__table__.columns if "field" in c.info}


def public_name(attr: str, spec: Field) -> str:
    """`owner_id` is the field `owner`."""
    return attr.removesuffix("_id") if spec.kind in ("link", "file") else attr


def _table_args(cls: type[Record]) -> tuple[Any, ...]:
    """Ids are never used twice: what hangs on a deleted record must not turn up on a new one."""
    given = cls.__dict__.get("__table_args__", ())
    parts, options = (given, {}) if not given or not isinstance(given[-1], dict) else (given[:-1], given[-1])
    return (*parts, {"sqlite_autoincrement": True} | options)


def _add_links(cls: type[Record]) -> None:
    """Name the declared fields and give each link its relationship, before the class is mapped."""
    plugin = cls.__record__["key"].split(".")[0]
    for attr, value in list(cls.__dict__.items()):
        column = getattr(value, "column", None)
        spec = column.info.get("field") if column is not None else None
        if spec is None:
            continue
        spec.attr, spec.plugin, spec.record = attr, plugin, cls.__record__["key"]
        spec.name = spec.name or public_name(attr, spec)
        if spec.kind in ("link", "file"):
            if not attr.endswith("_id"):
                raise TypeError(f"{cls.__name__}.{attr}: the attribute of a link ends in _id")
            setattr(cls, spec.name, link_relationship(spec, lambda cls=cls, attr=attr: getattr(cls, attr)))


def link_relationship(spec: Field, column: Any) -> Any:
    """The many-to-one relationship of a link field; its target is looked up by key when mappers are configured."""

    def condition() -> Any:
        return foreign(column()) == remote(MODELS[spec.target or ""].id)

    return relationship(lambda: MODELS[spec.target or ""], primaryjoin=condition, lazy="select")

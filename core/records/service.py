"""The one way in: create, update, archive, delete and act on records. Web, API, imports and jobs all call these."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import false, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from core.clock import now
from core.db import db, settle
from core.errors import FieldError, Forbidden, Invalid, NotFound, Refused, Stale, ZhianError
from core.i18n import _
from core.permissions.guard import note_behalf
from core.permissions.rules import access, on_table
from core.records.audit import note_action
from core.records.base import MODELS, Record
from core.records.changes import specs_of
from core.records.custom.known import edition
from core.records.dump import labels
from core.records.schema import Loader
from core.registry import Action, registry

R = TypeVar("R", bound=Record)


def loader(model: type[Record]) -> Loader:
    """The loader of a record class, remembered."""
    return edition().remembered(("loader", model), lambda: Loader({s.name: s for s in specs_of(model)}))


def get(model: type[R], ident: int) -> R:
    """The record, or `NotFound` when it is absent or hidden."""
    return db.session().get_one(model, ident)


def load_values(
    model: type[Record], values: dict[str, Any], *, partial: bool, allow: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Values by attribute, checked against declaration, field rules and sight of link targets; raises `Invalid`."""
    if not isinstance(values, dict):
        raise Invalid([FieldError("", "object", _("Give the values as an object of fields."))])
    if partial:  # what was shown as hidden comes back from forms and programs as it is, and stays as it is
        values = {name: value for name, value in values.items() if value != {"hidden": True}}
    loaded, errors = loader(model).load(values, partial=partial, allow=allow)
    treated = access().treatments(model, db.session().principal)
    for name in [n for n in loaded if n in treated and (partial or treated[n].when is None)]:
        errors.append(FieldError(name, "forbidden", _("You may not change this field.")))
    errors += _unseen_targets(model, loaded)
    if errors:
        raise Invalid(errors)
    specs = loader(model).specs
    return {specs[name].attr: value for name, value in loaded.items()}


def _unseen_targets(model: type[Record], loaded: dict[str, Any]) -> list[FieldError]:
    errors = []
    specs = loader(model).specs
    for name, value in loaded.items():
        target = specs[name].target
        if target and value is not None and not _is_seen(target, value):
            errors.append(FieldError(name, "not_found", _("There is no such record, or you may not see it.")))
    return errors


def _is_seen(key: str, ident: int) -> bool:
    """Whether the person may read that record; labels of small tables are at hand without a query."""
    if ident in labels(key, [ident]):
        return True
    target = MODELS[key]
    return db.session.scalar(select(target.id).where(target.id == ident)) is not None


def create(model: type[R], values: dict[str, Any], *, allow: Iterable[str] = ()) -> R:
    """Make and flush a record; raises `Invalid`, `Forbidden`, `Refused`. `allow`: read-only fields code may set."""
    if not access().can(db.session().principal, model.__record__["key"], "create"):
        raise Forbidden(detail={"record": model.__record__["key"], "action": "create"})
    loaded = load_values(model, values, partial=False, allow=frozenset(allow))
    _check_shape(model, loaded)
    record = model(**loaded)
    db.session.add(record)
    _flush(model, record)
    return record


def update(record: R, values: dict[str, Any], version: int | None = None, *, allow: Iterable[str] = ()) -> R:
    """Change fields and flush; `version` is the one that was edited: raises `Stale` when the record has moved on."""
    if version is not None and version != record.version:
        raise Stale(detail={"version": record.version})
    loaded = load_values(type(record), values, partial=True, allow=frozenset(allow))
    _check_shape(type(record), loaded, record)
    for attr, value in loaded.items():
        if getattr(record, attr) != value:
            setattr(record, attr, value)
    _flush(type(record), record)
    return record


def _check_shape(model: type[Record], loaded: dict[str, Any], record: Record | None = None) -> None:
    """What administrators shaped: needed fields of the person's form, and values that are no longer used."""
    from core.shaping import choices, needs

    choices.refuse_retired(loader(model).specs, loaded, record)
    needs.check(model, loaded, record)


def archive(record: R, version: int | None = None) -> R:
    """Put a record away; it can be restored."""
    return _set_archived(record, now(), version)


def restore(record: R, version: int | None = None) -> R:
    """Bring an archived record back."""
    return _set_archived(record, None, version)


def _set_archived(record: R, at: datetime | None, version: int | None) -> R:
    _act(record, "delete")
    if version is not None and version != record.version:
        raise Stale(detail={"version": record.version})
    record.archived_at = at
    db.session().info["acting"] = (type(record).__record__["key"], "delete")
    try:
        _flush(type(record), record)
    finally:
        db.session().info.pop("acting", None)
    return record


def delete(record: Record, version: int | None = None) -> int | None:
    """Remove a record; its number in the recycle bin. Those that are archived by their declaration are archived."""
    from core.desk import bin as recycle  # restoring is made of these services

    if registry().of(type(record)).archive:
        archive(record, version)
        return None
    if version is not None and version != record.version:
        raise Stale(detail={"version": record.version})
    kept = recycle.take(record)
    db.session.delete(record)
    _flush(type(record), record)
    return recycle.put(kept)


def _flush(model: type[Record], record: Any) -> None:
    session = db.session()
    try:
        settle(session)
    except StaleDataError:
        session.rollback()
        raise Stale() from None
    except IntegrityError as error:
        session.rollback()
        raise integrity(model, error) from None


def integrity(model: type[Record], error: IntegrityError) -> Invalid | Refused:
    """The user's words for a constraint that the database refused."""
    text = str(error.orig).lower()
    if "unique" in text or "duplicate" in text:
        named = [s for s in specs_of(model) if f".{s.attr}" in text or f"({s.attr}" in text or f"_{s.attr}" in text]
        names = [s.name for s in named] or [""]
        return Invalid([FieldError(n, "unique", _("Another record already has this value.")) for n in names])
    if "foreign key" in text:
        return Refused(_("Other records still refer to this one. Change or archive them first."), code="in_use")
    return Refused(_("The database refused this: a value is missing or does not fit."), code="integrity")


def find_action(key: str, code: str) -> Action:
    """The declared action; raises `NotFound`."""
    action = registry().actions.get(key, {}).get(code)
    if action is None:
        raise NotFound(_("There is no action of this name."))
    return action


def _act(record: Record, code: str) -> None:
    """Raises `Forbidden` unless this person may do `code` to this very record."""
    principal, model = db.session().principal, type(record)
    if principal.is_system:
        return
    where = access().where(model, principal, code)
    table = model.__table__
    if db.session().connection().execute(select(table.c.id).where(table.c.id == record.id, where)).first() is None:
        raise Forbidden(detail={"record": model.__record__["key"], "action": code})
    if principal.standing_in:
        note_behalf(db.session(), model, [record.id], code)


def may(record: Record, code: str) -> bool:
    """Whether the person may do `code` (a standard or a named action) to this record."""
    try:
        _act(record, code)
    except Forbidden:
        return False
    return True


def may_about(record: Record, key: str, code: str) -> bool:
    """Whether the person's grants for `code` on the type `key` reach this record of another type, in its own scopes.

    For actions on a type that make something of a record: the grant's scope says of which records.
    """
    principal, model = db.session().principal, type(record)
    if principal.is_system:
        return True
    names = {grant.scope for grant in access().grants_of(principal, key, code)}
    reached = or_(false(), *(on_table(access().scope_of(model, name, principal)) for name in sorted(names)))
    table = model.__table__
    return (
        db.session().connection().execute(select(table.c.id).where(table.c.id == record.id, reached)).first()
        is not None
    )


def readers(record: Record, user_ids: Iterable[int]) -> list[int]:
    """Those of the people who may read the record, in the order given; people who may not sign in drop out."""
    from core.permissions.people import load_principal

    model = type(record)
    table, connection, found = model.__table__, db.session().connection(), []
    for ident in user_ids:
        principal = load_principal(ident, connection)
        if principal is not None:
            seen = select(table.c.id).where(table.c.id == record.id, access().where(model, principal, "read"))
            found += [ident] if connection.execute(seen).first() is not None else []
    return found


def run_action(target: Any, key: str, code: str, params: dict[str, Any] | None = None) -> Any:
    """Run a named action on a record (a list of records for bulk actions, None for actions on the type) and flush."""
    from core.webhooks.watching import acted  # webhooks look at records by the queries that need this module

    action = find_action(key, code)
    session = db.session()
    records = target if isinstance(target, list) else [target] if target is not None else []
    if not access().can(session.principal, key, code):
        raise Forbidden(detail={"record": key, "action": code})
    for record in records:
        _act(record, code)
        reason = action.available(record) if action.available else True
        if reason is not True:
            raise reason if isinstance(reason, ZhianError) else Refused(reason or None, code="not_available")
    values = load_params(action, records[0] if records else None, params or {})
    session.info["acting"] = (key, code)
    try:
        result = action.handler(target, values) if target is not None else action.handler(values)
        _flush(MODELS[key], None)
        for record in records:
            note_action(session, f"action:{code}", record, changes={"params": audit_params(values)})
        acted(key, code, records)
    finally:
        session.info.pop("acting", None)
    return result


def audit_params(values: dict[str, Any]) -> dict[str, Any]:
    """Parameters of an action as the log keeps them."""
    return {
        k: v.isoformat() if isinstance(v, (date, datetime)) else v
        for k, v in values.items()
        if isinstance(v, (str, int, float, bool, date, list, dict))
    }


def load_params(action: Action, record: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Check an action's inputs; raises `Invalid` naming each."""
    from core.records.fields import Field

    declared = action.params_for(record) if record is not None or not callable(action.params) else ()
    specs = {
        p.name: Field(
            p.kind,
            p.label,
            required=p.required,
            choices_source=p.choices,
            target=p.target,
            default=p.default,
            name=p.name,
            attr=p.name,
            max_length=4000,
        )
        for p in declared
    }
    values, errors = Loader(specs).load(params, partial=False)
    for name, spec in specs.items():
        value = values.get(name)
        if (
            spec.kind == "link"
            and value is not None
            and db.session.scalar(select(MODELS[spec.target].id).where(MODELS[spec.target].id == value)) is None
        ):
            errors.append(FieldError(name, "not_found", _("There is no such record, or you may not see it.")))
    if errors:
        raise Invalid(errors)
    return {name: values.get(name, spec.default) for name, spec in specs.items()}

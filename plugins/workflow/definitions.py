"""Writing, checking, publishing and retiring definitions. Published versions are never changed; a new one is made."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from core import Change, FieldError, Invalid, Refused, _, current_principal, db, now, record_class, registry
from plugins.workflow.flow import Problem, World, check, misshapen, read_flow
from plugins.workflow.flow.check import NAME
from plugins.workflow.flow.who import read_token
from plugins.workflow.records import Definition
from plugins.workflow.values import has_path
from plugins.workflow.wording import said

FROZEN = ("code", "record_key", "nodes", "options", "distinct", "name", "name_en")
OPTIONS = ("when", "starters", "drafters", "fallback", "holds", "lives_while", "facts")


def problems_of(record_key: str, nodes: Any, options: Any = None) -> list[Problem]:
    """Every problem of a definition's nodes and options in this deployment."""
    world = world_of(record_key)
    found = [] if record_key in registry().types else [Problem("record_key", "record_key", record_key)]
    return [*found, *check(nodes, world), *_check_options(options or {}, world)]


def world_of(record_key: str) -> World:
    """What a definition for this record type may name."""
    user, department = record_class("core.user"), record_class("core.department")
    kinds = (user.realm == "staff", user.active.is_(True))
    return World(
        has_field=lambda path: has_path(record_key, path),
        roles=frozenset(registry().access.all_roles()),
        logins=frozenset(db.session.scalars(select(user.login).where(*kinds))),
        departments=frozenset(c for c in db.session.scalars(select(department.code)) if c),
        actions=frozenset(registry().actions.get(record_key, {})),
    )


def _check_options(options: Any, world: World) -> list[Problem]:
    if not isinstance(options, dict):
        return [Problem("options", "object")]
    found = [Problem("options", "option", name) for name in options if name not in OPTIONS]
    found += [Problem("starters", "who_role", r) for r in options.get("starters") or () if r not in world.roles]
    for at, condition in enumerate(options.get("when") or ()):
        if not world.has_field(str(condition.get("field"))):
            found.append(Problem(f"when{at}", "field", str(condition.get("field"))))
    for name in ("drafters", "fallback"):
        for text in options.get(name) or ():
            try:
                read_token(str(text))
            except ValueError:
                found.append(Problem(name, "who", str(text)))
    return found


def complete_new(definitions: list[Any]) -> None:
    """A first version of a new code is a draft with number one; a later one is made by `new_version`."""
    for definition in definitions:
        definition.nodes = definition.nodes or [dict(START)]
        definition.options = definition.options or {}


START = {"id": "submit", "kind": "start", "name": "提交", "name_en": "Submit"}


def validate(definitions: list[Any]) -> None:
    """What is stored must at least be readable; everything else is told when it is published."""
    for definition in definitions:
        if not NAME.fullmatch(definition.code or ""):
            message = _("Use small letters, digits and underscores, beginning with a letter.")
            raise Invalid([FieldError("code", "shape", message)])
        if definition.record_key not in registry().types:
            message = _("There is no record type of this key.")
            raise Invalid([FieldError("record_key", "unknown", message)])
        try:
            wrong = [Problem(at, code) for at, code in misshapen(definition.nodes or [])]
            read_flow(definition.nodes if not wrong else ())
        except (KeyError, TypeError, AttributeError):
            raise Invalid(
                [FieldError("nodes", "shape", _("Give nodes as a list of objects with id and kind."))]
            ) from None
        if wrong:
            raise Invalid([FieldError("nodes", p.code, f"{p.at}: {said(p)}") for p in wrong])
        if not isinstance(definition.options or {}, dict):
            raise Invalid([FieldError("options", "shape", _("Give options as an object."))])


def guard(changes: list[Change]) -> None:
    """Versions that were published stay as they are; raises `Refused`."""
    for change in changes:
        was = change.old.get("state", change.record.state)
        if was != "draft" and change.changed(*FROZEN):
            raise Refused(_("Published versions are not changed. Make a new version."), code="published")


def publish(definition: Definition) -> dict[str, Any]:
    """Put a version in force; the one before retires, what runs by it goes on. Raises `Invalid` naming each problem."""
    problems = problems_of(definition.record_key, definition.nodes, definition.options)
    if problems:
        raise Invalid([FieldError(p.at, p.code, said(p)) for p in problems])
    before = select(Definition).where(Definition.code == definition.code, Definition.state == "published")
    for other in db.session.scalars(before.with_for_update()):
        other.state = "retired"
    db.session.flush()
    definition.state, definition.published_at = "published", now()
    definition.published_by_id = current_principal().user_id
    db.session.flush()
    return {"version_no": definition.version_no}


def retire(definition: Definition) -> dict[str, Any]:
    """Take a version out of force: nothing starts by it any more, what runs goes on."""
    definition.state = "retired"
    db.session.flush()
    return {"state": definition.state}


def new_version(definition: Definition) -> dict[str, Any]:
    """A draft with the same content and the next number; one draft of a code at a time."""
    same = Definition.code == definition.code
    draft = db.session.scalar(select(Definition.id).where(same, Definition.state == "draft").limit(1))
    if draft is not None:
        raise Refused(_("There is a draft of this flow already."), code="draft_exists")
    number = db.session.scalar(select(func.max(Definition.version_no)).where(same))
    made = Definition(
        version_no=number + 1,
        state="draft",
        **{name: getattr(definition, name) for name in FROZEN},
    )
    db.session.add(made)
    db.session.flush()
    return {"definition": made.id, "url": f"/r/workflow.definition/{made.id}"}


def is_draft(definition: Any) -> Any:
    """True, or the reason why it is not to be published."""
    return True if definition.state == "draft" else _("Only drafts are published.")


def is_published(definition: Any) -> Any:
    """True, or the reason why it is not to be retired."""
    return True if definition.state == "published" else _("Only a published version is retired.")


def is_settled(definition: Any) -> Any:
    """True, or the reason why no further version is made of it."""
    return True if definition.state != "draft" else _("This is a draft itself.")

"""A row of the log in the reader's words: who, what, way, and old and new values with what is protected masked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.i18n import _, gettext
from core.permissions.principal import Principal
from core.permissions.rules import access
from core.records.changes import SECRET
from core.records.dump import labels
from core.records.fields import Field
from core.registry import RecordType, registry

MASK = "•••"
CUT = 500
WAYS = {
    "web": _("browser"),
    "api": _("API"),
    "job": _("background work"),
    "import": _("import"),
    "cli": _("command line"),
    "system": _("system"),
    "portal": _("client portal"),
    "wecom": _("WeCom"),
    "dingtalk": _("DingTalk"),
}
ACTIONS = {
    "create": _("created"),
    "update": _("changed"),
    "archive": _("archived"),
    "restore": _("restored"),
    "delete": _("deleted"),
    "sign_in": _("signed in"),
    "sign_in_failed": _("sign-in failed"),
    "sign_out": _("signed out"),
    "password_changed": _("password changed"),
    "password_set": _("password set by an administrator"),
    "sign_in_ended": _("a device was signed out"),
    "webhook_key": _("new key of a webhook"),
    "secrets_rotated": _("keys of stored secrets changed"),
    "audit_verify_asked": _("verification asked for"),
    "extension_on": _("extension switched on"),
    "extension_off": _("extension switched off"),
    "extension_purged": _("data of an extension purged"),
    "configuration_imported": _("configuration imported"),
    "configuration_exported": _("configuration exported"),
    "setting": _("setting changed"),
    "view_as": _("looked as another person"),
    "break_glass": _("opened client data in an emergency"),
    "glass_closed": _("closed client data again"),
    "looked": _("looked at client data in an emergency"),
    "approve_large": _("approved a large export"),
    "refuse_large": _("did not approve a large export"),
    "view_as_ended": _("stopped looking as another person"),
    "unmask": _("masked field shown"),
    "undo": _("change taken back"),
    "purge": _("deleted for good out of the recycle bin"),
    "file_shown": _("looked at the file"),
    "second_factor_failed": _("second step failed"),
    "second_factor_taken": _("second steps taken away"),
    "password_link_sent": _("link for a password sent"),
    "password_by_link": _("password set by a link"),
    "key_revoked": _("API key revoked"),
    "sign_ins_ended": _("all devices signed out"),
    "proof": _("identity confirmed"),
    "proof_failed": _("identity not confirmed"),
    "hand_over": _("handed over"),
    "file_added": _("file added"),
    "file_read": _("file downloaded"),
    "download": _("downloaded"),
    "preview": _("looked at a paper"),
    "export": _("exported a list"),
    "import_refused_download": _("downloaded refused rows"),
    "mail": _("mail written"),
    "refused": _("access refused"),
    "system": _("with the system's rights"),
    "retry_delivery": _("event delivered anew"),
    "audit_export": _("audit log exported"),
    "audit_verified": _("audit log verified"),
    "audit_accepted": _("head of the audit log accepted"),
    "audit_archived": _("audit log archived"),
    "im_refused": _("message refused"),
    "im_replay": _("message came again"),
}
GREY = {"system", "preview"}


def way(via: str) -> str:
    """The way in, in words."""
    return str(WAYS.get(via, via))


def deed(row: Any) -> str:
    """What was done, in words."""
    if row.action.startswith("action:"):
        code = row.action.removeprefix("action:")
        action = registry().actions.get(row.record_key or "", {}).get(code)
        return str(action.label) if action else code
    told = (row.changes or {}).get("words") if isinstance(row.changes, dict) else None
    known = ACTIONS.get(row.action)
    return str(known) if known else gettext(row.action, **(told if isinstance(told, dict) else {})).replace("_", " ")


def kind_of(row: Any) -> RecordType | None:
    """The record type that the row is about, while its plugin is enabled."""
    return registry().types.get(row.record_key or "")


def person(row: Any) -> str:
    """Who did it; at a sign-in the one who signed in, though nobody was known yet at that moment."""
    if row.actor_id is None and row.action.startswith("sign_in") and row.record_key == "core.user":
        return row.title or gettext("nobody")
    return row.actor or gettext("nobody")


def thing(row: Any, reader: Principal) -> str:
    """The record, in words; by its number where the title is closed to the reader."""
    kind = kind_of(row)
    named = str(kind.label) if kind else (row.record_key or "")
    title = "" if kind is not None and title_is_closed(kind, reader) else row.title
    return " ".join(part for part in (named, title or (str(row.record_id) if row.record_id else "")) if part)


def title_is_closed(kind: RecordType, reader: Principal) -> bool:
    """Whether what people call records of this type is closed to the reader, in some of them or in all."""
    return kind.title in protected(kind, reader)


def closed_titles(reader: Principal) -> tuple[str, ...]:
    """The record types whose titles are closed to the reader."""
    return tuple(key for key, kind in registry().types.items() if title_is_closed(kind, reader))


def tone(row: Any) -> str:
    """The colour of a deed."""
    if row.action in ("refused", "sign_in_failed", "im_refused"):
        return "danger"
    return {"delete": "warn", "export": "accent", "audit_export": "accent", "download": "accent"}.get(row.action, "")


def protected(kind: RecordType, reader: Principal) -> frozenset[str]:
    """Fields whose values the reader does not see: secrets, and what rules close to them.

    Whoever may not read such records at all is bound by every rule, as people without a role are.
    """
    secret = {f.name for f in kind.fields.values() if f.kind == "secret" or f.hidden}
    rules = list(access().treatments(kind.model, reader).values())
    if not reader.can(kind.key, "read"):
        rules += (
            access().treatments(kind.model, replace(reader, roles=frozenset(), held=frozenset(), cache={})).values()
        )
        rules += access().field_rules.get(kind.key, ())
    return frozenset(secret | {rule.field for rule in rules if rule.treatment != "readonly"})


def changes(row: Any, reader: Principal) -> list[tuple[str, str, str]]:
    """(field, old, new) of a row; what is no change of a field stands under its own name with the value as new."""
    kind, given = kind_of(row), row.changes or {}
    if not isinstance(given, dict):
        return [("", "", str(given)[:CUT])]
    hidden = protected(kind, reader) if kind else frozenset()
    found = []
    for name, value in given.items():
        spec = kind.fields.get(name) if kind else None
        label = str(spec.label) if spec else str(name)
        pair = value if isinstance(value, list) and len(value) == 2 else [None, value]
        if name == "params" and isinstance(value, dict):
            found += _params(row, kind, value, hidden)
        elif name in hidden:
            found.append((label, *(MASK if one not in (None, "") else "" for one in pair)))
        else:
            found.append((label, *(_value(spec, one) for one in pair)))
    return found


def _params(
    row: Any, kind: RecordType | None, given: dict[str, Any], hidden: frozenset[str]
) -> list[tuple[str, str, str]]:
    """What an action was given; a parameter that is named like a protected field is protected as well."""
    found = []
    for name, value in given.items():
        shown = MASK if name in hidden and value not in (None, "") else _value(None, value)
        spec = kind.fields.get(name) if kind else None
        found.append((str(spec.label) if spec else name, "", shown))
    return found


def _value(spec: Field | None, value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    if value == SECRET:
        return MASK
    if spec is not None and spec.target and isinstance(value, int):
        return labels(spec.target, [value]).get(value) or f"{value}"
    if spec is not None and spec.kind == "choice":
        found = spec.choice(str(value))
        return str(found.label) if found else str(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return gettext(", ").join(_value(spec, one) for one in value)[:CUT]
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value(None, one)}" for name, one in value.items())[:CUT]
    return str(value)[:CUT]

"""`/settings/keys`: API keys in the browser; one's own, and for administrators everybody's. A key is shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.api.keys import forget_keys, issue_key
from core.clock import now
from core.db import db, elevated
from core.errors import FieldError, Invalid, Refused
from core.i18n import _, gettext, ngettext
from core.identity.proof import require_proof
from core.permissions.org import ApiKey
from core.permissions.principal import current_principal
from core.permissions.rules import STANDARD_ACTIONS
from core.records import service
from core.records.audit import note_action
from core.registry import registry
from core.web import format as fmt
from core.web.lifecycle import done
from core.web.toasts import say

LIVES = (30, 90, 365)
"""Days that a key may live."""
WORDS = {
    "read": _("read"),
    "create": _("create"),
    "update": _("update"),
    "delete": _("delete"),
    "export": _("export"),
}


def page() -> Any:
    """The keys that the person may see, and the form of a new one."""
    return _page({})


def _page(errors: dict[str, str], fresh: str = "") -> Any:
    me = current_principal().user_id
    everybody = current_principal().can("core.user_role", "create")
    shown = (
        select(ApiKey).where(ApiKey.archived_at.is_(None)).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    )
    rows = [_row(key) for key in db.session.scalars(shown.limit(500))]
    title = gettext("API keys")
    body = render_template(
        "web/keys.html",
        title=title,
        crumbs=[(gettext("Settings"), "/settings"), (title, None)],
        own=[r for r in rows if r["user_id"] == me],
        others=[r for r in rows if r["user_id"] != me] if everybody else [],
        rooms=rooms(),
        lives=[(str(days), ngettext("%(n)s day", "%(n)s days", days)) for days in LIVES],
        words={code: str(word) for code, word in WORDS.items()},
        errors=errors,
        given={} if fresh else request.form,
        chosen=set() if fresh else set(request.form.getlist("scope")),
        fresh=fresh,
    )
    return (body, 422) if errors else body


def _row(key: ApiKey) -> dict[str, Any]:
    over = key.expires_at is not None and key.expires_at <= now()
    state = gettext("revoked") if key.revoked_at else gettext("expired") if over else ""
    return {
        "id": key.id,
        "user_id": key.user_id,
        "person": key.user.called if key.user else "",
        "name": key.name or key.prefix,
        "prefix": f"zk_{key.prefix}_…",
        "scopes": [_scope_words(s) for s in key.scopes or ()],
        "state": state,
        "expires": fmt.instant(key.expires_at) if key.expires_at else gettext("never"),
        "used": fmt.instant(key.last_used_at) if key.last_used_at else gettext("never used"),
        "made": fmt.instant(key.created_at),
    }


def _scope_words(scope: str) -> str:
    if scope == "*":
        return gettext("everything that the person may do")
    record, _colon, action = scope.partition(":")
    kind = registry().types.get(record)
    named = registry().actions.get(record, {}).get(action)
    what = gettext("everything") if action == "*" else str(WORDS.get(action) or (named.label if named else action))
    return gettext("%(record)s: %(action)s", record=kind.plural if kind else record, action=what)


def rooms() -> list[dict[str, Any]]:
    """Record types that the person may read, by plugin, with the actions that they have on each."""
    person, found = current_principal(), {}
    titles = {m.name: str(m.title) for m in registry().manifests}
    for kind in registry().types.values():
        if not kind.public or not person.can(kind.key, "read"):
            continue
        actions = [a for a in STANDARD_ACTIONS if a in WORDS and person.can(kind.key, a)]
        named = [
            (code, str(a.label))
            for code, a in registry().actions.get(kind.key, {}).items()
            if person.can(kind.key, code)
        ]
        room = found.setdefault(
            kind.plugin, {"label": titles.get(kind.plugin, gettext("People and agency")), "types": []}
        )
        room["types"].append({"key": kind.key, "label": str(kind.plural), "actions": actions, "named": named})
    return [{**room, "types": sorted(room["types"], key=lambda t: t["label"])} for room in found.values()]


def make() -> Any:
    """A new key of one's own; the answer shows it, and nothing shows it again."""
    require_proof()
    name = request.form.get("name", "").strip()[:200]
    scopes = ["*"] if request.form.get("all") == "1" else sorted(set(request.form.getlist("scope")))
    errors = _errors(name, scopes)
    if errors:
        return _page({e.field: str(e.message) for e in errors})
    days = int(request.form["days"]) if request.form.get("days") in {str(d) for d in LIVES} else LIVES[0]
    me = current_principal().user_id
    assert me is not None
    db.session.rollback()
    try:
        fresh = issue_key(me, scopes, name, now() + timedelta(days=days))
    except Refused as refusal:
        return _page({"scope": str(refusal)})
    return _page({}, fresh)


def _errors(name: str, scopes: list[str]) -> list[FieldError]:
    found = []
    if not name:
        found.append(FieldError("name", "required", _("Say which program will use it.")))
    if not scopes:
        found.append(FieldError("scope", "required", _("Choose at least one right.")))
    person = current_principal()
    if beyond := [s for s in scopes if s != "*" and not person.can(*s.partition(":")[::2])]:
        found.append(
            FieldError("scope", "beyond", _("You do not have this right yourself: %(scope)s", scope=beyond[0]))
        )
    return found


def revoke(key_id: int) -> Any:
    """Stop a key, one's own or as administrator; programs that use it are refused within a second."""
    require_proof()
    key = service.get(ApiKey, key_id)
    if key.user_id != current_principal().user_id and not current_principal().can("core.user_role", "create"):
        raise Invalid([FieldError("key", "foreign", _("This is not your key."))])
    with elevated("a key is revoked by its owner or an administrator"):
        row = db.session.get_one(ApiKey, key_id)
        row.revoked_at = row.revoked_at or now()
        note_action(db.session(), "key_revoked", row)
    forget_keys()
    say(gettext("The key “%(name)s” is revoked", name=key.name or key.prefix))
    return done(request.form.get("next") or "/settings/keys")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/keys", "keys", page)
    web.add_url_rule("/settings/keys", "make_key", make, methods=["POST"])
    web.add_url_rule("/settings/keys/<int:key_id>/revoke", "revoke_key", revoke, methods=["POST"])

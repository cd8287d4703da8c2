"""Zhian's core: records, permissions and hooks. What is named here is all that a plugin may import."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_FACE = {
    "core.i18n": ("L", "_", "gettext", "ngettext", "use_locale", "current_locale"),
    "core.capital": ("capital_amount",),
    "core.clock": ("now", "today", "local", "standing_at"),
    "core.errors": (
        "BadRequest",
        "Conflict",
        "FieldError",
        "Forbidden",
        "Invalid",
        "NotFound",
        "Refused",
        "Stale",
        "Unavailable",
        "ZhianError",
    ),
    "core.records": ("fields",),
    "core.records.base": ("Record",),
    "core.records.fields": ("Choice", "Field"),
    "core.records.changes": ("Change",),
    "core.records.custom.words": ("custom_data",),
    "core.records.extension": ("extend",),
    "core.records.numbering": ("DatePart", "FieldPart", "NumberRule", "PluginPart", "Seq", "Text", "number_records"),
    "core.records.naming": ("open_name", "title_is_open"),
    "core.records.service": (
        "archive",
        "create",
        "delete",
        "get",
        "may",
        "may_about",
        "readers",
        "restore",
        "run_action",
        "update",
    ),
    "core.records.bulk": ("bulk_create", "bulk_update", "insert_derived"),
    "core.records.trees": ("check_tree", "tree_condition"),
    "core.records.query": ("Filter", "Page", "Query", "count_records", "list_records"),
    "core.records.dump": ("dump", "labels"),
    "core.records.audit": ("current_way", "note_action"),
    "core.records.attachments": ("add_file",),
    "core.records.notes": ("file_path", "keep"),
    "core.masking": ("keep_secret", "mask"),
    "core.outgoing": ("check_address", "keep_secrets_home", "outgoing"),
    "core.permissions.passwords": ("check_new", "hash_password", "verify"),
    "core.permissions.deputies": ("heads_of", "standing_for"),
    "core.permissions.duties": ("Duty",),
    "core.permissions.people": ("load_principal",),
    "core.permissions.principal": ("Principal", "current_principal"),
    "core.permissions.holders": ("role_holders",),
    "core.permissions.whitelist": ("hidden_but",),
    "core.permissions.rules": (
        "FieldRule",
        "Grant",
        "Role",
        "Rule",
        "Scopes",
        "readable",
        "scopes_of_place",
        "scopes_via",
    ),
    "core.db": ("acting_as", "db", "elevated", "only_reading", "settle", "start_writing", "system", "transaction"),
    "core.shaping.configuration": ("Configuration", "Difference"),
    "core.shaping.offered": ("shapes_part",),
    "core.shaping.store": ("save_shape", "shape", "shape_generation", "shape_versions", "shapes"),
    "core.hooks.specs": ("hookimpl", "hookspec"),
    "core.contributions": (
        "Card",
        "Channel",
        "DayFeed",
        "ExportFormat",
        "Hit",
        "ImportFormat",
        "Linked",
        "MessageKind",
        "NumberPart",
        "Offer",
        "SearchSource",
        "Setting",
        "Trace",
    ),
    "core.plugin_settings.store": ("setting",),
    "core.registry": (
        "Action",
        "Claim",
        "Demo",
        "DocumentKind",
        "ImportSource",
        "Job",
        "Param",
        "Realm",
        "Schedule",
        "Seed",
        "Subscriber",
        "record_class",
        "registry",
    ),
    "core.views": (
        "CalendarView",
        "Column",
        "DetailView",
        "FormView",
        "KanbanView",
        "Lead",
        "Lines",
        "ListView",
        "Menu",
        "Panel",
        "Preset",
        "Related",
        "Section",
        "Tab",
        "View",
    ),
    "core.setup.demo": ("DEMO_PASSWORD",),
    "core.endpoints": ("Endpoints", "public", "signed_in"),
    "core.events.outbox": ("emit",),
    "core.webhooks.signing": ("BadSignature", "signed_headers"),
    "core.webhooks.incoming": ("Incoming", "verify_webhook"),
    "core.messages.writing": ("notify", "send_mail"),
    "core.messages.channels": ("kind_of", "send_through"),
    "core.jobs.runs": ("enqueue",),
    "core.jobs.progress": ("report_progress",),
    "core.importing.plugin": ("ImportContext", "ImportGuess", "ImportRow", "ImportSupport"),
    "core.web.lifecycle": ("done", "go", "wants_fragment"),
    "core.web.trees": ("read_tree", "tree_form", "tree_fragment", "tree_sentence"),
    "core.web.toasts": ("say",),
    "core.api.answers": ("json_body", "raw_body"),
    "core.identity.proof": ("require_proof",),
    "core.web.realms": (
        "end_sign_in",
        "end_sign_ins",
        "next_page",
        "own_sign_ins",
        "realm_cookie",
        "realm_sign_in",
        "realm_sign_out",
        "sign_in_days",
    ),
    "core.importing.text": ("split_values",),
    "core.importing.values": ("BadCell", "ImportTarget"),
}
_HOME = {name: module for module, names in _FACE.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"core has no public name {name!r}")
    value = (
        importlib.import_module("core.records.fields")
        if name == "fields"
        else getattr(importlib.import_module(module), name)
    )
    globals()[name] = value
    return value


class _Face(ModuleType):
    """`from core import db` means the public name, also once the module `core.db` has been imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType) and name != "fields"):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face

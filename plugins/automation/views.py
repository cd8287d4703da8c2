"""Lists, pages and menu entries of rules and runs; the builder is in `pages`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from core import (
    Column,
    DetailView,
    FormView,
    ListView,
    Menu,
    Preset,
    Related,
    Section,
    Tab,
    View,
    _,
    current_principal,
    gettext,
    labels,
    registry,
)
from plugins.automation import receiving, sentences, services, shape
from plugins.automation.records import Rule, Run
from plugins.automation.steps import base

ABOUT = ("note", "runs_as", "agreed_by", "approved_by", "version_no", "active_since", "off_reason", "per_hour")
RULE, VERSION, RUN, CALL = "automation.rule", "automation.version", "automation.run", "automation.call"


def views() -> list[View]:
    """All views of the plugin."""
    return [*_of_rules(), *_of_runs()]


def _of_rules() -> list[View]:
    return [
        ListView(
            RULE,
            columns=tuple(map(Column, ("name", "record_key", "trigger", "active", "runs_as", "active_since"))),
            filters=("active", "record_key", "trigger", "runs_as"),
            group_by=("record_key", "trigger"),
            presets=(Preset("all", _("All"), {}, default=True), Preset("on", _("Switched on"), {"active": "1"})),
            empty=_("No rules yet. A rule does by itself what people would forget: when, if, then."),
        ),
        FormView(RULE, sections=(Section("what", _("Rule"), ("name", "note", "per_hour", "signing_key")),)),
        DetailView(
            RULE,
            subtitle=("record_key", "trigger"),
            head_template="automation/rule.html",
            head_context=_rule_head,
            facts=(
                Section(
                    "about",
                    "",
                    ABOUT,
                ),
            ),
            tabs=(
                Tab("runs", _("Runs"), related=Related(RUN, "rule", ("occasion", "state", "ended_at", "error"))),
                Tab("versions", _("Versions"), related=Related(VERSION, "rule", ("version_no", "created_at"))),
                Tab("calls", _("Outgoing calls"), related=Related(CALL, "rule", ("url", "state", "attempts", "code"))),
            ),
        ),
        DetailView(
            VERSION,
            subtitle=("rule",),
            head_template="automation/version.html",
            head_context=_version_head,
            facts=(Section("about", "", ("rule", "version_no")),),
        ),
    ]


def _of_runs() -> list[View]:
    return [
        ListView(
            RUN,
            columns=tuple(map(Column, ("rule", "occasion", "state", "started_at", "error", "version_no"))),
            filters=("state", "rule", "started_at"),
            group_by=("rule", "state"),
            presets=(
                Preset("all", _("All"), {}, default=True),
                Preset("failed", _("Failed"), {"state": "failed"}),
                Preset("waiting", _("Waiting"), {"state": "waiting"}),
            ),
            empty=_("No rule has run yet."),
        ),
        DetailView(
            RUN,
            badge="state",
            subtitle=("rule", "ended_at"),
            head_template="automation/run.html",
            head_context=_run_head,
            facts=(Section("about", "", ("rule", "version_no", "occasion", "attempts", "started_at", "replay_of")),),
        ),
        DetailView(
            CALL,
            badge="state",
            subtitle=("rule", "url"),
            facts=(Section("about", "", ("run", "url", "state", "attempts", "next_at", "code", "error")),),
        ),
    ]


def _rule_head(rule: Rule) -> dict[str, Any]:
    missing = services.may_activate(rule) if not rule.active else True
    return {
        "rule": rule,
        "when": sentences.when(rule),
        "condition": sentences.condition(rule),
        "steps": sentences.steps(rule),
        "missing": None if missing is True else str(missing),
        "address": receiving.address(rule) if rule.trigger == "webhook" and _may_edit() else None,
        "checks": _checks(rule),
    }


def _may_edit() -> bool:
    return current_principal().can(RULE, "update")


def _checks(rule: Rule) -> list[tuple[bool, str]]:
    found = [
        (rule.tested_version == rule.version_no, gettext("Tried out")),
        (rule.agreed_version == rule.version_no, gettext("Agreed to by the person with whose rights it runs")),
    ]
    if shape.outward(rule):
        found.append(
            (rule.approved_version == rule.version_no, gettext("Mail to clients approved by a head of department"))
        )
    return found


def _version_head(version: Any) -> dict[str, Any]:
    kept = version.body if isinstance(version.body, dict) else {}  # a version of before may lack what rules hold since
    held = SimpleNamespace(**{name: kept.get(name) for name in services.SUBSTANCE})
    return {"when": sentences.when(held), "condition": sentences.condition(held), "steps": sentences.steps(held)}


def _run_head(run: Run) -> dict[str, Any]:
    named = labels(run.record_key, [run.record_id]) if run.record_key in registry().types and run.record_id else {}
    seen = run.record_id is None or bool(named)
    rows = [_result(told) for told in (run.results or []) if seen]
    error = reasons().get(run.error or "", run.error) if seen else None
    href = f"/r/{run.record_key}/{run.record_id}" if named else None
    return {"run": run, "rows": rows, "error": error, "href": href, "name": named.get(run.record_id or 0), "seen": seen}


def _result(told: dict[str, Any]) -> dict[str, Any]:
    kind = base.kind_of(told["do"])
    named = {"label": str(kind.label) if kind else told["do"], "icon": kind.icon if kind else "bolt"}
    return named | {"ok": told["ok"], "back": told.get("back"), "text": told["text"]}


def reasons() -> dict[str, str]:
    """Words for codes of runs that ended without steps."""
    return {
        "off": gettext("The rule was switched off before it ran."),
        "person": gettext("The person with whose rights it runs is gone or may not sign in."),
        "gone": gettext("The plugin of the record is not enabled."),
        "unseen": gettext("The person with whose rights it runs does not see the record, or it is gone."),
        "unnamed": gettext("The message names no record, or more than one."),
        "chain": gettext("Too many rules set each other off; here it ends."),
        "loop": gettext("It ran too often on this record within an hour; here it ends."),
    }


def menus() -> list[Menu]:
    """Rules and their runs among the settings."""
    return [
        Menu(
            "automation.rules", _("Automation rules"), "robot", "settings", 42, record=RULE, permission=(RULE, "read")
        ),
        Menu("automation.runs", _("Runs of rules"), "activity", "settings", 43, record=RUN, permission=(RUN, "read")),
    ]

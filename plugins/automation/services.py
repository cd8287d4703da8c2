"""A rule's life: written, tried out, agreed to, switched on and off; its versions. No Flask in here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import (
    Action,
    Change,
    FieldError,
    Invalid,
    Param,
    Refused,
    _,
    current_principal,
    db,
    elevated,
    enqueue,
    gettext,
    insert_derived,
    load_principal,
    now,
    today,
    update,
)
from plugins.automation import shape
from plugins.automation.records import Rule, Run, Version

RULE, RUN = "automation.rule", "automation.run"
WORK = "automation.work"
SUBSTANCE = ("record_key", "trigger", "when", "condition", "steps", "runs_as_id")
"""What makes a version: whoever changes it changes what the rule does."""


def complete(rules: list[Any]) -> None:
    """Before rules are kept: they run as whoever writes them unless somebody else is named."""
    me = current_principal().user_id
    for rule in rules:
        rule.runs_as_id = rule.runs_as_id or me
        _agreed(rule)


def _agreed(rule: Any) -> None:
    """Who writes a rule that runs with their own rights agrees to it by that."""
    me = current_principal().user_id
    if me is not None and rule.runs_as_id == me:
        rule.agreed_version, rule.agreed_by_id = rule.version_no, me


def change(changes: list[Change]) -> None:
    """Another version when the substance changes; it is off until it was tried out and agreed to anew."""
    for one in changes:
        if not one.changed(*SUBSTANCE):
            continue
        rule = one.record
        rule.version_no += 1
        if rule.active:
            rule.active, rule.off_reason = False, str(_("It was changed. Try it out and switch it on again."))
        _agreed(rule)


def check(rules: list[Any]) -> None:
    """Raises `Invalid` with everything that is wrong."""
    found: list[FieldError] = []
    for rule in rules:
        if not 1 <= (rule.per_hour or 0) <= 10_000:
            found.append(FieldError("per_hour", "range", _("Between 1 and 10,000 runs in an hour.")))
        if rule.runs_as_id is not None:
            found += shape.problems(rule, load_principal(rule.runs_as_id))
    if found:
        raise Invalid(found)


def body_of(rule: Any) -> dict[str, Any]:
    """The substance of a rule as a version keeps it."""
    return {name: getattr(rule, name) for name in SUBSTANCE}


def keep_versions(rules: list[Any]) -> None:
    """After rules are kept: the version as it is now."""
    with elevated("versions of a rule are kept"):
        for rule in rules:
            there = select(Version.id).where(Version.rule_id == rule.id, Version.version_no == rule.version_no)
            if db.session.scalar(there) is None:
                insert_derived(Version, [{"rule_id": rule.id, "version_no": rule.version_no, "body": body_of(rule)}])


def activate(rule: Rule, _given: dict[str, Any]) -> dict[str, Any]:
    """Switch it on."""
    rule.active, rule.active_since, rule.off_reason = True, today(), None
    return {"message": gettext("“%(name)s” is on.", name=rule.name)}


def may_activate(rule: Rule) -> Any:
    """True, or what is still missing."""
    if rule.active:
        return _("It is on already.")
    if rule.tested_version != rule.version_no:
        return _("Try it out first: a dry run shows whom it would touch.")
    if rule.agreed_version != rule.version_no:
        return _("The person with whose rights it runs has to agree to this version first.")
    if shape.outward(rule) and rule.approved_version != rule.version_no:
        return _("It writes to clients: a head of department has to approve this version first.")
    return True


def deactivate(rule: Rule, _given: dict[str, Any]) -> dict[str, Any]:
    """Switch it off; what waits is skipped."""
    rule.active, rule.off_reason = False, None
    return {"message": gettext("“%(name)s” is off.", name=rule.name)}


def agree(rule: Rule, _given: dict[str, Any]) -> None:
    """The person with whose rights it runs, or an administrator with all rights, agrees to this version."""
    me = current_principal()
    if me.user_id != rule.runs_as_id and not me.has_role("administrator"):
        raise Refused(_("Only the person with whose rights it runs can agree."))
    rule.agreed_version, rule.agreed_by_id = rule.version_no, me.user_id


def approve(rule: Rule, _given: dict[str, Any]) -> None:
    """A head of department approves that this version writes to clients."""
    rule.approved_version, rule.approved_by_id = rule.version_no, current_principal().user_id


def _to_approve(rule: Rule) -> Any:
    if not shape.outward(rule):
        return _("It writes to nobody outside.")
    return True if rule.approved_version != rule.version_no else _("This version is approved.")


def take_back(rule: Rule, given: dict[str, Any]) -> None:
    """Write an earlier version as the newest."""
    chosen = select(Version.body).where(Version.rule_id == rule.id, Version.version_no == given["version"])
    body = db.session.scalar(chosen)
    if body is None:
        raise Refused(_("There is no such version."), field="version")
    values = {name.removesuffix("_id"): body.get(name) for name in SUBSTANCE}
    update(rule, values)


def renew_address(rule: Rule, _given: dict[str, Any]) -> dict[str, Any]:
    """Another secret address; the one before is closed at once."""
    rule.address_no += 1
    return {"message": gettext("The address before is closed.")}


def replay(run: Run, _given: dict[str, Any]) -> dict[str, Any]:
    """Run a failed one once more, by the rule as it is now."""
    rule = db.session.scalars(select(Rule).where(Rule.id == run.rule_id)).first()
    if rule is None or not rule.active:
        raise Refused(_("The rule is off. Switch it on first."))
    again = {
        "rule_id": rule.id,
        "version_no": rule.version_no,
        "record_key": run.record_key,
        "record_id": run.record_id,
        "occasion": run.occasion,
        "key": f"{run.key}/replay"[:190] if run.replay_of_id is None else f"{run.key}+"[:200],
        "state": "waiting",
        "payload": run.payload,
        "attempts": 0,
        "not_before": now(),
        "replay_of_id": run.id,
    }
    with elevated("a failed run of a rule is repeated"):
        if db.session.scalar(select(Run.id).where(Run.key == again["key"])) is not None:
            raise Refused(_("It was repeated already."))
        insert_derived(Run, [again])
        enqueue(WORK, key=WORK)
    return {"message": gettext("It runs again.")}


def _failed(run: Run) -> Any:
    return True if run.state == "failed" else _("Only failed runs are repeated.")


def actions() -> list[Action]:
    """The buttons of rules and runs."""
    from plugins.automation import trying

    version = Param("version", _("Version of the rule"), "integer", required=True)
    return [
        Action(RULE, "try_out", _("Try out"), trying.action, icon="player-play", template="automation/try_dialog.html"),
        Action(
            RULE,
            "activate",
            _("Switch on"),
            activate,
            available=may_activate,
            primary=True,
            icon="bolt",
            confirm=_("From now on it runs by itself."),
        ),
        Action(
            RULE,
            "deactivate",
            _("Switch off"),
            deactivate,
            icon="ban",
            available=lambda rule: rule.active or _("It is off already."),
        ),
        Action(
            RULE,
            "agree",
            _("Agree that it runs with my rights"),
            agree,
            icon="user-check",
            available=lambda r: r.agreed_version != r.version_no or _("This version is agreed to."),
        ),
        Action(RULE, "approve", _("Approve mail to clients"), approve, available=_to_approve, icon="shield-check"),
        Action(RULE, "take_back", _("Back to a version"), take_back, (version,), icon="history"),
        Action(
            RULE,
            "renew_address",
            _("Another address"),
            renew_address,
            icon="refresh",
            available=lambda r: r.trigger == "webhook" or _("It waits for no messages."),
        ),
        Action(RUN, "replay", _("Run again"), replay, available=_failed, icon="refresh", primary=True),
    ]

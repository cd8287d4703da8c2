"""Automatic steps: a named action of the bound record, run with the flow's own right. What fails is never lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import Refused, ZhianError, _, current_principal, db, registry, run_action
from plugins.workflow import log
from plugins.workflow.flow import Node, fill
from plugins.workflow.run import Run


def carry_out(run: Run, node: Node) -> bool:
    """Run an automatic node. False when it failed and a client acts, who cannot mend it; for staff it raises `Refused`
    and nothing of the decision is kept."""
    try:
        act(run, node, node.raw)
    except ZhianError as error:
        if current_principal().realm == "staff":
            raise Refused(_refusal(node, error), code="step_refused") from error
        log.write(run, "failed", node, note=str(error)[:4000])
        return False
    return True


def act(run: Run, node: Node, wanted: Mapping[str, Any]) -> None:
    """Run one action. A missing one is skipped when it is `optional`; with `try` a refusal is only noted."""
    key, code = run.instance.record_key, wanted["action"]
    place = node if node.kind == "auto" else None  # what is done beside a decision is no step of its own
    if code not in registry().actions.get(key, {}):
        if not wanted.get("optional"):
            message = _("The action “%(action)s” is not there: its plugin is not enabled.", action=code)
            raise Refused(message, code="no_action")
        log.write(run, "skip", place, note=str(_("“%(action)s” is not enabled here.", action=code)))
        return
    params = fill(wanted.get("params") or {}, run.place)
    try:
        with db.session.begin_nested():
            run_action(run.record, key, code, params)
    except ZhianError as error:
        if not wanted.get("try"):
            raise
        log.write(run, "skip", place, note=str(error)[:4000])
        return
    log.write(run, "auto", place, note=str(registry().actions[key][code].label))


def _refusal(node: Node, error: ZhianError) -> Any:
    errors = getattr(error, "errors", None)
    why = "; ".join(str(e.message) for e in errors) if errors else str(error)
    return _("“%(step)s” cannot be done yet: %(why)s", step=node.name, why=why)

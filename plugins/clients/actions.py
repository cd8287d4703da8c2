"""The named actions on clients and what each asks."""

from __future__ import annotations

from typing import Any

from core import Action, Param, _
from plugins.clients import choices, services


def actions() -> list[Action]:
    """All actions of this plugin."""
    client = "clients.client"
    return [
        Action(
            client,
            "correct_number",
            _("Correct the number"),
            services.correct_number,
            params=(
                Param("number", _("New number"), help=_("Empty: the next one by rule for its kind and region.")),
                Param("reason", _("Reason"), "long_text", required=True),
            ),
            icon="pencil",
        ),
        Action(
            client,
            "assign_number",
            _("Assign a number"),
            services.assign_number,
            available=_without_number,
            icon="hash",
        ),
        Action(
            client,
            "change_tier",
            _("Change the tier"),
            services.change_tier,
            params=(
                Param("tier", _("Tier"), "choice", required=True, choices=choices.TIERS),
                Param("stage", _("Development stage"), "choice", choices=choices.STAGES),
                Param("reason", _("Reason"), "long_text", required=True),
            ),
            icon="stairs",
        ),
        Action(
            client,
            "transfer_owner",
            _("Move to another consultant"),
            services.transfer_owner,
            params=(
                Param("owner", _("New lead consultant"), "link", required=True, target="core.user"),
                Param("reason", _("Reason"), "long_text", required=True),
            ),
            bulk=True,
            icon="user",
        ),
    ]


def _without_number(client: Any) -> Any:
    return True if not client.number else _("Issued numbers do not change; correct it by hand if it is wrong.")

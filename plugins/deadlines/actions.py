"""Named actions on deadlines, rules and calendar days: their inputs; the work is in `closing` and `publishing`."""

from __future__ import annotations

from core import Action, Param, _, today
from plugins.deadlines import closing, overriding, publishing, ruling

DEADLINE = "deadlines.deadline"


def actions() -> list[Action]:
    """All actions of the plugin."""
    return [*_closing(), *_departing(), *_others()]


def _closing() -> list[Action]:
    return [
        Action(
            DEADLINE,
            "close_with_evidence",
            _("Close deadline"),
            lambda deadline, given: closing.close(deadline, given["act_date"], given["evidence"], given["file"]),
            params=(
                Param("act_date", _("Date of the act"), "date", required=True, default=None),
                Param("evidence", _("Receipt number")),
                Param("file", _("Receipt"), "file", target="core.attachment"),
            ),
            available=closing.is_open,
            primary=True,
            icon="check",
        ),
        Action(
            DEADLINE,
            "confirm_closure",
            _("Confirm closure"),
            lambda deadline, given: (
                closing.send_back(deadline, given["reason"]) if given["reason"] else closing.confirm(deadline)
            ),
            params=(
                Param("reason", _("Send back because"), "long_text", help=_("Leave empty to confirm the evidence.")),
            ),
            available=closing.waits,
            primary=True,
            icon="check",
        ),
    ]


def _departing() -> list[Action]:
    """Ways out of a computed date other than doing the act."""
    return [
        Action(
            DEADLINE,
            "waive",
            _("Waive"),
            lambda deadline, given: closing.waive(deadline, given["reason"]),
            params=(Param("reason", _("The client's instruction"), "long_text", required=True),),
            available=closing.is_live,
            icon="x",
            confirm=_("Give this deadline up? It needs the client's written instruction."),
        ),
        Action(
            DEADLINE,
            "override",
            _("Set another date"),
            lambda deadline, given: overriding.override(deadline, given["due"], given["reason"], given["second"]),
            params=(
                Param("due", _("Official date"), "date", required=True),
                Param("reason", _("Reason or legal ground"), "long_text", required=True),
                Param("second", _("Second person (for a later date)"), "link", target="core.user"),
            ),
            available=closing.is_live,
            icon="edit",
        ),
        Action(
            DEADLINE,
            overriding.CONFIRM,
            _("Confirm later date"),
            lambda deadline, given: overriding.send_back(deadline) if given["reason"] else overriding.confirm(deadline),
            params=(
                Param("reason", _("Send back because"), "long_text", help=_("Leave empty to confirm the later date.")),
            ),
            available=overriding.waits_for_me,
            primary=True,
            icon="check",
        ),
        Action(
            DEADLINE,
            "reason_missed",
            _("Missed: give the reason"),
            lambda deadline, given: closing.miss(deadline, given["reason"]),
            params=(Param("reason", _("Reason"), "long_text", required=True),),
            available=closing.is_past,
            icon="alert",
        ),
        Action(
            DEADLINE,
            "hand_over",
            _("Hand over"),
            lambda deadlines, given: closing.hand_over(deadlines, given["person"], given["deputy"]),
            params=(
                Param("person", _("Responsible"), "link", required=True, target="core.user"),
                Param("deputy", _("Deputy"), "link", target="core.user"),
            ),
            bulk=True,
            icon="user",
        ),
    ]


def _others() -> list[Action]:
    return [
        Action(
            "deadlines.rule",
            "publish",
            _("Publish"),
            lambda rule, _given: publishing.publish_rule(rule),
            available=publishing.can_publish,
            primary=True,
            icon="check",
            confirm=_("Publish this rule? All open deadlines are computed anew."),
        ),
        Action(
            "deadlines.rule_change",
            "publish",
            _("Publish"),
            lambda change, _given: ruling.publish(change),
            available=ruling.can_publish,
            primary=True,
            icon="check",
            confirm=_("Publish this change? All open deadlines are computed anew."),
        ),
        Action(
            "deadlines.calendar_day",
            "publish_year",
            _("Publish the calendar of a year"),
            lambda given: publishing.publish_year(given["year"]),
            params=(Param("year", _("Year"), "integer", required=True, default=today().year + 1),),
            on_type=True,
            icon="check",
        ),
    ]

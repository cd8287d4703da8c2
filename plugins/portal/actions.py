"""The named actions around the portal: inviting, closing, answering, taking orders."""

from __future__ import annotations

from typing import Any

from core import Action, Param, _
from plugins.portal import accounts, choices, renewals, services

ROLE = Param("role", _("Role"), "choice", required=True, choices=choices.ROLES, default="legal")


def _email_of(contact: Any) -> tuple[Param, ...]:
    known = getattr(contact, "email", None)
    return (Param("email", _("E-mail"), required=not known, default=known), ROLE)


def actions() -> list[Action]:
    """All actions of this plugin."""
    return [*_of_users(), *_of_messages(), *renewals.actions()]


def _of_users() -> list[Action]:
    user = "portal.user"
    return [
        Action(
            "clients.client",
            "invite_to_portal",
            _("Invite to the portal"),
            accounts.invite_from_client,
            params=(
                Param("name", _("Person's name"), required=True),
                Param("name_en", _("English name"), help=_("For English pages and letters.")),
                Param("email", _("E-mail"), required=True, help=_("The invitation goes there; it works for 7 days.")),
                ROLE,
            ),
            icon="user-plus",
        ),
        Action(
            "clients.contact",
            "invite_to_portal",
            _("Invite to the portal"),
            accounts.invite_contact,
            params=_email_of,
            icon="user-plus",
        ),
        Action(
            user,
            "invite",
            _("Send the invitation again"),
            accounts.invite_again,
            available=accounts.is_waiting,
            icon="mail",
        ),
        Action(
            user,
            "disable",
            _("Close this account"),
            accounts.disable,
            available=accounts.is_enabled,
            confirm=_("The person is signed out at once and cannot sign in any more."),
            icon="ban",
        ),
        Action(
            user,
            "enable",
            _("Open this account again"),
            accounts.enable,
            available=accounts.is_disabled,
            icon="lock-open",
        ),
        Action(user, "end_sign_ins", _("Sign out everywhere"), accounts.sign_out_everywhere, icon="logout"),
    ]


def _of_messages() -> list[Action]:
    order = "portal.order"
    return [
        Action(
            "portal.message",
            "answer",
            _("Answer"),
            services.answer,
            params=(
                Param("body", _("Answer to the client"), "long_text", required=True, help=_("The client reads this.")),
            ),
            available=services.is_question,
            primary=True,
            icon="send",
        ),
        Action(
            order,
            "accept",
            _("Accept the order"),
            services.accept,
            params=(Param("answer", _("Answer to the client"), "long_text"),),
            confirm=_("The conflict check is done, and the case is opened next."),
            available=services.is_submitted,
            primary=True,
            icon="check",
        ),
        Action(
            order,
            "decline",
            _("Decline the order"),
            services.decline,
            params=(Param("answer", _("Answer to the client"), "long_text", required=True),),
            available=services.is_submitted,
            icon="x",
        ),
    ]

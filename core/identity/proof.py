"""Fresh proof before what is sensitive: roles, keys, second factors, passwords of others, purges, the audit log."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app, g, has_request_context

from core.clock import now
from core.errors import ZhianError
from core.i18n import _


class Unproven(ZhianError):
    """The person proved who they are too long ago for this (403); a page asks again and sends the form once more."""

    code = "unproven"
    status = 403
    message = _("Confirm that it is you: this needs your password or passkey again.")


def is_fresh() -> bool:
    """Whether a browser's session was proved within the last minutes (`identity.fresh_minutes`).

    Programs with a key, jobs and the command line have no browser: they are not asked.
    """
    if not has_request_context() or g.get("session_proved_at") is None:
        return True
    return now() - g.session_proved_at <= timedelta(minutes=current_app.config["ZHIAN"].identity.fresh_minutes)


def require_proof() -> None:
    """Raises `Unproven` when the person has to confirm first; then the same form is sent again with the proof."""
    if not is_fresh():
        raise Unproven()

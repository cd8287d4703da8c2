"""The one tree of errors. Web and API turn them into pages and problem+json; nothing here knows HTTP frameworks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.i18n import _


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: its name, a stable code and a message that says the mend."""

    field: str
    code: str
    message: Any

    def as_dict(self) -> dict[str, str]:
        """As the API shows it."""
        return {"field": self.field, "code": self.code, "message": str(self.message)}


class ZhianError(Exception):
    """Base of all errors that may reach a user; `message` is already a user text."""

    code = "error"
    status = 500
    message: Any = _("Something went wrong. Nothing was changed.")

    def __init__(self, message: Any = None, *, code: str | None = None, detail: dict | None = None) -> None:
        self.message = message if message is not None else type(self).message
        self.code = code or type(self).code
        self.detail = detail or {}
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class Invalid(ZhianError):
    """Input that cannot be taken, field by field (422)."""

    code = "invalid"
    status = 422
    message = _("Some values need mending. Nothing was saved.")

    def __init__(self, errors: Sequence[FieldError] = (), message: Any = None) -> None:
        super().__init__(message)
        self.errors = list(errors)

    def __str__(self) -> str:
        return "; ".join(f"{e.field}: {e.message}" for e in self.errors) or str(self.message)


class Refused(ZhianError):
    """A guard, a hook or the state of the record says no, with the reason (422)."""

    code = "refused"
    status = 422
    message = _("This is not possible now.")

    def __init__(self, message: Any = None, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field


class BadRequest(ZhianError):
    """A request that cannot be understood (400)."""

    code = "bad_request"
    status = 400
    message = _("The request cannot be understood.")


class NotSignedIn(ZhianError):
    """Nobody is signed in (401)."""

    code = "not_signed_in"
    status = 401
    message = _("Sign in first.")


class Forbidden(ZhianError):
    """The person lacks the right (403)."""

    code = "forbidden"
    status = 403
    message = _("You do not have the right to do this. An administrator can grant it.")


class NotFound(ZhianError):
    """Absent, or hidden from this person: the two look the same (404)."""

    code = "not_found"
    status = 404
    message = _("There is no such record, or you may not see it.")


class Conflict(ZhianError):
    """Somebody else was there first (409)."""

    code = "conflict"
    status = 409
    message = _("This was changed at the same time. Reload and try again.")


class Stale(Conflict):
    """The version that was edited is no longer the newest one (412)."""

    code = "stale"
    status = 412
    message = _("Somebody changed this record meanwhile. Compare both versions and choose what to keep.")


class Unavailable(ZhianError):
    """A part of the deployment does not answer (503)."""

    code = "unavailable"
    status = 503
    message = _("The service is busy or being restarted. Try again in a moment; nothing was lost.")


class Unguarded(RuntimeError):
    """A statement that would escape the record rules. A programmer's error, never a user's."""


@dataclass
class StartProblem:
    """One reason why a deployment cannot start: who is at fault and how to mend it."""

    plugin: str
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"[{self.plugin}] {self.what}" + (f" -> {self.mend}" if self.mend else "")


@dataclass
class CannotStart(Exception):
    """All problems of a deployment at once."""

    problems: list[StartProblem] = field(default_factory=list)

    def __str__(self) -> str:
        return "Zhian cannot start:\n" + "\n".join(f"  - {p}" for p in self.problems)

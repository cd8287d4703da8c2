"""The words of reminder mails, in the reader's language. Text only; sending is in `mails`."""

from __future__ import annotations

from typing import Any

from flask import current_app

from core import current_locale, gettext, today
from plugins.deadlines.choices import SEVERITIES

_SEVERITY = {choice.code: choice.label for choice in SEVERITIES}


def title_of(deadline: Any) -> str:
    """The name of a deadline in the current language."""
    return deadline.name if current_locale() == "zh" else deadline.name_en or deadline.name


def reminder_text(deadline: Any, case: Any, person: Any, *, strong: bool) -> tuple[str, str]:
    """Subject and text of one reminder."""
    name = title_of(deadline)
    matter = f"{case.number or ''} {case.name or ''}".strip() if case is not None else ""
    mark = gettext("[Urgent] ") if strong or deadline.severity == "fatal" else ""
    subject = f"{mark}{name} · {matter} · {deadline.due.isoformat()}"[:300]
    lines = [
        gettext("%(name)s, this deadline needs you:", name=person.name),
        "",
        f"{gettext('Deadline')}: {name} ({_SEVERITY[deadline.severity]})",
        f"{gettext('Case')}: {matter}",
        f"{gettext('Internal date')}: {deadline.internal_date.isoformat()}",
        f"{gettext('Safe date')}: {deadline.safe_date.isoformat()}",
        f"{gettext('Official date')}: {deadline.due.isoformat()} ({_distance(deadline)})",
        *_warnings(deadline),
        "",
        gettext("Open it to see how the date was computed, and close it with the receipt:"),
        link(deadline),
    ]
    return subject, "\n".join(lines)


def _distance(deadline: Any) -> str:
    days = (deadline.due - today()).days
    if days < 0:
        return gettext("%(n)s days past", n=-days)
    return gettext("in %(n)s days", n=days) if days else gettext("today")


def _warnings(deadline: Any) -> list[str]:
    found = []
    if deadline.provisional:
        found.append(gettext("Provisional: the holiday calendar of that year is not published yet."))
    if deadline.unverified:
        found.append(gettext("Local law not verified: only the stated end of term is known."))
    return found


def link(deadline: Any) -> str:
    """The address of a deadline's page."""
    base = current_app.config["ZHIAN"].base_url.rstrip("/")
    return f"{base}/r/deadlines.deadline/{deadline.id}"

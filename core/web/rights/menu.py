"""What the menu of a record offers about rights: sharing it, who sees it, why."""

from __future__ import annotations

from typing import Any

from core.i18n import gettext
from core.permissions import leaving, sharing
from core.permissions.people import load_principal
from core.permissions.principal import current_principal
from core.registry import RecordType
from core.web.rights import viewing


def of_record(kind: RecordType, record: Any) -> list[dict[str, Any]]:
    """Entries for this person and record."""
    me, base, found = current_principal(), f"/r/{kind.key}/{record.id}", []
    if me.realm != "staff":
        return []
    if kind.key == "core.user":
        if viewing.may_view(me, load_principal(record.id)):
            href = f"/settings/people/{record.id}/view"
            found.append({"label": gettext("View as this person"), "href": href, "icon": "eye"})
        if leaving.may_hand_over(record.id):
            href = f"/settings/people/{record.id}/leave"
            found.append({"label": gettext("Hand over their work"), "href": href, "icon": "transfer"})
        return found
    if sharing.may_share(record):
        attrs = {"data-ask": f"{base}/-/share"}
        found.append(
            {"label": gettext("Share with others"), "href": f"{base}/-/share", "icon": "link-plus", "attrs": attrs}
        )
    if not kind.key.startswith("core."):
        found.append({"label": gettext("Who sees this"), "href": f"{base}/-/who", "icon": "users"})
        found.append({"label": gettext("Why can I see this"), "href": f"/why/{kind.key}/{record.id}", "icon": "help"})
    return found

"""The page behind each figure of the work list: the very rows that were counted."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from core import Endpoints, NotFound, _, gettext
from plugins.deadlines import views, worklist

deadlines = Endpoints("deadlines", "/deadlines")
TITLES = {
    "overdue": _("Overdue"),
    "today": _("Today"),
    "week": _("This week"),
    "later": _("Two weeks"),
    "past": _("Long past"),
}


@deadlines.route("/work/<level>", permission=(views.DEADLINE, "read"))
def work(level: str) -> Any:
    """`/deadlines/work/overdue`: own deadlines, with `?all=1` those of everybody the person sees."""
    if level not in TITLES:
        raise NotFound()
    own, page = request.args.get("all") != "1", max(request.args.get("page", 1, type=int), 1)
    groups = worklist.whole(level, own=own, page=page)
    total = sum(group.count for group in groups)
    label = str(TITLES[level])
    return render_template(
        "deadlines/work.html",
        **views.rows_of(groups),
        title=label,
        note=gettext("My deadlines: %(n)s", n=total) if own else gettext("Deadlines: %(n)s", n=total),
        crumbs=[(gettext("My work"), "/"), (label, None)],
        total=total,
        whole=True,
        page=page,
        pages=max(-(-group.count // worklist.ALL) for group in groups),
        address=worklist.address(level, own),
    )

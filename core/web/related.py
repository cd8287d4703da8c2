"""Lists of records that point to the one on the page: a few rows, their number, and where all of them stand."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from core.i18n import gettext
from core.permissions.principal import current_principal
from core.records.dump import link_labels
from core.records.query import Filter, Query, count_records, list_records
from core.registry import RecordType
from core.views import Column, Related, Tab
from core.web import cells
from core.web.liststate import readable
from core.web.shell import registry


def _query(spec: Related, record: Any, limit: int) -> Query:
    sort = (spec.sort,) if spec.sort else ()
    return Query(filters=(Filter(spec.via, "eq", record.id),), sort=sort, limit=limit, page=1)


def count_related(spec: Related, record: Any) -> int:
    """How many records point here, of those that the person may see."""
    return count_records(registry().types[spec.record].model, _query(spec, record, 1))


def _columns(target: RecordType, spec: Related) -> list[Column]:
    list_view = registry().view("list", spec.record)
    own = {c.key: c for c in (list_view.columns if list_view else ())}
    keys = spec.columns or tuple(k for k in own if k != spec.via)[:5] or (target.title, target.number)
    wanted = [own.get(k) or Column(k) for k in keys if k]
    return [c for c in wanted if all(readable(target, n) for n in (c.needs if c.template else (c.key,)))]


def related(tab: Tab, record: Any, limit: int | None = None) -> dict[str, Any]:
    """A related list: heads, rows of markup, and where all of them stand."""
    spec = tab.related
    assert spec is not None
    target = registry().types[spec.record]
    columns = _columns(target, spec)
    names = tuple(dict.fromkeys(n for c in columns for n in (c.needs if c.template else (c.key, *c.needs))))
    names = tuple(dict.fromkeys((*names, *(n for n in (target.title,) if readable(target, n)))))
    query = _query(spec, record, limit or spec.limit)
    found = list_records(target.model, Query(**{**query.__dict__, "fields": names, "count": True}))
    link_labels(found.fields, found.rows)
    if found.rows and registry().hooks.implementations("filter_list_rows"):
        registry().hooks.gather("filter_list_rows", record_key=target.key, rows=found.rows)
    draw = [cells.cell_of(target, c, (), False) for c in columns]
    here = (
        f"/r/{record.__record__['key']}/{record.id}?tab={tab.key}"
        if limit
        else f"/r/{record.__record__['key']}/{record.id}"
    )
    can_create = current_principal().can(target.key, "create") and ("form", target.key) in registry().views
    return {
        "label": str(tab.label),
        "heads": [str(c.label or (target.fields[c.key].label if c.key in target.fields else "")) for c in columns],
        "rows": [[cell(row) for cell in draw] for row in found.rows],
        "total": found.total or 0,
        "more": f"/r/{target.key}?{spec.via}={record.id}",
        "new": f"/r/{target.key}/new?{spec.via}={record.id}" if can_create else None,
        "quick": f"/r/{target.key}/-/quick?{spec.via}={record.id}&back={quote(here)}" if can_create else None,
        "new_label": gettext("New %(record)s", record=str(target.label)),
    }

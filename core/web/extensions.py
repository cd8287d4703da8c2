"""`/settings/extensions`: what is installed, on or off, what it adds, its problems, and the command to change it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from core.db import db
from core.hooks import lifecycle
from core.hooks.manifest import Manifest, discover
from core.i18n import gettext
from core.registry import Registry
from core.web import format as fmt
from core.web import shell
from core.web.settings_items import require_administrator


def rows() -> list[dict[str, Any]]:
    """Each installed plugin: those that are on in order of loading, then the others by name."""
    registry, (found, problems) = shell.registry(), discover()
    states, kept = _schemas(registry)
    on = [m.name for m in registry.manifests]
    listed = [*registry.manifests, *(m for name, m in sorted(found.items()) if name not in on)]
    made = [_row(registry, manifest, found, states.get(manifest.name), manifest.name in kept) for manifest in listed]
    return made + [_broken(p) for p in problems if p.plugin not in found]


def _schemas(registry: Registry) -> tuple[dict[str, Any], dict[str, str]]:
    """Where the schemas of the enabled plugins stand, and which plugins have one in the database at all."""
    from core.hooks.migrations import status, versions  # alembic, which no other page needs

    return {state.plugin: state for state in status(registry, db.engine)}, versions(db.engine)


def _row(registry: Registry, manifest: Manifest, found: dict[str, Manifest], head: Any, kept: bool) -> dict[str, Any]:
    name = manifest.name
    on = name in [m.name for m in registry.manifests]
    needed = lifecycle.required_by(name, {m.name: m for m in registry.manifests})
    return {
        "name": name,
        "title": str(manifest.title),
        "summary": str(manifest.summary),
        "version": manifest.version,
        "on": on,
        "requires": ", ".join(f"{n} {v}" for n, v in manifest.requires.items()),
        "needed": ", ".join(needed),
        "head": head,
        "schema": _schema_words(head, kept),
        "problems": _problems(registry, name, head, manifest, found),
        "command": _command(name, on, head, needed, kept),
        **(_adds(registry, name) if on else {}),
    }


def _broken(problem: Any) -> dict[str, Any]:
    """A plugin whose manifest cannot be read."""
    return {"name": problem.plugin, "title": problem.plugin, "on": False, "problems": [problem.what]}


def _schema_words(head: Any, kept: bool) -> str:
    if head is None:
        return gettext("its data are kept") if kept else gettext("none")
    return head.current or gettext("none") if head.ok else f"{head.current or '–'} → {head.head}"


def _adds(registry: Registry, name: str) -> dict[str, Any]:
    """What a plugin brings in: records, hooks, routes with their permission, rights, jobs."""
    plugin = registry.hooks.manager.get_plugin(name)
    callers = (registry.hooks.manager.get_hookcallers(plugin) or []) if plugin else []
    return {
        "hooks": sorted(c.name for c in callers),
        "records": [str(k.plural) for k in registry.types.values() if k.plugin == name],
        "routes": [_route(e, r) for owner, e in registry.endpoints if owner == name for r in e.routes],
        "rights": _rights(registry, name),
        "jobs": [job.name for owner, job in registry.hooks.collect("register_jobs") if owner == name],
    }


def _route(endpoints: Any, route: Any) -> str:
    right = route.permission
    who = f"{right.record} {right.action}" if right.kind == "record" else f"{right.kind}: {right.reason}"
    return f"{'/'.join(route.methods)} {endpoints.url_prefix}{route.rule} ({who})"


def _rights(registry: Registry, name: str) -> list[str]:
    """Per record of the plugin the actions that grants give, and to how many roles."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for (role, record), grants in registry.access.grants.items():
        if record in registry.types and registry.types[record].plugin == name:
            actions, roles = found.setdefault(record, (set(), set()))
            actions |= {a for g in grants for a in g.actions}
            roles.add(role)
    return [
        gettext("%(record)s: %(actions)s, given to %(n)s roles", record=key, actions=", ".join(sorted(a)), n=len(r))
        for key, (a, r) in sorted(found.items())
    ]


def _problems(registry: Registry, name: str, head: Any, manifest: Manifest, found: dict[str, Manifest]) -> list[str]:
    said = []
    if head is not None and not head.ok:
        said.append(gettext("The schema is behind the code. Run: %(command)s", command=f"zhian plugin upgrade {name}"))
    said += [
        gettext("It requires %(name)s, which is not installed.", name=needed)
        for needed in manifest.requires
        if needed not in found
    ]
    faults = [fault for fault in shell.known_faults() if fault.plugin == name]
    if faults:
        last = faults[0]
        said.append(
            gettext(
                "%(n)s contributions failed within the last day, last %(hook)s at %(at)s: %(error)s",
                n=len(faults),
                hook=last.hook,
                at=fmt.instant(last.at),
                error=last.error,
            )
        )
    return said


def _command(name: str, on: bool, head: Any, needed: list[str], kept: bool) -> str:
    """What changes its state from where it is now."""
    if on and head is not None and not head.ok:
        return f"zhian plugin upgrade {name}"
    if on:
        return f"zhian plugin disable {needed[-1] if needed else name}"
    return f"zhian plugin enable {name}" + (f"   ·   zhian plugin purge {name}" if kept else "")


def page() -> Any:
    """`/settings/extensions`: what is installed, what is on, and what it adds. Changed by a command."""
    require_administrator()
    faults = [[fmt.instant(f.at), f.plugin, f.hook, f.error] for f in shell.known_faults()][:20]
    title = gettext("Extensions")
    crumbs = [(gettext("Settings"), "/settings"), (title, None)]
    return render_template("web/extensions.html", title=title, crumbs=crumbs, rows=rows(), faults=faults)


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/settings/extensions", "extensions", page)

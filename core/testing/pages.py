"""Checks that ask a running deployment: lists, pages and forms for each role, routes, and links to hidden records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.db import system
from core.permissions.rules import Grant
from core.registry import RecordType
from core.testing.composed import own_types
from core.testing.deployment import Deployment
from core.testing.samples import Samples

PROBE = "zhian_probe"
HIDDEN_WORD = "Zhxprobe"
PLACES = ("all", "own", "assigned", "team", "department", "branch")
"""Scopes of staff; others are given by plugins to people of their own."""


def roles_of(site: Deployment, plugin: str) -> list[str]:
    """Every staff role that is declared, and those of staff that only the grants of this plugin name."""
    access, keys = site.registry.access, {kind.key for kind in own_types(site.registry, plugin)}
    named = {g.role for (_r, key), given in access.grants.items() for g in given if key in keys and g.scope in PLACES}
    others = {role.code for role in access.roles.values() if role.realm not in ("staff", "admin")}
    return sorted({*access.roles, *named} - others - {PROBE, "*"})


def _signature(site: Deployment, role: str, kind: RecordType) -> tuple[Any, ...]:
    """What decides how a role sees a type: two roles with the same one see the same page."""
    access = site.registry.access
    keys = ((role, kind.key), (role, "*"), ("*", kind.key))
    grants = sorted({(g.actions, g.scope) for key in keys for g in access.grants.get(key, ())})
    closed = sorted((r.field, r.treatment) for r in access.field_rules.get(kind.key, ()) if role in r.roles)
    bound = sorted(r.name for r in access.rules.get(kind.key, ()) if r.roles and role in r.roles)
    return tuple(grants), tuple(closed), tuple(bound)


def page_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """List, page and form answer each role that may see them, and refuse the others."""
    roles, browsers = roles_of(site, plugin), {}
    for kind in (k for k in own_types(site.registry, plugin) if k.public):
        with site.app.app_context(), system("a sample for the pages"):
            sample = Samples(site.registry).one(kind.key)
        tried: set[tuple[Any, ...]] = set()
        for role in roles:
            if (mark := _signature(site, role, kind)) in tried:
                continue
            tried.add(mark)
            if role not in browsers:
                browsers[role] = site.browser(site.person(f"role_{role}", role, department="Here"), "en")
            for problem, status in _pages_of(browsers[role], kind, role, sample, mark[0]):
                if status != 400 or role in site.registry.access.roles:  # nobody says of what realm the others are
                    yield problem


def _pages_of(
    browser: Any, kind: RecordType, role: str, sample: int | None, grants: tuple[Any, ...]
) -> Iterator[tuple[str, int]]:
    """(problem, status) of each page that does not answer as it should."""

    def may(action: str) -> bool:
        return any(action in actions or "*" in actions for actions, _scope in grants)

    wanted = {f"/r/{kind.key}": may("read"), f"/r/{kind.key}/new": may("create")}
    if sample is not None and may("read"):
        wanted |= {f"/r/{kind.key}/{sample}": None, f"/r/{kind.key}/{sample}/edit": None}
    for path, open_to in wanted.items():
        status = browser.get(path).status_code
        if status >= 500:
            yield (
                f"{path} breaks for {role} ({status}) -> open it as somebody of this role, mend what it raises",
                status,
            )
        elif open_to and status != 200 and not (path.endswith("/new") and status in (403, 404)):
            yield f"{path} answers {role} with {status} despite a grant -> look at the rules of {kind.key}", status
        elif open_to is False and status == 200:
            yield f"{path} is open to {role} without a grant -> mend its permission", status


def route_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """Pages without arguments answer an administrator, and refuse who lacks their right."""
    nobody = site.browser(site.person("role_none", department="Here"), "en")
    root = site.browser(site.person("role_administrator", "administrator", department="Here"), "en")
    for owner, endpoints in site.registry.endpoints:
        for route in endpoints.routes if owner == plugin and endpoints.realm == "staff" else ():
            if "GET" not in route.methods or "<" in route.rule:
                continue
            path = f"{endpoints.url_prefix}{route.rule}"
            if (status := root.get(path).status_code) >= 500:
                yield f"{path} breaks for an administrator ({status}) -> mend what it raises"
            needed = route.permission
            grants = site.registry.access.grants.get(("*", needed.record), ())
            open_to_all = any(needed.action in g.actions for g in grants)
            if needed.kind == "record" and not open_to_all and nobody.get(path).status_code < 400:
                yield f"{path} is open to people without {needed.action} on {needed.record} -> mend its permission"


def relation_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """Who sees a record but not what it links to learns neither the key nor the name, in list, page and API."""
    access, person = site.registry.access, site.person(PROBE, PROBE)
    api, browser = site.api(person), site.browser(person, "en")
    for kind in (k for k in own_types(site.registry, plugin) if k.public):
        for field in kind.fields.values():
            if field.kind != "link" or not field.writable or not _can_hide(site, kind, field.target or ""):
                continue
            with site.app.app_context(), system("a link to a hidden record"):
                made = _linked(site, kind, field.name, field.target or "")
            if made is None:
                continue
            access.grants[PROBE, kind.key] = [Grant(PROBE, kind.key, ("read",))]
            yield from _leaks(kind, field.name, made, api, browser)
            access.grants.pop((PROBE, kind.key), None)


def _can_hide(site: Deployment, kind: RecordType, key: str) -> bool:
    """Whether there are people who see `kind` and nothing of the other type."""
    return (
        key != kind.key
        and key in site.registry.types
        and not any("read" in g.actions for g in site.registry.access.grants["*", key])
    )


def _linked(site: Deployment, kind: RecordType, name: str, target: str) -> int | None:
    samples, model = Samples(site.registry), site.registry.types[target]
    title = model.fields.get(model.title or "")
    marked = {title.name: HIDDEN_WORD} if title is not None and title.kind == "text" and title.writable else {}
    there = samples.fresh(target, **marked)
    return samples.fresh(kind.key, **{name: there}) if there is not None else None


def _leaks(kind: RecordType, name: str, ident: int, api: Any, browser: Any) -> Iterator[str]:
    found = api.get(f"{kind.key}/{ident}")
    if found.status_code == 200 and found.json.get(name) not in (None, {"hidden": True}):
        yield f"{kind.key}.{name}: the API tells a hidden target -> leave dumping to core.dump"
    for path in (f"/r/{kind.key}", f"/r/{kind.key}/{ident}"):
        page = browser.get(path)
        if page.status_code >= 500:
            yield f"{path} breaks when {name} is hidden from the reader -> expect a link that is not there"
        elif HIDDEN_WORD in page.text and HIDDEN_WORD not in str(found.json):
            yield f"{path} tells the name behind {name} to who may not see it -> read it by db.session, not elevated()"

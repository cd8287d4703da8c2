"""Collects what all plugins registered into the registry, and every reason why it does not fit together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any

from core.messages.channels import EVENT, subscriber
from core.permissions.rules import Grant
from core.records.audit import RIGHT as AUDIT
from core.records.custom.values import PREFIX
from core.records.numbering import PluginPart

if TYPE_CHECKING:
    from core.registry import Registry

VIEWS = ("list", "detail", "form")
RENAME = "rename one of them"


def compose(registry: Registry) -> None:
    """Everything, in order; problems stand in `registry.problems` and in `registry.hooks.broken`."""
    for plugin, model in registry.hooks.collect("register_records"):
        registry.add_type(plugin, model)
    _offers(registry)
    _rights(registry)
    _work(registry)
    _named(registry)
    _ways(registry)
    _views(registry)
    _check(registry)
    _search(registry)


def _once(
    registry: Registry, hook: str, what: str, key: Callable[[Any], Hashable]
) -> Iterator[tuple[str, Any, Hashable]]:
    """(plugin, item, key) of a hook; a key that is there already is told with both plugins, and left out."""
    seen: dict[Hashable, str] = {}
    for plugin, item in registry.hooks.collect(hook):
        name = key(item)
        if name in seen:
            shown = " of ".join(map(str, name)) if isinstance(name, tuple) else name
            other = f", by {seen[name]} first" if seen[name] != plugin else ""
            registry.problem(plugin, f"{what} {shown} is declared twice{other}", RENAME)
            continue
        seen[name] = plugin
        yield plugin, item, name


def _offers(registry: Registry) -> None:
    """What others give to the hooks that plugins offer goes to whoever offers them."""
    hooks = registry.hooks
    for plugin, offer in hooks.collect("register_offers"):
        if hooks.offered.get(offer.hook) != plugin:
            registry.problem(plugin, f"takes {offer.hook}, which it does not offer", "declare it in hookspecs.py")
            continue
        items = registry.offered[offer.hook] = list(hooks.collect(offer.hook))
        try:
            for giver, what in offer.take(items) or ():
                registry.problem(giver, f"{offer.hook}: {what}", f"see the README of {plugin}")
        except Exception as error:  # what others gave broke the plugin that takes it
            givers = ", ".join(dict.fromkeys(giver for giver, _item in items)) or plugin
            registry.problem(givers, f"{offer.hook} failed in {plugin}: {type(error).__name__}: {error}")


def _rights(registry: Registry) -> None:
    access = registry.access
    for _plugin, role in registry.hooks.collect("register_roles"):
        access.add_role(role)
    for plugin, (key, scopes) in registry.hooks.collect("register_scopes"):
        if key in access.scopes:
            registry.problem(plugin, f"scopes of {key} are given twice", "only the owner of a record gives its scopes")
        access.scopes[key] = scopes
    for _plugin, rule in registry.hooks.collect("register_rules"):
        access.rules[rule.record].append(rule)
    for _plugin, rule in registry.hooks.collect("register_field_rules"):
        access.field_rules[rule.record].append(rule)
    for plugin, grant in registry.hooks.collect("register_grants"):
        if grant.record not in registry.types and grant.record not in ("*", AUDIT):
            registry.problem(
                plugin, f"a grant names the record {grant.record}, which nobody declares", "correct its key"
            )
        access.add_grant(grant)


def _work(registry: Registry) -> None:
    """Actions, jobs, events, commands, routes."""
    for plugin, action, _key in _once(registry, "register_actions", "action", lambda a: (a.code, a.record)):
        registry.actions[action.record][action.code] = action
        registry.owners[f"action {action.record}", action.code] = plugin
    for _plugin, job, name in _once(registry, "register_jobs", "job", lambda j: j.name):
        registry.jobs[str(name)] = job
    for plugin, schedule, name in _once(registry, "register_schedules", "schedule", lambda s: s.name):
        if schedule.job not in registry.jobs:
            registry.problem(plugin, f"schedule {name} runs the unknown job {schedule.job}", "register that job")
        registry.schedules[str(name)] = schedule
    for plugin, hearer, _key in _once(registry, "register_subscribers", "subscriber", lambda s: (s.name, s.event)):
        registry.events[hearer.event].append(hearer)
        registry.owners["subscriber", hearer.name] = plugin
    registry.commands = [c for _plugin, c, _n in _once(registry, "register_commands", "command", lambda c: c.name)]
    for plugin, endpoints, _name in _once(registry, "register_endpoints", "a group of routes", lambda e: e.name):
        registry.endpoints.append((plugin, endpoints))
    registry.seeds = [s for _plugin, s, _k in _once(registry, "register_seed", "seed", lambda s: s.key)]
    registry.demos = sorted((d for _plugin, d in registry.hooks.collect("register_demo")), key=lambda d: d.order)


def _named(registry: Registry) -> None:
    """Numbers, imports and exports."""
    from core.shaping.correcting import CODE as CORRECT
    from core.shaping.correcting import action as correcting

    for _plugin, part, code in _once(registry, "register_number_parts", "number part", lambda p: p.code):
        registry.number_parts[str(code)] = part
    for plugin, rule in registry.hooks.collect("register_numbering"):
        registry.numbering[rule.key].append(rule)
        missing = [p.code for p in rule.parts if isinstance(p, PluginPart) and p.code not in registry.number_parts]
        for code in missing:
            registry.problem(plugin, f"the number of {rule.key} uses the part {code}, which nobody declares")
        if rule.key in registry.types and CORRECT not in registry.actions[rule.key]:
            registry.actions[rule.key][CORRECT] = correcting(rule)
            registry.access.add_grant(Grant("administrator", rule.key, (CORRECT,)))
    for _plugin, source in registry.hooks.collect("register_import_sources"):
        registry.import_sources[source.record].append(source)
    for plugin, found, suffix in _once(registry, "register_import_formats", "import format", lambda f: f.suffix):
        registry.import_formats[str(suffix)] = found
        if "<" in getattr(found.rows, "__qualname__", "<"):
            registry.problem(plugin, f"import format {suffix} is read by no function of a module", "define one there")
    for _plugin, found, code in _once(registry, "register_export_formats", "export format", lambda f: f.code):
        registry.export_formats[str(code)] = found
    _extras(registry)


def _extras(registry: Registry) -> None:
    """Cards, searches, channels, settings."""
    cards = ((p, c) for p, c, _k in _once(registry, "register_cards", "card", lambda c: c.key))
    registry.cards = sorted(cards, key=lambda given: (given[1].order, given[1].key))
    registry.searches = [(p, s) for p, s, _k in _once(registry, "register_search_sources", "search", lambda s: s.key)]
    registry.feeds = [(p, f) for p, f, _k in _once(registry, "register_day_feeds", "day feed", lambda f: f.key)]
    for plugin, channel, code in _once(registry, "register_channels", "channel", lambda c: c.code):
        registry.channels[str(code)] = channel
        registry.events[EVENT].append(subscriber(channel))
        registry.owners["channel", str(code)] = plugin
    for _plugin, kind, code in _once(registry, "register_message_kinds", "kind of messages", lambda k: k.code):
        registry.message_kinds[str(code)] = kind
    for plugin, setting in registry.hooks.collect("register_settings"):
        if setting.key in registry.settings[plugin]:
            registry.problem(plugin, f"setting {setting.key} is declared twice", RENAME)
        registry.settings[plugin][setting.key] = setting


def _ways(registry: Registry) -> None:
    """Letters and realms."""
    for _plugin, kind, _key in _once(registry, "register_documents", "document", lambda d: (d.code, d.record)):
        registry.documents[kind.record][kind.code] = kind
    for plugin, realm in registry.hooks.collect("register_realms"):
        taken = {r.prefix for r in registry.realms.values()} | {r.cookie for r in registry.realms.values()}
        if realm.name in registry.realms or {realm.prefix, realm.cookie} & taken or not realm.prefix.startswith("/"):
            registry.problem(
                plugin, f"realm {realm.name} clashes with another", "give it a name, prefix and cookie of its own"
            )
        registry.realms[realm.name] = realm
    registry.claims = [claim for _plugin, claim in registry.hooks.collect("register_claims")]


def _views(registry: Registry) -> None:
    for plugin, view in registry.hooks.collect("register_views"):
        if view.record not in registry.types:
            registry.problem(plugin, f"a view names the record {view.record}, which nobody declares", "correct its key")
        registry.views[view.kind, view.record] = view
        registry.owners.update({(f"{view.kind} {view.record}", key): plugin for key in _parts(view)})
    for kind, record in [place for place in registry.views if place[0] in VIEWS]:
        for impl in registry.hooks.implementations(f"filter_{kind}_view"):
            _filter(registry, impl, kind, record)
    menus = _once(registry, "register_menus", "menu", lambda m: m.key)
    registry.menus = []
    for plugin, menu, key in menus:
        registry.menus.append(menu)
        registry.owners["menu", str(key)] = plugin
    registry.menus.sort(key=lambda m: (m.group, m.order, m.key))


def _filter(registry: Registry, impl: Any, kind: str, record: str) -> None:
    """Let one plugin change one view; what raises is dropped and remembered, the view stays as it was."""
    view = registry.views[kind, record]
    hook = f"filter_{kind}_view"
    changed = registry.hooks.isolated(impl.plugin_name, hook, lambda: impl.function(view=view))
    if changed is None:
        return
    if type(changed) is not type(view) or changed.record != record:
        registry.problem(impl.plugin_name, f"{hook} gives {changed!r:.60}", f"give a {type(view).__name__} or None")
        return
    registry.views[kind, record] = changed
    for key in _parts(changed):
        registry.owners.setdefault((f"{kind} {record}", key), impl.plugin_name)


def _parts(view: Any) -> list[str]:
    """Keys of columns, sections and tabs."""
    groups = (getattr(view, name, ()) for name in ("columns", "sections", "facts", "tabs"))
    return [part.key for group in groups if isinstance(group, tuple) for part in group]


def _check(registry: Registry) -> None:
    for kind in registry.types.values():
        for spec in kind.fields.values():
            if spec.target and spec.target not in registry.types:
                what = f"{kind.key}.{spec.name} links to {spec.target}, which is not enabled"
                registry.problem(kind.plugin, what, "enable its plugin")
            if spec.name.startswith(PREFIX) or spec.attr == "custom":
                mend = f"name it neither custom nor with {PREFIX} at the beginning: so are fields of administrators"
                registry.problem(spec.plugin or kind.plugin, f"the name of {kind.key}.{spec.name} is reserved", mend)
    for key in registry.actions:
        if key not in registry.types:
            what = f"an action names the record {key}, which nobody declares"
            registry.problem("core", what, "correct its key")
    _check_routes(registry)


def _search(registry: Registry) -> None:
    from core.search.plan import problems  # plans are made of the composed registry

    for key, what in problems():
        registry.problem(registry.types[key].plugin, f"{key}: {what}", "correct its search declaration")


def _check_routes(registry: Registry) -> None:
    """Each route says who may call it, and no two answer to one address."""
    taken: dict[tuple[str, str], str] = {}
    for plugin, endpoints in registry.endpoints:
        for route in endpoints.routes:
            address = f"{endpoints.url_prefix}{route.rule}"
            if route.permission is None:
                mend = "permission=(record, action), signed_in('why') or public('why')"
                registry.problem(plugin, f"route {address} ({route.name}) declares no permission", mend)
            for method in route.methods:
                other = taken.setdefault((method, address), plugin)
                if other != plugin:
                    registry.problem(plugin, f"route {method} {address} belongs to {other}", "give it another address")

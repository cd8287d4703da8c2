"""The composed deployment: record types, views, actions, jobs and endpoints of core and all enabled plugins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from core.contributions import (
    Card,
    Channel,
    DayFeed,
    ExportFormat,
    ImportFormat,
    MessageKind,
    NumberPart,
    SearchSource,
    Setting,
)
from core.errors import CannotStart, StartProblem
from core.hooks.manager import Hooks
from core.hooks.manifest import Manifest
from core.permissions.rules import Access
from core.records.base import MODELS, Record, field_specs
from core.records.fields import Field
from core.records.numbering import NumberRule


@dataclass(frozen=True)
class Param:
    """One input of an action. `kind` as in fields; `choices` may depend on the record; `told(value)` gives the words
    of a value that was given once and is no choice any more, for timelines."""

    name: str
    label: Any
    kind: str = "text"
    required: bool = False
    choices: Any = None
    target: str | None = None
    help: Any = None
    default: Any = None
    when: Callable[[Any], bool] | None = None
    told: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Action:
    """A named action on a record type; who may run it is a grant of the same code.

    `handler(record, params)` runs in the transaction; for `bulk` actions `handler(records, params)`.
    `available(record)` gives True, or the reason why not: a text, or the error to raise. `params` is a sequence or a
    function of the record.
    """

    record: str
    code: str
    label: Any
    handler: Callable[..., Any]
    params: Any = ()
    available: Callable[[Any], Any] | None = None
    bulk: bool = False
    primary: bool = False
    icon: str | None = None
    confirm: Any = None
    on_type: bool = False
    template: str | None = None

    def params_for(self, record: Any) -> Sequence[Param]:
        """The inputs asked for this record."""
        return self.params(record) if callable(self.params) else self.params


@dataclass(frozen=True)
class Job:
    """Background work by name; `fn(**json arguments)` runs in an app context as the system.

    `timeout` in seconds. `bulk` work, long or in masses, waits behind what people and other systems wait for.
    It ends after `timeout` seconds, and when it takes more memory than `memory_mb` (None: what the deployment allows).
    """

    name: str
    fn: Callable[..., Any]
    timeout: int = 600
    bulk: bool = False
    memory_mb: int | None = None


@dataclass(frozen=True)
class Schedule:
    """When a job runs by itself: `every` so often or `daily` at HH:MM local time. `make_up`: once after an outage."""

    name: str
    job: str
    every: timedelta | None = None
    daily: str | None = None
    make_up: bool = True


@dataclass(frozen=True)
class Subscriber:
    """A handler of an event: `fn(payload, key)`; `key` is the same on every retry, `timeout` is seconds for one."""

    name: str
    event: str
    fn: Callable[[dict[str, Any], str], Any]
    timeout: int = 120


@dataclass(frozen=True)
class Seed:
    """Data every deployment needs; `fn(session)` changes nothing the second time."""

    key: str
    fn: Callable[[Any], None]


@dataclass(frozen=True)
class Demo:
    """A chapter of the demo data."""

    order: int
    fn: Callable[[Any], None]


@dataclass(frozen=True)
class DocumentKind:
    """A letter or list that can be made of one record; who renders it is another plugin's business.

    `data(record, language)` gives plain values only (dict, list, str, int, Decimal, date); `template` is a file below
    the plugin's `templates/`. `audience`: client (told no internal things), internal or office; `formats`: pdf, xlsx.
    """

    code: str
    record: str
    label: Any
    template: str
    data: Callable[[Any, str], dict[str, Any]]
    audience: str = "client"
    formats: tuple[str, ...] = ("pdf",)
    available: Callable[[Any], Any] | None = None
    sheet: Callable[[dict[str, Any]], Any] | None = None


@dataclass(frozen=True)
class Realm:
    """People with a sign-in of their own below one prefix of the site. Staff are a realm too, with the whole site.

    `error` is the template of its refusals (`heading`, `text`, `status`, `incident`): the shell is not for everybody.
    `outside` is what the core's own pages there extend: steps of the sign-in, second factors; its block is `content`.
    """

    name: str
    prefix: str
    login: str
    cookie: str
    error: str = "web/error.html"
    outside: str = "web/identity/outside.html"


@dataclass(frozen=True)
class Claim:
    """People of `realm` are bound to what rows of `record` name: `person` links to them, `target` to the bound one.

    `live(model)` says as SQL which rows count, for example those that are not disabled.
    """

    realm: str
    record: str
    person: str
    target: str
    live: Callable[[Any], Any] | None = None


NAMES = ("title", "title_en", "number", "icon", "order", "secondary")
STAFF = Realm("staff", "", "/login", "zhian")


@dataclass(frozen=True)
class ImportSource:
    """How a record type is imported; `support` is a `core.ImportSupport`. Several plugins may support one type."""

    record: str
    support: Any


@dataclass
class RecordType:
    """A record class as the ways out see it."""

    key: str
    model: type[Record]
    label: Any
    plural: Any
    plugin: str
    fields: dict[str, Field]
    title: str | None = None
    title_en: str | None = None
    number: str | None = None
    icon: str = "file"
    order: str = "-id"
    archive: bool = True
    secondary: str | None = None
    public: bool = True
    walls: bool = False
    guarded: bool = False

    @property
    def search_fields(self) -> list[Field]:
        """The fields in which the quick search looks."""
        return [f for f in self.fields.values() if f.search and not f.hidden]


@dataclass
class Registry:
    """Everything that is enabled, by name."""

    hooks: Hooks
    access: Access
    manifests: list[Manifest] = field(default_factory=list)
    types: dict[str, RecordType] = field(default_factory=dict)
    views: dict[tuple[str, str], Any] = field(default_factory=dict)
    menus: list[Any] = field(default_factory=list)
    actions: dict[str, dict[str, Action]] = field(default_factory=lambda: defaultdict(dict))
    jobs: dict[str, Job] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    events: dict[str, list[Subscriber]] = field(default_factory=lambda: defaultdict(list))
    commands: list[Any] = field(default_factory=list)
    endpoints: list[tuple[str, Any]] = field(default_factory=list)
    numbering: dict[str, list[NumberRule]] = field(default_factory=lambda: defaultdict(list))
    import_sources: dict[str, list[ImportSource]] = field(default_factory=lambda: defaultdict(list))
    seeds: list[Seed] = field(default_factory=list)
    demos: list[Demo] = field(default_factory=list)
    documents: dict[str, dict[str, DocumentKind]] = field(default_factory=lambda: defaultdict(dict))
    cards: list[tuple[str, Card]] = field(default_factory=list)
    searches: list[tuple[str, SearchSource]] = field(default_factory=list)
    feeds: list[tuple[str, DayFeed]] = field(default_factory=list)
    import_formats: dict[str, ImportFormat] = field(default_factory=dict)
    export_formats: dict[str, ExportFormat] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    message_kinds: dict[str, MessageKind] = field(default_factory=dict)
    number_parts: dict[str, NumberPart] = field(default_factory=dict)
    settings: dict[str, dict[str, Setting]] = field(default_factory=lambda: defaultdict(dict))
    offered: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    realms: dict[str, Realm] = field(default_factory=lambda: {STAFF.name: STAFF})
    problems: list[StartProblem] = field(default_factory=list)
    _of: dict[type, RecordType] = field(default_factory=dict)

    def of(self, model: type[Record]) -> RecordType:
        """The type of a record class, or of the plain class of rows on their way in (`bulk.light_class`)."""
        return self._of.get(model) or self.types[model.__record__["key"]]

    def view(self, kind: str, record_key: str) -> Any:
        """The list, detail, form, kanban or calendar view of a type as the current person sees it, or None."""
        from core.records.custom.placing import placed
        from core.shaping.layouts import in_force

        return in_force(kind, record_key, placed(record_key, self.views.get((kind, record_key))))

    def emit(self, session: Any, event: str, payloads: list[dict[str, Any]]) -> None:
        """Put an event into the outbox, in the session's transaction, if anybody subscribed."""
        from core.events.outbox import put

        if self.events.get(event):
            put(session, event, payloads, [s.name for s in self.events[event]])

    def add_type(self, plugin: str, model: type[Record]) -> None:
        """Take in a record class of a plugin."""
        spec = model.__record__
        if spec["key"] in self.types:
            self.problem(plugin, f"record {spec['key']} is declared twice", "rename one of them")
            return
        if not plugin.startswith("core") and not spec["key"].startswith(f"{plugin}."):
            self.problem(
                plugin,
                f"record {spec['key']} does not carry the plugin's name",
                f"name it {plugin}.{spec['key'].split('.')[-1]}",
            )
        kind = RecordType(
            key=spec["key"],
            model=model,
            label=spec["label"],
            plural=spec.get("plural", spec["label"]),
            plugin=plugin.split(".")[0],
            fields=field_specs(model),
            **{
                k: spec[k]
                for k in (*NAMES, "archive", "public", "walls", "guarded")
                if k in spec
            },
        )
        self.types[kind.key] = self._of[model] = kind

    def realm_of(self, path: str) -> Realm:
        """The realm whose part of the site an address lies in."""
        found = (r for r in self.realms.values() if r.prefix and f"{path}/".startswith(f"{r.prefix}/"))
        return next(found, STAFF)

    def problem(self, plugin: str, what: str, mend: str = "") -> None:
        """Remember one reason why this deployment cannot start."""
        self.problems.append(StartProblem(plugin, what, mend))

    def compose(self) -> None:
        """Collect all `register_*` hooks; raises `CannotStart` with every problem found."""
        from core.composing import compose

        compose(self)
        self.problems = [*self.hooks.broken, *self.problems]
        if self.problems:
            raise CannotStart(self.problems)


_registry: Registry | None = None


def registry() -> Registry:
    """The registry of this process; raises when no app was created yet."""
    if _registry is None:
        raise RuntimeError("no deployment yet: call create_app first")
    return _registry


def set_registry(value: Registry) -> Registry:
    """Called once by `create_app`."""
    global _registry
    _registry = value
    return value


def record_class(key: str) -> type[Record]:
    """The class of a record by its key; raises `KeyError` that names it."""
    return MODELS[key]

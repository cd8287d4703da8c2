"""Who is asking: an immutable picture of a person, a key or the system, and where the current one is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.permissions.overlay import Overlay


@dataclass(frozen=True, eq=False)
class Principal:
    """`department_ids`: the own department and those below; `scopes` of an API key narrow the rights (None: all).

    `claims` are the records that a person of another realm is bound to: ids by record key, for scopes to use.
    `roles` are what the program knows; `held` the roles that grants are looked up by, which administrators may have
    made. `walled` are the records that walls close to them, ids by record key; `glass` is the opening of client data
    that lets somebody who runs the system read them for now. `standing_in` are the people who are away and whose own
    work this person does, `shared` the levels at which records of a type are shared with them, `above` their department
    and those above it. `viewer` is who looks through this person's eyes, without any other right than to read.
    """

    user_id: int | None = None
    login: str = ""
    name: str = ""
    roles: frozenset[str] = frozenset()
    department_id: int | None = None
    department_ids: frozenset[int] = frozenset()
    branch_id: int | None = None
    team_ids: frozenset[int] = frozenset()
    realm: str = "staff"
    locale: str = "zh"
    claims: Mapping[str, frozenset[int]] = field(default_factory=dict)
    scopes: frozenset[str] | None = None
    held: frozenset[str] | None = None
    overlay: Overlay | None = None
    above: frozenset[int] = frozenset()
    shared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    standing_in: tuple[Principal, ...] = ()
    viewer: Principal | None = None
    walled: Mapping[str, frozenset[int]] = field(default_factory=dict)
    glass: int | None = None
    is_system: bool = False
    stamp: tuple[Any, ...] = ()
    cache: dict[Any, Any] = field(default_factory=dict, repr=False)

    def has_role(self, *codes: str) -> bool:
        """Whether the person holds one of the roles: a shipped one, one made like it, or one that was made itself."""
        return self.is_system or not (self.roles | self.granted).isdisjoint(codes)

    @property
    def granted(self) -> frozenset[str]:
        """The codes of the roles by which rights are looked up."""
        return self.roles if self.held is None else self.held

    @property
    def acting_ids(self) -> frozenset[int]:
        """Whose work this person does now: their own, and that of those they stand in for."""
        own = frozenset() if self.user_id is None else frozenset({self.user_id})
        return own | {absent.user_id for absent in self.standing_in if absent.user_id is not None}

    @property
    def alone(self) -> Principal:
        """The same person without what others gave them for a time: shares and deputies."""
        if not self.shared and not self.standing_in:
            return self
        if "alone" not in self.cache:
            self.cache["alone"] = replace(self, shared={}, standing_in=(), cache={})
        return self.cache["alone"]

    @property
    def in_person(self) -> Principal:
        """The same person without those they stand in for."""
        if not self.standing_in:
            return self
        if "in person" not in self.cache:
            self.cache["in person"] = replace(self, standing_in=(), cache={})
        return self.cache["in person"]

    def in_scope(self, record_key: str, action: str) -> bool:
        """Whether the way the person came in allows this action at all: a key's scopes, or somebody who only looks."""
        if self.viewer is not None and action != "read":
            return False
        return self.scopes is None or not self.scopes.isdisjoint((f"{record_key}:{action}", f"{record_key}:*", "*"))

    def can(self, record_key: str, action: str) -> bool:
        """Whether some grant allows the action on this record type, in whatever scope."""
        from core.permissions.rules import access

        return access().can(self, record_key, action)

    def narrowed(self, scopes: frozenset[str]) -> Principal:
        """The same person through an API key."""
        return replace(self, scopes=scopes, cache={})


SYSTEM = Principal(login="system", name="system", is_system=True, realm="system")
ANONYMOUS = Principal(realm="nobody")

_current: ContextVar[Principal] = ContextVar("zhian_principal", default=ANONYMOUS)


def current_principal() -> Principal:
    """Who is asking now; `ANONYMOUS` until somebody is known."""
    return _current.get()


def set_principal(principal: Principal) -> None:
    """Make `principal` the one asking for the rest of this request or job."""
    _current.set(principal)


@contextmanager
def as_principal(principal: Principal) -> Iterator[None]:
    """Only the variable; use `core.acting_as` to also get a session that holds nothing of somebody else."""
    token = _current.set(principal)
    try:
        yield
    finally:
        _current.reset(token)

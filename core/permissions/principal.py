"""Who is asking: an immutable picture of a person, a key or the system, and where the current one is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, eq=False)
class Principal:
    """`department_ids`: the own department and those below; `scopes` of an API key narrow the rights (None: all).

    `claims` are the records that a person of another realm is bound to: ids by record key, for scopes to use.
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
    is_system: bool = False
    stamp: tuple[Any, ...] = ()
    cache: dict[Any, Any] = field(default_factory=dict, repr=False)

    def has_role(self, *codes: str) -> bool:
        """Whether the person holds one of the roles."""
        return self.is_system or not self.roles.isdisjoint(codes)

    def in_scope(self, record_key: str, action: str) -> bool:
        """Whether the API key that was used allows this action at all."""
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

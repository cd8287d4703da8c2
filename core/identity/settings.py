"""The table `[identity]` of a deployment's settings: policy, second factors, limits, single sign-on. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

POLICIES = ("modern", "mlps")
MATCHES = ("email", "login")


@dataclass(frozen=True)
class Provider:
    """One OpenID Connect provider: `[identity.oidc.<name>]`. `client_secret_file` names a file that holds the secret.

    `match`: the claim by which people are found, a verified e-mail or the login. `create` makes unknown people, with
    `roles`. `only`: nobody of the realm signs in otherwise. `second_factor`: the provider asks for one, so we do not.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    client_secret_file: str = ""
    label: str = ""
    label_en: str = ""
    realm: str = "staff"
    match: str = "email"
    claim: str = ""
    scope: str = "openid profile email"
    create: bool = False
    roles: tuple[str, ...] = ()
    only: bool = False
    second_factor: bool = False
    ca_file: str = ""

    @property
    def secret(self) -> str:
        """The client's secret, from its file when there is one."""
        return Path(self.client_secret_file).read_text().strip() if self.client_secret_file else self.client_secret


@dataclass(frozen=True)
class IdentitySettings:
    """How people prove who they are in this deployment."""

    policy: str = "modern"
    second_factor_roles: tuple[str, ...] = ()
    tries: int = 10
    address_tries: int = 50
    fresh_minutes: int = 10
    oidc: tuple[Provider, ...] = field(default=())


def read_identity(table: dict[str, Any]) -> IdentitySettings:
    """The settings of a TOML table. Raises `ValueError` that names what is wrong."""
    values = dict(table)
    _no_others(values, IdentitySettings, "identity")
    providers = tuple(_provider(name, given) for name, given in dict(values.pop("oidc", {})).items())
    values["second_factor_roles"] = tuple(values.get("second_factor_roles", ()))
    found = IdentitySettings(**values, oidc=providers)
    if found.policy not in POLICIES:
        raise ValueError(f"identity.policy is {found.policy!r}; known are {', '.join(POLICIES)}")
    for name in ("tries", "address_tries", "fresh_minutes"):
        if not isinstance(getattr(found, name), int) or getattr(found, name) < 1:
            raise ValueError(f"identity.{name} is a whole number from 1 on")
    return found


def _provider(name: str, given: dict[str, Any]) -> Provider:
    _no_others(given, Provider, f"identity.oidc.{name}")
    if missing := [key for key in ("issuer", "client_id") if not given.get(key)]:
        raise ValueError(f"identity.oidc.{name} lacks {', '.join(missing)}")
    if not name.isidentifier():
        raise ValueError(f"identity.oidc.{name}: a name has letters, digits and _ alone; it stands in addresses")
    found = Provider(**{"name": name, **given, "roles": tuple(given.get("roles", ()))})
    if found.match not in MATCHES:
        raise ValueError(f"identity.oidc.{name}.match is {found.match!r}; known are {', '.join(MATCHES)}")
    return found


def _no_others(given: dict[str, Any], kind: type, place: str) -> None:
    known = {f.name for f in fields(kind)} - {"name"}
    if unknown := set(given) - known:
        raise ValueError(f"{place}: unknown setting {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")

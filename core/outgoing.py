"""Calls to other companies' servers: TLS is always verified, and no call reaches inside unless the deployment says so.

A host is resolved here, each of its addresses is judged, and the call goes to the very address that was judged.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from flask import current_app, has_app_context

from core.db import db
from core.errors import FieldError, Invalid, Refused
from core.i18n import _
from core.records.changes import Change

log = logging.getLogger("zhian.outgoing")
Address = IPv4Address | IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ReachesInside(httpx.ConnectError):
    """A host that stands for an address inside; nothing was sent."""


def outgoing(base_url: str, *, ca_file: str | None = None, timeout: float = 10.0) -> httpx.Client:
    """A client of one server: https, or plain http on this machine; no redirects, no proxy from the environment.

    Addresses of this machine and of private networks are reached only when the setting `outgoing_allow` names them:
    else each call raises `ReachesInside`, a `httpx.ConnectError`. `ca_file` adds a private certificate authority (PEM);
    nothing switches the verification off. `timeout` in seconds holds for connecting, sending and each reading. Raises
    `Refused` for an address that is not fit.
    """
    check_address(base_url)
    return httpx.Client(
        base_url=base_url,
        transport=Judged(_with(ca_file) if ca_file else _usual(_written()), allowed_inside()),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "Zhian"},
    )


def _with(ca_file: str) -> ssl.SSLContext:
    """The machine's certificate authorities and those of a file."""
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        log.warning("certificate file %s: %s", ca_file, error)  # who chose the path is not told what lies there
        raise Refused(_("The certificate file cannot be read as one."), field="ca_file") from None
    return context


@lru_cache(maxsize=1)
def _usual(_written: tuple[str | float | None, ...]) -> ssl.SSLContext:
    """The machine's certificate authorities, read once (they take longer than most calls) until they change."""
    return ssl.create_default_context()


def _written() -> tuple[str | float | None, ...]:
    """Which files hold the machine's certificate authorities, and when each was last written."""
    places = ssl.get_default_verify_paths()
    files = (places.cafile, places.capath)
    return (*files, *(Path(file).stat().st_mtime if file else None for file in files))


def check_address(url: str) -> str:
    """The address itself when it may be called; raises `Refused` that says what to write.

    What a name stands for is judged when the call goes out; a bare address inside is refused here already.
    """
    place = urlsplit(url.strip())
    plain = place.scheme == "http" and place.hostname and is_loopback(place.hostname)
    if not place.hostname or place.username or not (place.scheme == "https" or plain):
        message = _("Write an address that begins with https://. Plain http is for servers on this machine alone.")
        raise Refused(message, field="address", code="address")
    literal = _literal(place.hostname)
    if literal is not None and not may_reach(literal, place.hostname, allowed_inside()):
        raise Refused(_inside(place.hostname, literal), field="address", code="inside")
    return url


def keep_secrets_home(change: Change, address: str, secrets: tuple[str, ...]) -> None:
    """Secrets are entered anew when the address that they are sent to changes: who may change it need not know them.

    For `before_update`; `address` and `secrets` are names of fields. Raises `Invalid` at each secret that stayed.
    """
    if db.session().principal.is_system or not change.changed(address):
        return
    stayed = [name for name in secrets if getattr(change.record, name) and not change.changed(name)]
    if stayed:
        message = _("The address changes: enter this anew. It is not sent elsewhere as it is.")
        raise Invalid([FieldError(name, "required", message) for name in stayed])


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Judged(httpx.BaseTransport):
    """Resolves the host itself, judges the addresses and calls one of them; TLS still asks for the host's name."""

    def __init__(self, context: ssl.SSLContext, allowed: tuple[str, ...]) -> None:
        self._inner = httpx.HTTPTransport(verify=context, trust_env=False)
        self._allowed = allowed

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the first address that takes the connection; raises `httpx.ConnectError`."""
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        fault: Exception | None = None
        request.extensions = {**request.extensions, "sni_hostname": host}
        named = request.url
        for address in judged_addresses(host, port, self._allowed, request):
            request.url = named.copy_with(host=str(address))
            try:
                return self._inner.handle_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
                fault = problem
            finally:
                request.url = named
        raise fault or httpx.ConnectError(f"{host} has no address", request=request)

    def close(self) -> None:
        """End kept connections."""
        self._inner.close()


def judged_addresses(
    host: str, port: int, allowed: tuple[str, ...], request: httpx.Request | None = None
) -> Iterator[Address]:
    """The addresses of a host; raises `ReachesInside` when one of them may not be reached."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise httpx.ConnectError(f"{host}: {problem}", request=request) from problem
    addresses = list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
    for address in addresses:
        if not may_reach(address, host, allowed):
            raise ReachesInside(str(_inside(host, address)), request=request)
    yield from addresses


def may_reach(address: Address, host: str, allowed: tuple[str, ...]) -> bool:
    """Whether an address lies in the open net, or the deployment allows it by host name, address or network."""
    carried = list(_carried(address))
    if all(one.is_global and not one.is_multicast for one in carried):
        return True
    return host.lower() in allowed or all(_listed(one, allowed) for one in carried[-1:])


def _carried(address: Address) -> Iterator[Address]:
    """The address and those that it leads to: IPv4 inside IPv6 in each of its forms."""
    yield address
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            yield address.ipv4_mapped
        elif address.sixtofour:
            yield address.sixtofour
        elif address.teredo:
            yield address.teredo[1]
        elif address in _NAT64 or int(address) >> 32 == 0:
            yield IPv4Address(int(address) & 0xFFFFFFFF)


def _listed(address: Address, allowed: tuple[str, ...]) -> bool:
    for entry in allowed:
        try:
            if address in ipaddress.ip_network(entry, strict=False):
                return True
        except ValueError:  # a host name
            continue
    return False


def _literal(host: str) -> Address | None:
    """A host that is a bare address, also in the odd forms that systems take: 2130706433, 0x7f.1, 127.1."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except OSError:
        return None


def allowed_inside() -> tuple[str, ...]:
    """Host names, addresses and networks inside that this deployment may reach."""
    return current_app.config["ZHIAN"].outgoing_allow if has_app_context() else _of_process


_of_process: tuple[str, ...] = ()


def allow_inside(names: tuple[str, ...]) -> None:
    """For threads of this process that work outside of an app; called once by `create_app`."""
    global _of_process
    _of_process = names


def _inside(host: str, address: Address) -> str:
    shown = host if str(address) == host else f"{host} ({address})"
    return _("%(host)s lies inside. An administrator can allow it in the setting outgoing_allow.", host=shown)

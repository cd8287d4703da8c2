"""Calls to other companies' servers: one HTTP client that always verifies TLS."""

from __future__ import annotations

import ipaddress
import ssl
from urllib.parse import urlsplit

import httpx

from core.db import db
from core.errors import FieldError, Invalid, Refused
from core.i18n import _
from core.records.changes import Change


def outgoing(base_url: str, *, ca_file: str | None = None, timeout: float = 10.0) -> httpx.Client:
    """A client of one server: https, or plain http on this machine; no redirects, no proxy from the environment.

    `ca_file` adds a private certificate authority (PEM); nothing switches the verification off. `timeout` in seconds
    holds for connecting, sending and each reading. Raises `Refused` for an address that is not fit.
    """
    check_address(base_url)
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise Refused(_("The certificate file cannot be read: %(why)s", why=str(error)), field="ca_file") from None
    return httpx.Client(
        base_url=base_url,
        verify=context,
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "Zhian"},
    )


def check_address(url: str) -> str:
    """The address itself when it may be called; raises `Refused` that says what to write."""
    place = urlsplit(url.strip())
    if place.scheme == "https" and place.hostname and not place.username:
        return url
    if place.scheme == "http" and place.hostname and not place.username and is_loopback(place.hostname):
        return url
    message = _("Write an address that begins with https://. Plain http is for servers on this machine alone.")
    raise Refused(message, field="address", code="address")


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

"""Settings that do for a trial and must not stand where clients' files lie: `zhian doctor --production` names them, and
with `production = true` nothing starts while there is one.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from core.doctor.findings import Finding, bad, fine
from core.errors import CannotStart, StartProblem
from core.settings import Settings

SHORTEST_SECRET = 32
FEWEST_SIGNS = 12
"""A secret of fewer different characters was typed by a person."""
GUESSES = ("secret", "changeme", "change-me", "password", "default", "example", "zhian", "123456")
LONGEST_IDLE_MINUTES = 24 * 60
LONGEST_DAYS = 30
LARGEST_UPLOAD_MB = 500
MOST_TRIES = 20
MOST_TRIES_OF_ADDRESS = 500
NARROWEST = 16
ENCRYPTED = ("require", "verify-ca", "verify-full")
DEBUGGING = ("FLASK_DEBUG", "PYTHONINSPECT", "PYTHONDEVMODE", "ZHIAN_TRACE_HOOKS")


def examine_for_production(settings: Settings) -> Iterator[Finding]:
    """What keeps this deployment from being opened to people; one good word when nothing does."""
    yield from _problems(settings) or [fine("Fit for production: no trial settings, secrets and transport in order")]


def require_fit(settings: Settings) -> None:
    """Before anything starts: a deployment that says it is for production has none of these settings.

    Raises `CannotStart` with all of them, each with its mend.
    """
    if settings.production and (found := _problems(settings)):
        raise CannotStart([StartProblem("production", finding.what, finding.mend) for finding in found])


def _problems(settings: Settings) -> list[Finding]:
    return [finding for check in CHECKS for finding in check(settings)]


def _trial(settings: Settings) -> Iterator[Finding]:
    """Settings that belong to tests and shows."""
    if settings.testing:
        yield bad("testing is on", "Take `testing` out of the configuration")
    if settings.demo or "demo" in settings.plugins:
        yield bad("The demo is on: its people have a password that everybody knows", "Unset ZHIAN_DEMO, start afresh")
    if on := [name for name in DEBUGGING if os.environ.get(name, "0") not in ("", "0")]:
        yield bad(f"Debugging is on: {', '.join(on)}", f"unset {' '.join(on)}")


def _secret(settings: Settings) -> Iterator[Finding]:
    """The secret that signs forms and encrypts what is stored."""
    mend = "Take it out, so that one is made, or: openssl rand -base64 48"
    if len(settings.secret) < SHORTEST_SECRET:
        yield bad(f"The secret is shorter than {SHORTEST_SECRET} characters", mend)
    elif len(set(settings.secret)) < FEWEST_SIGNS or any(guess in settings.secret.lower() for guess in GUESSES):
        yield bad("The secret can be guessed", mend)


def _address(settings: Settings) -> Iterator[Finding]:
    """Where people come in."""
    place = urlsplit(settings.base_url)
    if not settings.base_url:
        yield bad("base_url is missing: links in mails lead nowhere", "Set ZHIAN_BASE_URL to the address people use")
    elif place.scheme != "https":
        yield bad(f"{settings.base_url} is not https: passwords travel in the open", "Put a certificate in front")
    elif _here(place.hostname):
        yield bad(f"{settings.base_url} is this machine's own name for itself", "Set the address people use")


def _database(settings: Settings) -> Iterator[Finding]:
    """The way to the database."""
    if settings.is_sqlite:
        return
    place = urlsplit(settings.database)
    mode = parse_qs(place.query).get("sslmode", [""])[0]
    if place.hostname and not _near(place.hostname) and mode not in ENCRYPTED:
        yield bad(f"The way to the database at {place.hostname} is open", "Add ?sslmode=verify-full to database_url")
    if place.username == "postgres":
        yield bad("The database is used as its superuser", "CREATE ROLE zhian LOGIN, and make it the owner")


def _queue(settings: Settings) -> Iterator[Finding]:
    """Whoever reaches the queue may run jobs."""
    place = urlsplit(settings.redis_url)
    if not settings.redis_url or place.scheme == "unix":
        return
    if not place.password and not _here(place.hostname):
        yield bad(f"Redis at {place.hostname} asks for no password", "Set requirepass, and write redis://:…@host")
    if place.scheme != "rediss" and not _near(place.hostname):
        yield bad(f"The way to Redis at {place.hostname} is open", "Use rediss://")


def _mail(settings: Settings) -> Iterator[Finding]:
    """Mails and the password for sending them."""
    place = urlsplit(settings.smtp_url)
    if place.password and place.scheme != "smtps" and not _near(place.hostname):
        yield bad("The password of the mail server travels in the open", "Use smtps://")
    if settings.smtp_url and settings.mail_from.endswith("@localhost"):
        yield bad("mail_from is nobody's address: answers and failures are lost", "Set ZHIAN_MAIL_FROM")


def _sign_in(settings: Settings) -> Iterator[Finding]:
    """How long a sign-in lives, and how often one may guess."""
    if settings.session_idle_minutes > LONGEST_IDLE_MINUTES or settings.session_days > LONGEST_DAYS:
        yield bad("Sign-ins outlive a day of rest or a month", "session_idle_minutes = 480, session_days = 7")
    if settings.identity.tries > MOST_TRIES:
        yield bad(f"{settings.identity.tries} wrong passwords are allowed", "identity.tries = 10")
    if settings.identity.address_tries > MOST_TRIES_OF_ADDRESS:
        yield bad(f"{settings.identity.address_tries} wrong tries from one address", "identity.address_tries = 50")


def _outgoing(settings: Settings) -> Iterator[Finding]:
    """How far calls to other systems may reach inside."""
    for network in settings.outgoing_allow:
        with contextlib.suppress(ValueError):
            if ipaddress.ip_network(network, strict=False).prefixlen < NARROWEST:
                yield bad(f"outgoing_allow opens all of {network} to calls", "Name the servers that are meant")


def _limits(settings: Settings) -> Iterator[Finding]:
    """What one request may bring."""
    if settings.max_upload_mb > LARGEST_UPLOAD_MB:
        yield bad(f"max_upload_mb is {settings.max_upload_mb}: a few uploads fill the disk", "max_upload_mb = 50")


def _files(settings: Settings) -> Iterator[Finding]:
    """Who else on this machine may read."""
    if settings.data.exists() and stat.S_IMODE(settings.data.stat().st_mode) & stat.S_IRWXO:
        yield bad(f"Everybody on this machine may look into {settings.data}", f"chmod o-rwx {settings.data}")
    for file in (settings.data / "secret", settings.data / "zhian.db"):
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & stat.S_IRWXO:
            yield bad(f"Everybody on this machine may read {file}", f"chmod 600 {file}")
    config = settings.config_file
    if isinstance(config, Path) and config.exists() and stat.S_IMODE(config.stat().st_mode) & stat.S_IWOTH:
        yield bad(f"Everybody on this machine may change {config}", f"chmod o-w {config}")


def _here(host: str | None) -> bool:
    """Whether a host is this machine."""
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _near(host: str | None) -> bool:
    """This machine, or a private network of the house: an address of one, or a name without a public ending."""
    if _here(host):
        return True
    try:
        return ipaddress.ip_address(host or "").is_private
    except ValueError:
        return (host or "").endswith((".internal", ".local", ".lan")) or "." not in (host or "")


CHECKS = (_trial, _secret, _address, _database, _queue, _mail, _sign_in, _outgoing, _limits, _files)

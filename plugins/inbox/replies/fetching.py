"""Fetching answers from a mailbox by IMAP: what is unread is taken in, and then marked as read. Nothing is deleted."""

from __future__ import annotations

import imaplib
import logging
import ssl
from collections import Counter
from urllib.parse import unquote, urlsplit

from core import Refused, _, keep_secret, setting
from plugins.inbox.delivering import discreet
from plugins.inbox.replies.receiving import receive

log = logging.getLogger("zhian.inbox")
BATCH, LARGEST = 50, 60 * 1024 * 1024
"""Mails of one run; bytes of a mail that is not fetched."""
HERE = ("localhost", "127.0.0.1", "::1")


def check_url(value: str | None) -> str | None:
    """`imaps://user@host/folder`; plain imap:// on this machine alone. Raises `ValueError`."""
    if not value:
        return None
    place = urlsplit(value.strip())
    secure = place.scheme == "imaps" or (place.scheme == "imap" and place.hostname in HERE)
    if not (secure and place.hostname and place.username) or place.password:
        raise ValueError(_("Write it like imaps://reply%%40example.com@imap.example.com/INBOX, without the password."))
    return value.strip()


def fetch() -> dict[str, int]:
    """Take in what is unread in the mailbox of the settings; counts by what became of it."""
    url, password = setting("inbox.imap_url"), setting("inbox.imap_password")
    if not url:
        return {}
    keep_secret(password)
    counts: Counter[str] = Counter()
    try:
        with _open(url, password or "") as box:
            for number in _unread(box):
                counts[_one(box, number)] += 1
    except (imaplib.IMAP4.error, OSError) as problem:
        raise Refused(_("The mailbox cannot be read: %(why)s", why=discreet(problem))) from None
    return dict(counts)


def _open(url: str, password: str) -> imaplib.IMAP4:
    place = urlsplit(check_url(url) or "")
    host = place.hostname or ""
    if place.scheme == "imaps":
        context = ssl.create_default_context()
        box: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, place.port or 993, ssl_context=context, timeout=30)
    else:
        box = imaplib.IMAP4(host, place.port or 143, timeout=30)
    box.login(unquote(place.username or ""), password)
    folder = unquote(place.path.strip("/")) or "INBOX"
    state, told = box.select(f'"{folder}"')
    if state != "OK":
        raise imaplib.IMAP4.error(f"{folder}: {told!r:.100}")
    return box


def _unread(box: imaplib.IMAP4) -> list[bytes]:
    state, found = box.uid("SEARCH", "UNSEEN")
    return found[0].split()[:BATCH] if state == "OK" and found and found[0] else []


def _one(box: imaplib.IMAP4, number: bytes) -> str:
    """Fetch, take in, mark as read: in this order, so that nothing is lost; a second time changes nothing."""
    ident = number.decode()
    state, sizes = box.uid("FETCH", ident, "(RFC822.SIZE)")
    size = int(str(sizes[0]).rpartition("RFC822.SIZE")[2].strip(" )'\"") or 0) if state == "OK" and sizes[0] else 0
    if size > LARGEST:
        log.warning("a mail of %s bytes is left in the mailbox", size)
        outcome = "dropped"
    else:
        _state, parts = box.uid("FETCH", ident, "(BODY.PEEK[])")
        raw = next((part[1] for part in parts if isinstance(part, tuple)), b"")
        outcome = receive(raw)
    box.uid("STORE", ident, "+FLAGS", "(\\Seen)")
    return outcome

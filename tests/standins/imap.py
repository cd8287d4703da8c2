"""A small IMAP server on this machine: login, select, search unread, fetch, store; for one mailbox of one test."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

USER, PASSWORD = "reply@example.test", "mailbox password"


class Mailbox:
    """Raw mails by number, which of them were read, and what clients said."""

    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.seen: set[int] = set()
        self.said: list[str] = []
        self.url = ""

    def put(self, raw: bytes) -> int:
        """One more mail, unread."""
        number = len(self.mails) + 1
        self.mails[number] = raw
        return number


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Answer until logout."""
        box: Mailbox = self.server.box  # type: ignore[attr-defined]
        self._say("* OK here")
        while line := self.rfile.readline().decode().strip():
            tag, _space, rest = line.partition(" ")
            box.said.append(rest)
            if not self._answer(box, tag, rest):
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _answer(self, box: Mailbox, tag: str, rest: str) -> bool:
        word = rest.upper()
        if word.startswith("CAPABILITY"):
            self._say("* CAPABILITY IMAP4rev1")
        elif word.startswith("LOGIN"):
            if rest.split(" ", 1)[1] != f'{USER} "{PASSWORD}"':
                self._say(f"{tag} NO [AUTHENTICATIONFAILED] wrong")
                return True
        elif word.startswith("SELECT"):
            self._say(f"* {len(box.mails)} EXISTS")
        elif word.startswith("UID SEARCH"):
            self._say("* SEARCH " + " ".join(str(n) for n in box.mails if n not in box.seen))
        elif found := re.match(r"UID FETCH (\d+) \((.+)\)", rest, re.IGNORECASE):
            self._fetch(box, int(found[1]), found[2])
        elif found := re.match(r"UID STORE (\d+) \+FLAGS \(\\Seen\)", rest, re.IGNORECASE):
            box.seen.add(int(found[1]))
        elif word.startswith("LOGOUT"):
            self._say("* BYE")
            self._say(f"{tag} OK done")
            return False
        self._say(f"{tag} OK done")
        return True

    def _fetch(self, box: Mailbox, number: int, what: str) -> None:
        raw = box.mails[number]
        if "SIZE" in what.upper():
            self._say(f"* {number} FETCH (UID {number} RFC822.SIZE {len(raw)})")
            return
        self.wfile.write(f"* {number} FETCH (UID {number} BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")


@contextmanager
def serving() -> Iterator[Mailbox]:
    """The mailbox, answering on a free port."""
    box = Mailbox()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    with Server(("127.0.0.1", 0), _Handler) as server:
        server.box = box  # type: ignore[attr-defined]
        box.url = f"imap://reply%40example.test@127.0.0.1:{server.server_address[1]}/INBOX"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield box
        server.shutdown()

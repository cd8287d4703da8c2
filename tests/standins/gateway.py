"""The Stream gateway of DingTalk's stand-in: single-use tickets, frames out, acks in."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

CARD_TOPIC = "/v1.0/card/instances/callback"


@dataclass
class Gateway:
    """Open lines, newest last, and the acks that came by message id."""

    port: int = 0
    tickets: set[str] = field(default_factory=set)
    lines: list[ServerConnection] = field(default_factory=list)
    acks: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: dict[str, threading.Event] = field(default_factory=dict)
    server: Server | None = None

    def start(self) -> None:
        """Listen; port 0 takes a free one."""
        self.server = serve(self._line, "127.0.0.1", self.port)
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Close all lines."""
        if self.server:
            self.server.shutdown()

    def ticket(self) -> dict[str, str]:
        """What /v1.0/gateway/connections/open answers."""
        ticket = secrets.token_urlsafe(24)
        self.tickets.add(ticket)
        return {"endpoint": f"ws://127.0.0.1:{self.port}/connect", "ticket": ticket}

    def _line(self, line: ServerConnection) -> None:
        asked = parse_qs(urlsplit(line.request.path).query).get("ticket", [""])[0]
        if asked not in self.tickets:
            line.close(4001, "ticket")
            return
        self.tickets.discard(asked)
        self.lines.append(line)
        try:
            for raw in line:
                ack = json.loads(raw)
                ident = ack.get("headers", {}).get("messageId", "")
                self.acks[ident] = ack
                if event := self.waiting.get(ident):
                    event.set()
        except ConnectionClosed:
            pass
        finally:
            self.lines.remove(line)

    def push(
        self, kind: str, topic: str, data: dict[str, Any], ident: str = "", **headers: str
    ) -> dict[str, Any] | None:
        """Send one frame on the newest line; its ack, or None when none came within two seconds."""
        if not self.lines:
            return None
        ident = ident or secrets.token_hex(12)
        arrived = self.waiting[ident] = threading.Event()
        head = {
            "topic": topic,
            "messageId": ident,
            "contentType": "application/json",
            "time": str(int(time.time() * 1000)),
        }
        frame = {
            "specVersion": "1.0",
            "type": kind,
            "headers": head | headers,
            "data": json.dumps(data, ensure_ascii=False),
        }
        try:
            self.lines[-1].send(json.dumps(frame))
        except ConnectionClosed:
            return None
        return self.acks.get(ident) if arrived.wait(2.0) else None

    def disconnect(self) -> None:
        """Tell the client to come back on a new line."""
        self.push("SYSTEM", "disconnect", {"reason": "ordered"})

"""The webhook of the telephone system, and the REST addresses of programs."""

from __future__ import annotations

from typing import Any

from flask import request

from core import Endpoints, NotFound, db, get, json_body, public, raw_body, run_action
from hotline import services
from hotline.records import Call
from hotline.rules import KEY

LARGEST = 10_000
webhook = Endpoints("hotline", "/hotline")
rest = Endpoints("hotline_rest", "/api/hotline", api=True)


@webhook.route(
    "/calls", methods=("POST",), csrf=False, permission=public("the telephone system signs what it tells, see README")
)
def told() -> Any:
    """A call; 401 unless it is signed, 201 when it is new, 200 when it was told before."""
    body = raw_body(LARGEST)
    given, timestamp = (request.headers.get(f"X-Hotline-{name}", "") for name in ("Signature", "Timestamp"))
    if not services.is_genuine(given, timestamp, body):
        return {"message": "not signed by the telephone system"}, 401
    made = services.keep(json_body())
    return {"kept": made is not None}, 201 if made is not None else 200


@rest.route("/waiting", permission=(KEY, "read"))
def waiting() -> dict[str, Any]:
    """Who waits to be called back, by client."""
    return {"data": services.waiting_by_client()}


@rest.route("/calls/<ident>/answered", methods=("POST",), permission=(KEY, "answer"))
def answered(ident: str) -> dict[str, Any]:
    """Somebody called back; the body may hold a note."""
    if not ident.isdigit() or len(ident) > 15:
        raise NotFound()
    call = get(Call, int(ident))
    run_action(call, KEY, "answer", json_body(required=False))
    db.session.flush()
    return {"id": call.id, "state": call.state}

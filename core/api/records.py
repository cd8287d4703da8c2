"""The resources of a record type: list, one record, its changes, its named actions. The record services do the work."""

from __future__ import annotations

from flask import request

from core.api.answers import Answer, etag, json_body, unchanged, wanted_version
from core.api.params import expand_names, field_names, list_request
from core.db import db
from core.errors import BadRequest, Forbidden, NotFound
from core.i18n import _
from core.permissions.rules import access
from core.records import service
from core.records.base import Record
from core.records.dump import dump_one, dump_rows
from core.registry import RecordType, registry

MAX_ID = 2**53


def kind_of(key: str, action: str = "read") -> RecordType:
    """The type of that key; raises `NotFound`, or `Forbidden` when this person may do `action` to none of them."""
    kind = registry().types.get(key)
    if kind is None or not kind.public:
        raise NotFound(_("There is no record type “%(key)s” here.", key=key))
    if not access().can(db.session().principal, key, action):
        raise Forbidden(detail={"record": key, "action": action})
    return kind


def ident_of(text: str) -> int:
    """An id of the address; what cannot be one is simply absent."""
    if not (text.isascii() and text.isdigit() and len(text) < 17 and 0 < int(text) < MAX_ID):
        raise NotFound()
    return int(text)


def location(kind: RecordType, ident: int) -> str:
    """The address of a record."""
    return f"/api/v1/{kind.key}/{ident}"


def list_all(key: str) -> Answer:
    """GET of a type: {data, next} and with `count=1` also total."""
    kind = kind_of(key)
    wanted = list_request(kind, request.args)
    page = dump_rows(kind.model, wanted.query, wanted.expand)
    body = {"data": page.rows, "next": page.next}
    return Answer(200, body if page.total is None else {**body, "total": page.total})


def read(key: str, ident: str) -> Answer:
    """GET of one record."""
    kind = kind_of(key)
    fields, expand = None, ()
    if request.args:
        fields, expand = field_names(kind, request.args.get("fields")), expand_names(kind, request.args.get("expand"))
        if others := set(request.args) - {"fields", "expand", "locale"}:
            raise BadRequest(_("Unknown parameter “%(name)s”.", name=sorted(others)[0]), code="parameter")
    row = dump_one(kind.model, ident_of(ident), fields, expand)
    if row is None:
        raise NotFound()
    headers = {"ETag": etag(row["version"])}
    return Answer(304, None, headers) if unchanged(headers) else Answer(200, row, headers)


def shown(kind: RecordType, record: Record, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """A record after a change, as this person may see it; out of their sight only its id and version are told."""
    row = dump_one(kind.model, record.id) or {"id": record.id, "version": record.version}
    return Answer(status, row, {"ETag": etag(row["version"]), **(headers or {})})


def create(key: str) -> Answer:
    """POST to a type."""
    kind = kind_of(key, "create")
    record = service.create(kind.model, json_body())
    return shown(kind, record, 201, {"Location": location(kind, record.id)})


def patch(key: str, ident: str) -> Answer:
    """PATCH of one record, with the version that was edited in If-Match."""
    kind = kind_of(key)
    record = service.get(kind.model, ident_of(ident))
    kind_of(key, "update")
    version = wanted_version(record.version, required=True)
    service.update(record, json_body(), version)
    return shown(kind, record)


def remove(key: str, ident: str) -> Answer:
    """DELETE of one record: archived where its declaration says so, else gone."""
    kind = kind_of(key)
    record = service.get(kind.model, ident_of(ident))
    kind_of(key, "delete")
    service.delete(record, wanted_version(record.version, required=False))
    return Answer(204)


def act(key: str, ident: str, code: str) -> Answer:
    """POST of a named action on one record; the body holds its parameters."""
    kind = kind_of(key)
    record = service.get(kind.model, ident_of(ident))
    action = service.find_action(key, code)
    kind_of(key, code)
    wanted_version(record.version, required=False)
    params = json_body(required=False)
    result = service.run_action([record] if action.bulk else record, key, code, params)
    after = dump_one(kind.model, record.id)
    headers = {"ETag": etag(after["version"])} if after else {}
    return Answer(200, {"result": result, "record": after}, headers)


def act_on_type(key: str, code: str) -> Answer:
    """POST of a named action on the type, or on the records named in `ids` when it takes several."""
    kind = kind_of(key)
    action = service.find_action(key, code)
    kind_of(key, code)
    params = json_body(required=False)
    if action.on_type:
        return Answer(200, {"result": service.run_action(None, key, code, params)})
    if not action.bulk:
        raise NotFound(_("There is no action of this name."))
    ids = params.pop("ids", None)
    if isinstance(ids, list):  # 7.0 is a whole number in JSON
        ids = [int(i) if isinstance(i, float) and i.is_integer() else i for i in ids]
    if not isinstance(ids, list) or not ids or len(ids) > 500 or not all(isinstance(i, int) for i in ids):
        raise BadRequest(_("Name the records in “ids”: a list of 1 to 500 ids."), code="value")
    records = [service.get(kind.model, ident_of(str(i))) for i in dict.fromkeys(ids)]
    return Answer(200, {"result": service.run_action(records, key, code, params)})

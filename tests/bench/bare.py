"""The bare endpoint to compare with: Flask and SQLAlchemy Core on the same tables, no rights, no audit, no hooks."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Flask, Response, request
from sqlalchemy import Table, create_engine, func, insert, select, update

KEY = "clients.client"


def make_app() -> Flask:
    """The same shapes as the API's: a page of 50 by substring, one record, create, update, count."""
    from core.app import compose
    from core.records.base import MODELS
    from core.settings import load_settings
    from tests.bench.data import default_of

    settings = load_settings()
    registry = compose(settings)
    engine = create_engine(settings.database)
    tables: dict[str, Table] = {key: MODELS[key].__table__ for key in (KEY, "cases.case")}
    shown = {
        key: [
            table.c.id,
            table.c.version,
            *(table.c[f.attr] for f in registry.types[key].fields.values() if not f.hidden),
        ]
        for key, table in tables.items()
    }
    template = {c.name: default_of(c) for c in tables[KEY].columns if c.name != "id" and c.default is not None}
    app = Flask("bare")

    def answer(data: Any, status: int = 200) -> Response:
        return Response(orjson.dumps(data, default=str), status, mimetype="application/json")

    @app.get("/<key>")
    def page(key: str) -> Response:
        table, word = tables[key], request.args["word"]
        condition = table.c.name.icontains(word) if engine.dialect.name == "postgresql" else table.c.name.contains(word)
        statement = select(*shown[key]).where(condition).order_by(table.c.name, table.c.id).limit(50)
        with engine.connect() as connection:
            return answer({"data": [dict(row) for row in connection.execute(statement).mappings()]})

    @app.get("/<key>/count")
    def count(key: str) -> Response:
        table, word = tables[key], request.args["word"]
        condition = table.c.name.icontains(word) if engine.dialect.name == "postgresql" else table.c.name.contains(word)
        with engine.connect() as connection:
            total = connection.scalar(select(func.count()).select_from(table).where(condition))
            statement = select(*shown[key]).where(condition).order_by(table.c.name, table.c.id).limit(1)
            return answer({"data": [dict(row) for row in connection.execute(statement).mappings()], "total": total})

    def one(connection: Any, key: str, ident: int) -> dict[str, Any]:
        return dict(connection.execute(select(*shown[key]).where(tables[key].c.id == ident)).mappings().one())

    @app.get("/<key>/<int:ident>")
    def read(key: str, ident: int) -> Response:
        with engine.connect() as connection:
            return answer(one(connection, key, ident))

    @app.post("/<key>")
    def create(key: str) -> Response:
        now = datetime.now(UTC)
        values = template | orjson.loads(request.data) | {"version": 1, "created_at": now, "updated_at": now}
        with engine.begin() as connection:
            ident = connection.execute(insert(tables[key]).values(values)).inserted_primary_key[0]
            return answer(one(connection, key, ident), 201)

    @app.patch("/<key>/<int:ident>")
    def change(key: str, ident: int) -> Response:
        table, values = tables[key], orjson.loads(request.data)
        with engine.begin() as connection:
            row = one(connection, key, ident)
            changed = update(table).where(table.c.id == ident, table.c.version == row["version"])
            connection.execute(changed.values(version=row["version"] + 1, updated_at=datetime.now(UTC), **values))
            return answer(one(connection, key, ident))

    return app


def main() -> None:
    """Serve on the port of the first argument with the product's own gunicorn settings."""
    from core.supervise.web import Server

    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    options = {"bind": f"127.0.0.1:{sys.argv[1]}", "workers": 2, "threads": 4, "worker_class": "gthread"}
    Server(make_app(), options | {"worker_tmp_dir": memory, "loglevel": "warning", "keepalive": 5}).run()


if __name__ == "__main__":
    main()

"""Pages on who may do what: roles, people, organisation, sharing, deputies, explanations. Rights are decided below."""

from __future__ import annotations

from flask import Blueprint

from core.web.rights import (
    closing,
    conditions,
    deputies,
    duties,
    exports,
    glass,
    leaving,
    matrix,
    organisation,
    people,
    roles,
    sharing,
    unmasking,
    viewing,
    walls,
    why,
)

PAGES = (roles, matrix, closing, conditions, people, leaving, organisation, duties, deputies, sharing, unmasking, why)


def register(web: Blueprint) -> None:
    """The routes of this room."""
    for module in (*PAGES, viewing, walls, glass, exports):
        module.register(web)

"""Pages on who may do what: roles, people, organisation, sharing, deputies, explanations. Rights are decided below."""

from __future__ import annotations

from flask import Blueprint

from core.web.rights import people, roles


def register(web: Blueprint) -> None:
    """The routes of this room."""
    for module in (roles, people):
        module.register(web)

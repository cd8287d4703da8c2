"""Puts the room of shaping between declarations and those who ask for them. Called once by `create_app`."""

from __future__ import annotations

from core.shaping import choices, numbering, store


def install() -> None:
    """Choices and numbers are asked for here; what another deployment in this process shaped is forgotten."""
    store.forget_all()
    choices.install()
    numbering.install()

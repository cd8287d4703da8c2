"""The web room: sign-in, the shell around every page, and pages made from view specs. Only `core.app` imports it."""

from __future__ import annotations

from flask import Flask

from core.web import setup


def init_web(app: Flask) -> None:
    """Put all pages, static files and plugin endpoints on the app."""
    setup.install(app)

"""`zhian standins`: all stand-ins on fixed ports, until Ctrl-C. Each is a module with NAME, PORT, create()."""

from __future__ import annotations

import argparse
import importlib
import logging
import socket
import threading
from contextlib import ExitStack
from importlib.util import find_spec

from tests.standins.common import serving

MODULES = ("kingdee", "wecom", "dingtalk", "sms")


def say(text: str) -> None:
    """To whoever started them."""
    print(text, flush=True)


def taken(port: int) -> bool:
    """Whether somebody listens there already."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main(arguments: list[str] | None = None) -> None:
    """Start them and print their addresses."""
    parser = argparse.ArgumentParser(prog="zhian standins", description=__doc__)
    parser.add_argument("names", nargs="*", default=[], help=f"only these: {', '.join(MODULES)}")
    parser.add_argument("--site", default="http://127.0.0.1:8000", help="address of the deployment that is called back")
    given = parser.parse_args(arguments)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with ExitStack() as stack:
        for name in given.names or MODULES:
            if find_spec(f"tests.standins.{name}") is None:
                continue
            module = importlib.import_module(f"tests.standins.{name}")
            title = getattr(module, "TITLE", module.NAME)
            if taken(module.PORT):
                say(f"{title}: port {module.PORT} is in use; perhaps it runs already")
                continue
            app = module.create()
            if hasattr(app, "standin") and hasattr(app.standin, "site"):
                app.standin.site = given.site
            address = stack.enter_context(serving(app, module.PORT))
            say(f"{title:<48} {address}")
        say(f"\nCalling back {given.site}. Ctrl-C stops them.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()

"""`zhian standins`: all stand-ins on fixed ports, until Ctrl-C. Each is a module with NAME, PORT, create()."""

from __future__ import annotations

import argparse
import importlib
import logging
import threading
from contextlib import ExitStack
from importlib.util import find_spec

from tests.standins.common import serving

MODULES = ("kingdee", "wecom", "dingtalk")


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
            app = module.create()
            if hasattr(app, "standin") and hasattr(app.standin, "site"):
                app.standin.site = given.site
            address = stack.enter_context(serving(app, module.PORT))
            print(f"{getattr(module, 'TITLE', module.NAME):<48} {address}", flush=True)
        print(f"\nCalling back {given.site}. Ctrl-C stops them.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()

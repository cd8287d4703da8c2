"""What holds for clients whatever plugins add to them. The conformance suite runs it for whoever extends them."""

from __future__ import annotations

from collections.abc import Iterator

from core.testing import Deployment

KEY = "clients.client"


def taking_in_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """A client is still made of a name alone, gets its number, and is found by its name."""
    api = site.api(site.person("client_keeper", "administrator", department="Here"))
    made = api.post(KEY, {"name": f"Extended by {plugin} Ltd"})
    if made.status_code != 201:
        yield f"a client cannot be made of a name alone any more: {made.text[:300]} -> add no required field"
        return
    if not made.json.get("number"):
        yield "a new client gets no number -> let before_create pass"
    if not api.get(f"{KEY}?q=Extended by {plugin}").json.get("data"):
        yield "a client is not found by its name -> leave its search alone"


CHECKS = (taking_in_problems,)

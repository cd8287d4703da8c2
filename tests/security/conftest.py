"""What the tests of doors share: two mirrored clients in the portal, two mirrored branches of the agency."""

from __future__ import annotations

import pytest

from tests.plugins.portal.conftest import mirror, staff_browser, visitors
from tests.security.offices import Offices

__all__ = ["mirror", "offices", "staff_browser", "visitors"]


@pytest.fixture(scope="module")
def offices(app):
    """Two branches that mirror each other."""
    if "billing.bill" not in app.extensions["zhian"].types:
        pytest.skip("this deployment has no billing")
    return Offices(app)


def pytest_collection_modifyitems(config, items):
    """What takes minutes runs when it is asked for: `-m long`."""
    long = [item for item in items if "long" in item.keywords] if "long" not in config.option.markexpr else []
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]

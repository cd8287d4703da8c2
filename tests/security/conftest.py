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

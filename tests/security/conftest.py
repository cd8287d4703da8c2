"""What the tests of doors share: two clients that mirror each other, signed in to the portal."""

from tests.plugins.portal.conftest import mirror, staff_browser, visitors

__all__ = ["mirror", "staff_browser", "visitors"]

"""What `zhian plugin check` hands to pytest: the conformance suite, on the plugin that `--zhian-plugin` names."""

from __future__ import annotations

from core.testing.conformance import Conformance


class TestPlugin(Conformance):
    """The suite as it is."""

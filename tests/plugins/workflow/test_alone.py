"""The plugin by itself, with what it requires: nothing. And beside plugins that know nothing of it."""

from __future__ import annotations

import pytest

from tests.support.running import command


@pytest.mark.parametrize("plugins", [("workflow",), ("clients", "workflow"), ("clients",)], ids="-".join)
def test_it_starts_with_what_it_requires(tmp_path, plugins):
    config = tmp_path / "deployment.toml"
    config.write_text(f"plugins = {list(plugins)!r}\n".replace("'", '"'), "utf-8")
    done = command("--config", config, "--data", tmp_path / "data", "db", "upgrade")
    assert ("workflow new" in done.stderr) == ("workflow" in plugins)
    status = command("--config", config, "--data", tmp_path / "data", "db", "status")
    assert ("workflow_0" in status.stdout) == ("workflow" in plugins)

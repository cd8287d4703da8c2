"""The pytest plugin that comes with Zhian: the fixture `zhian`, and the option and setting that name the plugin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--zhian-plugin NAME` and `zhian_plugin = "NAME"`."""
    group = parser.getgroup("zhian")
    group.addoption("--zhian-plugin", default="", help="The plugin that the conformance suite looks at.")
    group.addoption("--zhian-quick", action="store_true", help="Leave out the checks that take long.")
    parser.addini("zhian_plugin", "The plugin that the fixture `zhian` enables, with what it requires.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """The mark of checks that take long."""
    config.addinivalue_line("markers", "zhian_slow: a check of the conformance suite that takes long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--zhian-quick` the long ones stay out."""
    if config.getoption("--zhian-quick"):
        left = [item for item in items if item.get_closest_marker("zhian_slow")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="module")
def zhian_server() -> str:
    """The PostgreSQL server of `ZHIAN_TEST_PG`, or an empty text."""
    return os.environ.get("ZHIAN_TEST_PG", "")


@pytest.fixture(scope="module")
def zhian(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A `core.testing.Deployment` of the plugin under test on SQLite; all tests of a module share it."""
    from core.testing.deployment import deployment

    with deployment(plugin_of(request)) as made:
        yield made


def plugin_of(request: pytest.FixtureRequest) -> str:
    """The plugin that the option, the module, its conformance class or the setting names."""
    from core.testing.conformance import Conformance

    module = request.module
    classes = (v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Conformance))
    named = [c.plugin for c in classes if c.plugin]
    config = request.config
    found = [config.getoption("--zhian-plugin"), getattr(module, "PLUGIN", ""), *named, config.getini("zhian_plugin")]
    name = next(filter(None, found), "")
    if not name:
        pytest.fail('name the plugin: zhian_plugin = "NAME" in [tool.pytest.ini_options]', pytrace=False)
    return name

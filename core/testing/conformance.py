"""The rules of the house as one test class; a plugin's tests subclass it and name the plugin. Failures say the mend.

class TestConformance(Conformance):
    plugin = "vehicles"
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

from core.testing import composed, extended, handlers, pages, schema, static
from core.testing.deployment import Deployment, deployment


def report(problems: Iterable[str]) -> None:
    """Fail with every problem, one on a line, without a traceback of ours."""
    found = list(dict.fromkeys(problems))
    if found:
        pytest.fail("\n".join(f"  - {problem}" for problem in found), pytrace=False)


class Conformance:
    """What holds for every plugin. `plugin` is its name; nothing else needs to be said."""

    plugin = ""

    @pytest.fixture(scope="class")
    @classmethod
    def site(cls, request: pytest.FixtureRequest) -> Iterator[Deployment]:
        """The plugin enabled alone, with just what it requires."""
        if "zhian" in request.fixturenames:
            yield request.getfixturevalue("zhian")
            return
        with deployment(cls.name(request)) as made:
            yield made

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, site: Deployment, request: pytest.FixtureRequest) -> static.Source:
        """Its files."""
        return static.Source(site.manifest(cls.name(request)))

    @classmethod
    def name(cls, request: pytest.FixtureRequest) -> str:
        """The plugin that is looked at."""
        return cls.plugin or request.config.getoption("--zhian-plugin")

    def test_the_manifest_is_complete(self, source: static.Source) -> None:
        """Titles, range of the core, README, requirements."""
        report(static.manifest_problems(source))

    def test_it_imports_only_what_it_declares(self, source: static.Source) -> None:
        """Faces and declared packages."""
        report(static.import_problems(source))

    def test_it_does_not_go_around_the_guard(self, source: static.Source) -> None:
        """No SQL as text, no connection of its own."""
        report(static.guard_problems(source))

    def test_its_texts_are_translated(self, source: static.Source) -> None:
        """Chinese for each, placeholders alike."""
        report(static.text_problems(source))

    def test_its_modules_and_hooks_are_documented(self, source: static.Source) -> None:
        """Docstrings."""
        report(static.docstring_problems(source))

    def test_its_records_have_rights_and_rules(self, site: Deployment, source: static.Source) -> None:
        """Grants, and rules for rows."""
        words = {
            node.value
            for tree in source.trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        report(composed.rights_problems(site.registry, source.manifest.name, words))

    def test_its_routes_declare_who_may_call_them(self, site: Deployment, source: static.Source) -> None:
        """Permissions of endpoints."""
        report(composed.endpoint_problems(site.registry, source.manifest.name))

    def test_its_views_name_what_exists(self, site: Deployment, source: static.Source) -> None:
        """Fields, templates, menus, anchors."""
        plugin = source.manifest.name
        report(composed.view_problems(site.app, site.registry, plugin))
        report(composed.anchor_problems(site.registry, plugin))

    def test_lists_and_forms_open_for_each_role(self, site: Deployment, source: static.Source) -> None:
        """And for nobody else."""
        report(pages.page_problems(site, source.manifest.name))

    def test_its_pages_open_for_whom_they_are(self, site: Deployment, source: static.Source) -> None:
        """Routes without arguments."""
        report(pages.route_problems(site, source.manifest.name))

    def test_links_keep_hidden_what_is_hidden(self, site: Deployment, source: static.Source) -> None:
        """Targets out of sight stay out of sight."""
        report(pages.relation_problems(site, source.manifest.name))

    def test_what_it_extends_still_holds(self, site: Deployment, source: static.Source) -> None:
        """Records of others open with what was added, and their owners' own checks pass."""
        report(extended.problems(site, source.manifest.name))

    def test_a_second_event_changes_nothing(self, site: Deployment, source: static.Source) -> None:
        """Handlers run twice."""
        report(handlers.handler_problems(site, source.manifest.name))

    def test_the_migrations_make_what_is_declared(self, site: Deployment, source: static.Source) -> None:
        """On SQLite."""
        report(schema.difference_problems(site, source.manifest.name))

    @pytest.mark.zhian_slow
    def test_the_migrations_go_down_and_up(self, source: static.Source) -> None:
        """On a database of its own."""
        with deployment(source.manifest.name) as site:
            report(schema.down_and_up_problems(site, source.manifest.name))

    @pytest.mark.zhian_slow
    def test_the_migrations_hold_on_postgresql(self, source: static.Source, zhian_server: str) -> None:
        """Made, without a difference, down and up."""
        if not zhian_server:
            pytest.skip("name a server in ZHIAN_TEST_PG, like postgresql://postgres@localhost/postgres")
        with deployment(source.manifest.name, server=zhian_server) as site:
            report(schema.difference_problems(site, source.manifest.name))
            report(schema.down_and_up_problems(site, source.manifest.name))

    @pytest.mark.zhian_slow
    def test_disabling_keeps_its_data_and_purging_leaves_nothing(self, source: static.Source) -> None:
        """By the commands, on a deployment of its own."""
        report(schema.lifecycle_problems(source.manifest.name))

"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from core import Action, Card, Endpoints, FieldRule, Grant, Menu, Record, Role, Setting, View, hookimpl
from hotline import endpoints, rules, steps, views
from hotline.records import Call
from plugins.automation import StepKind


@hookimpl
def register_records() -> list[type[Record]]:
    """Calls."""
    return [Call]


@hookimpl
def register_roles() -> list[Role]:
    """Who answers, who only sees."""
    return rules.ROLES


@hookimpl
def register_grants() -> list[Grant]:
    """What they may do."""
    return rules.GRANTS


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Numbers are masked for those who only see."""
    return rules.FIELD_RULES


@hookimpl
def register_views() -> list[View]:
    """List, page, form."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_actions() -> list[Action]:
    """Called back."""
    return views.actions()


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """Webhook and REST."""
    return [endpoints.webhook, endpoints.rest]


@hookimpl
def register_cards() -> list[Card]:
    """What waits."""
    return views.cards()


@hookimpl
def register_settings() -> list[Setting]:
    """Key and country."""
    return views.settings()


@hookimpl
def register_automation_steps() -> list[StepKind]:
    """A step of rules: somebody called back."""
    return steps.kinds()

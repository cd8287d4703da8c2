"""What two persons must share: known to the core, listed in the modern profile, refused in the strict one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import Refused, create, record_class, system, transaction
from core.permissions import duties


@pytest.fixture
def person(context):
    """Somebody with one administrator's role."""
    with system("a person for the duties"):
        user = create(record_class("core.user"), {"login": "duty", "name": "Duty"})
        create(record_class("core.user_role"), {"user": user.id, "role": "security_admin"})
        ident = user.id
    yield ident
    with system("gone again") as session:
        session.delete(session.get_one(record_class("core.user"), ident))


@pytest.fixture
def strict(app):
    """The profile of classified protection."""
    settings = app.config["ZHIAN"]
    app.config["ZHIAN"] = replace(settings, identity=replace(settings.identity, policy="mlps"))
    yield
    app.config["ZHIAN"] = settings


def give(person, role):
    with system("a second role"), transaction():
        create(record_class("core.user_role"), {"user": person, "role": role})


def of(code):
    return next(duty for duty in duties.duties() if duty.code == code)


def test_every_pair_of_the_pack_is_known_to_the_core(context):
    assert len(duties.duties()) == 20
    three = of("THREE_ADMINS")
    assert duties.clash(three, frozenset({"system_admin", "audit_admin", "hr"})) == ["system_admin", "audit_admin"]
    assert duties.clash(three, frozenset({"system_admin", "config_admin"})) == []
    assert duties.clash(of("GRANT_SELF"), frozenset({"security_admin", "consultant"})) == [
        "security_admin",
        "consultant",
    ]


@pytest.mark.parametrize("role", ["system_admin", "audit_admin", "consultant"])
def test_the_strict_profile_refuses_what_should_be_two_persons(person, strict, role):
    with pytest.raises(Refused) as refused:
        give(person, role)
    assert refused.value.code == "separation_of_duties"


def test_the_modern_profile_lists_it(person):
    give(person, "consultant")
    assert ("Duty", ["security_admin", "consultant"]) in duties.held_together(of("GRANT_SELF"))

"""Every record type of a full deployment, asked in every way: answers or refusals, never a fault."""

from __future__ import annotations

import pytest

from core.api.keys import issue_key
from core.db import system
from core.permissions.org import Branch, Department, Team, User, UserRole
from core.records.conditions import LINKS
from core.records.query import SYSTEM_FIELDS, UNSORTABLE
from core.registry import registry
from tests.support.lab import Client


@pytest.fixture(scope="module")
def clients(app):
    """One API client for each role, and for somebody without any."""
    with app.app_context():
        with system("one person for each role") as session:
            branch, department, team = Branch(name="Matrix"), Department(name="Matrix"), Team(name="Matrix")
            session.add_all([branch, department, team])
            session.flush()
            place = {"branch_id": branch.id, "department_id": department.id, "team_id": team.id}
            ids = {}
            for role in ("", *registry().access.roles):
                portal = bool(role) and registry().access.roles[role].realm == "portal"
                realm = "portal" if portal else "staff"
                person = User(login=f"matrix {role}", name=role or "none", realm=realm, **place)
                session.add(person)
                session.flush()
                ids[role] = person.id
                if role:
                    session.add(UserRole(user_id=person.id, role=role))
        return {role: Client(app, issue_key(ident, ["*"], "matrix"), {}) for role, ident in ids.items()}


def questions(kind):
    """Lists of a type in many forms."""
    shown = [f for f in (*kind.fields.values(), *SYSTEM_FIELDS.values()) if not f.hidden and f.kind != "secret"]
    yield "count=1&limit=3"
    yield "q=知案 x&archived=1"
    for field in shown:
        if field.kind not in UNSORTABLE:
            yield f"sort=-{field.name}&limit=2"
        yield f"{field.name}__isnull=0&limit=1"
        if field.kind in LINKS and field.target:
            yield f"{field.name}=1&{field.name}__ne=2&limit=1"
            yield f"expand={field.name}&fields={field.name}&limit=2"
            target = registry().types[field.target]
            title = target.fields.get(target.title or "")
            if title is not None and not title.hidden:
                yield f"{field.name}.{title.name}__isnull=0&limit=1"
            inner = next((f for f in target.fields.values() if f.kind in LINKS and f.target and not f.hidden), None)
            if inner is not None:
                yield f"{field.name}.{inner.name}.id__gt=0&limit=1"
        elif field.kind in ("text", "long_text"):
            yield f"{field.name}__contains=电池'\"%25_&limit=1"
        elif field.kind in ("tags", "multi_choice"):
            yield f"{field.name}=x'\"&limit=1"


@pytest.mark.slow
def test_every_list_answers_with_and_without_a_record_rule(app, clients):
    """An administrator is never refused a question about a field; a consultant is never answered with a fault."""
    with app.app_context():
        broken = []
        for kind in (k for k in registry().types.values() if k.public):
            for role in ("administrator", "consultant"):
                if clients[role].get(f"{kind.key}?limit=1").status_code == 403:
                    continue
                for question in questions(kind):
                    answer = clients[role].get(f"{kind.key}?{question}")
                    wanted = (200,) if role == "administrator" else (200, 400)
                    if answer.status_code not in wanted:
                        broken.append((role, kind.key, question, answer.status_code, answer.text[:200]))
        assert broken == []


def test_nobody_sees_what_no_grant_names(app, clients):
    with app.app_context():
        access = registry().access
        for kind in registry().types.values():
            granted = access.grants.get(("*", kind.key), ())
            expected = 200 if any("read" in grant.actions for grant in granted) else 403
            assert clients[""].get(kind.key).status_code == (expected if kind.public else 404), kind.key


@pytest.mark.slow
def test_each_role_reads_and_writes_the_types_that_its_grants_name(app, clients):
    """Each record type × each role, by REST: what is granted answers, everything else is refused before it is read."""
    with app.app_context():
        access, apart = registry().access, []
        for kind in (k for k in registry().types.values() if k.public):
            for role, client in clients.items():
                realm = access.roles[role].realm if role else "staff"
                able = realm != "portal"

                def may(right, role=role, key=kind.key, able=able):
                    held = [g for r in (role, "*") for of in (key, "*") for g in access.grants.get((r, of), ())]
                    return able and any({right, "*"} & set(g.actions) for g in held)

                read, made = (
                    client.get(f"{kind.key}?limit=1").status_code,
                    client.post(kind.key, {"nope": 1}).status_code,
                )
                if read not in ((200,) if may("read") else (401, 403)):
                    apart.append((role, kind.key, "read", read))
                if made not in ((422,) if may("create") else (401, 403)):
                    apart.append((role, kind.key, "create", made))
        assert apart == []


@pytest.mark.slow
def test_the_description_of_a_full_deployment_is_valid(app, clients, backend):
    """Once is enough: it does not depend on the database."""
    if backend == "postgresql":
        pytest.skip("checked on SQLite")
    from openapi_spec_validator import validate

    chinese, english = (
        clients["administrator"].get("openapi.json", Accept_Language=code).json for code in ("zh", "en")
    )
    validate(english)
    assert chinese["paths"].keys() == english["paths"].keys()
    assert chinese != english

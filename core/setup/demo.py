"""The demo's logins: one password for the invented people, printed at the start."""

from __future__ import annotations

from sqlalchemy import select

from core.db import system
from core.permissions.org import User, UserRole
from core.registry import STAFF, registry

DEMO_PASSWORD = "lanqi-demo-2026"  # noqa: S105 - of invented people, in a demo
SHOWN_OF_A_REALM = 4
SHOWN_ROLES = (
    "administrator",
    "partner",
    "dept_head",
    "tm_agent",
    "pat_agent",
    "process_clerk",
    "docket_verifier",
    "consultant",
    "client_manager",
    "finance",
)


def demo_logins() -> list[tuple[str, str, str]]:
    """(login, password, name and role) of one person for each of the main roles that the demo has."""
    found: dict[str, tuple[str, str, str]] = {}
    with system("list the demo logins") as session:
        for role in SHOWN_ROLES:
            holders = select(UserRole.user_id).where(UserRole.role == role)
            query = select(User).where(User.id.in_(holders), User.active, User.password_hash.is_not(None))
            person = session.scalars(query.order_by(User.id).limit(1)).first()
            if person is not None:
                label = registry().access.roles[role].label if role in registry().access.roles else role
                found.setdefault(person.login, (person.login, DEMO_PASSWORD, f"{person.name}  {label}"))
    return list(found.values())


def realm_logins() -> list[tuple[str, str, str]]:
    """The same for people with a sign-in of their own, one of each role and the page where they sign in."""
    found: list[tuple[str, str, str]] = []
    with system("list the demo logins of other realms") as session:
        for realm in (r for r in registry().realms.values() if r is not STAFF):
            people = select(User.login, User.name, UserRole.role).join(UserRole, UserRole.user_id == User.id)
            people = people.where(User.realm == realm.name, User.active, User.password_hash.is_not(None))
            for login, name, role in session.execute(people.order_by(User.id).limit(SHOWN_OF_A_REALM)):
                label = registry().access.roles[role].label if role in registry().access.roles else role
                found.append((login, DEMO_PASSWORD, f"{name}  {label}  {realm.login}"))
    return found

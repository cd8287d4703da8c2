"""`user create|password`, `api-key create`."""

from __future__ import annotations

import sys

import click

from core.setup import people
from core.setup.database import deployment


@click.group()
def user() -> None:
    """People who may sign in."""


@user.command()
@click.argument("login")
@click.option("--role", "roles", multiple=True, required=True, help="Code of a role; repeatable.")
@click.option("--name", default="", help="Full name; the login when left out.")
@click.option("--email", default=None)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(login: str, roles: tuple[str, ...], name: str, email: str | None, password_stdin: bool) -> None:
    """Make the person LOGIN."""
    password = _password(password_stdin)
    with deployment():
        people.create_user(login, roles, password, name, **({"email": email} if email else {}))
    click.echo(f"{login} can sign in", err=True)


@user.command()
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def password(login: str, password_stdin: bool) -> None:
    """Give LOGIN a new password."""
    fresh = _password(password_stdin)
    with deployment():
        people.set_password(login, fresh)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)


@click.group("api-key")
def api_key() -> None:
    """Bearer keys for programs."""


@api_key.command("create")
@click.option("--user", "login", required=True, help="Whose rights the key has.")
@click.option("--scope", "scopes", multiple=True, required=True, help="RECORD:read|create|…, or * ; repeatable.")
@click.option("--name", default="command line", show_default=True, help="What it is for.")
def create_key(login: str, scopes: tuple[str, ...], name: str) -> None:
    """Print a new key, alone on stdout; it is never shown again."""
    from core.api.keys import issue_key

    with deployment():
        if people.first_administrator() is None:
            people.ensure_administrator(login)
        click.echo(issue_key(people.user_id_of(login), list(scopes), name))

"""`second-factor`: for somebody who lost phone, passkeys and recovery codes, when no administrator can help."""

from __future__ import annotations

import click

from core.db import system
from core.identity.browsers import end_sessions
from core.identity.factors import drop_all
from core.permissions.org import User
from core.records.audit import note_action


@click.command("second-factor")
@click.argument("login")
@click.option(
    "--take-away", is_flag=True, required=True, help="App, passkeys and recovery codes prove nothing any more."
)
def second_factor(login: str, take_away: bool) -> None:
    """Take the second factor of LOGIN away; they sign in by password and set up a new one."""
    from core.setup.database import deployment
    from core.setup.people import user_id_of

    assert take_away
    with deployment():
        ident = user_id_of(login)
        with system(f"take the second factor of {login} away") as session:
            drop_all(session.connection(), ident)
            end_sessions(session.connection(), [ident])
            note_action(session, "second_factor_taken", session.get_one(User, ident))
    click.echo(f"{login} signs in by password alone now", err=True)

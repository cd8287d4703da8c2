"""`zhian mail-receive`: takes one mail from standard input, for a mail server's pipe."""

from __future__ import annotations

import sys

import click

from plugins.inbox.replies.receiving import receive

LARGEST = 60 * 1024 * 1024
NO_USER = 67
"""EX_NOUSER of sysexits: the mail server tells the sender that it was not taken."""


@click.command("mail-receive")
def mail_receive() -> None:
    """Take one answer by mail from standard input. A line for Postfix stands in docs/inbox.md."""
    outcome = receive(sys.stdin.buffer.read(LARGEST))
    click.echo(outcome)
    if outcome == "refused":
        sys.exit(NO_USER)

"""`zhian im-stream`: the process that keeps DingTalk's lines open."""

from __future__ import annotations

import click
from flask import current_app

from plugins.im_bridge import stream


@click.command("im-stream")
def im_stream() -> None:
    """Keep DingTalk Stream lines open until stopped. `zhian up` runs it beside web and worker."""
    stream.serve(current_app._get_current_object())

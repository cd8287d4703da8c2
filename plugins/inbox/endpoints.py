"""The plugin's own pages: the bell's panel, the live count, acts on messages, one's choices, the preview of mails."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from flask import Response, current_app, jsonify, render_template, request

from core import (
    Endpoints,
    Invalid,
    current_principal,
    db,
    done,
    get,
    gettext,
    local,
    now,
    record_class,
    say,
    signed_in,
)
from plugins.inbox import centre, live, sandbox, snoozing, wishes, wording
from plugins.inbox.records import Template

routes = Endpoints("inbox", "/inbox")
OWN = signed_in("everybody has an inbox; record rules show one's own messages alone")


def _me() -> int:
    return current_principal().user_id or 0


def _back() -> Any:
    """To the page that asked, in the same box and kind."""
    return done(request.form.get("back") or "/inbox")


@routes.route("/state", permission=OWN)
def state() -> Any:
    """Count, newest message and pop-up, as JSON."""
    return jsonify(centre.state())


@routes.route("/stream", permission=OWN)
def stream() -> Any:
    """The live count as server-sent events; 503 when too many pages listen, then they ask by themselves."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if not live.watcher.enter(app, _me(), int(current_app.config.get("LONG_ANSWERS", 4))):
        return Response("", 503, {"Retry-After": "120"})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    answer = Response(live.stream(_me()), mimetype="text/event-stream", headers=headers)
    answer.call_on_close(partial(live.watcher.leave, _me()))  # also when nobody reads a word of it
    return answer


@routes.route("/panel", permission=OWN)
def panel() -> Any:
    """What the bell opens."""
    return centre.panel()


@routes.route("/<int:message_id>/ways", permission=OWN)
def ways(message_id: int) -> Any:
    """By which ways a message of one's own went."""
    get(record_class("core.notification"), message_id)
    return centre.ways(message_id)


@routes.route("/mark", permission=OWN, methods=("POST",))
def mark() -> Any:
    """Mark some messages as read or unread."""
    ids = [int(value) for value in request.form.getlist("ids") if re.fullmatch(r"[0-9]{1,15}", value)]
    snoozing.mark(snoozing.mine(ids), read=request.form.get("as") != "unread")
    return _back()


@routes.route("/mark-all", permission=OWN, methods=("POST",))
def mark_all() -> Any:
    """Mark everything, or one kind, as read."""
    count = snoozing.mark_all(request.form.get("kind") or None)
    say(gettext("%(n)s messages are marked as read", n=count))
    return _back()


@routes.route("/<int:message_id>/snooze", permission=OWN, methods=("POST",))
def snooze(message_id: int) -> Any:
    """Put a message off until a preset or a given time."""
    given = request.form.get("at", "").strip()
    try:
        until = snoozing.parsed(given) if given else snoozing.instant_of(request.form.get("until", ""), local(now()))
        snoozing.snooze(message_id, until)
    except Invalid as error:
        say(str(error.errors[0].message), "overdue")
        return _back()
    say(gettext("Comes back %(when)s", when=centre.clock(local(until), dated=True)))
    return _back()


@routes.route("/<int:message_id>/acknowledge", permission=OWN, methods=("POST",))
def acknowledge(message_id: int) -> Any:
    """Take a strong warning over, with the older ones about the same matter."""
    newest = get(record_class("core.notification"), message_id)
    for message in snoozing.same_matter(newest):
        snoozing.acknowledge(message.id)
    say(gettext("Noted that you take care of it"))
    return _back()


@routes.route("/preferences", permission=OWN)
def preferences() -> Any:
    """One's channels, quiet hours and digest."""
    return _preferences({})


@routes.route("/preferences", permission=OWN, methods=("POST",))
def keep_preferences() -> Any:
    """Keep them."""
    known = {(kind, channel): choices for kind, _l in wishes.kinds() for channel, _n, choices in wishes.channels()}
    chosen = {}
    for (kind, channel), choices in known.items():
        wish = request.form.get(f"wish:{kind}:{channel}")
        if wish in choices:
            chosen[kind, channel] = wish
    times: dict[str, Any] = {name: request.form.get(name) for name in ("quiet_from", "quiet_to", "digest_at")}
    try:
        wishes.keep(_me(), chosen, times | {"quiet_weekend": request.form.get("quiet_weekend") == "1"})
    except Invalid as error:
        db.session.rollback()
        return _preferences({e.field: str(e.message) for e in error.errors}), 422
    say(gettext("Your choices are kept"))
    return done("/inbox/preferences")


def _preferences(errors: dict[str, str]) -> str:
    habit, quiet = wishes.habit_of(_me()), None
    quiet = wishes.quiet_of(habit)
    times = {
        "quiet_from": quiet.since.strftime("%H:%M") if quiet.since else "",
        "quiet_to": quiet.until.strftime("%H:%M") if quiet.until else "",
        "digest_at": wishes.digest_hour(habit).strftime("%H:%M"),
        "quiet_weekend": quiet.weekend,
    }
    typed = {name: request.form[name] for name in times if name in request.form}
    words = {choice.code: str(choice.label) for choice in wishes.WISHES}
    return render_template(
        "inbox/preferences.html",
        title=gettext("Which messages come how"),
        crumbs=[(gettext("Inbox"), "/inbox"), (gettext("Which messages come how"), None)],
        kinds=wishes.kinds(),
        channels=[(code, label, [(c, words[c]) for c in choices]) for code, label, choices in wishes.channels()],
        chosen=wishes.chosen_by(_me()),
        times=times | typed,
        errors=errors,
        words=words,
    )


@routes.route("/templates/<int:template_id>/preview", permission=("inbox.template", "read"))
def preview(template_id: int) -> Any:
    """A mail as its receiver sees it, filled with invented messages; a page that can do nothing."""
    template = get(Template, template_id)
    try:
        _subject, text, html = wording.sample(template)
    except sandbox.Faulty as fault:
        return Response(str(fault), 422, mimetype="text/plain")
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
    headers = {"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}
    return Response(html or text, mimetype="text/html" if html else "text/plain", headers=headers)

"""Portal users: invited, taken up, given a new password, disabled. Signing in itself is the core's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select, update

from core import (
    Change,
    FieldError,
    Invalid,
    Refused,
    _,
    check_new,
    current_locale,
    current_principal,
    db,
    elevated,
    end_sign_ins,
    gettext,
    hash_password,
    note_action,
    notify,
    now,
    record_class,
    system,
)
from plugins.portal import links
from plugins.portal.records import Affiliate, PortalUser

REALM = "portal"
PASSWORD_SET = _("a password was set by the link of a mail")
WHY = "accounts of the portal follow their portal users"


def complete_new(users: list[Any]) -> None:
    """Before a portal user is made: the address in its plain form."""
    for user in users:
        user.email = (user.email or "").strip().lower()
        if user.email.count("@") != 1 or any(c.isspace() for c in user.email):
            raise Invalid([FieldError("email", "invalid", _("Write an e-mail address."))])
        user.state = user.state or "invited"
        if user.state == "invited":
            user.invited_at = now()


def check_contacts(users: list[Any]) -> None:
    """The contact is one of the same client."""
    for user in users:
        if user.contact_id is None:
            continue
        with elevated(WHY):
            contact = record_class("clients.contact")
            if db.session.scalar(select(contact.client_id).where(contact.id == user.contact_id)) != user.client_id:
                raise Invalid([FieldError("contact", "not_found", _("This contact belongs to another client."))])


def invite(users: list[Any]) -> None:
    """After portal users were made: each that is invited gets its mail."""
    for user in users:
        if user.state == "invited":
            _invite(user)


def invite_again(user: PortalUser, _params: dict[str, Any]) -> None:
    """Send a new link; the old one is void."""
    with elevated(WHY):
        db.session.get_one(PortalUser, user.id).invited_at = now()
        _invite(user)


def _invite(user: PortalUser) -> None:
    with elevated(WHY):
        if _taken(user):
            return _tell_of_taken(user)
        links.write(user, links.make(user, "invite"), "invite", _language(user))
    return None


def _taken(user: PortalUser) -> bool:
    """Whether another account signs in with this address already."""
    account = record_class("core.user")
    found = select(account.id).where(func.lower(account.login) == user.email, account.id != (user.user_id or 0))
    return db.session.scalar(found) is not None


def _tell_of_taken(user: PortalUser) -> None:
    """The agency hears of it, the client does not: whether somebody else has that address is not theirs to know."""
    client = record_class("clients.client")
    owner = db.session.scalar(select(client.owner_id).where(client.id == user.client_id))
    subject = gettext("The portal invitation of %(name)s needs you: the address has an account", name=user.name)
    notify([owner], subject, severity="warning", record=user, key=f"portal-taken-{user.id}")


def _language(user: PortalUser) -> str:
    contact = record_class("clients.contact")
    language = db.session.scalar(select(contact.language).where(contact.id == (user.contact_id or 0)))
    return language if language in ("zh", "en") else current_locale()


def invite_from_client(client: Any, params: dict[str, Any]) -> Any:
    """Action on a client: a new portal user of it."""
    values = {name: params.get(name) for name in ("name", "name_en", "email", "role")}
    return _make({**values, "client_id": client.id})


def invite_contact(contact: Any, params: dict[str, Any]) -> Any:
    """Action on a contact: this person becomes a portal user."""
    email = params.get("email") or contact.email
    if not email:
        raise Invalid([FieldError("email", "required", _("Write an e-mail address."))])
    values = {"name": contact.name[:80], "name_en": (contact.name_en or "")[:80] or None}
    values |= {"email": email, "role": params["role"]}
    return _make({**values, "client_id": contact.client_id, "contact_id": contact.id})


def _make(values: dict[str, Any]) -> dict[str, int]:
    with elevated("inviting is a right of its own"):
        known = select(PortalUser.id).where(
            PortalUser.client_id == values["client_id"], PortalUser.email == values["email"].strip().lower()
        )
        if db.session.scalar(known) is not None:
            raise Refused(_("This address is invited already; see the portal users of the client."))
        user = PortalUser(**values, state="invited")
        db.session.add(user)
        db.session.flush()
        return {"id": user.id}


def open_link(token: str) -> dict[str, Any] | None:
    """What the page of a link says, or None when it leads nowhere."""
    with system("portal: open a link"):
        link = links.find(token)
        if link is None or link.portal_user.state == "disabled":
            return None
        return {"purpose": link.purpose, "email": link.portal_user.email, "name": link.portal_user.called}


def set_password(token: str, password: str, locale: str) -> str | None:
    """Use a link: the account is made or gets its new password; the address to sign in with, or None.

    Raises `Invalid` for a password that is too easy; the link is used up only when it worked.
    """
    with system("portal: a link was used") as session:
        link = links.find(token)
        if link is None or link.portal_user.state == "disabled":
            return None
        user = link.portal_user
        check_new(password, user.email)
        if (user.user_id is None and _taken(user)) or not links.use(link):
            return None
        _account(session, user, password, locale)
        links.void(user.id)
        note_action(session, PASSWORD_SET.message, user)
        end_sign_ins(user.user_id)
        return user.email


def _account(session: Any, user: PortalUser, password: str, locale: str) -> None:
    account = record_class("core.user")
    if user.user_id is None:
        named = {"login": user.email, "name": user.name, "name_en": user.name_en, "email": user.email}
        made = account(**named, realm=REALM, locale=locale, active=True)
        session.add(made)
        session.flush()
        user.user_id = made.id
        session.add(record_class("core.user_role")(user_id=made.id, role=f"portal_{user.role}"))
        _bind_affiliates(user)
    found = session.get(account, user.user_id)
    found.password_hash = hash_password(password)
    if user.state == "invited":
        user.state, user.activated_at = "active", now()


def _bind_affiliates(user: PortalUser) -> None:
    for row in db.session.scalars(select(Affiliate).where(Affiliate.portal_user_id == user.id)):
        row.user_id = user.user_id


def complete_affiliates(rows: list[Any]) -> None:
    """Before an affiliate is opened: it carries the account of its portal user."""
    with elevated(WHY):
        for row in rows:
            row.user_id = db.session.scalar(select(PortalUser.user_id).where(PortalUser.id == row.portal_user_id))


def send_reset(email: str, locale: str) -> None:
    """Job: the mail with a link for a new password, when the address is one of ours. Runs for every address alike."""
    with system("portal: a new password was asked for") as session:
        wanted = (PortalUser.email == email.strip().lower(), PortalUser.state == "active")
        user = session.scalars(select(PortalUser).where(*wanted, PortalUser.user_id.is_not(None))).first()
        if user is not None and not links.was_just_made(user.id, "reset"):
            links.write(user, links.make(user, "reset"), "reset", locale)


def follow(changes: list[Change]) -> None:
    """After a portal user was changed: the account has the name and the one role."""
    for change in changes:
        user = change.record
        if user.user_id is None or not change.changed("role", "name", "name_en"):
            continue
        with elevated(WHY) as session:
            role = record_class("core.user_role")
            held = list(session.scalars(select(role.role).where(role.user_id == user.user_id)))
            session.execute(delete(role).where(role.user_id == user.user_id))
            session.add(role(user_id=user.user_id, role=f"portal_{user.role}"))
            _set(session, user.user_id, {"name": user.name, "name_en": user.name_en})
            if held != [f"portal_{user.role}"]:
                told = {"role": [held, [f"portal_{user.role}"]]}
                note_action(session, "update", session.get(record_class("core.user"), user.user_id), changes=told)


def _set(session: Any, account_id: int, values: dict[str, Any]) -> None:
    """Write the account by a statement: inside a hook what is loaded and changed would be forgotten."""
    account = record_class("core.user")
    session.execute(update(account).where(account.id == account_id).values(values))


def guard(changes: list[Change]) -> None:
    """Before a portal user is changed: its client stays, and nobody changes their own role."""
    for change in changes:
        if change.changed("client") or (change.changed("email") and change.record.user_id):
            raise Refused(_("Client and address of a portal user stay as they are. Invite the person anew."))
        if change.changed("role") and change.record.user_id == current_principal().user_id:
            raise Refused(_("Nobody changes their own role."))


def disable(user: PortalUser, _params: dict[str, Any]) -> None:
    """Out at once: no sign-in, no open session, no link."""
    if user.user_id == current_principal().user_id and user.user_id is not None:
        raise Refused(_("Nobody disables themself."))
    _set_active(user.id, active=False)


def enable(user: PortalUser, _params: dict[str, Any]) -> None:
    """In again, with the password that they had."""
    _set_active(user.id, active=True)


def _set_active(ident: int, *, active: bool) -> None:
    with elevated(WHY) as session:
        user = session.get_one(PortalUser, ident)
        back = "active" if user.user_id else "invited"
        user.state, user.disabled_at = (back, None) if active else ("disabled", now())
        links.void(user.id)
        if user.user_id is not None:
            session.get(record_class("core.user"), user.user_id).active = active
            end_sign_ins(user.user_id)


def gone(users: list[Any]) -> None:
    """After portal users were deleted: their accounts are closed with them."""
    account = record_class("core.user")
    with elevated(WHY) as session:
        for ident in [user.user_id for user in users if user.user_id]:
            _set(session, ident, {"active": False})
            note_action(session, "update", session.get(account, ident), changes={"active": [True, False]})
            end_sign_ins(ident)


def sign_out_everywhere(user: PortalUser, _params: dict[str, Any]) -> None:
    """End all sign-ins of a portal user."""
    with elevated(WHY):
        account = db.session.scalar(select(PortalUser.user_id).where(PortalUser.id == user.id))
    if account is not None:
        end_sign_ins(account)


def is_disabled(user: Any) -> Any:
    """For `enable`."""
    return True if user.state == "disabled" else _("This portal user is not disabled.")


def is_enabled(user: Any) -> Any:
    """For `disable`."""
    return True if user.state != "disabled" else _("This portal user is disabled already.")


def is_waiting(user: Any) -> Any:
    """For `invite`."""
    return True if user.state == "invited" else _("This person has taken up the invitation already.")

"""Tables of identity: old passwords, second factors, passkeys, links, challenges, and tries of the sign-in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.records.base import Base
from core.records.secrets import EncryptedText
from core.records.types import Id, Instant, Json

_PERSON = ("core_user.id",)


def _person(*, primary_key: bool = False) -> Mapped[int]:
    return mapped_column(
        Id, ForeignKey(*_PERSON, ondelete="CASCADE"), primary_key=primary_key, autoincrement=False, nullable=False
    )


class OldPassword(Base):
    """A hash that a person's password had, the present one included; the newest tells since when it holds."""

    __tablename__ = "core_old_password"
    __table_args__ = (Index("ix_core_old_password_user", "user_id", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = _person()
    password_hash: Mapped[str] = mapped_column(String(200), nullable=False)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)


class Totp(Base):
    """The secret of a person's authenticator app; in use from `confirmed_at` on. `last_step` is never taken again."""

    __tablename__ = "core_totp"
    user_id: Mapped[int] = _person(primary_key=True)
    secret: Mapped[str] = mapped_column(EncryptedText(), nullable=False)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant())
    last_step: Mapped[int] = mapped_column(nullable=False, default=0)
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)


class RecoveryCode(Base):
    """A code for the day when the second factor is lost: keyed hash, single use."""

    __tablename__ = "core_recovery_code"
    __table_args__ = (Index("ix_core_recovery_code_user", "user_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = _person()
    code_hash: Mapped[str] = mapped_column(String(64), nullable=False)
    used_at: Mapped[datetime | None] = mapped_column(Instant())


class Passkey(Base):
    """A WebAuthn credential: its public key, and how often it was used."""

    __tablename__ = "core_passkey"
    __table_args__ = (Index("ix_core_passkey_user", "user_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = _person()
    name: Mapped[str] = mapped_column(String(80), nullable=False)
    credential_id: Mapped[str] = mapped_column(String(1400), nullable=False, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary, nullable=False)
    sign_count: Mapped[int] = mapped_column(Id, nullable=False, default=0)
    transports: Mapped[list | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    used_at: Mapped[datetime | None] = mapped_column(Instant())


class Link(Base):
    """A link that sets a password: invitation or reset. Only the hash of its secret is kept."""

    __tablename__ = "core_password_link"
    __table_args__ = (Index("ix_core_password_link_user", "user_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = _person()
    purpose: Mapped[str] = mapped_column(String(10), nullable=False)
    token_hash: Mapped[str] = mapped_column(String(64), nullable=False, unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    expires_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    used_at: Mapped[datetime | None] = mapped_column(Instant())


class Challenge(Base):
    """A question to one browser that is answered once, within minutes."""

    __tablename__ = "core_challenge"
    handle_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20), nullable=False)
    ground: Mapped[str] = mapped_column(String(64), nullable=False)
    data: Mapped[dict] = mapped_column(Json, nullable=False)
    expires_at: Mapped[datetime] = mapped_column(Instant(), nullable=False, index=True)


class Tries(Base):
    """Tries to sign in of one account or from one address: instants (Unix milliseconds) of the last quarter hour."""

    __tablename__ = "core_sign_in_tries"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    instants: Mapped[list] = mapped_column(Json, nullable=False)
    wrong: Mapped[int] = mapped_column(nullable=False, default=0)
    rests_until: Mapped[datetime | None] = mapped_column(Instant())
    touched_at: Mapped[datetime] = mapped_column(Instant(), nullable=False, index=True)

"""What an SMS provider is, and which there are; another plugin adds its own by `add_sms_provider`. No network here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Account:
    """The agency's account with a provider, from the settings. `address` is another one than the provider's own."""

    key_id: str
    secret: str
    sign_name: str
    template: str
    app_id: str = ""
    region: str = ""
    address: str = ""


@dataclass(frozen=True)
class Sms:
    """One text: a number like 8613800001234, the words for the template's places in order, and our own name of it."""

    number: str
    words: dict[str, str]
    key: str


class NotSent(Exception):
    """Certainly not sent. `again`: a later try may help; else the provider refuses it for good."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class Unclear(Exception):
    """Perhaps sent: the provider did not answer after it had the request. It is not sent again by itself."""


@dataclass(frozen=True)
class SmsProvider:
    """`send(account, sms)` gives the provider's id of the text; raises `NotSent` or `Unclear`."""

    code: str
    label: Any
    send: Callable[[Account, Sms], str]


_known: dict[str, SmsProvider] = {}


def add_sms_provider(provider: SmsProvider) -> SmsProvider:
    """Another provider for the setting `inbox.sms_provider`; called when the giving plugin is imported.

    Raises `ValueError` for a code that another provider has.
    """
    if _known.setdefault(provider.code, provider) is not provider:
        raise ValueError(f"there is an SMS provider {provider.code} already")
    return provider


def known() -> dict[str, SmsProvider]:
    """All providers by code."""
    return _known

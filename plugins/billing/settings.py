"""What an agency agrees for its prices and bills, as settings that it changes in the browser, and their reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from core import Setting, _, setting
from plugins.billing.reckoning.prices import PriceRules

HUNDRED = Decimal(100)
TIERS = (
    ("potential", _("Price for potential clients, % of the list"), 100),
    ("general", _("Price for general clients, % of the list"), 100),
    ("general_key", _("Price for key clients, % of the list"), 90),
    ("partner", _("Price for partners, % of the list"), 90),
    ("strategic", _("Price for strategic clients, % of the list"), 85),
)
LIMITS = (
    ("client_manager", _("Discount that a client manager approves, up to %"), 10),
    ("dept_head", _("Discount that a department head approves, up to %"), 20),
    ("branch_manager", _("Discount that a branch manager approves, up to %"), 35),
)
DAYS = (
    ("due_days", _("Days until a bill is due"), 30),
    ("valid_days", _("Days that a quotation holds"), 30),
    ("reminder_days", _("Days between two reminders of a bill"), 7),
    ("history_days", _("Days after which an event makes no bill any more"), 180),
)


@dataclass(frozen=True)
class Agreed:
    """`due_days` and `valid_days` from the day of issue; limits in per cent or CNY with the role that may go so far."""

    prices: PriceRules
    due_days: int
    valid_days: int
    reminder_days: int
    history_days: int
    discount_limits: tuple[tuple[Decimal, str], ...]
    small_amount: Decimal
    terms: Mapping[str, str]


def agreed() -> Agreed:
    """The agreement of this deployment."""
    return Agreed(
        prices=PriceRules(
            tiers={tier: _of(f"tier_{tier}") for tier, _label, _default in TIERS},
            volume=steps(_of("volume")),
            rush=_of("rush"),
            exchange_reserve=_of("exchange_reserve"),
        ),
        discount_limits=tuple((_of(f"discount_{role}"), role) for role, _label, _default in LIMITS),
        small_amount=_of("small_amount"),
        terms={"zh": _of("terms_zh"), "en": _of("terms_en")},
        **{key: _of(key) for key, _label, _default in DAYS},
    )


def _of(key: str) -> Any:
    return setting(f"billing.{key}")


def steps(text: str) -> tuple[tuple[int, Decimal], ...]:
    """`5: 95, 10: 90` as pairs of classes and per cent. Raises `ValueError` for anything else."""
    try:
        pairs = [part.replace("：", ":").split(":") for part in text.replace("，", ",").split(",") if part.strip()]
        found = tuple(sorted((int(least), _per_cent(Decimal(per_cent.strip()))) for least, per_cent in pairs))
    except (ValueError, ArithmeticError):
        raise ValueError(_("Write pairs like: 5: 95, 10: 90")) from None
    return found


def _per_cent(value: Decimal, most: Decimal = HUNDRED) -> Decimal:
    if not 0 <= value <= most:
        raise ValueError(_("Between 0 and %(most)s.", most=most))
    return value


def _volume(text: str) -> str:
    return ", ".join(f"{least}: {per_cent.normalize():f}" for least, per_cent in steps(text))


def _days(value: int) -> int:
    if not 0 <= value <= 3650:
        raise ValueError(_("Between 0 and %(most)s.", most=3650))
    return value


def _amount(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError(_("Not below zero."))
    return value


def declared() -> list[Setting]:
    """All settings, with the values that a new deployment begins with."""
    surcharge = partial(_per_cent, most=Decimal(1000))
    return [
        *(Setting(key, label, "integer", default, validate=_days) for key, label, default in DAYS),
        *(
            Setting(f"tier_{tier}", label, "decimal", Decimal(default), validate=_per_cent)
            for tier, label, default in TIERS
        ),
        Setting(
            "volume",
            _("Price for many classes"),
            default="5: 95, 10: 90",
            help=_("From so many classes on so many % of the list. The better of this and the client's tier counts."),
            validate=_volume,
        ),
        Setting("rush", _("Surcharge for haste, %"), "decimal", Decimal(50), validate=surcharge),
        Setting(
            "exchange_reserve", _("Reserve for exchange rates, %"), "decimal", Decimal(3),
            validate=surcharge, help=_("On top of what agents abroad invoice in their currency."),
        ),
        *(
            Setting(f"discount_{role}", label, "decimal", Decimal(default), validate=_per_cent,
                    help=_("More, or below the floor price, is a partner's decision."))
            for role, label, default in LIMITS
        ),
        Setting(
            "small_amount", _("Small amount, CNY"), "money", Decimal(5000), validate=_amount,
            help=_("Refunds and write-offs above it need a partner."),
        ),
        Setting("terms_zh", _("Terms of payment in Chinese"), default="签约后 30 日内付清"),
        Setting(
            "terms_en",
            _("Terms of payment in English"),
            default="Payable within 30 days of the contract",
        ),
    ]  # fmt: skip

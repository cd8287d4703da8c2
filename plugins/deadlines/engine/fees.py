"""Official fees that a deadline brings with it: annuities, reduction, late-fee steps. Money is Decimal, in CNY."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from .dates import ONE_DAY, add_months, day_input
from .packs import Pack
from .problems import InputError

EXTRA_TERM_YEAR = "compensated_year"
REDUCED_ANNUITIES = 10


class LateStep(NamedTuple):
    """One late-fee month: both days inclusive, percent of the full annuity, amount in CNY (None without it)."""

    start: date
    end: date
    pct: int
    amount: Decimal | None


def annuity(pack: Pack, right_kind: str | None, year: int) -> Decimal | None:
    """The full annuity of patent year `year` for a kind of patent; None where the table has no such kind or year."""
    table = pack.fees["PAT_ANNUITY"]["cny"].get("invention" if right_kind == "pct" else right_kind)
    if table is None:
        return None
    for span, amount in table.items():
        first, _, last = span.partition("-")
        if first.isdigit() and int(first) <= year <= int(last or first):
            return Decimal(amount)
    return Decimal(table[EXTRA_TERM_YEAR]) if EXTRA_TERM_YEAR in table and year > 20 else None


def reduction(inputs: Mapping[str, Any]) -> Decimal:
    """The fee reduction in percent (`fee_reduction_pct`), 0 when none is stated; InputError out of 0..100."""
    value = inputs.get("fee_reduction_pct")
    if value is None:
        return Decimal(0)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 100:
        raise InputError("invalid_input", "fee_reduction_pct must be a number from 0 to 100")
    return Decimal(str(value))


def reduction_in_year(pack: Pack, inputs: Mapping[str, Any], year: int) -> Decimal:
    """The reduction that patent year `year` still enjoys, in percent: annuities are reduced for ten years from the
    year of grant (财税〔2016〕78号), so none is left after them. Without a stated grant day the reduction stands."""
    pct = reduction(inputs)
    granted = day_input(inputs, ("grant_publication_date", "grant_date"))
    filed = day_input(inputs, tuple(pack.bases["filing_date"]["keys"]))
    if not pct or granted is None or filed is None:
        return pct
    first = annuity_year_on(filed, granted)
    return pct if year < first + REDUCED_ANNUITIES else Decimal(0)


def annuity_year_on(filed: date, day: date) -> int:
    """The annuity year that `day` lies in: year 1 starts on the filing day."""
    years = day.year - filed.year
    return years + 1 if add_months(filed, years * 12) <= day else years


def reduced(amount: Decimal, pct: Decimal) -> Decimal:
    """What is left of `amount` after a reduction by `pct` percent, to the fen."""
    return (amount * (100 - pct) / 100).quantize(Decimal("0.01"))


def late_steps(pack: Pack, nominal: date, full: Decimal | None) -> list[LateStep]:
    """The late-fee months after a nominal annuity day, each counted from that day (never chained)."""
    found = []
    for step in pack.late["patent_annuity"]["steps"]:
        start = add_months(nominal, step["month"] - 1) + ONE_DAY
        amount = None if full is None else full * step["pct"] / 100
        found.append(LateStep(start, add_months(nominal, step["month"]), step["pct"], amount))
    return found


def late_fee(pack: Pack, nominal: date, grace_end: date, full: Decimal, pct: Decimal, paid_on: date) -> dict[str, Any]:
    """What is payable on `paid_on`: `state` (payable or ceased), late-fee percent, annuity and late fee in CNY.

    The late fee is reckoned on the full annuity, whatever the reduction (专利法实施细则第115条).
    """
    if paid_on > grace_end:
        return {"state": "ceased", "late_fee_pct": None, "annuity_cny": None, "late_fee_cny": None}
    step = 0
    if paid_on > nominal:
        steps = late_steps(pack, nominal, full)
        step = next((item.pct for item in steps if item.start <= paid_on <= item.end), steps[-1].pct)
    return {
        "state": "payable",
        "late_fee_pct": step,
        "annuity_cny": plain(reduced(full, pct)),
        "late_fee_cny": plain(full * step / 100),
    }


def plain(amount: Decimal) -> int | float:
    """An amount as JSON writes it: a whole number where it is one."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)

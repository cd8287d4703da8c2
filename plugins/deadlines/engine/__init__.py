"""The pure deadline engine: rules and facts in, dated and explained deadlines out. No database, no clock, no Flask."""

from .calendars import Calendars, Holidays, RestDays, holidays_from, join_calendars, joined_calendars, load_holidays
from .compute import compute_line, main, shipped_engine
from .evaluate import Evaluator, Outcome
from .packs import Pack, Rule, RulePack, join_packs, load_pack, pack_data, pack_from
from .problems import InputError, MissingInput

__all__ = [
    "Calendars",
    "Evaluator",
    "Holidays",
    "InputError",
    "MissingInput",
    "Outcome",
    "Pack",
    "RestDays",
    "Rule",
    "RulePack",
    "compute_line",
    "holidays_from",
    "join_calendars",
    "join_packs",
    "joined_calendars",
    "load_holidays",
    "load_pack",
    "main",
    "pack_data",
    "pack_from",
    "shipped_engine",
]

"""One row of a foreign sheet made into the values of a case: number, kind, dates, state. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from core import _, split_values
from plugins.cases.formats import (
    BadNumber,
    PatentNumber,
    classification_symbols,
    is_publication_number,
    nice_classes,
    normalise_copyright_number,
    normalise_foreign_number,
    normalise_mark_number,
    parse_patent_number,
    parse_publication_number,
)
from plugins.cases.importing.words import case_type_of, jurisdiction_of, looks_like_address, looks_like_names, state_of
from plugins.cases.status import codes, model

PATENTS = frozenset({"invention", "utility_model", "design", "pct_national"})
COPYRIGHTS = frozenset({"cr_software", "cr_works"})
TITLES = {"tm_application": "mark_name", "cr_software": "software_name", "cr_works": "work_title"}
"""Where the title of a case type stands, if not in `title`."""
FIGURATIVE = "图形"
FIRST_DAY = date(1985, 4, 1)
"""The day on which the patent office of the PRC took its first filings."""
RANKS = {
    code: rank
    for rank, codes in enumerate(
        (
            ("intake", "preparing", "internal_review", "client_confirm", "ready_to_file", "on_hold"),
            ("filed", "fee_due", "correction"),
            ("accepted",),
            ("prelim_exam", "prelim_rectify", "objection_due", "prelim_passed", "entered"),
            ("published",),
            ("substantive_exam", "exam_opinion", "oa_due", "oa_replied", "opposed"),
            ("grant_notice", "refused", "rejected", "review_pending", "reexam_pending"),
            ("granted", "registered", "annuity_grace", "renewal_grace"),
        )
    )
    for code in codes
}
"""How far along its road a state is; states that are not named here lie at the end."""
END = 9

REASONS = {
    "ruined_number": _("The number was rounded by a spreadsheet (%(text)s). Take it anew from the source."),
    "check_digit": _("The check digit of %(text)s is wrong."),
    "publication_number": _("%(text)s is a publication number, not an application number."),
    "application_number": _("%(text)s is an application number, not a publication number."),
    "future_year": _("The year in %(text)s has not come yet."),
    "bad_number": _("%(text)s is no number of this office."),
    "bad_class": _("%(text)s is no Nice class; there are 1 to 45."),
    "kind_mismatch": _("The number %(text)s belongs to another kind of right than the row says."),
    "missing_key": _("The row has no number, so it cannot be told apart from others."),
    "unknown_kind": _("Neither the number nor a column tells what kind of right this is."),
    "unknown_jurisdiction": _("“%(text)s” is no country or office that is known here."),
    "date_order": _("The filing date %(text)s lies after the publication or grant."),
    "future_date": _("The filing date %(text)s has not come yet."),
    "too_early": _("The filing date %(text)s lies before the first filings of this office."),
}


class Trouble(Exception):
    """Why a row cannot be taken: field, code and what to quote."""

    def __init__(self, field: str, code: str, text: Any = "") -> None:
        super().__init__(code)
        self.field, self.code, self.text = field, code, text

    @property
    def reason(self) -> str:
        """The reason in words."""
        return str(REASONS[self.code]) % {"text": str(self.text)[:60]}


def normalise(values: dict[str, Any], today: date, marks: bool) -> None:
    """Make `values` those of a case, in place; raises `Trouble`. `marks` says that the file is one of trademarks."""
    _jurisdiction(values)
    _swap_numbers(values)
    _swap_people(values)
    number = _number_and_kind(values, today, marks)
    _announcement(values, number)
    _dates(values, today)
    _classes(values)
    _priority(values)
    _figures(values)
    _title(values)
    _state(values)


def _jurisdiction(values: dict[str, Any]) -> None:
    given = values.get("jurisdiction")
    code = jurisdiction_of(given) if given else "CN"
    if code is None:
        raise Trouble("jurisdiction", "unknown_jurisdiction", given)
    values["jurisdiction"] = code


def _swap_numbers(values: dict[str, Any]) -> None:
    """Application and publication number that stand in each other's column change places; a patent number fills in."""
    if values["jurisdiction"] != "CN":
        return
    if not values.get("application_number") and values.get("patent_number"):
        values["application_number"] = values["patent_number"]
    values.pop("patent_number", None)
    for other in ("announcement_number", "publication_number", "grant_number"):
        mine, theirs = values.get("application_number"), values.get(other)
        if mine and theirs and is_publication_number(mine) and _is_application(theirs):
            values["application_number"], values[other] = theirs, mine


def _is_application(text: str) -> bool:
    try:
        parse_patent_number(text)
    except BadNumber:
        return False
    return True


def _swap_people(values: dict[str, Any]) -> None:
    """Inventors and address that stand in each other's column change places."""
    people, place = values.get("inventors"), values.get("applicant_address")
    if not people or not place or len(people) > 1 or not looks_like_address(people[0]):
        return
    if looks_like_names(place) and not looks_like_address(place):
        names = [part.strip().lstrip("?").strip() for part in re.split(r"[;；]", place)]
        values["inventors"], values["applicant_address"] = [name for name in names if name], people[0]


def _number_and_kind(values: dict[str, Any], today: date, marks: bool) -> PatentNumber | None:
    """Normalise the number by jurisdiction and kind, and tell the kind by the number where nothing else does."""
    said = _said_kind(values)
    text, office = values.get("application_number"), values["jurisdiction"]
    kind = said or ("tm_application" if marks else None)
    try:
        if office == "CN" and (kind is None or kind in PATENTS):
            return _patent(values, text, kind, today)
        if text:
            values["application_number"] = _other_number(text, office, kind)
        if values.get("registration_number"):
            values["registration_number"] = _other_number(_last(values["registration_number"]), office, kind)
    except BadNumber as error:
        raise Trouble("application_number", error.code, error.text) from error
    if kind is None:
        raise Trouble("case_type", "unknown_kind")
    values["case_type"] = kind
    return None


def _last(number: str) -> str:
    """Of several registration numbers in a cell (a renewal adds one) the first counts."""
    return re.split(r"[;；]", number)[0]


def _said_kind(values: dict[str, Any]) -> str | None:
    for name in ("case_type", "kind_text"):
        word = values.get(name)
        if word and word.isdigit() and values.get("application_number"):
            continue  # agencies count kinds from 0, from 1 or as the office does; the number itself tells
        if word and (found := case_type_of(word)):
            return found
        if word and name == "case_type":
            return word
    return None


def _patent(values: dict[str, Any], text: str | None, said: str | None, today: date) -> PatentNumber | None:
    published = values.get("announcement_number") or values.get("publication_number") or values.get("grant_number")
    if not text:
        kind = said or (parse_publication_number(published).kind if published else None)
        if kind is None:
            raise Trouble("application_number", "missing_key")
        values["case_type"] = kind
        return None
    number = parse_patent_number(text, latest_year=today.year)
    if said in ("invention", "utility_model", "design") and said != number.kind:
        raise Trouble("application_number", "kind_mismatch", text)
    values["application_number"] = number.canonical
    values["case_type"] = "pct_national" if number.is_pct else number.kind
    values["right_kind"] = number.kind
    return number


def _other_number(text: str, office: str, kind: str | None) -> str:
    if kind in COPYRIGHTS:
        return normalise_copyright_number(text)
    if kind == "tm_application":
        return normalise_mark_number(text, office)
    return normalise_foreign_number(text)


def _announcement(values: dict[str, Any], number: PatentNumber | None) -> None:
    """A document number of either kind goes where its kind code says, and its date with it."""
    if values["jurisdiction"] != "CN" or values["case_type"] not in PATENTS:
        return
    for name, day in (
        ("announcement_number", "announcement_date"),
        ("publication_number", "publication_date"),
        ("grant_number", "grant_publication_date"),
    ):
        text = values.get(name)
        if text:
            _place_document(values, name, day, text)
    day = values.pop("announcement_date", None)
    values.pop("announcement_number", None)
    if day is not None:
        granted = values["case_type"] in ("utility_model", "design")
        values.setdefault("grant_publication_date" if granted else "publication_date", day)


def _place_document(values: dict[str, Any], name: str, day: str, text: str) -> None:
    try:
        document = parse_publication_number(text)
    except BadNumber as error:
        raise Trouble(name, error.code, text) from error
    home = (
        ("grant_number", "grant_publication_date") if document.is_grant else ("publication_number", "publication_date")
    )
    when = values.get(day)
    if name != home[0]:
        values.pop(name)
        values.pop(day, None)
        if when is not None:
            values.setdefault(home[1], when)
    values[home[0]] = document.canonical


def _dates(values: dict[str, Any], today: date) -> None:
    filed = values.get("filing_date")
    if filed is None:
        return
    if filed > today:
        raise Trouble("filing_date", "future_date", filed)
    if values["jurisdiction"] != "CN" or values["case_type"] not in PATENTS:
        return
    if filed < FIRST_DAY:
        raise Trouble("filing_date", "too_early", filed)
    later = [values[name] for name in ("publication_date", "grant_publication_date") if values.get(name)]
    if later and filed > min(later):
        raise Trouble("filing_date", "date_order", filed)


def _classes(values: dict[str, Any]) -> None:
    words = values.get("classes")
    if words:
        if values["jurisdiction"] != "CN":
            words = [word for word in words if _may_be_nice(word, values["jurisdiction"])]
        try:
            values["classes"] = nice_classes(words) or None
        except BadNumber as error:
            raise Trouble("classes", "bad_class", error.text) from error
    if values.get("classification"):
        values["classification"] = classification_symbols(";".join(values["classification"])) or None
    goods = values.get("goods")
    if isinstance(goods, str):
        single = len(values.get("classes") or ()) == 1
        values["goods"] = [{"class": values["classes"][0], "items": split_values(goods)}] if single else None


def _may_be_nice(word: str, office: str) -> bool:
    """Old national classes are left out: Korea wrote them with three digits, Taiwan counted beyond 45."""
    return bool(re.fullmatch(r"\d\d?" if office == "KR" else r"0*\d\d?", word)) and 1 <= int(word) <= 45


_PRIORITY = re.compile(r"(\d{4}[.\-/]\d{1,2}[.\-/]\d{1,2})\s*([A-Z]{2})?\s*([A-Z0-9][A-Z0-9./,\-]*)?", re.IGNORECASE)


def _priority(values: dict[str, Any]) -> None:
    """`2012.05.31 DE 102011104014.0` as a list of {date, country, number}."""
    text = values.get("priority")
    if not isinstance(text, str):
        return
    found = []
    for part in re.split(r"[;；\n]", text):
        if match := _PRIORITY.search(part.strip()):
            year, month, day = (int(piece) for piece in re.split(r"[.\-/]", match[1]))
            found.append(
                {
                    "date": f"{year:04d}-{month:02d}-{day:02d}",
                    "country": (match[2] or "").upper(),
                    "number": match[3] or "",
                }
            )
    values["priority"] = found or None


def _figures(values: dict[str, Any]) -> None:
    """`85%` and `0.85` as 85 per cent of fee reduction, `第5年度` as year 5."""
    reduction = values.get("fee_reduction")
    if isinstance(reduction, str) and (match := re.search(r"\d+(\.\d+)?", reduction)):
        share = float(match[0])
        values["fee_reduction"] = round(share * 100 if share <= 1 else share)
    year = values.get("paid_to_year")
    if isinstance(year, str) and (match := re.search(r"\d+", year)):
        values["paid_to_year"] = int(match[0])


def _title(values: dict[str, Any]) -> None:
    """Titles by language: one in Latin letters is the English one too; a mark without a name is a figure."""
    title = values.get("title") or values.get("mark_name") or values.get("title_en")
    if not title and values["case_type"] == "tm_application":
        title = FIGURATIVE
    if title:
        values.pop("title", None)
        values[TITLES.get(values["case_type"], "title")] = title
        if not values.get("title_en") and title.isascii():
            values["title_en"] = title


def _state(values: dict[str, Any]) -> None:
    """The state out of the register's word, else out of what the row shows to have happened."""
    word = values.pop("legal_status", None)
    inferred = inferred_state(values)
    if word:
        known, code = state_of(word, values["case_type"])
        if not known:
            values.setdefault("remarks", str(_("Status in the source: %(text)s", text=word)))
        values["status"] = fitting(code, values["case_type"]) or inferred
        return
    if not values.get("status"):
        values["status"] = inferred


def inferred_state(values: dict[str, Any]) -> str:
    """The least that the numbers and dates of a case say of its state."""
    if values["case_type"] == "tm_application":
        if values.get("registration_number") or values.get("registration_date") or values.get("valid_to"):
            return "registered"
        return (
            "published"
            if values.get("publication_date")
            else "accepted"
            if values.get("application_number")
            else "intake"
        )
    if values["case_type"] in COPYRIGHTS:
        return "registered" if values.get("registration_number") else "intake"
    if values["case_type"] not in PATENTS:
        return "intake"
    if values.get("grant_number") or values.get("grant_publication_date"):
        return "granted"
    if values.get("publication_number") or values.get("publication_date"):
        return "published"
    if not values.get("application_number"):
        return "intake"
    return "entered" if values["case_type"] == "pct_national" else "accepted"


def fitting(code: str | None, case_type: str) -> str | None:
    """The state if the case type's model has it."""
    return code if code and case_type in codes() and code in model(case_type).states else None


def rank(state: str | None) -> int:
    """How far along its road a state is, 0 to 9."""
    return RANKS.get(state or "intake", END)

"""Words of registers, exports and agency sheets: headers, kinds of right, legal states, jurisdictions.

The words stand in `data/import-words.json`: `headers` is field or target → headers that mean it, `left_out` are headers
that must not be taken for something else, `patent_states` and `mark_states` are patterns tried in order; a pattern
without a state is a word of the register that says nothing of the state.
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from babel import Locale

WORDS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "data" / "import-words.json").read_text("utf-8"))
MARK_COLUMNS = frozenset(WORDS["mark_columns"])
_FOLD = re.compile(r"[\s*＊:：_\-]+")


def fold(text: str) -> str:
    """A word in the form in which two are compared."""
    return _FOLD.sub("", unicodedata.normalize("NFKC", text)).lower()


_HEADER_INDEX = {fold(header): name for name, headers in WORDS["headers"].items() for header in headers}
_LEFT_OUT = {fold(header) for header in WORDS["left_out"]}
_JURISDICTIONS = {fold(word): code for code, words in WORDS["jurisdictions"].items() for word in (code, *words)}
_KINDS = {fold(word): code for code, words in WORDS["kinds"].items() for word in words}


_FULL_FORMS = re.compile("[請註號專標權發證國]")
_OFFICES = {office: {fold(header) for header in WORDS[f"{office.lower()}_headers"]} for office in ("TW", "KR", "US")}
_OF_MARKS = ("TW", "KR")


def office_of(headers: tuple[str, ...]) -> tuple[str, bool] | None:
    """(office, whether the file is one of marks) of the foreign office whose headers these are.

    Two headers of its own must be there; two in the full forms of characters are of Taiwan.
    """
    folded = {fold(header) for header in headers}
    for office, own in _OFFICES.items():
        if len(own & folded) >= 2:
            return office, office in _OF_MARKS
    full_forms = [header for header in headers if _FULL_FORMS.search(header)]
    return ("TW", any("商標" in header for header in full_forms)) if len(full_forms) >= 2 else None


def field_of_header(header: str) -> str | None:
    """The field that a header means; an empty text for a column that is to be left out, None when not known."""
    folded = fold(header)
    return "" if folded in _LEFT_OUT else _HEADER_INDEX.get(folded)


_OTHER_PARTIES = re.compile(r"attorney|agent|assign|correspond|continuity|telecom", re.IGNORECASE)


def of_others(path: str) -> bool:
    """Whether a nested value is told of an attorney, an assignment or a related application, not of the case."""
    return bool(_OTHER_PARTIES.search(path.rpartition(".")[0]))


_PARTS_OF_SYMBOLS = {"subclass", "maingroup", "section", "classificationsymbol", "cpcclassificationbag"}
_PATENT_CLASS = re.compile(r"[A-HY]\d{2}[A-Z]?(\s?\d{1,4}/\d{2,6})?", re.IGNORECASE)


def looks_like_patent_class(columns: tuple[str, ...], samples: list[Any]) -> bool:
    """Whether a column called class holds symbols of the IPC or CPC, or a part of one, and no Nice classes."""
    if _PARTS_OF_SYMBOLS & {fold(column.rpartition(".")[2]) for column in columns}:
        return True
    words = [str(sample).strip() for sample in samples]
    return bool(words) and sum(bool(_PATENT_CLASS.match(word)) for word in words) * 2 >= len(words)


def jurisdiction_of(text: str) -> str | None:
    """The office code that a word means."""
    folded = fold(text)
    return _JURISDICTIONS.get(folded) or (folded.upper() if re.fullmatch(r"[a-z]{2}", folded) else None)


def case_type_of(text: str) -> str | None:
    """The case type that a register's word for the kind of right means."""
    return _KINDS.get(fold(text))


def state_of(text: str, case_type: str) -> tuple[bool, str | None]:
    """(known, state code): a word of the register that says nothing of the state is known and has no code."""
    states = WORDS["mark_states" if case_type == "tm_application" else "patent_states"]
    for pattern, code in states:
        if re.search(pattern, text, re.IGNORECASE):
            return True, code
    return False, None


_PLACE = re.compile(r"(省|自治区|市|县|镇|街道|路|大道|号|村|州)(\S*(号|室|楼|层|栋|区|村|路|县|市|州|镇))?$")
_PARTY = re.compile(r"(公司|大学|学院|研究所|研究院|医院|厂|中心|合伙企业)$")
_COUNTRIES = tuple(name for name in Locale("zh").territories.values() if len(name) > 1)


def looks_like_address(text: str) -> bool:
    """Whether a cell holds an address rather than names: a postcode, a place, a street."""
    if len(text) < 4 or _PARTY.search(text):
        return False
    return bool(re.match(r"^\d{6}\s*\S", text) or _PLACE.search(text) or text.startswith(_COUNTRIES))


def looks_like_names(text: str) -> bool:
    """Whether a cell holds names of people: short parts between separators, no digits."""
    parts = [part.strip().lstrip("?").strip() for part in re.split(r"[;；、]", text)]
    parts = [part for part in parts if part]
    return bool(parts) and all(len(part) <= 30 and not re.search(r"\d{2}", part) for part in parts)

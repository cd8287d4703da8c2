"""Official number formats: patents, publications, marks, copyright, classification. Pure text, no database.

Shapes and check digits after the CNIPA numbering standards ZC 0006-2003 (application numbers) and ZC 0007-2012
(publication numbers). Application numbers are stored without `CN`/`ZL`, with a point before the check digit.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
KIND_OF_DIGIT = {"1": "invention", "2": "utility_model", "3": "design", "8": "invention", "9": "utility_model"}
KIND_OF_CODE = {
    **dict.fromkeys("ABC", "invention"),
    **dict.fromkeys("UY", "utility_model"),
    **dict.fromkeys("SD", "design"),
}
GRANT_CODES = frozenset("BCUYSD")
REMEMBERED = 4096

_RUINED = re.compile(r"^\d(\.\d+)?E\+?\d+$")
_PUBLICATION = re.compile(r"^(?:CN)?([1-3]\d{6}|[1-3]\d{8}|8[5-9]\d{6}|9\d{7})([ABCUYSD])(\d?)$")
_BARE = re.compile(r"[0-9A-Z./\-]+")
_NEW = re.compile(r"^(20\d{2})(\d)(\d{7})(?:\.?([0-9X]))?$")
_OLD = re.compile(r"^(8[5-9]|9\d|0[0-3])(\d)(\d{5})(?:\.?([0-9X]))?$")
_PCT = re.compile(r"^PCT/?([A-Z]{2})/?(\d{4})/?(\d{6})$|^PCT/?([A-Z]{2})/?(\d{2})/?(\d{5})$")
_WO = re.compile(r"^WO/?(\d{4})/?(\d{6})(A\d)?$")
_MARK = {
    "CN": re.compile(r"^(?:\d{1,8}[A-Z]{0,2}|G\d{5,7}[A-Z]?)$"),
    "TW": re.compile(r"^\d{6,9}$"),
    "KR": re.compile(r"^\d{7,14}$"),
}
_ANY_NUMBER = re.compile(r"^[0-9A-Z][0-9A-Z./\-]{0,39}$")
_SOFTWARE = re.compile(r"^\d{4}SR\d{6,7}$|^软著登字第\d+号$")
_WORK = re.compile(r"^[\u4e00-\u9fa5]作登字-\d{4}-[A-L]-\d{5,10}$")
_IPC = re.compile(r"^([A-H]\d{2}[A-Z])\s*(\d{1,4})\s*/\s*(\d{2,6})$")
_IPC_SUBCLASS = re.compile(r"^[A-H]\d{2}[A-Z]$")
_LOCARNO = re.compile(r"^(0?[1-9]|[12]\d|3[0-2])-(\d{2})(?:\(\d+\))?$")
_VERSION = re.compile(r"\((?:19|20)\d{2}\.\d{2}\)[IN]?$")


class BadNumber(ValueError):
    """A number that cannot be what its column says.

    `code`: `ruined_number` (a spreadsheet rounded it), `check_digit`, `publication_number` (in the place of an
    application number), `application_number` (the reverse), `future_year`, `bad_number`.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True)
class PatentNumber:
    """A PRC patent application number in parts; `check` is None where the source does not give it."""

    base: str
    check: str | None

    @property
    def canonical(self) -> str:
        """`202410123456.0`, or the digits alone where the check digit is not known."""
        return f"{self.base}.{self.check}" if self.check else self.base

    @property
    def patent_number(self) -> str:
        """The number as a granted patent carries it: `ZL 202410123456.0`."""
        return f"ZL {self.canonical}"

    @property
    def year(self) -> int:
        """The year in the number; never take it for the filing year (divisionals keep the old filing day)."""
        if len(self.base) == 12:
            return int(self.base[:4])
        short = int(self.base[:2])
        return short + (1900 if short >= 85 else 2000)

    @property
    def kind(self) -> str:
        """`invention`, `utility_model` or `design`."""
        return KIND_OF_DIGIT[self._type]

    @property
    def is_pct(self) -> bool:
        """Whether the type digit says that a PCT application entered the national phase."""
        return self._type in "89"

    @property
    def _type(self) -> str:
        return self.base[4] if len(self.base) == 12 else self.base[2]


def compact(text: str) -> str:
    """Half-width, upper case, without spaces; `．` and `·` as points."""
    if _BARE.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKC", text).replace("·", ".").replace("。", ".").replace("•", ".")
    return re.sub(r"\s+", "", plain).upper()


@lru_cache(maxsize=4096)
def check_digit(base: str) -> str:
    """The check character of 12 or 8 digits: weighted sum modulo 11, ten written `X`."""
    remainder = sum(map(mul, map(int, base), WEIGHTS)) % 11
    return "X" if remainder == 10 else str(remainder)


def parse_patent_number(text: str, *, latest_year: int | None = None) -> PatentNumber:
    """Read `CN201210010031.4`, `ZL 2012 1 0010031.4`, `201830596276X`, `86207465`; raises `BadNumber`.

    A wrong check digit is refused, a missing one is left missing, a number rounded by a spreadsheet is never guessed.
    """
    number = _read_before.get(text) or _remembered(_parsed(text))
    if latest_year is not None and number.year > latest_year:
        raise BadNumber("future_year", text)
    return number


def _parsed(text: str) -> PatentNumber:
    plain = compact(text)
    if _RUINED.match(plain):
        raise BadNumber("ruined_number", text)
    if _PUBLICATION.match(plain):
        raise BadNumber("publication_number", text)
    bare = re.sub(r"^(?:CN|ZL|申请号|专利号|[:.\-])+", "", plain).strip(";,.")
    match = _NEW.match(bare) or _OLD.match(bare)
    if re.fullmatch(r"\d{5,6}0{6,7}(?:\.0)?", bare) or (match and set(match[3]) == {"0"}):
        raise BadNumber("ruined_number", text)
    if match is None or match[2] not in KIND_OF_DIGIT:
        raise BadNumber("bad_number", text)
    number = PatentNumber(match[1] + match[2] + match[3], match[4])
    if number.check is not None and number.check != check_digit(number.base):
        raise BadNumber("check_digit", text)
    return number


_read_before: dict[str, PatentNumber] = {}
"""Numbers by their stored form, which is read again on the way into the database."""


def _remembered(number: PatentNumber) -> PatentNumber:
    if len(_read_before) >= REMEMBERED:
        _read_before.clear()
    _read_before[number.canonical] = number
    return number


@dataclass(frozen=True)
class PublicationNumber:
    """A PRC publication or announcement number: `CN` + digits + kind code."""

    digits: str
    code: str
    suffix: str = ""

    @property
    def canonical(self) -> str:
        """`CN118123456A`."""
        return f"CN{self.digits}{self.code}{self.suffix}"

    @property
    def kind(self) -> str:
        """`invention`, `utility_model` or `design`."""
        return KIND_OF_CODE[self.code]

    @property
    def is_grant(self) -> bool:
        """Whether the document announces a granted right (B, C, U, Y, S, D) and not a mere application (A)."""
        return self.code in GRANT_CODES


def is_publication_number(text: str) -> bool:
    """Whether the text has the shape of a PRC publication number."""
    return bool(_PUBLICATION.match(compact(text)))


@lru_cache(maxsize=4096)
def parse_publication_number(text: str) -> PublicationNumber:
    """Read `CN118123456A`; raises `BadNumber`, with the code `application_number` for a number of the other column."""
    plain = compact(text)
    if match := _PUBLICATION.match(plain):
        return PublicationNumber(match[1], match[2], match[3])
    try:
        parse_patent_number(text)
    except BadNumber as error:
        raise BadNumber("ruined_number" if error.code == "ruined_number" else "bad_number", text) from error
    raise BadNumber("application_number", text)


def normalise_pct_number(text: str) -> str:
    """`PCT/CN2024/123456`; raises `BadNumber`."""
    match = _PCT.match(compact(text))
    if match is None:
        raise BadNumber("bad_number", text)
    office, year, serial = match.group(1, 2, 3) if match[1] else match.group(4, 5, 6)
    return f"PCT/{office}{year}/{serial}"


def normalise_wo_number(text: str) -> str:
    """`WO2024/123456`; raises `BadNumber`."""
    match = _WO.match(compact(text))
    if match is None:
        raise BadNumber("bad_number", text)
    return f"WO{match[1]}/{match[2]}{match[3] or ''}"


def normalise_mark_number(text: str, jurisdiction: str = "CN") -> str:
    """A trademark number as text, letters kept (`12345678A`, `G1456789`); raises `BadNumber`.

    Offices other than CN, TW and KR are held only to the characters a number may have: their law is not verified here.
    """
    plain = compact(text)
    if _RUINED.match(plain):
        raise BadNumber("ruined_number", text)
    plain = re.sub(r"^(?:第|NO\.?|注册号|申请号|REG\.?)+", "", plain).removesuffix("号").strip(":;,")
    if jurisdiction in ("TW", "KR"):
        plain = plain.replace("-", "")
    if not _MARK.get(jurisdiction, _ANY_NUMBER).match(plain):
        raise BadNumber("bad_number", text)
    return plain


def normalise_foreign_number(text: str) -> str:
    """A number of an office whose formats are not known here: compact text of letters, digits, `.`, `/` and `-`."""
    plain = compact(text)
    if _RUINED.match(plain):
        raise BadNumber("ruined_number", text)
    if not _ANY_NUMBER.match(plain):
        raise BadNumber("bad_number", text)
    return plain


def normalise_copyright_number(text: str) -> str:
    """A software (`2024SR0123456`) or work (`国作登字-2024-F-00012345`) registration number; raises `BadNumber`."""
    plain = compact(text).replace("—", "-").replace("–", "-")
    if not (_SOFTWARE.match(plain) or _WORK.match(plain)):
        raise BadNumber("bad_number", text)
    return plain


def classification_symbols(text: str) -> list[str]:
    """IPC (`E01B 3/32`) and Locarno (`14-03`) symbols of a cell without editions; what is neither is left as it is."""
    parts = re.split(r"[;；,，\n]", unicodedata.normalize("NFKC", text))
    return list(dict.fromkeys(symbol for part in parts if (symbol := _symbol(part.strip().lstrip("?").strip()))))


@lru_cache(maxsize=4096)
def _symbol(part: str) -> str:
    bare = _VERSION.sub("", re.sub(r"\s+", "", part))
    if match := _IPC.match(bare):
        return f"{match[1]} {match[2]}/{match[3]}"
    if match := _LOCARNO.match(bare):
        return f"{int(match[1]):02d}-{match[2]}"
    return bare if _IPC_SUBCLASS.match(bare) else part


def nice_classes(words: list[str]) -> list[int]:
    """Nice classes 1..45 out of `001`, `第9类`, `Class 35`; raises `BadNumber`."""
    found: list[int] = []
    for word in words:
        match = re.fullmatch(r"(?:第|CLASS|CL\.?)?0*(\d{1,2})类?", compact(word))
        if match is None or not 1 <= int(match[1]) <= 45:
            raise BadNumber("bad_class", word)
        found.append(int(match[1]))
    return sorted(set(found))

"""Names of companies and people made comparable: widths, brackets, legal forms. Pure text; nothing is guessed here."""

from __future__ import annotations

import re
import unicodedata

LEGAL_FORMS = (
    "股份有限公司",
    "有限责任公司",
    "集团有限公司",
    "有限公司",
    "股份公司",
    "有限合伙企业",
    "(有限合伙)",
    "(普通合伙)",
    "有限合伙",
    "(集团)",
    "集团",
    "公司",
)
"""Legal forms, longest first; leaving them out gives the stem under which near names meet."""

FOREIGN_FORMS = re.compile(
    r"[\s,.]*\b(co|company|corp|corporation|inc|incorporated|ltd|limited|llc|llp|gmbh|ag|kg|sa|sas|bv|nv|oy|ab|spa|srl|plc|kk|pte|pty)\b\.?",
    re.IGNORECASE,
)
_OPENING = str.maketrans({"〔": "(", "【": "(", "［": "(", "[": "(", "〕": ")", "】": ")", "］": ")", "]": ")"})


def tidy(name: str) -> str:
    """The name as it is kept: one space between words, none between Chinese characters; Chinese names keep （）."""
    plain = unicodedata.normalize("NFKC", name).strip(" \t\r\n;；,，、")
    plain = re.sub(r"\s+", " ", plain)
    plain = re.sub(r"(?<=[\u4e00-\u9fff)）]) (?=[\u4e00-\u9fff(（])", "", plain)
    if re.search(r"[\u4e00-\u9fff]", plain):
        plain = plain.replace("(", "（").replace(")", "）")
    return plain


def match_key(name: str) -> str:
    """What two spellings of one name share: width, case, brackets, spaces and punctuation left out of account."""
    plain = unicodedata.normalize("NFKC", name).translate(_OPENING).casefold()
    plain = re.sub(r"有限责任公司", "有限公司", plain)
    return re.sub(r"[\s.,;:'\"·•・()\-_/&“”‘’「」《》、。，；：]+", "", plain)


def stem_key(name: str) -> str:
    """The match key without the legal form: near names share it, so it proposes and never decides."""
    plain = unicodedata.normalize("NFKC", name).translate(_OPENING)
    if not re.search(r"[\u4e00-\u9fff]", plain):
        return match_key(FOREIGN_FORMS.sub("", plain)) or match_key(plain)
    for form in LEGAL_FORMS:
        if plain.endswith(form) and len(plain) > len(form) + 1 and plain not in LEGAL_FORMS:
            plain = plain[: -len(form)]
    return match_key(plain)


def split_names(text: str) -> list[str]:
    """The names in one cell: `;`, `；`, `|` and new lines separate, a comma inside a name does not."""
    parts = re.split(r"[;；|\n]+", text)
    return [name for part in parts if (name := tidy(part))]

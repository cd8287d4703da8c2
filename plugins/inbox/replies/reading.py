"""What a mail says: who wrote to which addresses, its new words without quotes, its files, whether a person wrote it.

Pure: bytes in, values out. A mail is never believed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from html.parser import HTMLParser
from typing import Any

MOST_TEXT, MOST_FILES = 20_000, 20
CUT = re.compile(
    r"^\s*(-{2,}\s*(Original Message|Forwarded message|原始邮件|原邮件|回复的原邮件|转发的邮件)\s*-{2,}"
    r"|_{8,}\s*$"
    r"|(On|Le|Am)\s.{6,200}(wrote|écrit|schrieb)\s*[:：]\s*$"
    r"|在?\s*\d{4}\s*[-年/.]\s*\d{1,2}\s*[-月/.].{0,120}(写道|写到)\s*[:：]\s*$"
    r"|.{1,120}于\s*\d{4}\s*年.{0,60}写道\s*[:：]\s*$"
    r"|(发件人|寄件者|From)\s*[:：]\s*\S+.*$"
    r"|(从我的|发自我的|Sent from my)\s*.{0,30}$)",
    re.IGNORECASE,
)
"""Lines after which a mail repeats another one, as common programs write them in Chinese and English."""


@dataclass(frozen=True)
class File:
    """One attached file."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Incoming:
    """One mail. `automatic` says why no person wrote it; `trusted` is what the receiving server found out."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    files: tuple[File, ...]
    automatic: str | None
    findings: tuple[str, ...]


def read(raw: bytes) -> Incoming:
    """The mail; raises `ValueError` for what is none."""
    mail = message_from_bytes(raw, policy=policy.default)
    if not isinstance(mail, EmailMessage) or not mail.keys():
        raise ValueError("no mail")
    sender = parseaddr(_header(mail, "From"))[1].strip().lower()
    ident = _header(mail, "Message-ID").strip()[:300] or f"<{hashlib.sha256(raw).hexdigest()}@no-id>"
    return Incoming(
        message_id=ident,
        sender=sender[:200],
        recipients=_recipients(mail),
        subject=" ".join(_header(mail, "Subject").split())[:300] or "-",
        text=without_quotes(_words(mail))[:MOST_TEXT],
        files=tuple(_files(mail))[:MOST_FILES],
        automatic=_automatic(mail, sender),
        findings=tuple(str(value) for value in mail.get_all("Authentication-Results", ())),
    )


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return str(mail.get(name, "") or "")
    except (ValueError, IndexError, AttributeError):  # headers that the standard library cannot read
        return ""


def _recipients(mail: EmailMessage) -> tuple[str, ...]:
    """Every address that the mail came to, as far as headers tell."""
    names = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
    values = [str(value) for name in names for value in mail.get_all(name, ())]
    return tuple(address.lower() for _name, address in getaddresses(values) if address)


def _automatic(mail: EmailMessage, sender: str) -> str | None:
    """Why this is no letter of a person: bounces, out-of-office notes, lists, and what we sent ourselves."""
    submitted = _header(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no"):
        return "Auto-Submitted"
    if mail.get_content_type() in ("multipart/report", "message/delivery-status"):
        return "a bounce"
    if _header(mail, "Return-Path").strip() == "<>" or sender.split("@")[0] in ("mailer-daemon", "postmaster", ""):
        return "a bounce"
    if _header(mail, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return "Precedence"
    for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "List-Id", "List-Unsubscribe"):
        if _header(mail, name) and not (name == "X-Auto-Response-Suppress" and _header(mail, "In-Reply-To")):
            return name
    return None


def _words(mail: EmailMessage) -> str:
    """The plain text; out of HTML where there is none."""
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    try:
        content = str(body.get_content())
    except (LookupError, ValueError):  # a charset that nobody knows
        content = (body.get_payload(decode=True) or b"").decode("utf-8", "replace")
    return _plain(content) if body.get_content_type() == "text/html" else content


class _Plain(HTMLParser):
    """The words of HTML in lines; nothing of quotations, scripts and styles."""

    BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "blockquote"})
    SILENT = frozenset({"script", "style", "head", "title", "blockquote"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """A new line; a silent part begins."""
        if tag in self.BREAKS:
            self.parts.append("\n")
        if tag in self.SILENT:
            self.silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """A silent part ends."""
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()
        if tag in ("p", "div", "tr"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Words that are to be read."""
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def _plain(html: str) -> str:
    parser = _Plain()
    parser.feed(html[:2_000_000])
    parser.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(parser.parts))


def without_quotes(text: str) -> str:
    """The new words: until the line after which an older mail is repeated; lines with > are left out."""
    kept: list[str] = []
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").split("\n")
    for number, line in enumerate(lines):
        two = f"{line.rstrip()} {lines[number + 1].strip()}" if number + 1 < len(lines) else line
        wrapped = line.lstrip().startswith("On ") and CUT.match(two)
        if CUT.match(line) or wrapped or line.rstrip() == "--":
            break
        if not line.lstrip().startswith((">", "＞")):
            kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _files(mail: EmailMessage) -> list[File]:
    """Attached files; small pictures that stand in the text, such as logos of signatures, are none."""
    found = []
    for part in mail.iter_attachments():
        name = part.get_filename()
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes) or not content:
            continue
        drawn = part.get_content_maintype() == "image" and part.get("Content-ID") and len(content) < 30_000
        if name and not (drawn and part.get_content_disposition() != "attachment"):
            found.append(File(str(name), content))
    return found


def vouched(incoming: Incoming, server: str) -> bool:
    """Whether the named server found that the sender's domain sent this: DMARC passed. Only its own topmost finding
    counts, for anybody can write such a header into a mail."""
    for finding in incoming.findings[:1]:
        name, _semicolon, rest = finding.partition(";")
        if name.split()[:1] == [server] and re.search(r"\bdmarc\s*=\s*pass\b", rest, re.IGNORECASE):
            return True
    return False

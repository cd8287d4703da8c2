"""Files of the demo at records: drawn or written on the spot, kept like an upload of the person acting now."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from core import create, keep, record_class
from plugins.cases import event_type
from plugins.demo import papers
from plugins.demo.roads import Step

LIMIT = 1 << 20
PDF, PNG = "application/pdf", "image/png"


def attach(key: str, record: int, filename: str, content: bytes, kind: str, mime: str = PDF) -> int:
    """Keep a file at a record; its id."""
    sha256, size = keep(io.BytesIO(content), LIMIT)
    values = {"record_key": key, "record_id": record, "filename": filename, "kind": kind}
    values |= {"sha256": sha256, "size": size, "mime": mime}
    return create(record_class("core.attachment"), values, allow=("sha256", "size", "mime")).id


def paper(key: str, record: int, title: str, lines: Sequence[str], kind: str) -> int:
    """Write a one-page paper and keep it; its id."""
    return attach(key, record, f"{title}.pdf", papers.pdf(title, lines), kind)


def notice(case: Any, step: Step) -> int:
    """The official paper of a step."""
    event = event_type(step.event)
    lines = [
        f"案件：{case.name}",
        f"申请号：{case.application_number or '—'}",
        f"发文日：{step.day:%Y-%m-%d}",
        event.en,
    ]
    return paper("cases.case", case.id, event.zh, lines, "notice")


def instruction(case: Any, step: Step) -> int:
    """The client's own letter."""
    lines = [f"案件：{case.name}", "本公司确认上述指示，特此书面通知。", f"{step.day:%Y-%m-%d}"]
    return paper("cases.case", case.id, "客户书面指示", lines, "client_instruction")

"""Demo data: portal users of two clients, an open question, released papers, a conversation."""

from __future__ import annotations

from typing import Any

from core import DEMO_PASSWORD

PEOPLE = (
    ("lin.yue@hangzhiwei.example", "林悦", "杭知味食品有限公司", "owner"),
    ("qiao.an@hangzhiwei.example", "乔安", "杭知味食品有限公司", "finance"),
    ("chen.mo@shuling.example", "陈沫", "蜀岭茶业有限公司", "owner"),
)


def shown_logins() -> list[dict[str, str]]:
    """Address and password of the demo's portal users, for the sign-in page."""
    return [
        {"email": email, "password": DEMO_PASSWORD, "name": name, "client": client}
        for email, name, client, _role in PEOPLE
    ]


def load(session: Any) -> None:
    """Make what is missing."""

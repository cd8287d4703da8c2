"""The world of the story: a running deployment, the other companies' servers, a mail server, the agency's people."""

from __future__ import annotations

import html
import json
import logging
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller

from core.app import create_app
from core.settings import load_settings
from plugins.im_bridge import demo
from tests.standins import dingtalk, kingdee, wecom
from tests.standins.common import serving
from tests.support.running import Running, command, start

PASSWORD = "a-long-password-1"
PLUGINS = (
    *("roles", "clients", "cases", "deadlines", "workflow", "documents", "billing", "finance_bridge"),
    *("im_bridge", "portal"),
)
PEOPLE = {
    "lin": ("林晚", "Lin Wan", "tm_agent"),
    "shen": ("沈度", "Shen Du", "dept_head"),
    "guan": ("管微", "Guan Wei", "reviewer"),
    "song": ("宋知", "Song Zhi", "client_manager"),
    "cao": ("曹令", "Cao Ling", "process_clerk"),
    "he": ("贺真", "He Zhen", "docket_verifier"),
    "qian": ("钱朗", "Qian Lang", "finance"),
    "jin": ("金以宁", "Jin Yining", "finance_head"),
    "gu": ("顾衡", "Gu Heng", "partner"),
}
"""Login: name, English name, role."""
CLIENT = {
    "name": "云岫茶业有限公司", "name_en": "Yunxiu Tea Co., Ltd.", "kind": "enterprise", "region": "440300",
    "address": "深圳市南山区示例路 1 号", "tier": "general", "currency": "CNY",
}  # fmt: skip
APPS = {"wecom": demo.WECOM, "dingtalk": demo.DINGTALK | {"digest_minutes": 0}}
"""The apps of the stand-ins; nothing of them is secret."""
CONTACT = {"name": "周岫", "email": "zhou@yunxiu.example", "language": "zh", "is_primary": True, "roles": ["daily"]}


def eventually(what: str, look: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first truthy answer of `look`; fails by name when none comes in time."""
    end = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: did not happen within {seconds:.0f} s")
        time.sleep(0.1)


class Post:
    """A mail server's memory: every message that was delivered."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"

    def to(self, address: str, words: str = "") -> list[EmailMessage]:
        """Mails to an address whose subject or text holds the words, oldest first."""
        return [m for m in list(self.messages) if m["To"] == address and words in f"{m['Subject']}\n{text_of(m)}"]


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


@dataclass
class World:
    """All that runs, and the ids of what was set up before the story begins."""

    deployment: Running
    post: Post
    messenger: Any
    phones: str
    kingdee: kingdee.Standin
    ledger: str
    made: dict[str, Any]

    @property
    def url(self) -> str:
        """Where the deployment is."""
        return self.deployment.url

    def on_phone(self, login: str, *words: str) -> list[str]:
        """What somebody sees in the messenger that says all those words, oldest first, as the text of each message."""
        page = httpx.get(f"{self.phones}/phone/{login}", trust_env=False).text
        shown = [html.unescape(re.sub(r"<[^>]+>", " ", part)) for part in page.split('<div class="card"')[1:]]
        return [text for text in reversed(shown) if all(word in text for word in words)]


@contextmanager
def world(folder: Path, database_url: str = "", messenger: str = "wecom") -> Iterator[World]:
    """Everything up, with people, a client, the messenger's app and the ledger's book; all down at the end."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with ExitStack() as stack:
        post = Post()
        mail = Controller(post, hostname="127.0.0.1", port=_free_port())
        mail.start()
        stack.callback(mail.stop)
        ledger, office = kingdee.create(), wecom.create() if messenger == "wecom" else dingtalk.create(gateway_port=0)
        if messenger == "dingtalk":
            stack.callback(office.standin.gateway.stop)
        books, phones = stack.enter_context(serving(ledger)), stack.enter_context(serving(office))
        port = _free_port()
        site = f"http://127.0.0.1:{port}"
        config = _config(folder, database_url, site, f"smtp://127.0.0.1:{mail.port}")
        office.standin.site = site
        office.standin.people |= {login: names[0] for login, names in PEOPLE.items()}
        ledger.standin.hang = 4.0
        data = folder / "data"
        environment = {"ZHIAN_CONFIG": str(config), "ZHIAN_DATA": str(data)}
        command("db", "upgrade", env=environment)
        made = _found(config, data, books, APPS[messenger] | {"server": phones})
        deployment = start(data, "--port", port, env={"ZHIAN_CONFIG": str(config)})
        stack.callback(_stop, deployment)
        deployment.await_ready()
        yield World(deployment, post, office.standin, phones, ledger.standin, books, made)


def _stop(deployment: Running) -> None:
    if deployment.process.poll() is None:
        deployment.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _config(folder: Path, database_url: str, site: str, smtp: str) -> Path:
    lines = {"plugins": list(PLUGINS), "base_url": site, "smtp_url": smtp, "mail_from": "zhian@lanqi.example"}
    lines |= {"agency": "澜岐知识产权", "agency_en": "Lanqi IP"}
    lines |= {"database_url": database_url} if database_url else {}
    file = folder / "config.toml"
    file.write_text("".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in lines.items()))
    return file


# what stands before the story begins ------------------------------------------------------------------------------


def _found(config: Path, data: Path, ledger: str, office: dict[str, Any]) -> dict[str, Any]:
    app = create_app(load_settings(config, data=data), web=False)
    with app.app_context():
        from core import system
        from core.db import db

        with system("the agency of the story") as session:
            made = _people(session)
            _client(made)
            _messenger(made, office)
            _books(made, ledger)
        db.session.remove()
        db.engine.dispose()
    return made


def _people(session: Any) -> dict[str, Any]:
    from core import create, hash_password, record_class

    made: dict[str, Any] = {}
    made["branch"] = create(record_class("core.branch"), {"name": "北京", "code": "BJ"}).id
    place = {"name": "商标部", "branch": made["branch"], "code": "TM"}
    made["department"] = create(record_class("core.department"), place).id
    secret = hash_password(PASSWORD)
    for login, (name, name_en, role) in PEOPLE.items():
        values = {"login": login, "name": name, "name_en": name_en, "email": f"{login}@lanqi.example", "locale": "zh"}
        user = create(record_class("core.user"), values | {n: made[n] for n in ("department", "branch")})
        user.password_hash = secret
        create(record_class("core.user_role"), {"user": user.id, "role": role})
        made[login] = user.id
    session.get(record_class("core.department"), made["department"]).head_id = made["shen"]
    return made


def _client(made: dict[str, Any]) -> None:
    from core import create, record_class

    given = CLIENT | {"owner": made["lin"], "branch": made["branch"], "department": made["department"]}
    client = create(record_class("clients.client"), given)
    client.created_by_id = made["song"]
    made["client"] = client.id
    made["contact"] = create(record_class("clients.contact"), CONTACT | {"client": made["client"]}).id


def _messenger(made: dict[str, Any], office: dict[str, Any]) -> None:
    """Everybody is in the company's messenger, under their login."""
    from core import create, record_class

    app = create(record_class("im_bridge.app"), office)
    for login in PEOPLE:
        union = f"union-{login}" if office["kind"] == "dingtalk" else None
        who = {"app": app.id, "user": made[login], "userid": login, "union_id": union}
        create(record_class("im_bridge.person"), who)


def _books(made: dict[str, Any], ledger: str) -> None:
    from core import create, record_class, today

    place = {"name": "金蝶云星空", "kind": "kingdee", "prefix": "ZA", "address": f"{ledger}/k3cloud", "org": "100"}
    place |= {"account_set": kingdee.ACCOUNT_SET, "user_name": kingdee.USER, "app_id": kingdee.APP_ID}
    place |= {"app_secret": kingdee.APP_SECRET, "timeout": 2, "settle_seconds": 4}
    book = {"name": "总部应收", "mode": "receivable", "start_on": today() - timedelta(30), "settle_org": "100"}
    book |= {"pay_org": "100", "customer_codes": "mapping"}
    connection = create(record_class("finance_bridge.connection"), place)
    ours = create(record_class("finance_bridge.book"), book | {"connection": connection.id})
    mapping = record_class("finance_bridge.mapping")
    for source, target in (("service", "FY01"), ("official", "FY02"), ("disbursement", "FY03")):
        create(mapping, {"book": ours.id, "kind": "item", "source": source, "target": target})
    own = {"book": ours.id, "kind": "customer", "source": str(made["client"]), "target": "CUST0001"}
    create(mapping, own | {"client": made["client"]})
    ours.state = "active"
    made["book"] = ours.id

"""The agency of the trial: people with keys, a client, an active account book at the Kingdee stand-in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from core.app import create_app
from core.settings import load_settings

PEOPLE = {
    "agent": "tm_agent",
    "head": "dept_head",
    "expert": "reviewer",
    "expert2": "reviewer",
    "clerk": "process_clerk",
    "manager": "client_manager",
    "finance": "finance",
    "finance_head": "finance_head",
    "partner": "partner",
}
CODES = (
    ("item", "service", "FY01"),
    ("item", "official", "FY02"),
    ("item", "disbursement", "FY03"),
    ("account", "receivable", "1122"),
    ("account", "income", "6001"),
    ("account", "tax", "2221.01.02"),
    ("account", "official", "2241"),
    ("account", "disbursement", "2241"),
)


def found(config: Path, data: Path, ledger: str) -> dict[str, Any]:
    """Make people, client, books on a migrated database; their ids and keys by name."""
    app = create_app(load_settings(config, data=data), web=False)
    with app.app_context():
        made = _people()
        _books(made, ledger)
        from core.api.keys import issue_key

        made["keys"] = {login: issue_key(made[login], ["*"], "trial") for login in PEOPLE}
        from core.db import db

        db.session.remove()
        db.engine.dispose()
    return made


def _people() -> dict[str, Any]:
    from core import create, record_class, system

    made: dict[str, Any] = {}
    with system("people of the trial") as session:
        made["branch"] = create(record_class("core.branch"), {"name": "北京", "code": "BJ"}).id
        place = {"name": "商标部", "branch": made["branch"], "code": "TM"}
        made["department"] = create(record_class("core.department"), place).id
        for login, role in PEOPLE.items():
            values = {"login": login, "name": login, "department": made["department"], "branch": made["branch"]}
            made[login] = create(record_class("core.user"), values).id
            create(record_class("core.user_role"), {"user": made[login], "role": role})
        session.get(record_class("core.department"), made["department"]).head_id = made["head"]
        values = {"name": "云岫茶业有限公司", "branch": made["branch"], "owner": made["manager"]}
        made["client"] = create(record_class("clients.client"), values).id
    return made


def _books(made: dict[str, Any], ledger: str) -> None:
    from core import create, record_class, system, today
    from tests.standins import kingdee

    place = {"name": "金蝶", "kind": "kingdee", "prefix": "ZA", "address": f"{ledger}/k3cloud", "org": "100"}
    place |= {"account_set": kingdee.ACCOUNT_SET, "user_name": kingdee.USER, "app_id": kingdee.APP_ID}
    place |= {"app_secret": kingdee.APP_SECRET, "timeout": 3, "settle_seconds": 4}
    book = {"name": "账簿", "mode": "receivable", "start_on": today() - timedelta(30), "settle_org": "100"}
    book |= {"pay_org": "100", "ledger": "001", "voucher_group": "PRE001", "customer_codes": "mapping"}
    with system("books of the trial"):
        connection = create(record_class("finance_bridge.connection"), place)
        ours = create(record_class("finance_bridge.book"), book | {"connection": connection.id})
        mapping = record_class("finance_bridge.mapping")
        for kind, source, target in CODES:
            create(mapping, {"book": ours.id, "kind": kind, "source": source, "target": target})
        own = {"book": ours.id, "kind": "customer", "source": str(made["client"]), "target": "CUST0001"}
        create(mapping, own | {"client": made["client"]})
        ours.state = "active"
        made["book"] = ours.id

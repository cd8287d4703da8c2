"""Settings that a plugin declares: typed, checked, secret where they are, logged, and read anew by everybody."""

from __future__ import annotations

import subprocess
import sys

from core.settings import ROOT

RUN = """
import pathlib, re, sys
sys.path[:0] = [{root!r}, {folder!r}]
from dataclasses import replace
from core.app import create_app
from core.settings import Settings
from core.setup.database import prepare
from core.testing import Deployment
data = pathlib.Path({data!r})
settings = Settings(plugins=("parcels",), data=data, secret="s" * 40, testing=True)
app = create_app(settings, plugin_folder=pathlib.Path({folder!r}))
prepare(app, settings)
site = Deployment(app, settings)
from core import setting, system
from core.db import db
from core.errors import CannotStart, Invalid, NotFound, Refused
from core.plugin_settings import store

def now(name):
    with app.app_context():  # a request, or a job, of its own
        return setting(name)

root, clerk = site.browser(site.person("root", "administrator")), site.browser(site.person("clerk", "post_room"))
assert now("parcels.limit") == 20 and now("parcels.token") is None

page = root.get("/settings/parcels").text
token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
def post(**values):
    return root.post("/settings/parcels", data={{"csrf_token": token, **values}})
for label in ("Most parcels a day", "Carrier", "Key of the carrier"):
    assert label in page, label
assert 'value="20"' in page and "/settings/parcels" in root.get("/settings").text
assert clerk.get("/settings/parcels").status_code == 403 and root.get("/settings/nobody").status_code == 404

saved = post(limit="7", carrier="cart", token="open-sesame-42")
assert saved.status_code == 303, saved.text
assert (now("parcels.limit"), now("parcels.carrier"), now("parcels.token")) == (7, "cart", "open-sesame-42")
assert "open-sesame-42" not in root.get("/settings/parcels").text
wrong = post(limit="0", carrier="horse")
assert wrong.status_code == 422 and "At least one." in wrong.text and now("parcels.limit") == 7
assert post(limit="8", carrier="cart", token="").status_code == 303 and now("parcels.token") == "open-sesame-42"

stored = b"".join(file.read_bytes() for file in data.glob("zhian.db*"))
assert b"open-sesame-42" not in stored, "a secret lies open in the database"
with app.app_context():
    query = "select changes from core_audit where action = 'setting'"
    told = db.session.connection().exec_driver_sql(query).scalars().all()
assert len(told) == 2 and "parcels.limit" in told[0] and "***" in told[0]

assert post(**{{"limit": "8", "carrier": "cart", "-clear-token": "1"}}).status_code == 303
assert now("parcels.token") is None
with app.app_context(), system("tests"):
    for wrong, kind in (({{"limit": "many"}}, Invalid), ({{"colour": 1}}, NotFound)):
        try:
            store.set_values("parcels", wrong)
        except kind:
            continue
        raise AssertionError(wrong)
    assert store.set_values("parcels", {{"limit": None}}) == ["limit"]
assert now("parcels.limit") == 20

app.config["ZHIAN"] = replace(settings, plugin_settings={{"parcels": {{"limit": 3}}}})
assert now("parcels.limit") == 3 and "Set in the config" in root.get("/settings/parcels").text
with app.app_context(), system("tests"):
    try:
        store.set_values("parcels", {{"limit": 4}})
        raise AssertionError("what the config says was changed")
    except Refused:
        pass
try:
    wrong = {{"parcels": {{"limits": 3, "limit": "many"}}, "absent": {{"a": 1}}}}
    create_app(replace(settings, plugin_settings=wrong), plugin_folder=pathlib.Path({folder!r}))
    raise AssertionError("it started")
except CannotStart as refusal:
    assert [p.plugin for p in refusal.problems] == ["parcels", "parcels"]
    assert "limits" in str(refusal) and "its settings are: " in str(refusal)
print("ok")
"""


def test_what_holds_for_settings_of_plugins(tmp_path):
    folder = str(ROOT / "tests" / "plugins_for_tests")
    script = RUN.format(root=str(ROOT), folder=folder, data=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["ok"]), done.stdout + done.stderr[-3000:]

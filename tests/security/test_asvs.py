"""Each item of OWASP ASVS 5.0 that matters here has a test that is there or a written reason; tests of small items."""

from __future__ import annotations

import ast
import logging
import re
import ssl
from functools import cache
from types import SimpleNamespace

import pyotp
import yaml
from sqlalchemy import select, update

from core.clock import now
from core.db import db, system
from core.identity import factors, links
from core.identity.model import Totp
from core.masking import MaskingFilter
from core.messages.sending import message
from core.outgoing import _usual, outgoing
from core.permissions.passwords import hash_password, verify
from core.records import keys
from core.records import secrets as stored
from core.records.audit import AuditEntry
from core.settings import ROOT
from tests.e2e.desk import PASSWORD
from tests.support.hashes import quick_hashes, usual_hashes

__all__ = ["quick_hashes", "usual_hashes"]
pytest_plugins = ("tests.e2e.fixtures",)

ITEMS = """
1.2.1-5 1.2.9 1.3.1-7 1.3.10-11 1.5.1-2
2.2.1-3 2.3.1-4 2.4.1
3.2.1-2 3.3.1-4 3.4.1-6 3.5.1-5 3.7.2
4.1.1 4.1.3 4.2.1
5.1.1 5.2.1-3 5.3.1-2 5.4.1-3
6.1.1-3 6.2.1-12 6.3.1-4 6.4.1-4 6.5.1-5 6.6.1-3 6.8.1-4
7.2.1-4 7.3.1-2 7.4.1-5 7.5.1-2
8.1.1-2 8.2.1-3 8.3.1 8.4.1
11.1.1-2 11.2.1-3 11.3.1-3 11.4.1-4 11.5.1 12.1.1 12.2.1 12.3.1-2
13.2.4-5 13.3.1-2 13.4.1-5
14.1.1-2 14.2.1-4 14.3.1-3
15.1.1-3 15.2.1-3 15.3.1-7
16.1.1 16.2.1-5 16.3.1-4 16.4.1-3 16.5.1-3
"""
"""What levels 1 and 2 ask of a product like this one; other items are of level 3 or of techniques that it has not."""
PROMISES = {
    "security.md": ("## Files", "## Keys", "## Calls to elsewhere", "## Data", "## Components", "## What takes long"),
    "identity.md": ("## Passwords", "## Abuse of the sign-in", "## Second step", "## Links", "## API keys"),
    "audit.md": ("## What is in it", "UTC inside"),
    "permissions.md": ("#",),
}
PATTERNS_OF_OURS = {
    "core/identity/policy.py": "kinds of characters",
    "core/importing/text.py": "signs that are odd in a sheet",
    "core/records/contents.py": "signatures of files",
    "core/search/words.py": "the ranges of Chinese characters",
    "core/shaping/correcting.py": "the parts of a number's rule, each through re.escape or of our own",
    "plugins/cases/importing/rows.py": "two constants",
    "plugins/cases/printed.py": "numerals",
    "plugins/clients/services.py": "letters of kinds",
    "core/web/timeline.py": "names of people, each through re.escape",
    "plugins/cases/importing/words.py": "words of registers from our own data",
}
WEAK = re.compile(r"modes\.ECB|PKCS1v15|hashlib\.(md5|sha1)\(|modes\.CBC|ARC4|TripleDES")
OF_VENDORS = {"plugins/im_bridge/codec.py"}
"""Callbacks of chat platforms prescribe AES-CBC and SHA-1."""
KEPT_IN_BROWSERS = re.compile(r"(?:local|session)Storage\.setItem\(\s*([^,]+),")
HARMLESS = re.compile(r'^("zhian-(theme|past|inbox-folded)"|POSITIONS \+ .*|`zhian-(left|trail|scroll)[:-].*)$')

LISTENS = re.compile(r"""((?:\b\w+\??\.)?)addEventListener\(\s*["']message["']""")
HEARS = {
    "core/web/static/js/docx-frame.js": "inside the sandboxed frame: its parent alone, and only a file's content",
    "core/web/static/js/preview.js": "that sandboxed frame alone, and three words of it",
}
"""Who listens to another window, and to which: each listener asks for `event.source` before anything else."""
MEANT_SECRET = {
    "/password/<token>": "a link of a mail: works once and for hours",
    "/feeds/<token>.ics": "programs of calendars know nothing but an address; its owner makes a new one at any time",
    "/hooks/automation/<token>": "other systems know nothing but an address; it is signed, and made anew at any time",
    "/undo/<token>": "no secret: the number of a change, good for the signed-in person who made it, by a form alone",
}
"""Addresses that carry a token, and why they may."""


def items() -> list[str]:
    """Their numbers, ranges spelt out."""
    found = []
    for word in ITEMS.split():
        first, _dash, last = word.partition("-")
        head, number = first.rsplit(".", 1)
        found += [f"{head}.{n}" for n in range(int(number), int(last or number) + 1)]
    return found


@cache
def table() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "docs" / "asvs.yml").read_text("utf-8"))


@cache
def sources(*endings: str) -> dict[str, str]:
    """Our files with one of these endings, by path."""
    files = [f for room in ("core", "plugins") for e in endings for f in (ROOT / room).rglob(f"*{e}")]
    outside = ("vendor", "node_modules", "__pycache__")
    return {str(f.relative_to(ROOT)): f.read_text("utf-8") for f in files if not set(outside) & set(f.parts)}


def missing(name: str) -> bool:
    """Whether a named test is not there."""
    path, _colons, function = name.partition("::")
    file = ROOT / "tests" / path
    return not file.is_file() or (bool(function) and f"\ndef {function}(" not in file.read_text("utf-8"))


def test_every_item_has_a_test_that_is_there_or_a_reason():
    assert sorted(table()) == sorted(items())
    bare = [item for item, row in table().items() if not row.get("what") or not (row.get("test") or row.get("reason"))]
    assert bare == []
    assert [(i, n) for i, row in table().items() for n in row.get("test", ()) if missing(n)] == []
    assert [i for i, row in table().items() if "reason" in row and len(row["reason"]) < 15] == []


def test_the_documents_say_what_is_promised():
    texts = {name: (ROOT / "docs" / name).read_text("utf-8") for name in PROMISES}
    assert [(name, what) for name, wanted in PROMISES.items() for what in wanted if what not in texts[name]] == []


def test_no_pattern_is_made_of_what_people_type():
    """A regular expression is a constant, or one of a few that are made of our own words."""
    made = set()
    for path, text in sources(".py").items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and re.fullmatch(r"re\.[a-z]+", ast.unparse(node.func)) and node.args:
                pattern = node.args[0]
                if not isinstance(pattern, ast.Constant) and ast.unparse(node.func) != "re.escape":
                    made |= set() if isinstance(pattern, ast.Name) and pattern.id.isupper() else {path}
    assert sorted(made - PATTERNS_OF_OURS.keys()) == []


def test_no_line_of_a_subject_becomes_a_header(desk):
    mail = SimpleNamespace(
        recipient="a@b.example",
        subject="Hello\r\nBcc: all@evil.example\r\n\r\nbody",
        body="Text",
        html=None,
        hidden_part=None,
        message_id="<1@zhian>",
        maybe_duplicate=False,
        created_at=now(),
    )
    with desk.app.app_context(), system("a mail"):
        sent = message(mail)
    assert sent["Bcc"] is None
    assert b"\nBcc:" not in bytes(sent)


def test_scripts_of_ours_listen_to_no_other_window_and_keep_nothing_sensitive():
    scripts = sources(".js", ".mjs")
    for path, text in scripts.items():
        heard = [found[1].rstrip("?.") for found in LISTENS.finditer(text)]
        channels = re.findall(r"(\w+) = [^;\n]*new BroadcastChannel\(", text)  # which pages of ours alone can reach
        windows = [name for name in heard if name not in channels]
        assert not windows or path in HEARS, path
        assert len(windows) == len(re.findall(r"\bevent\.source [!=]== ", text)), path
        assert "onmessage" not in text, path
    kept = [(path, name.strip()) for path, text in scripts.items() for name in KEPT_IN_BROWSERS.findall(text)]
    assert [(path, name) for path, name in kept if not HARMLESS.match(name)] == []


def newest(desk, action):
    with desk.app.app_context():
        rows = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc()).limit(1)
        return db.session().connection().execute(rows).one()


def test_callers_do_not_choose_their_own_address(desk, visit):
    visit(X_Forwarded_For="203.0.113.9", Forwarded="for=203.0.113.9").sign_in("ann", "a wrong one")
    assert newest(desk, "sign_in_failed").ip == "127.0.0.1"


def test_passwords_are_typed_unseen_and_may_be_pasted(visit):
    pages = [visit().get("/login").text, visit("ann").get("/settings/me").text]
    fields = [field for page in pages for field in re.findall(r"<input[^>]*>", page)]
    secret = [field for field in fields if re.search(r'name="(password|old|new|again)"', field)]
    assert len(secret) >= 3
    assert [f for f in secret if 'type="password"' not in f or "maxlength" in f] == []
    assert [f for f in secret if not re.search(r'autocomplete="(current|new)-password"', f)] == []
    assert not [page for page in pages if "onpaste" in page]


def test_a_password_is_compared_as_it_was_typed(desk, usual_hashes):
    typed = " Ä密 correct horse " + "x" * 240
    with desk.app.app_context():
        kept = hash_password(typed)
        assert verify(kept, typed)
        assert not any(verify(kept, other) for other in (typed.strip(), typed[:-1], typed.lower(), typed + "x"))


def test_a_link_for_a_password_leaves_the_second_step(desk, visit):
    with desk.app.app_context(), system("a link") as session:
        connection = session.connection()
        secret = factors.new_secret(connection, desk.ids["rea"])
        connection.execute(update(Totp.__table__).values(confirmed_at=now()))
        token = links.make_link(connection, desk.ids["rea"], "reset")
    fresh, stranger = "a-quite-new-password", visit()
    stranger.get(f"/password/{token}")
    assert stranger.post(f"/password/{token}", new=fresh, again=fresh).status_code == 303
    browser = visit()
    assert browser.sign_in("rea", fresh).status_code == 303
    assert browser.get("/").headers["Location"].startswith("/login/second")
    browser.get("/login/second")
    assert browser.post("/login/second", code=pyotp.TOTP(secret).now()).status_code == 303
    with desk.app.app_context(), system("taken again") as session:
        factors.drop_all(session.connection(), desk.ids["rea"])


def test_every_page_offers_to_sign_out_and_signing_out_clears_the_browser(visit):
    browser = visit("ann")
    for path in ("/", "/r/desk.paper", "/settings/me"):
        assert 'action="/logout"' in browser.get(path).text
    answer = browser.post("/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert browser.get("/").headers["Location"] == "/login"


def test_what_is_encrypted_with_what(desk, usual_hashes):
    with desk.app.app_context():
        assert re.fullmatch(r"z1\.\w{8,9}\.[A-Za-z0-9+/=]+", stored.encrypt("甲"))
        assert len(keys.own_key("s" * 40)[1]) == 32
        assert hash_password(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    weak = {path for path, text in sources(".py").items() if WEAK.search(text)}
    assert sorted(weak - OF_VENDORS) == []


def test_outgoing_calls_speak_tls_1_2_at_least(desk, monkeypatch):
    made = []
    _usual.cache_clear()  # made once in a process
    real = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda *a, **k: made.append(real(*a, **k)) or made[-1])
    with desk.app.app_context(), outgoing("https://example.com"):
        assert made[0].minimum_version >= ssl.TLSVersion.TLSv1_2
        assert made[0].verify_mode == ssl.CERT_REQUIRED


def test_nothing_of_the_source_is_served_and_folders_are_not_listed(visit):
    stranger, root = visit(), visit("root")
    for path in ("/.git/HEAD", "/.env", "/config/production.toml", "/static/", "/static/../settings.py"):
        assert (stranger.get(path).status_code in (302, 404), root.get(path).status_code) == (True, 404), path


def test_trace_is_refused(visit):
    for path in ("/", "/login", "/api/v1/desk.paper", "/healthz"):
        assert visit().client.open(path, method="TRACE").status_code in (302, 401, 403, 404, 405), path


def test_no_secret_travels_in_an_address(desk):
    """But in links that work once; and no form that sends by GET holds a secret."""
    rules = list(desk.app.url_map.iter_rules())
    places = {rule.rule for rule in rules if any(re.search("token|secret|password", a) for a in rule.arguments)}
    assert sorted(places - MEANT_SECRET.keys()) == []
    forms = [form for text in sources(".html").values() for form in re.findall(r"<form(.*?)</form>", text, re.S)]
    assert [f for f in forms if 'method="post"' not in f.partition(">")[0].lower() and 'type="password"' in f] == []


def test_pages_are_kept_by_no_cache(visit):
    browser = visit("ann")
    for path in ("/", "/r/desk.paper", "/settings/me", "/find?q=a", "/login"):
        assert "no-store" in browser.get(path).headers["Cache-Control"], path


def test_logs_go_to_known_places():
    handlers = re.compile(r"(File|Rotating|SysLog|Socket|HTTP|SMTP)\w*Handler\(")
    assert [path for path, text in sources(".py").items() if handlers.search(text)] == []


def test_no_value_makes_a_line_of_the_log():
    record = logging.LogRecord("zhian", 40, "x", 1, "at %s", ("/a\n2026-11-22 INFO forged\r\x1b[2J",), None)
    assert MaskingFilter().filter(record)
    assert record.getMessage() == "at /a\\n2026-11-22 INFO forged\\r\\x1b[2J"

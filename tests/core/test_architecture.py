"""The house keeps its shape: who imports whom, no way around the guard, proportions, and texts in both languages."""

from __future__ import annotations

import ast
import tomllib
from functools import cache

import pytest

from core.settings import ROOT

PLUGINS = sorted(p.parent for p in (ROOT / "plugins").glob("*/plugin.toml"))
ROOMS = [ROOT / "core", ROOT / "bootstrap", *PLUGINS]

MAY_USE_CONNECTIONS = {
    "core/api", "core/audit", "core/webhooks", "core/db.py", "core/desk", "core/events", "core/feeds", "core/hooks", "core/identity",
    "core/importing", "core/jobs", "core/messages", "core/plugin_settings",
    "core/permissions", "core/records", "core/search", "core/setup", "core/shaping", "core/supervise", "core/web", "core/commands",
    "core/doctor",
    "core/testing",
}  # fmt: skip
"""Rooms that own core statements: bookkeeping tables, or statements that carry the rules themselves."""

FLASK_FREE = ("services.py", "rules.py", "records.py")


@cache
def sources() -> dict[str, ast.Module]:
    """Our modules by path; migrations are left out."""
    files = [f for room in ROOMS for f in sorted(room.rglob("*.py")) if "migrations" not in f.parts]
    return {str(f.relative_to(ROOT)): ast.parse(f.read_text("utf-8")) for f in files if "node_modules" not in f.parts}


def imports(path: str, tree: ast.Module) -> list[str]:
    """Absolute names of the modules that a file imports, also inside functions and under TYPE_CHECKING."""
    package = path.removesuffix(".py").split("/")[:-1]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            found += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return found


def calls(tree: ast.Module):
    """(line, dotted name) of each call, as far as it is written as names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func)


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return node.id if isinstance(node, ast.Name) else "?"


def owned(path: str, rooms: set[str]) -> bool:
    return any(path == room or path.startswith(f"{room}/") for room in rooms)


def test_the_core_imports_no_plugin():
    assert not [
        (p, m)
        for p, t in sources().items()
        if p.startswith("core/")
        for m in imports(p, t)
        if m.split(".")[0] == "plugins"
    ]


def test_a_plugin_imports_the_face_of_the_core_and_of_plugins_it_requires():
    face = {"core", "core.testing", "core.importing", "core.views"}
    wrong = []
    for path, tree in sources().items():
        if not path.startswith("plugins/"):
            continue
        own = path.split("/")[1]
        required = set(tomllib.loads((ROOT / "plugins" / own / "plugin.toml").read_text("utf-8")).get("requires", {}))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and not node.level:
                parts = (node.module or "").split(".")
                if parts[0] == "core" and node.module not in face:
                    wrong.append((path, node.module))
                if parts[0] == "plugins" and parts[1:2] != [own] and (len(parts) > 2 or parts[1] not in required):
                    wrong.append((path, node.module))
    assert wrong == []


def test_nothing_imports_web_or_api_but_the_app():
    allowed = {"core/app.py", "core/commands/people.py", "core/testing/deployment.py"}
    wrong = []
    for path, tree in sources().items():
        if path in allowed or path.startswith(("core/web/", "core/api/", "core/importing/web")):
            continue
        wrong += [(path, m) for m in imports(path, tree) if m.split(".")[:2] in (["core", "web"], ["core", "api"])]
    assert sorted(set(wrong)) == []


def test_business_functions_know_no_flask():
    wrong = [
        (path, module)
        for path, tree in sources().items()
        if path.startswith("plugins/") and path.rsplit("/", 1)[1] in FLASK_FREE
        for module in imports(path, tree)
        if module.split(".")[0] in ("flask", "werkzeug")
    ]
    assert wrong == []


METHODS = {"exec_driver_sql", "bulk_save_objects", "bulk_insert_mappings", "from_statement", "create_engine"}
BANNED = {
    "text": "SQL as text escapes the guard",
    "literal_column": "SQL as text escapes the guard",
    "exec_driver_sql": "SQL as text escapes the guard",
    "bulk_save_objects": "escapes rules and audit",
    "bulk_insert_mappings": "escapes rules and audit",
    "from_statement": "escapes the guard",
    "create_engine": "there is one engine",
    "sessionmaker": "there is one session class",
    "scoped_session": "there is one session class",
}


def sqlalchemy_names(tree: ast.Module) -> set[str]:
    """Names that a file takes from SQLAlchemy."""
    taken = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("sqlalchemy"))
    return {alias.asname or alias.name for node in taken for alias in node.names}


def test_plugins_do_not_go_around_the_guard():
    wrong = []
    for path, tree in sources().items():
        if owned(path, MAY_USE_CONNECTIONS):
            continue
        sql = sqlalchemy_names(tree)
        for line, name in calls(tree):
            last = name.rsplit(".", 1)[-1]
            of_an_index = name == "text" and path.endswith("/records.py")
            if (name in BANNED and name in sql and not of_an_index) or (name != last and last in METHODS):
                wrong.append((path, line, name, BANNED.get(last, "")))
            if name.endswith((".connection", ".connection().execute", "engine.connect", "engine.begin")):
                wrong.append((path, line, name, "a connection of one's own escapes the guard"))
    assert wrong == []


def test_no_statement_of_a_plugin_declares_itself_open():
    wrong = [p for p, t in sources().items() if p.startswith("plugins/") and "zhian_open" in ast.dump(t)]
    assert wrong == []


def test_eval_exec_pickle_and_shells_are_not_used():
    wrong = []
    for path, tree in sources().items():
        modules = {m.split(".")[0] for m in imports(path, tree)}
        wrong += [(path, m) for m in modules & {"pickle", "marshal", "shelve"}]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                if dotted(node.func) in ("eval", "exec", "os.system", "os.popen"):
                    wrong.append((path, dotted(node.func)))
                wrong += [
                    (path, "shell") for k in node.keywords if k.arg == "shell" and getattr(k.value, "value", False)
                ]
    assert wrong == []


RULES_REST_IN = {
    "core/commands/settings.py": "whoever has the command line sets settings of plugins",
    "core/api/keys.py": "issues a key; who may is the caller's check",
    "core/audit/chain.py": "an accepted restore is noted in the log",
    "core/audit/own.py": "the outcome of a verification is noted and told to auditors",
    "core/records/rotation.py": "a rotation of keys is noted in the log",
    "core/webhooks/sending.py": "a webhook that fails for days is switched off",
    "core/commands/configuration.py": "the configuration as a file, on the administrator's shell",
    "core/commands/checks.py": "the administrator's shell",
    "core/commands/work.py": "sends dead letters again",
    "core/desk/bin.py": "what has lain in the bin for thirty days is deleted by schedule",
    "core/events/delivery.py": "subscribers run as the system",
    "core/identity/commands.py": "the administrator's shell",
    "core/identity/own.py": "who asks for a new password is not known yet",
    "core/web/identity/factors.py": "a person's own second factors are noted in the log",
    "core/web/identity/forgotten.py": "links are opened before anybody is known",
    "core/web/identity/keys.py": "a key is revoked by its owner or an administrator",
    "core/web/identity/passkeys.py": "sign-in by passkey, before anybody is known",
    "core/web/identity/people.py": "a link is written for the person who gets it",
    "core/web/identity/sso.py": "sign-in at a provider, before anybody is known",
    "core/web/identity/steps.py": "steps of the sign-in, before anybody is known",
    "core/importing/undo.py": "takes back exactly what one import wrote",
    "core/jobs/runs.py": "jobs run as the system unless they were started for a person",
    "core/setup/database.py": "seeds and demo data",
    "core/setup/demo.py": "prints the demo's logins",
    "core/testing/": "material of tests, never of a deployment",
    "core/setup/people.py": "people and keys made on the command line",
    "core/web/rights/people.py": "passwords that an administrator sets",
    "core/permissions/deputies.py": "a deputy is named by the person and their heads, which no grant says",
    "core/permissions/leaving.py": "what names a leaver is handed over by who may not see it",
    "core/permissions/exports.py": "a large export is asked for and decided, which no grant to write says",
    "core/permissions/glass.py": "who sees no client data opens them in an emergency, which no grant says",
    "core/permissions/sharing.py": "a share is given by who has the record, which no grant says",
    "core/web/auth.py": "sign-in, before anybody is known",
    "core/web/sessions.py": "sessions of browsers",
    "plugins/inbox/delivering.py": "deliveries of everybody's messages, tried again by a job",
    "plugins/inbox/digests.py": "each person's daily digest",
    "plugins/inbox/escalating.py": "what stays unread is told to deputies and heads",
    "plugins/inbox/live.py": "one watcher counts the inboxes of all open pages",
    "plugins/inbox/replies/receiving.py": "mails come from nobody known yet; notes are written as their sender",
    "plugins/inbox/settling.py": "warnings whose matter is done go by themselves",
    "plugins/inbox/sms/sending.py": "the outbox of texts, sent by a job",
    "plugins/inbox/snoozing.py": "put-off messages wake up; an acknowledgement is noted in the log",
    "plugins/inbox/wishes.py": "a person's own choices, kinds of messages in this house",
    "plugins/inbox/wording.py": "wording of mails, the same for everybody",
    "plugins/automation/calling.py": "calls that rules asked for go out by themselves",
    "plugins/automation/catching.py": "which rules are on, and the runs that a write sets off",
    "plugins/automation/demo.py": "messages of the demo's first runs",
    "plugins/automation/looking.py": "dates and schedules come for nobody in particular; each run then acts as its person",
    "plugins/automation/receiving.py": "another system calls, nobody is signed in",
    "plugins/automation/services.py": "versions are kept for who may write the rule; a failed run is repeated",
    "plugins/automation/steps/told.py": "a call waits for its sender",
    "plugins/automation/trying.py": "counts with the sight of the rule's person put into the statement",
    "plugins/automation/working.py": "the log of runs; the steps themselves run as the rule's person",
    "plugins/billing/bills.py": "sums of a bill follow its lines; a credit note settles what it corrects",
    "plugins/billing/bounds.py": "whose bill and whose case a line is on is asked beyond what its writer sees",
    "plugins/billing/configuring.py": "the price list is the same for everybody",
    "plugins/billing/demo.py": "what became of the demo's bills",
    "plugins/billing/drafting.py": "draft bills follow the events of cases",
    "plugins/billing/letters.py": "who issues a bill has its letter made, though they make no other letters",
    "plugins/billing/quoting.py": "sums and discounts follow the lines; an accepted quotation becomes a bill",
    "plugins/billing/receipts.py": "sums of bills and payments follow allocations; receipts told by other systems",
    "plugins/billing/reminders.py": "a bill remembers when its client was reminded",
    "plugins/billing/service_item.py": "a case knows which service it is",
    "plugins/billing/requests.py": "refunds and write-offs change sums with a second signature",
    "plugins/cases/events.py": "an official event changes its case by itself",
    "plugins/cases/importing/parties.py": "finds whether an applicant is known at all",
    "plugins/cases/money.py": "a letter to the client names what the filing costs, whoever makes it",
    "plugins/cases/normalise.py": "a case carries the number of its client",
    "plugins/cases/parts.py": "applicants, goods and classes of a case follow each other",
    "plugins/cases/services.py": "an event noted on behalf of a transition",
    "plugins/cases/shaping.py": "whether cases are in a status that is to go",
    "plugins/clients/services.py": "whether a number is taken by a client out of sight",
    "plugins/deadlines/calendaring.py": "a table that is entered takes the place of the one before",
    "plugins/deadlines/configuring.py": "rules and calendars are the same for everybody",
    "plugins/deadlines/docket.py": "deadlines follow the facts of their case",
    "plugins/deadlines/jobs.py": "recomputing at night",
    "core/messages/sending.py": "claims and ends the sending of a mail",
    "plugins/deadlines/overriding.py": "a second person confirms a later date",
    "plugins/deadlines/overlay.py": "reads the agency's own rules",
    "plugins/deadlines/publishing.py": "a new holiday calendar is put into force",
    "plugins/deadlines/reminders.py": "reminders are decided once for everybody",
    "plugins/deadlines/ruling.py": "reminders of a published rule",
    "plugins/deadlines/simulating.py": "trials over the whole stock",
    "plugins/deadlines/watching.py": "deadlines watch the facts of cases",
    "plugins/documents/configuring.py": "wording of letters, the same for everybody",
    "plugins/documents/demo.py": "letterhead and letters of the invented agency",
    "plugins/documents/jobs.py": "prints what was asked for, and keeps it with its record",
    "plugins/documents/pages.py": "anybody may check the code on a letter",
    "plugins/documents/services.py": "a document is kept for who may make it; release and sending are marked on it",
    "plugins/documents/templates.py": "a new version of a template retires the one before",
    "plugins/im_bridge/actions.py": "trial messages and another try are rows of the outbox",
    "plugins/im_bridge/callbacks.py": "a platform calls, nobody is signed in",
    "plugins/im_bridge/deciding.py": "incoming clicks; the decision itself is made as the person",
    "plugins/im_bridge/following.py": "mails for messages that did not arrive",
    "plugins/im_bridge/people.py": "the address book of a platform; trials of an app",
    "plugins/im_bridge/receiving.py": "keeps what comes in before anybody is known",
    "plugins/im_bridge/robots.py": "figures of a department for its group",
    "plugins/im_bridge/sending.py": "claims and ends the sending of a message",
    "plugins/im_bridge/stream.py": "a process of its own, where nobody is signed in",
    "plugins/im_bridge/tokens.py": "access tokens of apps",
    "plugins/im_bridge/updating.py": "updates cards for everybody who was asked",
    "plugins/finance_bridge/collecting.py": "looks for issued bills without a document",
    "plugins/finance_bridge/mending.py": "a decision of finance moves money on a bill",
    "plugins/finance_bridge/payments.py": "payments told by the ledger settle bills",
    "plugins/finance_bridge/reaching.py": "the journal of exchanges outlives what fails after it",
    "plugins/finance_bridge/reconciling.py": "compares all bills of a book with the ledger",
    "plugins/finance_bridge/sending.py": "a document goes its way by itself",
    "plugins/finance_bridge/setting_up.py": "whether documents carry what is to be changed",
    "plugins/finance_bridge/tidying.py": "the journal of all connections ends at its age",
    "plugins/finance_bridge/sheets.py": "sheets name documents, bills and receipts of a whole book",
    "plugins/demo/": "the invented agency",
    "plugins/workflow/configuring.py": "flows are known to whoever may read them",
    "plugins/workflow/designer.py": "a test run reads who would be asked",
    "plugins/workflow/mine.py": "where one's flows stand, and tasks whose people left",
    "plugins/workflow/pages.py": "an approval shows the definition it stands in",
    "plugins/workflow/picture.py": "the picture of a flow shows all its steps",
    "plugins/workflow/run.py": "a flow moves on by its definition, whoever decides",
    "plugins/workflow/starting.py": "a flow is started, and looked at before",
    "plugins/workflow/timers.py": "timers of flows ring for nobody in particular",
    "plugins/workflow/views.py": "where a flow stands, and whether the reader is asked",
    "plugins/workflow/watching.py": "flows follow the record they are bound to",
    "plugins/portal/accounts.py": "accounts follow portal users; links are opened before anybody is known",
    "plugins/portal/cases_read.py": "a client knows who looks after its case",
    "plugins/portal/desk.py": "the access log",
    "plugins/portal/looks.py": "everybody sees the agency's name and colour",
    "plugins/portal/pages/": "one's own password and language, the logo, the picture of one's own mark",
    "plugins/portal/papers.py": "the content of papers that the guard has let through",
    "plugins/portal/people.py": "a portal user's own row",
    "plugins/portal/questions.py": "money named before a decision, and its evidence",
    "plugins/portal/renewals.py": "what was said of a renewal, its evidence, and who carries it out",
    "plugins/portal/services.py": "who is told of messages",
}
"""Every file that uses `system()` or `elevated()`, and what for. A new one is looked at before it is listed."""


def system_uses() -> set[str]:
    """Files that use `system()` or `elevated()`; each use gives its reason."""
    found = set()
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func) in ("system", "elevated", "db.system", "db.elevated"):
                found.add(path)
                assert node.args or node.keywords, f"{path}:{node.lineno} gives no reason"
    return found


def test_the_rules_rest_only_where_it_is_written_down():
    uses = system_uses()
    rooms = tuple(p for p in RULES_REST_IN if p.endswith("/"))
    unlisted = {p for p in uses if p not in RULES_REST_IN and not p.startswith(rooms)}
    gone = {p for p in RULES_REST_IN if p not in uses and not p.endswith("/")}
    assert (unlisted, gone) == (set(), set())


@pytest.mark.parametrize("room", ROOMS, ids=lambda r: r.name)
def test_files_and_functions_keep_their_proportions(room):
    long, sizes = [], []
    for path, tree in sources().items():
        if not (ROOT / path).is_relative_to(room):
            continue
        lines = (ROOT / path).read_text("utf-8").count("\n")
        if lines > 500:
            long.append((path, lines))
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                size = (node.end_lineno or 0) - node.lineno + 1
                sizes.append(size)
                if size > 60:
                    long.append((path, node.name, size))
    assert long == []
    assert sizes == [] or sorted(sizes)[len(sizes) // 2] < 12


def test_every_module_says_what_lives_here():
    without = [p for p, t in sources().items() if t.body and not ast.get_docstring(t)]
    long = [p for p, t in sources().items() if len((ast.get_docstring(t) or "").splitlines()) > 8]
    assert (without, long) == ([], [])


@pytest.mark.parametrize("room", [ROOT / "core", *PLUGINS], ids=lambda r: r.name)
def test_every_text_is_translated(room):
    """Each msgid of code and templates has its Chinese, with the same placeholders."""
    import re

    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po

    from core.i18n import extract

    assert callable(extract)
    catalog = room / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
    known = {}
    if catalog.exists():
        with catalog.open("rb") as stream:
            known = {m.id: m.string for m in read_po(stream, locale="zh") if m.id}
    keywords = {"_": None, "gettext": None, "lazy": None, "ngettext": (1, 2)}
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
    missing, spoilt = [], []
    for _file, _line, message, _comments, _context in extract_from_dir(str(room), methods, keywords=keywords):
        for text in message if isinstance(message, tuple) else (message,):
            if not known.get(text):
                missing.append(text)
            elif set(re.findall(r"%\(\w+\)s", text)) != set(re.findall(r"%\(\w+\)s", known[text])):
                spoilt.append(text)
    assert (sorted(set(missing)), spoilt) == ([], [])


def test_every_hook_is_documented_and_used_or_tested():
    """Each hook specification says its contract; its arguments are named."""
    tree = sources()["core/hooks/specs.py"]
    silent = [n.name for n in tree.body if isinstance(n, ast.FunctionDef) and not ast.get_docstring(n)]
    assert silent == []

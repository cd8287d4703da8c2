"""Answers by mail: signed addresses, who may write, quotes and files, loops, each once, fetched or piped."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import make_msgid
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core import db, record_class, system
from core.messages import sending
from core.messages.model import Mail
from core.messages.writing import send_mail
from core.records.notes import Attachment, Note
from core.setup.people import create_user
from plugins.inbox.commands import mail_receive
from plugins.inbox.records import Reply
from plugins.inbox.replies import fetching
from plugins.inbox.replies.addresses import address_of, record_of
from plugins.inbox.replies.reading import read, vouched, without_quotes
from plugins.inbox.replies.receiving import receive
from tests.plugins.inbox.conftest import PASSWORD
from tests.standins import imap

SECRET = b"s" * 40
PDF = b"%PDF-1.7 a letter"


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """Reading mail asks nothing of a database that the two would answer differently."""
    return request.param


@pytest.fixture(scope="module")
def place(agency):
    """A client of Ben's branch, whom administrators see, and the mailbox of the settings."""
    with agency.app.app_context():
        with system("a client of the tests") as session:
            client = record_class("clients.client")(name="来信客户", kind="enterprise")
            session.add(client)
            session.flush()
            ident = client.id
        agency.set(reply_mailbox="reply@example.test", imap_password=imap.PASSWORD)
        create_user("inbox-eve", ["archive"], PASSWORD, email="eve@example.test")
    return ident


def address(ident, key="clients.client"):
    return address_of(SECRET, "reply@example.test", key, ident)


def letter(to, *, sender="ada@example.test", text="收到，请按方案一办理。", files=(), **headers):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, "Re: 来信客户"
    mail["Message-ID"] = headers.pop("message_id", None) or make_msgid(domain="example.test")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def notes(ident):
    with system("look") as session:
        query = select(Note).where(Note.record_key == "clients.client", Note.record_id == ident).order_by(Note.id)
        return list(session.scalars(query))


def replies():
    with system("look") as session:
        return [(r.state, r.reason) for r in session.scalars(select(Reply).order_by(Reply.id))]


def test_addresses_carry_their_record_and_cannot_be_made_up():
    good = address_of(SECRET, "reply@example.test", "finance_bridge.reconciliation", 123456)
    assert len(good.split("@")[0]) <= 64
    assert record_of(SECRET, [good.upper()]) == ("finance_bridge.reconciliation", 123456)
    assert record_of(SECRET, [good.replace("123456", "123457")]) is None
    assert record_of(b"t" * 40, [good]) is None
    assert record_of(SECRET, ["reply@example.test", "x+clients.client-1-aaaaaaaaaaaaaaaa@example.test"]) is None


@pytest.mark.parametrize(
    "tail",
    [
        "On Mon, 23 Nov 2026 at 09:12, Zhian <a@b.test> wrote:\n> old",
        "On Mon, 23 Nov 2026 at 09:12, Zhian of Lanqi\n<a@b.test> wrote:\n> old",
        "在 2026年11月23日 09:12，知案写道：\n> old",
        "知案 <a@b.test> 于2026年11月23日周一 09:12写道：\nold",
        "-----原始邮件-----\n发件人: 知案\nold",
        "------------------ 原始邮件 ------------------\nold",
        "-----Original Message-----\nFrom: Zhian\nold",
        "发件人：知案 <a@b.test>\n发送时间：2026年11月23日\nold",
        "________________________________\nFrom: Zhian\nold",
        "> old\n> older",
        "-- \nLi Ming\nold",
        "发自我的iPhone",
    ],
)
def test_quotes_and_signatures_are_cut(tail):
    assert without_quotes(f"好的。\n\n请继续。\n\n{tail}") == "好的。\n\n请继续。"


def test_html_alone_is_read_as_words():
    mail = EmailMessage()
    mail["From"], mail["Message-ID"] = "a@b.test", "<1@b.test>"
    html = "<html><style>p{}</style><p>同意&nbsp;方案</p><div>谢谢</div><blockquote>old</blockquote></html>"
    mail.set_content(html, subtype="html")
    assert read(mail.as_bytes()).text.split() == ["同意", "方案", "谢谢"]


def test_an_answer_becomes_an_internal_note_with_its_files_once(office, place):
    raw = letter(address(place), files=[("回函.pdf", PDF), ("run.exe", b"MZ program")])
    assert receive(raw) == "kept"
    assert receive(raw) == "known"
    (note,) = notes(place)
    assert note.body.startswith("收到，请按方案一办理。")
    assert "run.exe" in note.body
    assert (note.visibility, note.created_by_id) == ("internal", office.people["ada"])
    with system("look") as session:
        names = list(session.scalars(select(Attachment.filename).where(Attachment.record_id == place)))
    assert names == ["回函.pdf"]
    assert replies() == [("kept", None)]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"to": "reply@example.test"}, "no address of ours with a good signature"),
        ({"sender": "stranger@example.test"}, "no person of ours writes from this address"),
        ({"sender": "eve@example.test"}, "the sender may not see the record"),
        ({"text": "> nothing but a quote"}, "nothing was written"),
    ],
)
def test_what_is_refused_and_why(office, place, given, reason):
    before = len(notes(place))
    assert receive(letter(given.pop("to", address(place)), **given)) == "refused"
    assert replies() == [("refused", reason)]
    assert len(notes(place)) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<list.example.test>"},
        {"Return_Path": "<>"},
        {"sender": "MAILER-DAEMON@example.test"},
    ],
)
def test_machines_are_not_answered_nor_believed(office, place, headers):
    assert receive(letter(address(place), **headers)) == "dropped"


def test_a_server_must_vouch_where_the_settings_say_so(office, place):
    office.set(reply_server="mx.example.test")
    try:
        assert receive(letter(address(place))) == "refused"
        forged = letter(address(place), Authentication_Results="other.test; dmarc=pass")
        assert receive(forged) == "refused"
        good = letter(address(place), Authentication_Results="mx.example.test; spf=pass; dmarc=pass (p=none)")
        assert receive(good) == "kept"
        name = b"Authentication-Results"
        lower = good.replace(name, name + b": evil.test; dmarc=fail\n" + name, 1)
        assert not vouched(read(lower), "mx.example.test")
    finally:
        office.set(reply_server=None)


def test_outgoing_mails_say_where_answers_go(office, place):
    message = office.tell("ada", "A message about a client", severity="urgent", record=about(place))
    with system("a mail about a client") as session:
        client = session.get(record_class("clients.client"), place)
        ident = send_mail("ada@example.test", "About you", "Text", user_id=office.people["ada"], record=client)
    same = office.tell("ada", "The same again", severity="urgent", record=about(place))
    assert office.delivery(same, "inbox.mail") is None, "a mail of the same moment says it already"
    with system("look") as session:
        text = sending.message(session.get(Mail, ident))
        told = session.scalars(select(Mail).where(Mail.key == f"inbox-mail-{message}")).one()
        also = sending.message(told)
    assert text["Reply-To"] == also["Reply-To"] == address(place)
    assert text["Auto-Submitted"] == "auto-generated"
    assert "直接回复这封邮件" in told.body
    assert receive(letter(text["Reply-To"])) == "kept"


def about(ident):
    return SimpleNamespace(__record__={"key": "clients.client"}, id=ident)


def test_unread_mails_are_fetched_from_the_mailbox_and_stay_there(office, place):
    with imap.serving() as box:
        office.set(imap_url=box.url)
        box.put(letter(address(place), message_id="<fetched@example.test>"))
        box.put(letter("reply@example.test"))
        assert fetching.fetch() == {"kept": 1, "refused": 1}
        assert fetching.fetch() == {}
        box.seen.clear()
        assert fetching.fetch() == {"known": 2}
        assert not [line for line in box.said if "DELETE" in line.upper() or "EXPUNGE" in line.upper()]
    office.set(imap_url=None)


def test_a_mail_server_may_pipe_mails_in(office, place):
    runner = CliRunner()
    done = runner.invoke(mail_receive, input=letter(address(place)))
    assert (done.exit_code, done.output.strip()) == (0, "kept")
    refused = runner.invoke(mail_receive, input=letter("reply@example.test"))
    assert (refused.exit_code, refused.output.strip()) == (67, "refused")
    db.session.rollback()

"""One filing from intake to the closed deadline, told by its people in real browsers against a whole deployment.

Web, workers, scheduler, Redis and the messenger's stream run as processes of `zhian up`; WeCom or DingTalk, Kingdee and
the mail server are stand-ins over real sockets. `ZHIAN_STORY_SHOTS=<folder>` keeps a picture of each main step.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from core.clock import today
from tests.e2e.story_days import review_due
from tests.e2e.story_papers import papers
from tests.e2e.story_people import DESK, PHONE, Desk, Seat, record_id
from tests.e2e.story_world import CLIENT, CONTACT, eventually, text_of, world

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(480)]
MARK, REMARK, SECRET = "云岫春信", "申请人地址与执照不符，请补地址。", "春日寄信，云在岫上，茶在山中"
DOCUMENTS = "/r/finance_bridge.document"
BOTH = [("sqlite", "wecom"), ("postgresql", "dingtalk")]


@pytest.fixture(params=BOTH, ids="-".join)
def tale(request: pytest.FixtureRequest, browser: Any) -> Iterator[SimpleNamespace]:
    """The world and who sits where; in the end nobody met a script error, a policy violation or a failing page."""
    database, messenger = request.param
    folder, seats = Path(tempfile.mkdtemp(prefix="zhian-story-")), []
    url = _own_database(request) if database == "postgresql" else ""

    def take(seat: Any) -> Any:
        seats.append(seat)
        return seat

    with world(folder, url, messenger) as here:
        told = SimpleNamespace(world=here, browser=browser, papers=papers(folder / "papers"), take=take)
        told.desk = lambda login, size=DESK: take(Desk(browser, here, login, size))
        yield told
        for seat in seats:
            seat.close()
    shutil.rmtree(folder, ignore_errors=True)
    assert [fault for seat in seats for fault in seat.faults] == []


def _own_database(request: pytest.FixtureRequest) -> str:
    from tests.support.databases import _command, _url

    server, name = request.getfixturevalue("postgres"), "zhian_story"
    _command(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _command(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    return _url(server, name)


def test_a_filing_from_intake_to_the_closed_deadline(tale: SimpleNamespace) -> None:
    _takes_in_and_submits(tale)
    _sent_back_mended_approved(tale)
    _client_is_invited(tale)
    _approved_on_the_phone(tale)
    _letter_by_mail(tale)
    _client_confirms(tale)
    _filed(tale)
    _billed_and_carried_over(tale)
    _paid(tale)
    _refused(tale)
    _warned_and_closed(tale)
    _every_step_is_found(tale)


def _takes_in_and_submits(tale: SimpleNamespace) -> None:
    tale.lin = lin = tale.desk("lin")
    page = lin.go(f"/r/cases.case/new?client={tale.world.made['client']}")
    page.select_option("#f-case_type", "tm_application")
    page.wait_for_selector("#f-mark_name")
    page.locator("[name=classes][value='30']").check()
    for name, words in (("agent", "林晚"), ("process_clerk", "曹令"), ("client_manager", "宋知")):
        lin.pick(name, words)
    for name, words in (("department", "商标部"), ("branch", "北京")):
        lin.pick(name, words)
    page.fill("#f-mark_name", MARK)
    lin.shot("01-intake")
    lin.save()
    tale.case = record_id(page.url)
    tale.number = re.search(r"TM\d{8}-\d{3}", page.locator("main").inner_text())[0]
    lin.go(f"/r/cases.applicant/new?case={tale.case}")
    lin.save(name=CLIENT["name"])
    tale.applicant = record_id(page.url)
    lin.go(f"/r/cases.case/{tale.case}")
    page.locator("main a[href^='/r/cases.goods/']", has_text="30").first.click()
    lin.go(re.sub(r"(/r/cases.goods/\d+).*", r"\1/edit", page.url))
    lin.save(items="茶; 茶饮料")
    lin.go(f"/r/cases.case/{tale.case}").get_by_role("link", name="提交：商标新申请流程").click()
    for kind in ("mark_image", "applicant_id_document", "power_of_attorney", "search_report"):
        page.set_input_files(f"[name='needs.{kind}']", tale.papers[kind])
    lin.shot("02-submit")
    lin.save(opinion="材料已齐，请审。")
    assert "/r/workflow.instance/" in page.url
    tale.flow = record_id(page.url)


def _sent_back_mended_approved(tale: SimpleNamespace) -> None:
    lin, shen = tale.lin, tale.desk("shen")
    eventually("the head's card", lambda: tale.world.on_phone("shen", "部门主管审核", tale.number))
    shen.open_waiting(MARK)
    shen.shot("03-head-reviews", whole=True)
    shen.page.locator("button[name=decision][value=send_back]").click()
    expect(shen.page.locator("#opinion-e")).to_be_visible()  # sending back needs its remark
    shen.decide("send_back", REMARK)
    lin.open_waiting(MARK)
    expect(lin.page.locator("main")).to_contain_text(REMARK)
    lin.shot("04-sent-back", whole=True)
    lin.go(f"/r/cases.applicant/{tale.applicant}/edit")
    lin.save(address=CLIENT["address"])
    lin.open_waiting(MARK)
    lin.decide("done", "已补地址。")
    shen.open_waiting(MARK)
    shen.decide("approve", "同意")
    shen.shot("05-flow-after-the-head", whole=True)


def _client_is_invited(tale: SimpleNamespace) -> None:
    song = tale.desk("song")
    song.act("clients.contact", tale.world.made["contact"], "invite_to_portal", role="owner")
    mail = eventually("the invitation", lambda: tale.world.post.to(CONTACT["email"], "/portal/password/"))[0]
    link = re.search(r"http\S+/portal/password/\S+", text_of(mail))[0]
    tale.client = client = tale.take(Seat(tale.browser, tale.world, tale.world.url, PHONE))
    page = client.go(link)
    client.shot("06-client-sets-password")
    page.fill("[name=password]", SECRET)
    page.fill("[name=again]", SECRET)
    with page.expect_navigation():
        page.locator("button.z-btn-primary").click()
    page.fill("#u", CONTACT["email"])
    page.fill("#p", SECRET)
    with page.expect_navigation():
        page.locator("button.go").click()
    expect(page.locator("h1")).to_contain_text(CONTACT["name"])


def _approved_on_the_phone(tale: SimpleNamespace) -> None:
    eventually("the expert's card", lambda: tale.world.on_phone("guan", "资深代理人审查", tale.number))
    phone = tale.take(Seat(tale.browser, tale.world, tale.world.phones, PHONE))
    page = phone.go("/phone/guan")
    phone.shot("07-card")
    with page.expect_navigation():
        page.locator("form[action='/phone/guan/click'] button", has_text="同意").first.click()
    eventually("the card says so", lambda: tale.world.on_phone("guan", "已同意", "管微"))
    (told,) = [line for line in tale.world.messenger.journal if line["what"] in ("answered", "stream click")]
    assert 200 in told.values()  # one encrypted call, or one frame on the line that we opened
    phone.go("/phone/guan")
    phone.shot("08-card-decided")


def _letter_by_mail(tale: SimpleNamespace) -> None:
    (attached,) = eventually("the letter", lambda: _attached(tale), 60)
    assert attached.get_content_type() == "application/pdf"
    assert tale.number in attached.get_filename()
    tale.letter = attached.get_content()
    _is_the_letter(tale.letter)


def _attached(tale: SimpleNamespace) -> list[Any]:
    mails = tale.world.post.to(CONTACT["email"], tale.number)
    return [part for mail in mails for part in mail.iter_attachments()]


def _is_the_letter(content: bytes) -> None:
    pages = PdfReader(io.BytesIO(content)).pages
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))
    for words in (MARK, CLIENT["name"], "茶；茶饮料", CLIENT["address"].replace(" ", "")):
        assert words in text, words
    assert re.search(r"(?<!\d)30(?!\d)", "".join(page.extract_text() for page in pages))
    assert len(list(pages[0].images)) >= 1  # the mark that was attached


def _client_confirms(tale: SimpleNamespace) -> None:
    client, page = tale.client, tale.client.go("/portal")
    client.shot("09-portal-home", whole=True)
    page.locator("main a[href^='/portal/questions/']").first.click()
    expect(page.locator("h1")).to_contain_text(MARK)
    client.shot("10-portal-question", whole=True)
    with client.context.expect_page() as opened:
        page.get_by_role("link", name="打开文件").click()
    shown = opened.value
    assert shown.evaluate("document.contentType") == "application/pdf"
    assert client.context.request.get(shown.url).body() == tale.letter
    shown.close()
    with page.expect_navigation():
        page.locator("button[name=decision][value=confirm]").click()
    expect(page.locator("main")).to_contain_text("递交前确认函")
    client.shot("11-portal-case", whole=True)


def _filed(tale: SimpleNamespace) -> None:
    lin = tale.lin
    eventually("the agent is told to file", lambda: tale.world.on_phone("lin", "向官方递交", tale.number))
    lin.open_waiting(MARK)
    tale.day = today()
    receipt = {"filing_receipt": tale.papers["filing_receipt"]}
    lin.decide("done", files=receipt, filing_date=tale.day.isoformat(), filing_channel="online")
    page = lin.go(f"/r/cases.case/{tale.case}")
    expect(page.locator("main .z-badge").first).to_have_text("已递交")
    expect(page.locator("main")).not_to_contain_text("等待：")
    lin.shot("12-filed", whole=True)
    lin.go(f"/r/cases.case/{tale.case}?tab=deadlines")
    expect(page.locator("main")).to_contain_text("向外国申请优先权")


def _billed_and_carried_over(tale: SimpleNamespace) -> None:
    tale.qian, kingdee = tale.desk("qian"), tale.world.kingdee
    page = tale.qian.go("/r/billing.bill")
    page.locator("tr.r a.rec", has_text=tale.number).click()
    page.wait_for_url(re.compile(r"/r/billing.bill/\d+"))
    tale.bill = record_id(page.url)
    line = page.locator("main tr", has_text="商标注册申请").first
    for amount in ("¥270.00", "¥800.00", "¥1,070.00"):
        expect(line).to_contain_text(amount)
    tale.qian.shot("13-bill-draft")
    kingdee.misbehave("timeout_after_commit", "Save")
    tale.qian.act("billing.bill", tale.bill, "issue")
    expect(page.locator("main")).to_contain_text(re.compile(r"BIL-\d{6}-0001"))
    tale.qian.shot("14-bill-issued")
    eventually("a receivable", lambda: kingdee.of("AR_receivable"))
    eventually(
        "it is known here", lambda: "已入账" in tale.qian.go("/r/finance_bridge.document").inner_text("main"), 60
    )
    tale.qian.shot("15-ledger-document")
    _there_once(tale)


def _text(seat: Any, path: str) -> str:
    return seat.go(path).locator("main").inner_text()


def _there_once(tale: SimpleNamespace) -> None:
    """In the ledger there is one receivable, made by the one request that was left without an answer."""
    (receivable,) = tale.world.kingdee.of("AR_receivable").values()
    rows = {r["FCOSTID"]["FNumber"]: Decimal(r["FALLAMOUNTFOR_D"]) for r in receivable["FEntityDetail"]}
    assert rows == {"FY01": Decimal("800.00"), "FY02": Decimal("270.00")}
    assert Decimal(receivable["FALLAMOUNTFOR"]) == Decimal("1070.00")
    assert [e["spoilt"] for e in tale.world.kingdee.log if e["service"] == "Save"] == ["timeout_after_commit"]


def _paid(tale: SimpleNamespace) -> None:
    there = tale.take(Seat(tale.browser, tale.world, tale.world.ledger, DESK))
    page = there.go("/")
    with page.expect_navigation():
        page.locator("form[action^='/-/pay/'] button", has_text="已收").first.click()
    there.shot("16-kingdee-received")
    tale.desk("jin").act("finance_bridge.book", tale.world.made["book"], "poll")
    qian, client = tale.qian, tale.client
    eventually("the bill is paid", lambda: _badge(qian, f"/r/billing.bill/{tale.bill}") in ("已付清", "已结清"))
    qian.shot("17-bill-paid", whole=True)
    _there_once(tale)
    page = client.go("/portal/bills")
    expect(page.locator("main table.bl").first).to_contain_text("已结清")
    expect(page.locator("main")).to_contain_text("¥1,070.00")
    client.shot("18-portal-bills", whole=True)
    page.locator("main a[href^='/portal/bills/']").first.click()
    expect(page.locator("main")).to_contain_text("¥270.00")
    client.shot("19-portal-bill", whole=True)


def _badge(seat: Any, path: str) -> str:
    return seat.go(path).locator("main .z-badge").first.inner_text()


def _refused(tale: SimpleNamespace) -> None:
    cao, day = tale.desk("cao"), tale.day.isoformat()
    accepted = {"acceptance_date": day, "application_number": "80012345"}
    cao.record(tale.case, "TM_ACCEPTANCE_ISSUED", tale.papers["acceptance_notice"], **accepted)
    notice = {"dispatch_date": day, "receipt_date": day, "delivery": "electronic"}
    notice |= {"grounds": "商标法第三十条：与在先注册的第 12345678 号商标近似", "cited_marks": "12345678"}
    cao.record(tale.case, "TM_REFUSAL_ISSUED", tale.papers["refusal_notice"], **notice)
    expect(cao.page.locator("main .z-badge").first).to_contain_text("驳回")
    tale.due = review_due(tale.day)
    page = tale.lin.go(f"/r/cases.case/{tale.case}?tab=deadlines")
    page.locator("main a[href^='/r/deadlines.deadline/']", has_text="驳回复审").first.click()
    page.wait_for_url(re.compile(r"/r/deadlines.deadline/\d+"))
    tale.deadline = record_id(page.url)
    main = page.locator("main")
    expect(main.locator(".z-strip")).to_contain_text(tale.due.isoformat())
    served = (tale.day + timedelta(15)).isoformat()
    for words in (day, served, "加15日", "商标法(2019)第34条", "商标法实施条例(2014)第10条", "商标法实施条例第12条"):
        expect(main).to_contain_text(words)
    tale.lin.shot("20-deadline", whole=True)


def _warned_and_closed(tale: SimpleNamespace) -> None:
    lin, here = tale.lin, tale.world
    words = (tale.number, "驳回复审", tale.due.isoformat())
    eventually("the warning in the messenger", lambda: here.on_phone("lin", *words))
    mail = eventually("the warning by mail", lambda: here.post.to("lin@lanqi.example", tale.number))[-1]
    assert tale.due.isoformat() in f"{mail['Subject']}{text_of(mail)}"
    phone = tale.take(Seat(tale.browser, here, here.phones, PHONE))
    phone.go("/phone/lin")
    phone.shot("21-warning-on-the-phone")
    done = {"act_date": tale.day.isoformat(), "evidence": "20261122-0001", "file": tale.papers["review_receipt"]}
    lin.act("deadlines.deadline", tale.deadline, "close_with_evidence", **done)
    expect(lin.page.locator("main .z-badge").first).to_have_text("待第二人核对")
    lin.shot("22-waits-for-second")
    he = tale.desk("he")
    he.act("deadlines.deadline", tale.deadline, "confirm_closure")
    expect(he.page.locator("main .z-badge").first).to_have_text("已办结")
    he.shot("23-closed", whole=True)


STEPS = (
    ("林晚", "新建"),
    ("林晚", "mark.png"),
    ("林晚", "applicant_id_document.pdf"),
    ("林晚", "提交内部审核"),
    ("沈度", "审核退回"),
    ("林晚", "提交内部审核"),
    ("沈度", "审核通过"),
    ("管微", "双人核对"),
    ("管微", "审核通过"),  # on the phone: `_every_step_is_found` sees by which way
    ("管微", "生成文书"),
    ("", "递交前确认函"),
    ("周岫", "客户确认"),
    ("林晚", "filing_receipt.pdf"),
    ("", "生成账单草稿"),
    ("林晚", "递交商标申请"),
    ("曹令", "商标受理通知书"),
    ("曹令", "推算期限"),
    ("曹令", "商标驳回通知书"),
)
"""Who did what on the case, oldest first; nobody's own is what followed from it and names its cause."""
FLOW = (
    ("林晚", "提交"),
    ("沈度", "退回"),
    ("林晚", "再次提交"),
    ("沈度", "同意"),
    ("管微", "同意"),
    ("周岫", "客户已确认"),
    ("林晚", "已办理"),
    ("林晚", "完成"),
)


def _every_step_is_found(tale: SimpleNamespace) -> None:
    gu = tale.desk("gu")
    page = gu.go(f"/r/cases.case/{tale.case}")
    gu.shot("24-audit-trail", whole=True)
    steps = gu.timeline()
    _in_order(STEPS, steps)
    ways = {"wecom": "通过企业微信", "dingtalk": "通过钉钉"}[tale.world.messenger.name]
    assert any(who == "管微" and "审核通过" in words and ways in words for who, words in steps)
    gu.go(f"/r/billing.bill/{tale.bill}")
    _in_order((("钱朗", "开出"),), gu.timeline())
    gu.go(f"/r/deadlines.deadline/{tale.deadline}")
    _in_order((("林晚", "办结"), ("贺真", "核对办结")), gu.timeline())
    page = gu.go(f"/r/workflow.instance/{tale.flow}?tab=log")
    gu.shot("25-flow-log", whole=True)
    log = page.locator("main").inner_text().partition("流程记录")[2]
    _in_order(FLOW, [tuple(line.split(" ", 1)) for line in log.splitlines() if " " in line])
    page.locator("summary[aria-label*='个人菜单']").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    gu.go(f"/r/cases.case/{tale.case}")
    gu.shot("26-case-in-english", whole=True)


def _in_order(wanted: tuple[tuple[str, str], ...], found: list[tuple[str, ...]]) -> None:
    """Each wanted step is found after the one before."""
    at = 0
    for who, words in wanted:
        hits = [n for n, (actor, text) in enumerate(found[at:], at) if actor.strip() == who and words in text]
        assert hits, f"{who or 'the system'}: {words} is not found after step {at} of {found}"
        at = hits[0] + 1


@pytest.mark.parametrize("name", ["dispatch_date", "postmark_receipt_date", "handed_over_date"])
def test_the_storys_own_reckoning_agrees_with_the_worked_examples(shared_data: Path, name: str) -> None:
    import json

    lines = (shared_data / "golden-deadlines.jsonl").read_text("utf-8").splitlines()
    rows = [row for line in lines if (row := json.loads(line))["rule_code"] == "CN.TM.REFUSAL_REVIEW"]
    known = [row for row in rows if name in row["inputs"] and row["expected_due"].startswith("2026")]
    assert known
    for row in known:
        served = name != "dispatch_date"
        assert review_due(date.fromisoformat(row["inputs"][name]), served=served).isoformat() == row["expected_due"]

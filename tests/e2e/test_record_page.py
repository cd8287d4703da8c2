"""A day on the page of one record in a real browser: list, drafts, comments, files, one step back."""

from __future__ import annotations

import base64
import io
import re
import zipfile

import pytest
from playwright.sync_api import expect

pytest_plugins = ("tests.e2e.fixtures",)
pytestmark = pytest.mark.browser

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
BODY = f"""<w:document xmlns:w="{WORD}" xmlns:r="{LINKS}" xmlns:v="urn:schemas-microsoft-com:vml"><w:body>
<w:p><w:r><w:t>Claim one &lt;img src=x onerror="top.hit=1"&gt;</w:t></w:r></w:p>
<w:p><w:hyperlink r:id="bad"><w:r><w:t>press me</w:t></w:r></w:hyperlink></w:p>
<w:p><w:r><w:pict><v:shape style="width:1pt;background:url(//evil.example/x)" onload="top.hit=2"/></w:pict></w:r></w:p>
<w:altChunk r:id="chunk"/></w:body></w:document>"""
PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels"
 ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="htm" ContentType="text/html"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{PACKAGE}/relationships">
<Relationship Id="r1" Type="{LINKS}/officeDocument" Target="word/document.xml"/></Relationships>""",
    "word/document.xml": BODY,
    "word/_rels/document.xml.rels": f"""<Relationships xmlns="{PACKAGE}/relationships">
<Relationship Id="bad" Type="{LINKS}/hyperlink" Target="javascript:top.hit=3" TargetMode="External"/>
<Relationship Id="chunk" Type="{LINKS}/aFChunk" Target="chunk.htm"/></Relationships>""",
    "word/chunk.htm": "<script>top.hit=4;alert(4)</script><img src=x onerror='alert(5)'>",
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>top.hit=6;alert(6)</script></svg>'


def hostile_docx() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in PARTS.items():
            archive.writestr(name, text)
    return packed.getvalue()


def give(page, *files, kind="drop"):
    """Files dropped on the page, or pasted into it: (name, type, content)."""
    page.locator("[data-drop][data-ready]").wait_for(state="attached")
    told = [[name, mime, base64.b64encode(content).decode()] for name, mime, content in files]
    page.evaluate(
        """([files, kind]) => {
          const transfer = new DataTransfer();
          for (const [name, type, text] of files)
            transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name, { type }));
          const given = kind === "drop" ? { dataTransfer: transfer } : { clipboardData: transfer };
          const event = kind === "drop" ? new DragEvent("drop", { ...given, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { ...given, bubbles: true, cancelable: true });
          document.querySelector("h1").dispatchEvent(event);
        }""",
        [told, kind],
    )


def test_through_the_list_a_draft_a_comment_and_one_step_back(open_page, desk):
    page = open_page()
    page.goto("/r/desk.paper?view=-&sort=-name")
    page.locator("tr.r a.rec").first.click()
    expect(page.locator("h1")).to_contain_text("Gamma")
    expect(page.locator("[data-neighbours] .z-num")).to_have_text("1 / 3")
    page.keyboard.press("j")
    expect(page.locator("h1")).to_contain_text("Beta")
    expect(page.locator("[data-neighbours] .z-num")).to_have_text("2 / 3")
    page.locator(".z-crumb a").first.click()
    expect(page.locator("tr.r.is-focus")).to_contain_text("Beta")
    assert "sort=-name" in page.url
    page.keyboard.press(" ")
    expect(page.locator("#peek-t")).to_contain_text("Beta")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#peek-t")).to_contain_text("Alpha")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#peek-t")).to_contain_text("Beta")
    page.keyboard.press("e")
    page.wait_for_url(re.compile("/edit$"))

    with page.expect_response(lambda r: r.url.endswith("/desk/draft")):
        page.fill("#f-name", "Beta as it should be")
    page.goto("/new")
    page.goto(f"/r/desk.paper/{desk.ids['Beta']}/edit")
    expect(page.locator("#f-name")).to_have_value("Beta")
    page.get_by_role("button", name="Take over").click()
    expect(page.locator("#f-name")).to_have_value("Beta as it should be")
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("Beta as it should be")
    page.locator(".z-toast").get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text(re.compile("^Beta "))

    page.locator("#note").click()
    page.keyboard.type("Have a look @Re")
    expect(page.locator(".z-who li").first).to_contain_text("Rea")
    page.keyboard.press("Enter")
    page.keyboard.type("please")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".z-tl-box .z-at")).to_have_text("@Rea")
    page.fill("#note", "and you too, @Bob")
    page.get_by_role("button", name="Post").click()
    expect(page.locator(".z-comp .err")).to_contain_text("Bob may not see this record")
    expect(page.locator("#note")).to_have_value("and you too, @Bob")
    box = page.locator(".z-tl-box").first
    box.get_by_role("button", name="Edit").click()
    box.locator("textarea").fill("Have a look")
    box.get_by_role("button", name="Save").click()
    expect(page.locator(".z-tl-box").first).to_contain_text("changed later")
    page.locator(".z-tl-box").first.get_by_role("button", name="Delete").click()
    expect(page.locator(".z-tl-box")).to_have_count(0)
    page.locator(".z-toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".z-tl-box")).to_have_count(1)
    page.locator("[data-star] button").click()
    expect(page.locator("[data-star] button")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator(".z-side").get_by_text("Beta")).to_be_visible()


def test_files_come_by_drop_and_paste_and_hostile_ones_run_nothing(open_page, desk):
    page = open_page()
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(f"/r/desk.paper/{desk.ids['Alpha']}")
    docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    give(page, ("claims.docx", docx, hostile_docx()), ("mark.svg", "image/svg+xml", SVG))
    page.wait_for_url(re.compile("tab=files"))
    expect(page.locator(".z-files li")).to_have_count(2)
    give(page, ("image.png", "image/png", PIXEL), kind="paste")
    expect(page.locator(".z-files li")).to_have_count(3)
    expect(page.locator(".z-files li").first).to_contain_text("Pasted picture")
    page.locator(".z-files .z-doc").first.click()
    expect(page.locator("#viewer img")).to_be_visible()
    page.keyboard.press("Escape")

    page.locator(".z-files .z-doc", has_text="claims.docx").click()
    frame = page.frame_locator("#viewer iframe")
    expect(frame.locator("body")).to_contain_text("Claim one <img src=x")
    link = frame.get_by_text("press me")
    link.click()
    inner = next(f for f in page.frames if f.url.endswith("/files/frame"))
    assert inner.evaluate("self.origin") == "null"
    assert (
        inner.evaluate("document.querySelectorAll('script:not([src]), iframe, [onload], [onerror], a[href]').length")
        == 0
    )
    policy = page.request.get("/files/frame").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy
    assert "sandbox allow-scripts" in policy
    page.keyboard.press("Escape")
    page.locator("#viewer").wait_for(state="hidden")
    page.locator(".z-files .z-doc", has_text="mark.svg").click()
    expect(page.locator("#viewer")).to_contain_text("not shown here")
    number = re.search(r"/files/(\d+)", page.locator("#viewer a", has_text="Download").get_attribute("href"))[1]
    for address in (f"/files/{number}", f"/files/{number}/pdf"):
        answer = page.request.get(address)
        assert answer.status == 404 or "attachment" in answer.headers["content-disposition"]
    assert dialogs == []
    assert page.evaluate("window.hit") is None

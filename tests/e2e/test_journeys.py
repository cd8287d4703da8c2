"""What a person does with mouse, keyboard and phone, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytest_plugins = ("tests.e2e.fixtures",)
pytestmark = pytest.mark.browser


def test_find_filter_group_and_open(open_page):
    page = open_page()
    page.goto("/r/desk.paper")
    page.locator(".z-find [type=search]").fill("Be")
    page.keyboard.press("Enter")
    expect(page.locator("tr.r")).to_have_count(1)
    assert "q=Be" in page.url
    page.go_back()
    expect(page.locator("tr.r")).to_have_count(3)
    page.locator("summary", has_text="Add a condition").click()
    row = page.locator(".z-tree-r")
    row.locator("select.f").select_option("state")
    row.get_by_label("Filed").check()
    page.get_by_role("button", name="Show the result").click()
    expect(page.locator("tr.r")).to_have_count(1)
    expect(page.locator(".z-bar .z-chip")).to_contain_text("Filed")
    page.get_by_role("link", name="Remove condition: State").click()
    expect(page.locator("tr.r")).to_have_count(3)
    page.locator("tr.r a.rec").first.click()
    expect(page.locator("h1")).to_contain_text("Alpha")


def test_create_edit_and_comment(open_page):
    page = open_page()
    page.goto("/r/desk.paper/new")
    expect(page.locator("#f-name")).to_be_focused()
    page.fill("#f-name", "Written in a browser")
    page.fill("#f-keeper", "Ann")
    page.locator("[data-combo] li", has_text="Ann").click()
    page.fill("#f-name", "a <bad> name")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#name-e")).to_contain_text("The name may not hold <bad>")
    expect(page.locator("#f-name")).to_be_focused()
    expect(page.locator("#f-keeper")).to_have_value("Ann")
    page.fill("#f-name", "Written in a browser")
    page.get_by_role("button", name="Create Paper").click()
    expect(page.locator(".z-toast")).to_contain_text("Written in a browser is stored")
    page.fill("#note", "seen by colleagues")
    page.get_by_role("button", name="Post").click()
    expect(page.locator(".z-tl-box").first).to_contain_text("seen by colleagues")
    page.locator("h1").click()
    page.keyboard.press("e")
    page.wait_for_url(re.compile("/edit$"))


def test_an_action_in_its_dialog(open_page):
    page = open_page()
    page.goto("/r/desk.paper?q=Alpha")
    page.locator("tr.r a.rec").first.click()
    page.locator(".z-acts").get_by_role("link", name="File", exact=True).click()
    dialog = page.locator("#ask")
    expect(dialog).to_be_visible()
    expect(dialog.locator("[name=reason]")).to_be_focused()
    dialog.get_by_role("button", name="File").click()
    expect(dialog.locator(".err")).to_contain_text("This is needed.")
    dialog.locator("[name=reason]").fill("all is there")
    dialog.get_by_role("button", name="File").click()
    expect(page.locator(".z-toast")).to_contain_text("Filed now")
    expect(page.locator(".z-rec .z-badge")).to_contain_text("Filed")


def test_selecting_rows_raises_the_bulk_bar(open_page):
    page = open_page()
    page.goto("/r/desk.paper")
    expect(page.locator("#bulk")).to_be_hidden()
    page.locator("tr.r input").first.check()
    expect(page.locator("#bulk")).to_contain_text("1 selected")
    page.locator("thead input").check()
    page.locator("#bulk").get_by_role("button", name="Mark urgent").click()
    expect(page.locator("h1")).to_contain_text("Mark urgent")
    page.get_by_role("button", name=re.compile("^Mark urgent: ")).click()
    expect(page.locator(".z-toast")).to_contain_text("Mark urgent")


def test_the_palette_by_keyboard(open_page):
    page = open_page()
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("P-3")
    expect(page.locator("#palette .it").first).to_contain_text("Gamma")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Gamma")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url(re.compile("/$"))


def test_cards_move_by_menu_and_by_dragging(open_page):
    page = open_page()
    page.goto("/r/desk.paper?as=board&view=all")
    card = page.locator(".z-cardlet", has_text="Gamma")
    card.get_by_role("link", name="Move Gamma to").click()
    page.locator("#ask").get_by_role("button", name="Done").click()
    expect(page.locator('[data-lane="done"]')).to_contain_text("Gamma")
    page.wait_for_function("document.querySelector('[data-lane]') && performance.getEntriesByName !== undefined")
    source, target = page.locator(".z-cardlet", has_text="Gamma"), page.locator('[data-lane="refused"]')
    page.wait_for_load_state("networkidle")
    start, end = source.bounding_box(), target.bounding_box()
    page.mouse.move(start["x"] + 20, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(end["x"] + 40, end["y"] + 30, steps=12)
    page.mouse.up()
    expect(page.locator('[data-lane="refused"]')).to_contain_text("Gamma")
    expect(page.locator(".z-toast").last).to_contain_text("Gamma is now Refused")
    page.reload()
    expect(page.locator('[data-lane="refused"]')).to_contain_text("Gamma")


def test_theme_language_and_folding_stay(open_page):
    page = open_page()
    page.goto("/r/desk.paper")
    page.locator("[data-fold]").click()
    page.reload()
    expect(page.locator("#shell")).to_have_class(re.compile("is-folded"))
    page.locator("summary[aria-label*='personal menu']").click()
    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.locator("summary[aria-label*='personal menu']").click()
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.locator("summary[aria-label*='个人菜单']").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("width", [360, 390, 1440])
def test_no_page_scrolls_sideways(open_page, width):
    page = open_page("root", width=width)
    for path in (
        "/",
        "/r/desk.paper",
        "/r/desk.paper?as=board",
        "/r/desk.paper?as=calendar&month=2031-03",
        "/r/desk.paper/1",
        "/r/desk.paper/new",
        "/inbox",
        "/settings/me",
        "/settings/keys",
        "/settings/sign-in",
        "/settings/people/2/sign-in",
        "/security",
        "/confirm",
        "/settings/roles",
        "/settings/roles/clerk",
        "/settings/roles/clerk/desk.paper",
        "/settings/roles/clerk/fields",
        "/settings/conditions/-/new?record=desk.paper",
        "/settings/organisation",
        "/settings/separation",
        "/settings/deputies",
        "/settings/people/2/leave",
        "/why/desk.paper/1",
        "/r/desk.paper/1/-/who",
        "/shared",
        "/settings/extensions",
        "/styleguide",
        "/more",
        "/nowhere",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_pages_work_without_scripts(open_page):
    page = open_page(java_script_enabled=False)
    page.goto("/r/desk.paper?q=Beta")
    page.locator("tr.r a.rec").first.click()
    page.locator(".z-acts").get_by_role("link", name="Edit").click()
    page.fill("#f-remark", "typed without scripts")
    page.get_by_role("button", name="Save").click()
    assert "typed without scripts" in page.content()


def test_a_fact_is_changed_where_it_stands(open_page):
    page = open_page()
    page.goto("/r/desk.paper?q=Beta")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.locator("#peek")).to_contain_text("Beta")
    page.keyboard.press("Escape")
    page.locator("tr.r a.rec").click()
    amount = page.locator("dd[data-edit$='/amount']")
    amount.click()
    expect(amount.locator("input[name=amount]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(amount).to_contain_text("¥200.00")
    amount.click()
    amount.locator("input[name=amount]").fill("201")
    page.keyboard.press("Enter")
    expect(page.locator("dd[data-edit$='/amount']")).to_contain_text("¥201.00")
    expect(page.locator(".z-tl").first).to_contain_text("¥201.00")


def test_a_choice_decides_which_sections_a_form_has(open_page):
    page = open_page()
    page.goto("/r/desk.paper/new")
    expect(page.locator("legend", has_text="Refusal")).to_have_count(0)
    page.fill("#f-name", "kept while the form changes")
    page.select_option("#f-state", "refused")
    expect(page.locator("legend", has_text="Refusal")).to_have_count(1)
    expect(page.locator("#f-name")).to_have_value("kept while the form changes")
    expect(page.locator("#f-state")).to_be_focused()
    expect(page.locator("#f-remark")).to_have_count(1)

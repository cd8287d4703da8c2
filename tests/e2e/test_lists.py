"""One journey through the lists: conditions, groups, columns, order, a saved view, board and calendar of the same."""

from __future__ import annotations

import re

from playwright.sync_api import expect

pytest_plugins = ("tests.e2e.fixtures",)


def shown(page):
    return page.locator("tr.r:visible b.z-b").all_inner_texts()


def heads(page):
    return [h.strip(" \n↑↓12") for h in page.locator("table[data-list] thead th").all_inner_texts()[1:]]


def test_a_list_is_filtered_grouped_shaped_and_kept(open_page):
    page = open_page("ann")
    page.goto("/r/desk.paper?view=all")
    page.keyboard.press("f")
    row = page.locator(".z-tree-r").first
    row.locator("select.f").select_option("state")
    row.get_by_label("Draft").check()
    page.get_by_role("button", name="Add a group").click()
    inner = page.locator(".z-tree-g .z-tree-g")
    first = inner.locator(".z-tree-r").first
    expect(first.locator("select.f")).to_be_focused()
    first.locator("select.f").select_option("due")
    first.locator("select[name^=special]").select_option("")
    first.get_by_label("Day").fill("2031-03-05")
    inner.get_by_role("button", name="Add a condition").click()
    second = inner.locator(".z-tree-r").nth(1)
    second.locator("select.f").select_option("keeper")
    second.locator("select[name^=special]").select_option("me")
    expect(second.locator("[role=combobox]")).to_have_count(0)
    page.get_by_role("button", name="Show the result").click()
    expect(page.locator(".z-bar .z-chip")).to_have_count(2)
    assert shown(page) == ["Alpha <b>"]
    page.get_by_role("link", name="Remove condition: State").click()
    expect(page.locator("tr.r")).to_have_count(3)

    page.locator("summary", has_text="Group").click()
    page.get_by_label("Group by").select_option("state")
    page.get_by_label("then by").first.select_option("due:month")
    page.get_by_role("button", name="Group", exact=True).click()
    expect(page.locator("tr.grp.l1")).to_have_count(3)
    expect(page.locator("tr.grp.l2").first).to_contain_text("March 2031")
    page.get_by_role("button", name="Open or close the group").first.click()
    expect(page.locator("tr.r:visible")).to_have_count(2)
    expect(page.locator("tfoot")).to_contain_text("¥600.00")

    page.get_by_role("link", name="Save as a view").click()
    page.locator("#ask").get_by_label("Name").fill("Spring papers")
    page.get_by_role("button", name="Save view").click()
    page.wait_for_url(re.compile(r"/v/\d+-spring-papers$"))
    address = page.url
    expect(page.locator('.z-views [aria-current="page"]')).to_have_text("Spring papers")
    page.locator("summary", has_text="Group").click()
    page.get_by_label("Group by").select_option("")
    page.get_by_role("button", name="Group", exact=True).click()
    expect(page.get_by_role("button", name="Update view")).to_be_visible()
    page.get_by_role("button", name="Update view").click()
    page.wait_for_url(address)
    expect(page.locator("tr.grp")).to_have_count(0)

    page.goto("/r/desk.paper?view=all")
    page.locator("summary", has_text="Columns").click()
    page.locator("[data-col-row]", has_text="Due").get_by_role("checkbox").focus()
    page.keyboard.press("Alt+ArrowUp")
    page.locator("[data-col-row]", has_text="Tags").get_by_role("checkbox").uncheck()
    page.get_by_role("button", name="Show these columns").click()
    expect(page.locator("th", has_text="Tags")).to_have_count(0)
    assert heads(page)[:3] == ["Name", "Due", "State"]
    page.locator("th a", has_text="State").click()
    expect(page.locator("th[aria-sort]")).to_have_count(1)
    page.locator("th a", has_text="Amount").click(modifiers=["Shift"])
    expect(page.locator("th[aria-sort]")).to_have_count(2)
    grip = page.locator("th", has_text="Due").locator("[data-grip]").bounding_box()
    page.mouse.move(grip["x"] + 4, grip["y"] + 8)
    page.mouse.down()
    page.mouse.move(grip["x"] + 84, grip["y"] + 8, steps=4)
    with page.expect_response("**/-/layout"):
        page.mouse.up()
    wide = page.locator("th", has_text="Due").bounding_box()["width"]
    page.goto("/r/desk.paper?view=all")
    assert abs(page.locator("th", has_text="Due").bounding_box()["width"] - wide) < 2
    expect(page.locator("th[aria-sort]")).to_have_count(2)

    page.goto(address)
    page.get_by_role("link", name="Board").click()
    expect(page.locator(".z-lane").first).to_contain_text("Draft")
    expect(page.locator(".z-bar .z-chip")).to_have_count(1)
    expect(page.locator(".z-lane", has_text="Filed").locator("h2")).to_contain_text("¥200.00")
    page.get_by_role("link", name="Calendar").click()
    expect(page.locator(".z-cal table")).to_be_visible()
    phone = open_page("ann", width=390)
    phone.goto("/r/desk.paper?view=all")
    phone.locator("summary[data-key=f]").click()
    expect(phone.locator(".z-tree-r")).to_have_count(1)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390

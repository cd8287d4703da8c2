"""Pages of single records: reading, forms, conflicts, actions, notes, files; and the pages around them."""

from __future__ import annotations

import io
import re

import pytest

from core import record_class, system
from core.records.dump import forget_labels

pytest_plugins = ("tests.e2e.fixtures",)


FORM = {
    "name": "New paper",
    "number": "",
    "state": "draft",
    "due": "2031-05-06",
    "keeper": "",
    "amount": "12.50",
    "urgent": "0",
}


def make(ann, ids, **more):
    answer = ann.post("/r/desk.paper", **(FORM | {"keeper": str(ids["ann"])} | more))
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def version_of(page) -> str:
    return re.search(r'name="version" value="(\d+)"', page.text).group(1)


def test_a_record_shows_its_facts_and_its_history(visit, desk):
    page = visit("ann").get(f"/r/desk.paper/{desk.ids['Beta']}")
    for words in ("Beta", "P-2", "Filed", "¥200.00", "2031-03-05", "created this"):
        assert words in page.text
    assert page.text.count("<h1") == 1


def test_hidden_fields_stay_hidden_on_the_page(visit, desk):
    assert "¥" not in visit("rea").get(f"/r/desk.paper/{desk.ids['Beta']}?tab=all").text


def test_a_record_of_somebody_else_is_not_there(visit, desk):
    ann = visit("ann")
    for path in ("", "/edit", "/-/do/file"):
        assert ann.get(f"/r/desk.paper/{desk.ids['Delta']}{path}").status_code == 404
    assert ann.post(f"/r/desk.paper/{desk.ids['Delta']}", version="1", name="mine").status_code == 404


def test_a_number_larger_than_any_id_is_simply_not_there(visit, desk):
    ann = visit("ann")
    huge = "9" * 23
    for path in ("/r/desk.paper/", "/files/", "/import/desk.paper/", "/settings/people/"):
        assert ann.get(f"{path}{huge}").status_code == 404
    assert ann.post("/r/desk.paper", **(FORM | {"name": "", "keeper": huge})).status_code == 422


def test_a_file_is_chosen_in_the_dialog_of_an_action(visit, desk):
    ann = visit("ann")
    place = f"/r/desk.paper/{desk.ids['Gamma']}/-/do/receive"
    assert 'type="file"' in ann.get(place).text
    answer = ann.post(place, receipt=(io.BytesIO(b"%PDF-1.4 receipt"), "receipt.pdf"))
    assert answer.status_code == 303
    page = ann.follow(answer).text
    assert "receipt.pdf" in page
    assert "received as file" in page
    assert ann.post(place, receipt=(io.BytesIO(b""), "nothing.pdf")).status_code == 422


def test_an_empty_file_is_refused_in_the_browser(visit, desk):
    ann = visit("ann")
    ann.get("/")
    answer = ann.post(f"/r/desk.paper/{desk.ids['Beta']}/-/file", file=(io.BytesIO(b""), "nothing.pdf"))
    assert answer.status_code == 422
    assert "This file is empty" in answer.text


@pytest.mark.parametrize("name", ["\u200b\u3000", "\u202e", "\x00"])
def test_a_name_that_nobody_can_see_is_no_name(visit, desk, name):
    assert visit("ann").post("/r/desk.paper", **(FORM | {"name": name})).status_code == 422


def test_a_form_makes_a_record_and_says_so_once(visit, desk):
    ann = visit("ann")
    place = make(ann, desk.ids, name="Created in a form", tags="one; two", kinds=["letter", "order"])
    page = ann.get(place)
    assert "Created in a form is stored" in page.text
    assert "¥12.50" in page.text
    assert "Letter" in page.text
    assert "Created in a form is stored" not in ann.get(place).text


def test_errors_stand_under_their_fields_and_nothing_is_lost(visit, desk):
    ann = visit("ann")
    answer = ann.post("/r/desk.paper", **(FORM | {"name": "a <bad> name", "amount": "much", "remark": "kept words"}))
    assert answer.status_code == 422
    assert "The name may not hold &lt;bad&gt;" in answer.text
    assert "Write a number such as 4800.00." in answer.text
    assert "kept words" in answer.text
    assert answer.text.count('aria-invalid="true"') == 2


def test_nobody_makes_a_record_outside_of_their_scope(visit, desk):
    answer = visit("ann").post("/r/desk.paper", **(FORM | {"keeper": str(desk.ids["bob"])}))
    assert answer.status_code == 403
    assert visit("rea").post("/r/desk.paper", **FORM).status_code == 403
    assert visit("rea").get("/r/desk.paper/new").status_code == 403


def test_saving_an_old_version_shows_both_values_to_choose_from(visit, desk):
    ann = visit("ann")
    place = make(ann, desk.ids, name="Contested")
    version = version_of(ann.get(f"{place}/edit"))
    fields = FORM | {"keeper": str(desk.ids["ann"])}
    assert ann.post(place, version=version, **(fields | {"name": "First save", "amount": "12.50"})).status_code == 303
    second = ann.post(place, version=version, **(fields | {"name": "Second save", "amount": "99"}))
    assert second.status_code == 409
    assert "You changed this in another window" in second.text
    assert "First save" in second.text
    assert "Second save" in second.text
    fresh = version_of(second)
    choice = {"keep": "1", "keep:name": "theirs", "keep:amount": "mine"}
    assert (
        ann.post(place, version=fresh, **(fields | {"name": "Second save", "amount": "99"} | choice)).status_code == 303
    )
    page = ann.get(place)
    assert "First save" in page.text
    assert "¥99.00" in page.text


def test_a_change_reads_old_to_new_on_the_timeline(visit, desk):
    ann = visit("ann")
    place = make(ann, desk.ids, name="Old words")
    ann.post(place, version=version_of(ann.get(f"{place}/edit")), name="New words", keeper=str(desk.ids["ann"]))
    assert "<s>Old words</s> → New words" in ann.get(place).text


def test_somebody_else_s_change_is_named_when_versions_clash(visit, desk):
    place = make(visit("ann"), desk.ids, name="Shared")
    root, version = visit("root"), version_of(visit("root").get(f"{place}/edit"))
    visit("ann").post(place, version=version, name="By Ann", keeper=str(desk.ids["ann"]))
    clash = root.post(place, version=version, name="By root", keeper=str(desk.ids["ann"]))
    assert clash.status_code == 409
    assert "Ann changed this meanwhile" in clash.text


def test_the_timeline_names_what_was_chosen_for_an_action_and_people_in_the_reader_s_language(visit, desk):
    bob = visit("bob")
    place = make(bob, desk.ids, name="Moved paper", keeper=str(desk.ids["bob"]))
    assert bob.post(f"{place}/-/do/shelve", shelf="upper").status_code == 303
    assert "Shelve: Upper shelf" in bob.get(place).text
    with desk.app.app_context(), system("names") as session:
        session.get(record_class("core.user"), desk.ids["bob"]).name_en = "Bob Young"
    forget_labels()
    assert "Bob Young</b> created this" in bob.get(place).text
    zh = visit("bob", **{"Accept-Language": "zh"})
    zh.client.set_cookie("zhian_locale", "zh")
    page = zh.get(place).text
    assert "上架：上层" in page
    assert "Bob Young" not in page


def test_a_related_list_without_rows_says_none_without_a_second_zero(visit, desk):
    ann = visit("ann")
    page = ann.get(make(ann, desk.ids, name="Childless")).text
    assert page.count('<span class="z-count">0</span>') <= 1
    assert "None yet." in page


def test_get_changes_nothing(visit, desk):
    ann = visit("ann")
    for path in ("-/archive", "-/note", "-/file", "-/restore"):
        assert ann.get(f"/r/desk.paper/{desk.ids['Beta']}/{path}").status_code == 405
    assert ann.get("/logout").status_code == 405


def test_an_action_asks_for_what_it_needs_and_runs(visit, desk):
    ann = visit("ann")
    place = make(ann, desk.ids, name="To be filed")
    assert f'data-ask="{place}/-/do/file"' in ann.get(place).text
    dialog = ann.get(f"{place}/-/do/file", HX_Request="true", HX_Request_Type="partial")
    assert 'name="reason"' in dialog.text
    assert "<html" not in dialog.text
    missing = ann.post(f"{place}/-/do/file", reason="")
    assert missing.status_code == 422
    assert "This is needed." in missing.text
    refused = ann.post(f"{place}/-/do/file", reason="never")
    assert refused.status_code == 422
    assert "the reason does not hold" in refused.text
    done = ann.post(f"{place}/-/do/file", {"HX-Request": "true"}, reason="ready")
    assert done.headers["HX-Redirect"] == place
    page = ann.get(place)
    assert "Filed now" in page.text
    assert f'data-ask="{place}/-/do/file"' not in page.text
    assert ann.post(f"{place}/-/do/file", reason="again").status_code == 422


def test_an_action_without_the_right_is_refused(visit, desk):
    rea = visit("rea")
    place = f"/r/desk.paper/{desk.ids['Alpha']}"
    assert "/-/do/file" not in rea.get(place).text
    assert rea.post(f"{place}/-/do/file", reason="x").status_code == 403


def test_a_bulk_change_is_previewed_and_leaves_out_what_one_may_not_change(visit, desk):
    ann = visit("ann")
    one, two = (make(ann, desk.ids, name=n).rsplit("/", 1)[1] for n in ("Bulk one", "Bulk two"))
    chosen = [one, two, str(desk.ids["Delta"])]
    preview = ann.post("/r/desk.paper/-/bulk", action="urge", id=chosen, here="/r/desk.paper")
    assert '<b class="z-num">2</b> can change' in preview.text
    assert '<b class="z-num">1</b> you may not change' in preview.text
    done = ann.post("/r/desk.paper/-/bulk/run", action="urge", id=[one, two], here="/r/desk.paper?q=Bulk")
    assert done.headers["Location"] == "/r/desk.paper?q=Bulk"
    assert "Mark urgent: 2 records" in ann.get(done.headers["Location"]).text
    everything = ann.post("/r/desk.paper/-/bulk", action="urge", all="1", here="/r/desk.paper?q=Bulk")
    assert '<b class="z-num">2</b> can change' in everything.text


def test_archived_records_leave_the_list_and_can_come_back(visit, desk):
    ann = visit("ann")
    place = make(ann, desk.ids, name="Put away")
    assert ann.post(f"{place}/-/archive").status_code == 303
    assert "Put away</b>" not in ann.get("/r/desk.paper").text
    assert "This record is archived" in ann.get(place).text
    assert "Put away</b>" in ann.get("/r/desk.paper?archived=1").text
    ann.post(f"{place}/-/restore")
    assert "Put away</b>" in ann.get("/r/desk.paper").text


def test_notes_stand_on_the_timeline_and_show_who_reads_them(visit, desk):
    ann = visit("ann")
    place = f"/r/desk.paper/{desk.ids['Gamma']}"
    ann.post(f"{place}/-/note", body="<i>between us</i>", visibility="internal")
    ann.post(f"{place}/-/note", body="for the client", visibility="client")
    page = ann.get(place)
    assert "&lt;i&gt;between us&lt;/i&gt;" in page.text
    assert page.text.count("z-tl-box is-client") == 1
    assert visit("bob").post(f"{place}/-/note", body="spying").status_code == 404


def upload(visitor, place, name, content):
    data = {"csrf_token": visitor.token, "file": (io.BytesIO(content), name)}
    return visitor.client.post(f"{place}/-/file", data=data, content_type="multipart/form-data")


def test_files_are_kept_as_they_came_and_given_back_only_to_those_who_see_the_record(visit, desk):
    ann = visit("ann")
    place = f"/r/desk.paper/{desk.ids['Beta']}"
    name = '../官文 "第1号".pdf'
    assert upload(ann, place, name, b"first").status_code == 303
    assert upload(ann, place, name, b"second").status_code == 303
    page = ann.get(f"{place}?tab=files")
    numbers = re.findall(r'data-preview="/files/(\d+)/view"', page.text)
    links = [f"/files/{number}" for number in numbers]
    assert len(links) == 2
    assert "version 2" in page.text
    assert "Older versions" in page.text
    newest, oldest = (ann.get(link) for link in links)
    assert (newest.data, oldest.data) == (b"second", b"first")
    assert newest.headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%E5%AE%98%E6%96%87" in newest.headers["Content-Disposition"]
    assert newest.headers["X-Content-Type-Options"] == "nosniff"
    assert newest.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert visit("bob").get(links[0]).status_code == 404
    assert visit("rea").get(links[0]).data == b"second"
    assert "downloaded the file" in ann.get(place).text


@pytest.mark.parametrize("name", ["evil.exe", "a.JS"])
def test_programs_are_not_stored(visit, desk, name):
    answer = upload(visit("ann"), f"/r/desk.paper/{desk.ids['Beta']}", name, b"MZ")
    assert answer.status_code == 422


def test_the_home_page_shows_panels_and_survives_a_broken_one(visit, desk):
    page = visit("root").get("/")
    assert page.status_code == 200
    assert "the desk&#39;s panel" in page.text
    assert "desk/broken.html" in visit("root").get("/settings/extensions").text


def test_the_palette_finds_records_by_number_and_commands(visit):
    ann = visit("ann")

    def found(q):
        return re.sub("</?mark>", "", ann.get(f"/find?q={q}", HX_Request="true").text)

    assert "Gamma" in found("P-3")
    assert "New Paper" in found("new pap")
    assert "Delta" not in found("P-4")


def test_settings_are_for_administrators(visit, desk):
    for path in ("/settings/extensions", "/settings/roles", f"/settings/people/{desk.ids['bob']}"):
        assert visit("ann").get(path).status_code == 403
        assert visit("root").get(path).status_code == 200


def test_an_administrator_gives_roles_but_never_to_themself(visit, desk):
    root = visit("root")
    other = desk.ids["none"]
    assert root.post(f"/settings/people/{other}/roles", role=["reader"]).status_code == 303
    assert visit("none").get("/r/desk.paper").status_code == 200
    root.post(f"/settings/people/{other}/roles")
    assert root.post(f"/settings/people/{desk.ids['root']}/roles", role=["clerk"]).status_code == 403
    assert visit("ann").post(f"/settings/people/{other}/roles", role=["administrator"]).status_code == 403


def test_a_fault_shows_a_short_number_and_no_trace(visit):
    page = visit("ann").get("/desk/fault")
    assert page.status_code == 500
    assert re.search(r"Number [0-9A-F]{4}-[0-9A-F]{4}", page.text)
    for secret in ("ZeroDivisionError", "Traceback", "a secret detail"):
        assert secret not in page.text


def test_routes_of_plugins_hold_their_declared_permission(visit):
    assert visit("ann").get("/desk/papers").text == "papers"
    assert visit("rea").get("/desk/papers").status_code == 403
    assert visit().get("/desk/papers").status_code == 302
    assert visit().client.post("/desk/hook").text == "heard"


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_page_renders_in_both_languages(visit, desk, locale):
    root = visit("root")
    root.post("/settings/look", locale=locale)
    paper = f"/r/desk.paper/{desk.ids['Beta']}"
    pages = [
        "/",
        "/inbox",
        "/new",
        "/more",
        "/settings",
        "/settings/me",
        "/settings/roles",
        "/styleguide",
        "/find?q=zzzz",
    ]
    pages += ["/r/desk.paper", "/r/desk.paper/new", paper, f"{paper}/edit", "/r/core.user", "/nowhere"]
    for path in pages:
        text = root.get(path).text
        assert f'lang="{"zh-CN" if locale == "zh" else "en"}"' in text, path
    chinese = re.search("[\u4e00-\u9fff]", re.sub(r"(?s)<html.*?<main", "", root.get("/settings/me").text))
    assert bool(chinese) == (locale == "zh")
    root.post("/settings/look", locale="en")


def test_every_text_of_the_shell_has_its_chinese():
    from pathlib import Path

    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po

    import core.web

    web = Path(core.web.__file__).parent
    with (web.parent / "translations" / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as stream:
        known = {m.id: m.string for m in read_po(stream, locale="zh")}
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    methods = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
    used = set()
    for _file, _line, message, _comments, _context in extract_from_dir(str(web), methods, keywords=keywords):
        used.update(message if isinstance(message, tuple) else (message,))
    assert sorted(m for m in used if not known.get(m)) == []


def sheet_of(answer) -> list[tuple]:
    import openpyxl

    return list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True))


def test_an_export_holds_what_the_list_shows_and_is_logged(visit, desk):
    from sqlalchemy import select

    from core.db import db
    from core.records.audit import AuditEntry

    ann = visit("ann")
    make(ann, desk.ids, name="=HYPERLINK(1)", tags="a; b")
    answer = ann.get("/export/desk.paper?name__contains=HYPER&cols=name,amount,keeper,tags,state")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    head, row = sheet_of(answer)
    assert head == ("Number", "Name", "Amount", "Keeper", "Tags", "State")
    assert row == (None, "=HYPERLINK(1)", 12.5, "Ann", "a, b", "Draft")
    with desk.app.app_context(), db.engine.connect() as connection:
        told = connection.execute(select(AuditEntry.changes).where(AuditEntry.action == "export")).scalars().all()
    assert told[-1]["count"] == 1


def test_an_export_holds_only_ticked_rows_and_never_those_of_others(visit, desk):
    ann = visit("ann")
    ids = [str(desk.ids["Beta"]), str(desk.ids["Delta"])]
    assert [r[1] for r in sheet_of(ann.post("/export/desk.paper", id=ids, here="/r/desk.paper?cols=name"))] == [
        "Name",
        "Beta",
    ]
    assert visit("rea").get("/export/desk.paper").status_code == 403


def test_one_field_is_changed_in_place_and_clashes_are_told(visit, desk):
    ann = visit("ann")
    place = make(ann, desk.ids, name="In place")
    assert f'data-edit="{place}/-/field/amount"' in ann.get(place).text
    form = ann.get(f"{place}/-/field/amount", HX_Request="true", HX_Request_Type="partial")
    assert 'value="12.50"' in form.text
    version = version_of(form)
    assert (
        ann.post(f"{place}/-/field/amount", {"HX-Request": "true"}, version=version, amount="13").headers["HX-Refresh"]
        == "true"
    )
    stale = ann.post(f"{place}/-/field/amount", {"HX-Request": "true"}, version=version, amount="14")
    assert stale.status_code == 422
    assert "Changed meanwhile to “¥13.00”" in stale.text
    wrong = ann.post(f"{place}/-/field/amount", version=version_of(stale), amount="x")
    assert "Write a number" in wrong.text
    rea = visit("rea")
    assert "data-edit=" not in rea.get(place).text
    assert rea.get(f"{place}/-/field/name").status_code == 403


def test_the_peek_panel_holds_what_the_person_may_see(visit, desk):
    part = visit("rea").get(f"/r/desk.paper/{desk.ids['Beta']}/-/peek", HX_Request="true")
    assert "Beta" in part.text
    assert "¥" not in part.text
    assert visit("ann").get(f"/r/desk.paper/{desk.ids['Delta']}/-/peek").status_code == 404


def test_a_picture_within_a_page_is_not_a_download(visit, desk):
    ann = visit("ann")
    place = make(ann, desk.ids, name="With a picture")
    upload(ann, place, "mark.png", b"\x89PNG\r\n\x1a\n")
    link = re.search(r'href="(/files/\d+)"', ann.get(f"{place}?tab=files").text).group(1)
    drawn = ann.get(link, Sec_Fetch_Dest="image")
    assert "attachment" not in drawn.headers["Content-Disposition"]
    assert "downloaded the file" not in ann.get(place).text
    assert ann.get(link).headers["Content-Disposition"].startswith("attachment")
    assert "downloaded the file" in ann.get(place).text

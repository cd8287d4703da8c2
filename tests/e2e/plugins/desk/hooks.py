"""Views, rights and actions of papers."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    CalendarView,
    Choice,
    Column,
    DetailView,
    Endpoints,
    FieldRule,
    FormView,
    Grant,
    KanbanView,
    L,
    ListView,
    Menu,
    Panel,
    Param,
    Preset,
    Refused,
    Related,
    Role,
    Scopes,
    Section,
    Tab,
    hookimpl,
    public,
    update,
)
from desk.records import Paper

ALL = ("read", "create", "update", "delete", "export", "file", "urge", "shelve", "receive")
SHELVES = (Choice("upper", L("上层", "Upper shelf")), Choice("lower", L("下层", "Lower shelf")))
MAIN = Section("main", L("要点", "Main"), ("name", "number", "state", "due", "keeper", "amount", "urgent"))
REFUSAL = Section("refusal", L("驳回", "Refusal"), ("remark",), when=lambda paper: paper.state == "refused")
MORE = Section("more", L("其他", "More"), ("kinds", "tags", "parent", "remark"))


@hookimpl
def register_records() -> list[type[Any]]:
    return [Paper]


@hookimpl
def register_roles() -> list[Role]:
    return [Role("clerk", L("职员", "Clerk")), Role("reader", L("读者", "Reader"))]


@hookimpl
def register_grants() -> list[Grant]:
    return [Grant("clerk", "desk.paper", ALL, "own"), Grant("reader", "desk.paper", ("read",))]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    return {"desk.paper": Scopes(own=lambda model, principal: model.keeper_id == principal.user_id)}


@hookimpl
def register_field_rules() -> list[FieldRule]:
    return [FieldRule("desk.paper", "amount", "hidden", ("reader",))]


@hookimpl
def register_views() -> list[Any]:
    columns = ("name", "state", "due", "keeper", "amount", "tags")
    return [
        ListView(
            "desk.paper",
            columns=tuple(map(Column, columns)),
            filters=("state", "due", "keeper"),
            group_by=("state", "keeper"),
            presets=(
                Preset("open", L("在办", "Open"), {"state__ne": "done"}),
                Preset("all", L("全部文书", "All papers"), {}),
            ),
        ),
        DetailView(
            "desk.paper",
            subtitle=("number", "due"),
            facts=(MAIN, MORE),
            tabs=(Tab("parts", L("下级文书", "Parts"), related=Related("desk.paper", "parent")),),
        ),
        FormView("desk.paper", sections=(MAIN, REFUSAL, MORE)),
        KanbanView("desk.paper", field="state", card=("due", "keeper")),
        CalendarView("desk.paper", date="due", title="name"),
    ]


@hookimpl
def register_menus() -> list[Menu]:
    return [Menu("papers", L("文书", "Papers"), "file", "cases", record="desk.paper")]


def file_paper(paper: Paper, params: dict[str, Any]) -> dict[str, Any]:
    """Hand a paper in."""
    if "never" in params["reason"]:
        raise Refused(L("没有提交：理由不成立", "Not filed: the reason does not hold"))
    update(paper, {"state": "filed", "remark": params["reason"]})
    return {"message": L("已提交", "Filed now")}


def urge(papers: list[Paper], params: dict[str, Any]) -> None:
    """Mark papers as urgent."""
    for paper in papers:
        update(paper, {"urgent": True})


@hookimpl
def register_actions() -> list[Action]:
    reason = Param("reason", L("理由", "Reason"), required=True)
    return [
        Action(
            "desk.paper",
            "file",
            L("提交", "File"),
            file_paper,
            params=(reason,),
            primary=True,
            available=lambda paper: paper.state == "draft" or L("只有草稿能提交", "Only drafts are filed"),
        ),
        Action(
            "desk.paper",
            "shelve",
            L("上架", "Shelve"),
            lambda paper, given: update(paper, {"remark": given["shelf"]}),
            params=lambda paper: (Param("shelf", L("架", "Shelf"), "choice", required=True, choices=SHELVES),),
        ),
        Action(
            "desk.paper",
            "receive",
            L("签收", "Receive"),
            lambda paper, given: update(paper, {"remark": f"received as file {given['receipt']}"}),
            params=(Param("receipt", L("回执", "Receipt"), "file", target="core.attachment"),),
        ),
        Action("desk.paper", "urge", L("加急", "Mark urgent"), urge, bulk=True, icon="bolt"),
    ]


@hookimpl
def slot_home() -> list[Panel]:
    return [Panel("desk/home.html", {"words": "the desk's panel"}, order=10), Panel("desk/broken.html", {}, order=20)]


endpoints = Endpoints("desk", "/desk")


@endpoints.route("/fault", permission=public("shows what a fault looks like"))
def fault() -> str:
    """Breaks."""
    raise ZeroDivisionError("a secret detail")


@endpoints.route("/papers", permission=("desk.paper", "update"))
def papers() -> str:
    """Only for those who may change papers."""
    return "papers"


@endpoints.route("/hook", permission=public("a webhook that checks its own signature"), methods=("POST",), csrf=False)
def hook() -> str:
    """What another machine calls."""
    return "heard"


@hookimpl
def register_endpoints() -> list[Endpoints]:
    return [endpoints]

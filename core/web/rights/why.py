"""`/why/…`: why somebody may or may not do something to a record, in words; and who may see it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from core.errors import Forbidden, NotFound
from core.i18n import _, gettext
from core.permissions import explaining
from core.permissions.declared import CONDITION, STANDARD_ACTIONS
from core.permissions.explaining import Explanation, Way
from core.permissions.people import load_principal
from core.permissions.principal import Principal, current_principal
from core.permissions.rules import access
from core.records import service
from core.records.dump import labels
from core.registry import RecordType, registry
from core.web.facts import caption_of
from core.web.listing import kind_of
from core.web.rights import viewing
from core.web.rights.words import TREATMENT_WORDS, action_word, name_of, role_word, scope_word

Step = dict[str, Any]


def why(key: str, record_id: int) -> Any:
    """The reasoning for oneself, or for another person for those who set or check rights."""
    kind = registry().types.get(key)
    if kind is None or not kind.public:
        raise NotFound()
    me = current_principal()
    person, action = _person(me), request.args.get("action") or "read"
    others = asks_about_others(me)
    told = explaining.explain(kind.model, record_id, person, action)
    known = others or told.allowed or _seen(kind, record_id)
    steps = [_roles_step(person), *(_openings(kind, told, known)), *(_limits(told) if known else [])]
    name = labels(key, [record_id]).get(record_id)
    title = gettext("Why") if person is me else gettext("Why, for %(name)s", name=name_of(person))
    actions = (*STANDARD_ACTIONS, *registry().actions.get(key, {}))
    return render_template(
        "web/rights/why.html",
        title=title,
        crumbs=[
            (str(kind.plural), f"/r/{key}" if me.can(key, "read") else None),
            (name or f"{kind.label} {record_id}", f"/r/{key}/{record_id}" if name else None),
            (title, None),
        ],
        answer=_answer(kind, told, known, person is me, action),
        allowed=told.allowed and known,
        steps=[*steps, _end(told, known)],
        fields=_fields(kind, told) if known and told.allowed else [],
        others=others,
        person=person,
        person_name=name_of(person),
        actions=[(a, action_word(key, a)) for a in actions],
        action=action,
    )


def asks_about_others(me: Principal) -> bool:
    """Who sets rights or checks them may ask for everybody."""
    return me.viewer is None and me.can("core.right", "read")


def _person(me: Principal) -> Principal:
    wanted = request.args.get("person", "")
    if not wanted.isdigit() or int(wanted) == me.user_id:
        return me
    if not asks_about_others(me):
        raise Forbidden(_("You may ask this about yourself."))
    found = load_principal(int(wanted))
    if found is None:
        raise NotFound(_("This person cannot sign in, so nothing is open to them."))
    return found


def _seen(kind: RecordType, record_id: int) -> bool:
    """Whether the person sees the record; whoever does not is not told that it exists."""
    return record_id in labels(kind.key, [record_id])


def _answer(kind: RecordType, told: Explanation, known: bool, own: bool, action: str) -> str:
    does = action_word(kind.key, action)
    if told.allowed:
        return gettext("Yes: %(action)s is allowed here", action=does)
    if not known:
        return gettext("There is no such record, or it lies outside of what your roles open")
    if not told.exists:
        return gettext("There is no such record")
    return gettext("No: %(action)s is not allowed here", action=does)


def _roles_step(person: Principal) -> Step:
    roles = [role_word(access().role(code, person.overlay), code) for code in sorted(person.granted)]
    words = gettext(", ").join(roles) or gettext("no role")
    return {"title": gettext("The roles of %(name)s", name=name_of(person)), "text": words, "result": str(len(roles))}


def _openings(kind: RecordType, told: Explanation, known: bool) -> list[Step]:
    if not told.opening:
        words = gettext("None of these roles may do this with “%(record)s”.", record=str(kind.plural))
        return [{"title": gettext("Rights"), "text": words, "result": gettext("no")}]
    return [_opening(kind, told, way, known) for way in told.opening]


def _opening(kind: RecordType, told: Explanation, way: Way, known: bool) -> Step:
    result = {"result": (gettext("fits") if way.holds else gettext("does not fit")) if known else "–"}
    if way.kind == "share" or way.grant is None:
        return {"title": gettext("Shared for a time"), "text": _share_words(kind, told), **result}
    whose = way.absent or told.person
    role = role_word(access().role(way.grant.role, whose.overlay), way.grant.role)
    scope = scope_word(way.grant.scope, whose.overlay)
    text = gettext(
        "%(role)s: %(action)s, scope “%(scope)s”", role=role, action=action_word(kind.key, told.action), scope=scope
    )
    title = gettext("A right")
    if way.absent is not None:
        title = gettext("Standing in for %(who)s", who=name_of(way.absent))
    elif way.grant.scope.startswith(CONDITION):
        title = gettext("A right under a condition")
    return {"title": title, "text": text, **result}


def _share_words(kind: RecordType, told: Explanation) -> str:
    return gettext("Somebody opened this record, or what it belongs to, to %(who)s.", who=name_of(told.person))


def _limits(told: Explanation) -> list[Step]:
    return [
        {
            "title": gettext("A limit on all rights"),
            "text": gettext(str(way.name)),
            "result": gettext("passes") if way.holds else gettext("closes it"),
        }
        for way in told.closing
    ]


def _end(told: Explanation, known: bool) -> Step:
    words = gettext("it is open") if told.allowed and known else gettext("it is closed")
    return {"title": gettext("Result"), "text": "", "result": words, "end": True}


def _fields(kind: RecordType, told: Explanation) -> list[tuple[str, str]]:
    """(field, treatment) of what stays closed within the record."""
    return [
        (str(kind.fields[name].label), str(TREATMENT_WORDS[rule.treatment]))
        for name, rule in sorted(told.fields.items())
        if name in kind.fields
    ]


def who(key: str, record_id: int) -> Any:
    """Everybody who sees the record, and by what."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    me = current_principal()
    if me.realm != "staff":
        raise Forbidden(detail={"record": key, "action": "who"})
    action = request.args.get("action") or "read"
    title, name = gettext("Who sees this"), caption_of(kind, record.id)
    return render_template(
        "web/rights/who.html",
        title=title,
        crumbs=[(str(kind.plural), f"/r/{key}"), (name, f"/r/{key}/{record_id}"), (title, None)],
        rows=[_seer(kind, record_id, seer) for seer in explaining.seers(kind.model, record_id, action)],
        action=action,
        actions=[("read", gettext("see it")), ("update", gettext("change it")), ("delete", gettext("delete it"))],
        others=asks_about_others(me),
    )


def _seer(kind: RecordType, record_id: int, seer: explaining.Seer) -> Step:
    person = seer.person
    ways = []
    for way in seer.ways:
        if way.grant is None:
            ways.append(gettext("shared for a time"))
            continue
        role = role_word(access().role(way.grant.role, person.overlay), way.grant.role)
        scope = scope_word(way.grant.scope, person.overlay)
        words = gettext("%(role)s: %(scope)s", role=role, scope=scope)
        ways.append(gettext("for %(who)s", who=name_of(way.absent)) + gettext(", ") + words if way.absent else words)
    here = f"/r/{kind.key}/{record_id}"
    may = viewing.may_view(current_principal(), person)
    return {
        "id": person.user_id,
        "name": name_of(person),
        "portal": person.realm != "staff",
        "ways": gettext("; ").join(dict.fromkeys(ways)),
        "why": f"/why/{kind.key}/{record_id}?person={person.user_id}",
        "view": f"/settings/people/{person.user_id}/view?next={here}" if may else None,
    }


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/why/<key>/<int:record_id>", "why", why)
    web.add_url_rule("/r/<key>/<int:record_id>/-/who", "who", who)

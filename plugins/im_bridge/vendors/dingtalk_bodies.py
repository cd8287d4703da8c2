"""The bodies of DingTalk's calls, built from plain values; field names as in the vendor's own models."""

from __future__ import annotations

from typing import Any

from plugins.im_bridge.vendors.calls import AppFacts
from plugins.im_bridge.vendors.wecom import clip

PRIORITY = {"info": 20, "warning": 30, "urgent": 40, "fatal": 40}
VALUE_BYTES = 1000
"""A card's value holds at most 1 KB."""


def token(app: AppFacts) -> dict[str, Any]:
    """For /v1.0/oauth2/accessToken."""
    return {"appKey": app.app_key, "appSecret": app.secret}


def notice(agent_id: str, userids: list[str], title: str, text: str, url: str, button: str) -> dict[str, Any]:
    """A work notice to at most 100 people; at most 2,048 bytes. The same one reaches a person once a day."""
    markdown = clip(f"### {title}\n\n{text}".strip(), 1500)
    if url:
        content = {"title": clip(title, 128), "markdown": markdown, "single_title": button, "single_url": url}
        message: dict[str, Any] = {"msgtype": "action_card", "action_card": content}
    else:
        message = {"msgtype": "markdown", "markdown": {"title": clip(title, 128), "text": markdown}}
    return {"agent_id": int(agent_id or 0), "userid_list": ",".join(userids), "msg": message}


def todo(union_id: str, source_id: str, subject: str, text: str, url: str, due_ms: int | None, level: str) -> dict:
    """A to-do for one person, made in their own name; `detailUrl` is required since February 2024."""
    body: dict[str, Any] = {
        "sourceId": source_id,
        "subject": clip(subject, 1024),
        "description": clip(text, 4096),
        "creatorId": union_id,
        "executorIds": [union_id],
        "detailUrl": {"appUrl": url, "pcUrl": url},
        "isOnlyShowExecutor": True,
        "priority": PRIORITY.get(level, 20),
        "notifyConfigs": {"dingNotify": "1"},
    }
    return body | ({"dueTime": due_ms} if due_ms else {})


def card(app: AppFacts, userid: str, out_track_id: str, params: dict[str, str], alert: str) -> dict[str, Any]:
    """A card in the single chat with our robot; `outTrackId` is our key and names it for ever."""
    body: dict[str, Any] = {
        "cardTemplateId": app.template_id,
        "outTrackId": out_track_id,
        "cardData": {"cardParamMap": values(params)},
        "openSpaceId": f"dtv1.card//IM_ROBOT.{userid}",
        "imRobotOpenSpaceModel": {"supportForward": False, "notification": {"alertContent": clip(alert, 200)}},
        "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": app.robot_code or app.app_key},
        "userIdType": 1,
        "callbackType": "STREAM" if app.stream else "HTTP",
    }
    return body if app.stream else body | {"callbackRouteKey": route_key(app)}


def card_update(out_track_id: str, params: dict[str, str]) -> dict[str, Any]:
    """Change the named values and leave the others."""
    return {
        "outTrackId": out_track_id,
        "cardData": {"cardParamMap": values(params)},
        "cardUpdateOptions": {"updateCardDataByKey": True},
    }


def values(params: dict[str, str]) -> dict[str, str]:
    """Text to text only, each at most 1 KB."""
    return {key: clip(str(value), VALUE_BYTES) for key, value in params.items()}


def route_key(app: AppFacts) -> str:
    """The name under which our card callback is registered."""
    return f"zhian-{app.id}"

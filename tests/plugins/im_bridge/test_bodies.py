"""What leaves for DingTalk has only fields that its models know; texts keep the vendors' sizes."""

from __future__ import annotations

import json

import pytest

from plugins.im_bridge.vendors import dingtalk_bodies, wecom
from plugins.im_bridge.vendors.calls import AppFacts

STREAM = AppFacts(1, "dingtalk", "corp", "key", "7", "secret", template_id="t")
HTTP = AppFacts(1, "dingtalk", "corp", "key", "7", "secret", template_id="t", stream=False)
TODO = "POST /v1.0/todo/users/{unionId}/tasks (operatorId is a query parameter)"
BODIES = [
    ("POST /v1.0/oauth2/accessToken", dingtalk_bodies.token(STREAM)),
    (TODO, dingtalk_bodies.todo("u", "k", "subject", "text", "https://x.example/1", 1, "fatal")),
    ("PUT /v1.0/todo/users/{unionId}/tasks/{taskId}", {"done": True}),
    ("POST /v1.0/card/instances/createAndDeliver", dingtalk_bodies.card(STREAM, "u", "k", {"a": "b"}, "alert")),
    ("POST /v1.0/card/instances/createAndDeliver", dingtalk_bodies.card(HTTP, "u", "k", {"a": "b"}, "alert")),
    ("PUT /v1.0/card/instances", dingtalk_bodies.card_update("k", {"state": "x"})),
    (
        "POST /v1.0/card/callbacks/register",
        {"callbackUrl": "x", "callbackRouteKey": "x", "apiSecret": "x", "forceUpdate": True},
    ),
]


def strange(body, known, path=""):
    """Keys that the model does not have; a model of null is a leaf or a free map."""
    if not isinstance(known, dict):
        return []
    if isinstance(body, list):
        return [found for part in body for found in strange(part, known, path)]
    if not isinstance(body, dict):
        return [f"{path}: a value where an object belongs"]
    found = [f"{path}.{key}" for key in body if key not in known]
    for key in body.keys() & known.keys():
        found += strange(body[key], known[key], f"{path}.{key}")
    return found


@pytest.mark.parametrize(("call", "body"), BODIES)
def test_every_field_is_one_of_the_vendors(shared_data, call, body):
    vectors = json.loads((shared_data / "im-vectors.json").read_text("utf-8"))
    models = {row["call"]: row["fields"] for row in vectors["dingtalk"]["field_names"]["calls"]}
    assert strange(body, models[call]) == []


def test_the_walk_finds_a_misspelt_field():
    assert strange({"a": [{"b": 1, "c": 2}]}, {"a": {"b": None}}) == [".a.c"]


@pytest.mark.parametrize("text", ["期限" * 2000, "x" * 9000, "🙂" * 3000, ""])
def test_texts_keep_their_sizes_in_whole_characters(text):
    assert len(wecom.clip(text, 100).encode()) <= 100
    notice = wecom.notice("7", ["u"], text or "t", text, "https://x.example", "Open")["textcard"]
    assert len(notice["title"].encode()) <= 128
    assert len(notice["description"].encode()) <= 512
    plain = wecom.notice("7", ["u"], text, text, "", "Open")["text"]
    assert len(plain["content"].encode()) <= 2048
    message = dingtalk_bodies.notice("7", ["u"], text or "t", text, "https://x.example", "Open")["msg"]
    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 2048
    card = dingtalk_bodies.card(STREAM, "u", "k", {"a": text}, text)
    assert len(card["cardData"]["cardParamMap"]["a"].encode()) <= 1024

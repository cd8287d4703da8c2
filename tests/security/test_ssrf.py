"""No call reaches inside: canaries on this machine are never hit, whatever name or number leads to them."""

from __future__ import annotations

import ipaddress
import socket

import httpx
import pytest
from sqlalchemy import select

from core import Refused, check_address, outgoing
from core.db import system
from core.outgoing import ReachesInside, allow_inside, judged_addresses, may_reach
from core.permissions.org import User
from core.webhooks import composing, sending
from core.webhooks.model import Webhook, WebhookMessage
from tests.support.receiver import receiving

INSIDE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.8", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "198.18.0.1", "192.0.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:a00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "2002:a00:1::1", "::127.0.0.1",
]  # fmt: skip
OPEN = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
ODD = ["2130706433", "0x7f000001", "0x7f.1", "127.1", "017700000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::1]"]


@pytest.fixture(autouse=True)
def _nothing_inside_is_allowed():
    """Also outside of an app."""
    allow_inside(())


@pytest.fixture
def canary():
    with receiving() as found:
        yield found


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_closed_in_each_of_their_forms(address):
    assert not may_reach(ipaddress.ip_address(address), address, ())


@pytest.mark.parametrize("address", OPEN)
def test_the_open_net_is_open(address):
    assert may_reach(ipaddress.ip_address(address), address, ())


@pytest.mark.parametrize("host", [*ODD, *(a for a in INSIDE if ":" not in a), *(f"[{a}]" for a in INSIDE if ":" in a)])
def test_bare_addresses_inside_are_refused_when_they_are_entered(host):
    with pytest.raises(Refused):
        check_address(f"https://{host}/hook")


def test_a_setting_opens_single_hosts_addresses_and_networks():
    inside = ipaddress.ip_address("10.1.2.3")
    assert may_reach(inside, "erp.local", ("erp.local",))
    assert may_reach(inside, "erp.local", ("10.1.0.0/16",))
    assert may_reach(ipaddress.ip_address("::ffff:10.1.2.3"), "erp.local", ("10.1.2.3",))
    assert not may_reach(inside, "erp.local", ("10.2.0.0/16", "other.local"))
    assert not may_reach(ipaddress.ip_address("169.254.169.254"), "meta", ("10.0.0.0/8",))


def call(address):
    with outgoing(address, timeout=2) as client:
        client.get("/")


@pytest.mark.parametrize("host", ["localhost", *ODD])
def test_no_canary_is_hit_by_name_or_number(canary, host):
    port = canary.url.rpartition(":")[2]
    for scheme in ("http", "https"):
        with pytest.raises((ReachesInside, Refused, httpx.HTTPError)):
            call(f"{scheme}://{host}:{port}")
    assert canary.seen == []


def names(monkeypatch, *answers):
    """Names resolve to what the test says, another answer each time; how often was asked."""
    asked = []
    real = socket.getaddrinfo

    def resolve(host, port, *args, **options):
        if host != "hook.example":
            return real(host, port, *args, **options)
        addresses = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        kinds = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [(kinds[ipaddress.ip_address(a).version], socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["10.0.0.1"]])
def test_a_name_that_stands_for_an_address_inside_is_not_called(monkeypatch, canary, answer):
    names(monkeypatch, answer)
    with outgoing("https://hook.example", timeout=1) as client, pytest.raises(ReachesInside):
        client.get("/")
    assert canary.seen == []


def test_the_address_that_was_judged_is_the_one_that_is_called(monkeypatch, canary):
    """DNS rebinding: the second answer would lead inside, but the name is asked once, and TLS still names the host."""
    asked = names(monkeypatch, ["203.0.113.7"], ["127.0.0.1"])
    monkeypatch.setattr(ipaddress.IPv4Address, "is_global", property(lambda self: str(self) == "203.0.113.7"))
    called = []

    def connect(address, *args, **options):
        called.append(address[0])
        raise OSError("nobody is there")

    monkeypatch.setattr(socket, "create_connection", connect)
    with outgoing("https://hook.example", timeout=1) as client:
        with pytest.raises(httpx.ConnectError):
            client.get("/")
        request = client.build_request("GET", "/")
        with pytest.raises(httpx.ConnectError):
            client.send(request)
    assert called[0] == "203.0.113.7"
    assert len(asked) == 2, "each call asks once and judges anew"
    assert "127.0.0.1" not in called
    assert (request.extensions["sni_hostname"], request.headers["Host"]) == ("hook.example", "hook.example")


def test_a_redirect_to_the_inside_is_not_followed(canary):
    with receiving() as front:
        allow_inside(("127.0.0.1",))
        front.answers = [(302, {"Location": canary.url}, b"")]
        with outgoing(front.url, timeout=2) as client:
            assert client.get("/").status_code == 302
    assert canary.seen == []


def test_names_that_are_no_names_are_faults_of_the_connection():
    for host in ("nobody.invalid", "a" * 300, "x..y"):
        with pytest.raises(httpx.ConnectError):
            list(judged_addresses(host, 443, ()))


def test_webhooks_reach_nothing_inside_and_say_why(app, canary):
    settings = app.config["ZHIAN"]
    with app.app_context():
        with system("a webhook that was entered while it was allowed") as session:
            person = User(login="canary", name="Canary")
            session.add(person)
            session.flush()
            hook = Webhook(name="x", url=canary.url, user_id=person.id, records=[], kinds=[])
            session.add(hook)
            session.flush()
        object.__setattr__(settings, "outgoing_allow", ())
        try:
            with system("hello") as session:
                composing.ping(session.get(Webhook, hook.id))
            assert sending.send_due(5) == {"sent": 0, "failed": 1}
            with system("look") as session:
                [message] = session.scalars(select(WebhookMessage)).all()
                assert "outgoing_allow" in message.tries[0]["error"] or "内网" in message.tries[0]["error"]
        finally:
            object.__setattr__(settings, "outgoing_allow", ("127.0.0.1", "::1", "localhost"))
    assert canary.seen == []


def test_letters_fetch_nothing_and_take_no_file_along(canary, tmp_path):
    """Pictures, styles, fonts, attachments, drawings of a letter: none is fetched, no file of this machine is read."""
    paper = pytest.importorskip("plugins.documents.press.paper")
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-of-the-file-system")
    places = [canary.url, canary.url.replace("127.0.0.1", "2130706433"), secret.as_uri(), "ftp://127.0.0.1/x"]
    for place in places:
        with pytest.raises(ValueError, match=r"protocol|allowed|such"):
            paper.Fetcher().fetch(place)
        page = (
            f'<link rel="stylesheet" href="{place}"><link rel="attachment" href="{place}"><img src="{place}">'
            f"<style>@import url({place}); @font-face {{ font-family: x; src: url({place}) }}"
            f" p {{ background: url({place}); font-family: x }}</style><p>x</p>"
            f'<object data="{place}"></object><embed src="{place}">'
            f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{place}"/><use href="{place}#a"/></svg>'
        )
        made = paper._paper(page).write_pdf()
        assert b"EmbeddedFile" not in made
        assert b"canary-of" not in made
    assert canary.seen == []

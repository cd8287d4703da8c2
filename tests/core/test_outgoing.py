"""Calls to other servers are verified always, and secrets stay out of what is written down."""

from __future__ import annotations

import logging
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from core import Refused, keep_secret, mask, outgoing
from core.masking import MaskingFilter
from core.outgoing import allow_inside


class Redirecting(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *arguments):
        return


@pytest.fixture(autouse=True)
def _this_machine_may_be_called():
    allow_inside(("127.0.0.1",))
    yield
    allow_inside(())


@pytest.fixture
def plain_server():
    server = HTTPServer(("127.0.0.1", 0), Redirecting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com", "http://10.0.0.1", "ftp://127.0.0.1", "https://", "https://user:pw@example.com",
        "example.com", "http://localhost.example.com", "http://127.0.0.1.example.com", "http://169.254.169.254/", "",
    ],
)  # fmt: skip
def test_only_https_or_this_machine_is_called(address):
    with pytest.raises(Refused):
        outgoing(address)


def test_redirects_and_proxies_are_not_followed(plain_server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with outgoing(plain_server) as client:
        assert client.get("/").status_code == 302


def test_certificates_are_verified_whatever_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    with outgoing("https://127.0.0.1:1") as client:
        context = client._transport._inner._pool._ssl_context
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    with pytest.raises(Refused):
        outgoing("https://example.com", ca_file=str(broken))


def test_a_known_secret_is_masked_in_texts_and_logs(caplog):
    keep_secret("s3cret-of-the-finance-system", "abc")
    assert mask("key=s3cret-of-the-finance-system abc") == "key=*** abc"
    record = logging.LogRecord("x", 20, "f", 1, "token %s sent", ("s3cret-of-the-finance-system",), None)
    MaskingFilter().filter(record)
    assert record.getMessage() == "token *** sent"


def test_an_address_that_nobody_serves_is_a_connection_error():
    with outgoing("http://127.0.0.1:1", timeout=1) as client, pytest.raises(httpx.ConnectError):
        client.get("/")

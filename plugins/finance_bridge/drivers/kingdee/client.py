"""One exchange with K3Cloud over HTTP: address, signature or session, and what each way of failing means."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from core import mask, outgoing
from plugins.finance_bridge.drivers.base import Doubtful, Fault, Misconfigured, NotReached, Refusal, Trace
from plugins.finance_bridge.drivers.kingdee import answers, signing

FORM_SERVICE = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService"
AUTH_SERVICE = "Kingdee.BOS.WebApi.ServicesStub.AuthService"
SHOWN = 4000
"""Characters of a body that the journal keeps."""
OUTCOMES = ((NotReached, "not_reached"), (Doubtful, "doubtful"), (Misconfigured, "misconfigured"), (Refusal, "refused"))


@dataclass(frozen=True)
class Account:
    """How to reach an account set. `sign_in`: `signed` requests or, on old builds, a `session`."""

    address: str
    account_set: str
    user: str
    app_id: str
    app_secret: str
    org: str = "0"
    ca_file: str = ""
    sign_in: str = "signed"
    timeout: float = 30.0
    client_secret: str = ""

    @property
    def root(self) -> tuple[str, str]:
        """Scheme and host, and the path before the service's name (`/k3cloud` unless the address has one)."""
        place = urlsplit(self.address.strip())
        return f"{place.scheme}://{place.netloc}", place.path.rstrip("/") or "/k3cloud"


class Client:
    """Calls of one account set. `journal` is told of each exchange, with secrets masked."""

    def __init__(self, account: Account, journal: Callable[[Trace], None]) -> None:
        self.account, self.journal = account, journal
        self.host, self.base = account.root
        self.http = outgoing(self.host, ca_file=account.ca_file or None, timeout=account.timeout)
        self.session = ""

    def close(self) -> None:
        """Give the connections back."""
        self.http.close()

    def call(self, service: str, body: dict[str, Any], read: Callable[[Any], Any], *, writes: bool = False) -> Any:
        """Call a form service and `read` its answer. A lost session is renewed once, as nothing was done.

        Raises `Fault`s; for a request that `writes` everything that is not surely undone is `Doubtful`.
        """
        if self.account.sign_in != "session":
            return self._exchange(service, body, read, writes)
        fresh = not self.session
        if fresh:
            self._login()
        try:
            return self._exchange(service, body, read, writes)
        except answers.SessionLost:
            self.session = ""
            if fresh:
                raise
            self._login()
            return self._exchange(service, body, read, writes)

    def _login(self) -> None:
        a = self.account
        given = signing.login_parameters(a.account_set, a.user, a.app_id, a.app_secret, int(time.time()))

        def read(answer: Any) -> str:
            good = isinstance(answer, dict) and str(answer.get("LoginResultType")) == "1"
            if not good or not answer.get("KDSVCSessionId"):
                told = answer.get("Message") if isinstance(answer, dict) else ""
                raise Misconfigured(str(told or "LoginBySign")[:400], "session")
            return str(answer["KDSVCSessionId"])

        self.session = self._exchange("LoginBySign", {"parameters": given}, read, False)

    def _exchange(self, service: str, body: dict[str, Any], read: Callable[[Any], Any], writes: bool) -> Any:
        content = json.dumps(body, ensure_ascii=False, default=str)
        login = service == "LoginBySign"  # neither its sign nor the session that it opens is kept
        trace = Trace(service, "" if login else self._shown(content), form=form_of(body))
        begun = time.monotonic()
        try:
            text = self._post(service, content, trace, writes)
            return read(answers.parse(text, writes=writes))
        except Fault as problem:
            trace.outcome = next(name for kind, name in OUTCOMES if isinstance(problem, kind))
            trace.error = self._shown(problem.message) or trace.error
            raise
        finally:
            trace.duration_ms = int((time.monotonic() - begun) * 1000)
            self.journal(trace)

    def _post(self, service: str, content: str, trace: Trace, writes: bool) -> str:
        room = AUTH_SERVICE if service == "LoginBySign" else FORM_SERVICE
        path = f"{self.base}/{room}.{service}.common.kdsvc"
        unsure = Doubtful if writes else NotReached
        try:
            answer = self.http.post(path, content=content.encode(), headers=self._headers(service, path))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            if "CERTIFICATE" in str(problem).upper():
                raise Misconfigured(str(problem)[:400], "tls") from None
            trace.error = self._shown(f"{type(problem).__name__}: {problem}")
            raise NotReached("", "no_connection") from None
        except httpx.TimeoutException as problem:
            trace.error = type(problem).__name__
            raise unsure("", "timeout") from None
        except httpx.HTTPError as problem:
            trace.error = self._shown(f"{type(problem).__name__}: {problem}")
            raise unsure("", "connection_lost") from None
        trace.http_status = answer.status_code
        trace.answer = "" if service == "LoginBySign" else self._shown(answer.text)
        if answer.status_code >= 500:
            raise unsure(f"HTTP {answer.status_code}", "server_error")
        if answer.status_code in (408, 425, 429):
            raise NotReached(f"HTTP {answer.status_code}", "throttled")
        if answer.status_code != 200:
            raise Misconfigured(f"HTTP {answer.status_code}", "address")
        return answer.text

    def _headers(self, service: str, path: str) -> dict[str, str]:
        a = self.account
        if service == "LoginBySign":
            return {"Content-Type": "application/json"}
        if a.sign_in == "session":
            return {"Content-Type": "application/json", "kdservice-sessionid": self.session}
        try:
            return signing.signed_headers(
                path,
                account_set=a.account_set,
                user=a.user,
                app_id=a.app_id,
                app_secret=a.app_secret,
                timestamp=str(int(time.time())),
                nonce=secrets.token_hex(16),
                org=a.org,
                client_secret=a.client_secret,
            )
        except ValueError:
            raise Misconfigured("the application id has not the form <client>_<32 characters>", "app_id") from None

    def _shown(self, text: str) -> str:
        """What the journal keeps of a body: no secrets, no sessions, not more than `SHOWN` characters."""
        a = self.account
        hidden = mask(text, filter(None, (a.app_secret, a.client_secret, self.session)))
        return hidden if len(hidden) <= SHOWN else f"{hidden[:SHOWN]}… ({len(hidden)})"


def form_of(body: dict[str, Any]) -> str:
    """The form that a request is about."""
    data = body.get("data")
    return str(body.get("formid") or (data.get("FormId") if isinstance(data, dict) else "") or "")

"""What the routes of logging in share. One per application, in ``application.state.logins``."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import structlog
from argon2 import PasswordHasher
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from kiestoon.api.backend import Backend
from kiestoon.api.login.hashing import Hashing
from kiestoon.api.login.oidc import Providers
from kiestoon.api.login.throttle import Attempt, Throttle
from kiestoon.api.problems import ApiProblem
from kiestoon.api.samples import Metric
from kiestoon.company.model import Account
from kiestoon.store.problems import problem

MailLogin: TypeAlias = Callable[[Connection, Account], int | None]
"""Queue, in this transaction, the mail that tells an account's owner how to log in; None: nobody's address is known."""

log = structlog.get_logger(__name__)


class Logins:
    """Hashing, throttle, clock and counters.

    ``public_url`` is where browsers reach us ("" = whatever address they ask for); ``wall_ms`` is wall-clock time in
    milliseconds, ``monotonic`` seconds for the throttle. ``private_targets``: whether identity providers may have
    addresses of private networks. ``mail_login`` queues mails; None = there is no mail server.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        public_url: str = "",
        private_targets: bool = False,
        hasher: PasswordHasher | None = None,
        wall_ms: Callable[[], int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        mail_login: MailLogin | None = None,
    ) -> None:
        self.backend = backend
        self.providers = Providers(private=private_targets)
        self.hashing = Hashing(hasher)
        self.throttle = Throttle()
        self.wall_ms = wall_ms or (lambda: int(time.time() * 1000))
        self.monotonic = monotonic
        self.mail_login = mail_login
        self.counts: Counter[tuple[str, str]] = Counter()
        self._public_url = public_url.rstrip("/")

    def origin(self, connection: HTTPConnection) -> str:
        """Our origin as the browser sees it, as in ``https://phones.example.org``."""
        if self._public_url:
            parts = urlsplit(self._public_url)
            return f"{parts.scheme}://{parts.netloc}"
        scheme = {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)
        return f"{scheme}://{connection.headers.get('host', connection.url.netloc)}"

    def host(self, connection: HTTPConnection) -> str:
        """Our host name as the browser sees it: the relying party of passkeys."""
        return urlsplit(self.origin(connection)).hostname or "localhost"

    def is_secure(self, connection: HTTPConnection) -> bool:
        """Whether the browser reaches us by TLS."""
        return self.origin(connection).startswith("https://")

    def begin(self, attempt: Attempt) -> None:
        """Raise the problem with the time to wait; else the attempt counts as failed until it is ``throttle.right``."""
        now = self.monotonic()
        wait_s = self.throttle.wait_s(attempt, now)
        if wait_s <= 0:
            self.throttle.failed(attempt, now)
        else:
            self.counts["throttled", ""] += 1
            seconds = int(wait_s) + 1
            raise ApiProblem(
                "too_many_requests",
                (problem("", "wait", seconds=seconds),),
                headers={"Retry-After": str(seconds)},
            )

    async def verify(self, attempt: Attempt, hashed: str | None, password: str) -> bool:
        """Whether the password is right, unless somebody guesses too fast. Not looked at, it does not count."""
        self.begin(attempt)
        try:
            right = await self.hashing.verify(hashed, password)
        except ApiProblem:
            self.throttle.right(attempt)
            raise
        if right:
            self.throttle.right(attempt)
        return right

    def note(self, outcome: str, method: str, attempt: Attempt | None = None, **more: Any) -> None:
        """Count how a login ended, and log it; never what was typed as password."""
        self.counts[outcome, method] += 1
        if attempt is not None:
            more |= {"source": attempt.source, "account": attempt.account[:254], "known_browser": bool(attempt.device)}
        (log.info if outcome == "accepted" else log.warning)("login", outcome=outcome, method=method, **more)

    def samples(self) -> list[Metric]:
        """The counters as metrics."""
        return [
            Metric("logins", "counter", "Attempts to log in to the web", count, {"outcome": outcome, "method": method})
            for (outcome, method), count in sorted(self.counts.items())
        ]


def source_of(connection: HTTPConnection) -> str:
    """The address a request comes from. Uvicorn has looked at X-Forwarded-For where a proxy of ours sent it."""
    return connection.client.host if connection.client is not None else ""


def install(application: Starlette, logins: Logins) -> None:
    """Give an application its logins."""
    application.state.logins = logins


def get_logins(connection: HTTPConnection) -> Logins:
    """For ``Depends``: the application's logins; made with the defaults when nobody installed them."""
    state = connection.app.state
    found: Logins | None = getattr(state, "logins", None)
    if found is None:
        found = state.logins = Logins(state.backend)
    return found

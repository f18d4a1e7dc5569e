"""Around every request: headers that keep browsers careful, a bound on bodies, a bound on the rate of an address."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kiestoon.api.limits import RateLimits
from kiestoon.api.problems import ApiProblem, respond
from kiestoon.api.uploads import MAX_BYTES

MAX_BODY_BYTES: Final = 10 * 1024 * 1024
_UPLOAD: Final = re.compile(r"/api/v1/companies/[0-9]+/(prompts/[a-z]+/[a-z-]+|music/[^/]+)")
"""Where recordings are sent; the route takes them bit by bit."""
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""What a response has unless its route says otherwise."""


class Careful:
    """ASGI middleware. WebSockets pass: their route counts handshakes itself, as it can refuse them in words."""

    def __init__(self, app: ASGIApp, limits: RateLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_carefully(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope)
        if refused is not None:
            await respond(Request(scope), refused)(scope, receive, send_carefully)
            return
        await self._app(scope, _Bounded(receive, _most_bytes(scope)), send_carefully)

    def _refusal(self, scope: Scope) -> ApiProblem | None:
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > _most_bytes(scope):
            return ApiProblem("too_large")
        client = scope.get("client")
        if scope["path"].startswith("/api/") and client is not None:
            return self._limits.refuse_address(client[0])
        return None


class _Bounded:
    """Receives a body of unknown length up to the bound."""

    def __init__(self, receive: Receive, most_bytes: int) -> None:
        self._receive = receive
        self._left = most_bytes

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise ApiProblem("too_large")
        return message


def _most_bytes(scope: Scope) -> int:
    upload = scope["method"] in ("PUT", "POST") and _UPLOAD.fullmatch(scope["path"]) is not None
    return MAX_BYTES if upload else MAX_BODY_BYTES

"""One attempt to deliver: connect to a checked address, post, look at the answer."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Final

import httpx
import msgspec

from kiestoon.notify.signing import signed_headers
from kiestoon.notify.targets import Resolve, TargetRefusedError, check_target, resolve

TIMEOUT_S: Final = 15.0
"""For the whole attempt (the specification recommends 15 to 30 s)."""
_READ_BYTES: Final = 65_536  # of an answer nobody reads; then the connection is closed
_LONGEST_RETRY_AFTER_S: Final = 86_400


class Attempt(msgspec.Struct, frozen=True):
    """How it went. ``status`` 0: there was no answer, ``error`` says why. ``retry_after_s``: what the target asked."""

    status: int
    error: str
    duration_ms: int
    retry_after_s: int = 0

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300


class Poster:
    """Posts signed bodies. ``private``: targets in private networks are allowed."""

    def __init__(
        self,
        *,
        private: bool,
        version: str,
        timeout_s: float = TIMEOUT_S,
        resolver: Resolve = resolve,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._private = private
        self._timeout_s = timeout_s
        self._resolver = resolver
        self._agent = f"Kiestoon/{version} (+webhook)"
        # No proxies from the environment: they would connect where we do not look. No redirects: nor do they.
        self._client = httpx.AsyncClient(
            verify=context or ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=timeout_s,
            limits=httpx.Limits(max_keepalive_connections=0, max_connections=100),
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def post(self, url: str, secret: str, message_id: str, body: bytes, now_s: float) -> Attempt:
        """Deliver once; never raises for what the other side does. ``now_s`` is wall time."""
        began = time.monotonic()
        status, retry_after_s, error = 0, 0, ""
        try:
            async with asyncio.timeout(self._timeout_s):
                status, retry_after_s = await self._post(url, secret, message_id, body, now_s)
        except TimeoutError:
            error = "no answer in time"
        except TargetRefusedError as refused:
            error = str(refused)
        except httpx.HTTPError as failed:
            error = _told(failed)
        if status and not 200 <= status < 300:
            error = "redirects are not followed" if 300 <= status < 400 else f"answered {status}"
        return Attempt(status, error[:200], int((time.monotonic() - began) * 1000), retry_after_s)

    async def _post(self, url: str, secret: str, message_id: str, body: bytes, now_s: float) -> tuple[int, int]:
        target = await check_target(url, private=self._private, resolver=self._resolver)
        headers = {
            "Host": target.host_header,
            "Content-Type": "application/json",
            "User-Agent": self._agent,
            "Accept": "*/*",
            **signed_headers(secret, message_id, int(now_s), body),
        }
        request = self._client.build_request(
            "POST", target.url, content=body, headers=headers, extensions={"sni_hostname": target.host}
        )
        response = await self._client.send(request, stream=True)
        try:
            read = 0
            async for part in response.aiter_raw():
                read += len(part)
                if read > _READ_BYTES:
                    break
        finally:
            await response.aclose()
        return response.status_code, _retry_after(response.headers.get("retry-after", ""))


def _retry_after(text: str) -> int:
    """RFC 9110 §10.2.3, seconds only."""
    return min(int(text), _LONGEST_RETRY_AFTER_S) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _told(error: httpx.HTTPError) -> str:
    cause = error.__cause__.__cause__ if error.__cause__ is not None else None
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason or 'certificate refused'}"
    if isinstance(error, httpx.ConnectError):
        return "cannot connect"
    return f"the connection failed ({type(error).__name__})"

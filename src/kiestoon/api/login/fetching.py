"""Fetching JSON from an address that somebody configured, without becoming a way into our own network (SSRF).

The name is resolved once, the address checked, and the connection made to that very address: a name that resolves
differently a moment later gains nothing. Redirects are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx
import msgspec

from kiestoon.notify.targets import TargetRefusedError, check_target
from kiestoon.unreadable import UNREADABLE

_TIMEOUT_S: Final = 10.0
_MOST_BYTES: Final = 1024 * 1024


class FetchError(Exception):
    """Nothing usable came back; says why, fit to be shown to an administrator."""


async def fetch_json(
    url: str,
    *,
    private: bool,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """GET (with ``form``: POST) a JSON object. ``private``: addresses of private networks and plain HTTP are allowed.

    Raises ``FetchError``.
    """
    try:
        target = await check_target(url, private=private)
    except TargetRefusedError as refused:
        raise FetchError(str(refused)) from None
    request = httpx.Request(
        "GET" if form is None else "POST",
        target.url,
        headers={"Host": target.host_header, "Accept": "application/json", "User-Agent": "Kiestoon"},
        data=form,
        extensions={"sni_hostname": target.host},
    )
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False, follow_redirects=False) as client:
            response = await client.send(request, auth=auth or httpx.USE_CLIENT_DEFAULT, stream=True)
            body = await _read(response)
    except (httpx.HTTPError, OSError, ValueError) as error:
        raise FetchError(f"{type(error).__name__} at {target.host}") from None
    return _parse(target.host, response.status_code, body)


async def _read(response: httpx.Response) -> bytes:
    parts = bytearray()
    try:
        async for part in response.aiter_bytes():
            parts += part
            if len(parts) > _MOST_BYTES:
                raise ValueError("too much")
    finally:
        await response.aclose()
    return bytes(parts)


def _parse(host: str, status: int, body: bytes) -> dict[str, Any]:
    try:
        parsed = msgspec.json.decode(body)
    except (*UNREADABLE, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise FetchError(f"{host} answered {status} without a JSON object")
    if status != 200:
        told = str(parsed.get("error", ""))[:60]
        raise FetchError(f"{host} answered {status} {told}".strip())
    return parsed

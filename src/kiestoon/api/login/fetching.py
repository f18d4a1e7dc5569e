"""Fetching JSON from an address that somebody configured, without becoming a way into our own network (SSRF).

The name is resolved once, the address checked, and the connection made to that very address: a name that resolves
differently a moment later gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

import anyio
import httpx
import msgspec

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
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        raise FetchError("the address cannot be read") from None
    if parsed.scheme != "https" and not (private and parsed.scheme == "http"):
        raise FetchError("the address is not https")
    address = await _resolve(parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80), private=private)
    host = parsed.netloc.decode("ascii")
    request = httpx.Request(
        "GET" if form is None else "POST",
        parsed.copy_with(host=address),
        headers={"Host": host, "Accept": "application/json", "User-Agent": "Kiestoon"},
        data=form,
        extensions={"sni_hostname": parsed.host},
    )
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False, follow_redirects=False) as client:
            response = await client.send(request, auth=auth or httpx.USE_CLIENT_DEFAULT, stream=True)
            body = await _read(response)
    except (httpx.HTTPError, OSError, ValueError) as error:
        raise FetchError(f"{type(error).__name__} at {parsed.host}") from None
    return _parse(parsed.host, response.status_code, body)


async def _resolve(host: str, port: int, *, private: bool) -> str:
    try:
        with anyio.fail_after(_TIMEOUT_S):
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        raise FetchError(f"{host} is not found") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not private and not ip_address(address.partition("%")[0]).is_global:
            raise FetchError(f"{host} has an address of a private network")
    if not addresses:
        raise FetchError(f"{host} has no address")
    return addresses[0]


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
    except (msgspec.DecodeError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise FetchError(f"{host} answered {status} without a JSON object")
    if status != 200:
        told = str(parsed.get("error", ""))[:60]
        raise FetchError(f"{host} answered {status} {told}".strip())
    return parsed

"""Loop detection (RFC 5393 §4.2): a request that comes back unchanged is going round; one that comes back with
another target is a spiral and welcome.

The element puts ``loop_mark`` behind its own branch in every request it passes on, and asks ``is_loop`` of every
request it is about to pass on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container

from kiestoon.sip.headers.grammar import BadHeader
from kiestoon.sip.headers.via import Via, parse_via
from kiestoon.sip.message import Request

_SEPARATOR = ".l"
_LENGTH = 16


def loop_mark(request: Request, key: bytes = b"") -> str:
    """Sixteen hexadecimal digits over everything that decides where a request goes (RFC 5393 §4.2.1): Request-URI,
    tags, Call-ID, CSeq number, Route and Proxy-Require. ``key`` keeps others from computing it."""
    parts = (
        request.uri,
        request.from_.tag,
        request.to.tag,
        request.call_id,
        str(request.cseq.number),
        *request.all("Route"),
        "",
        *request.all("Proxy-Require"),
    )
    data = "\n".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.blake2s(data, digest_size=_LENGTH // 2, key=key[:32]).hexdigest()


def mark_branch(branch: str, mark: str) -> str:
    """``branch`` carrying ``mark``."""
    return f"{branch}{_SEPARATOR}{mark}"


def is_loop(request: Request, own: Container[tuple[str, int | None]], mark: str) -> bool:
    """Whether a Via of ours (its sent-by in ``own``, as (host in lower case, port or None)) carries ``mark``."""
    return any(via.branch.endswith(_SEPARATOR + mark) for via in own_vias(request, own))


def own_vias(request: Request, own: Container[tuple[str, int | None]]) -> list[Via]:
    """The Vias that we put on: how often the request was here before. Unreadable ones below the top are others'."""
    found: list[Via] = []
    for value in request.all("Via"):
        try:
            via = parse_via(value)
        except BadHeader:
            continue
        if (via.host, via.port) in own:
            found.append(via)
    return found

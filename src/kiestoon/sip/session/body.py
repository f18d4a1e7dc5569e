"""Which part of a message is the session description."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kiestoon.sip.message import Message

SDP = "application/sdp"
MAX_NESTING = 3
"""A description inside more layers of multipart than this is not looked for."""

_boundary = re.compile(r';[ \t]*boundary[ \t]*=[ \t]*(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_content_type = re.compile(rb"^content-type[ \t]*:[ \t]*([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)


class UnsupportedBody(Exception):
    """A body we must understand and do not: answer 415 with Accept (RFC 3261 §8.2.3)."""


def session_description(message: Message) -> bytes:
    """The SDP of a message, alone or in a multipart body (RFC 5621); b"" when it has none.

    Raises ``UnsupportedBody`` for a body of another kind, unless its Content-Disposition calls it optional.
    """
    body = message.body
    if not body:
        return b""
    kind = message.get("Content-Type") or SDP
    media_type = kind.partition(";")[0].strip().lower()
    if media_type == SDP and _plain(message):
        return body
    if media_type.startswith("multipart/") and _plain(message):
        found = _in_multipart(kind, body)
        if found is not None:
            return found
    if "handling=optional" in (message.get("Content-Disposition") or "").lower().replace(" ", ""):
        return b""
    raise UnsupportedBody(media_type)


def received_description(message: Message) -> bytes:
    """The SDP of a response or an ACK, b"" when it has none. What cannot be understood there cannot be refused either:
    it counts as absent."""
    if not message.body:
        return b""
    try:
        return session_description(message)
    except UnsupportedBody:
        return b""


def _plain(message: Message) -> bool:
    return (message.get("Content-Encoding") or "identity").strip().lower() == "identity"


def _in_multipart(kind: str, body: bytes, depth: int = 1) -> bytes | None:
    """The description in a multipart body, also in one nested inside it; of several the first, but of alternatives the
    last: the sender likes it best (RFC 2046 §5.1.4)."""
    found: bytes | None = None
    for head, content in _parts(kind, body):
        inside = _part_kind(head)
        media_type = inside.partition(";")[0].strip().lower()
        if media_type == SDP:
            description: bytes | None = content
        elif media_type.startswith("multipart/") and depth < MAX_NESTING:
            description = _in_multipart(inside, content, depth + 1)
        else:
            description = None
        if description is not None:
            found = description
            if not kind.lstrip().lower().startswith("multipart/alternative"):
                break
    return found


def _parts(kind: str, body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Head and content of each part."""
    named = _boundary.search(kind)
    if named is None:
        return
    boundary = re.escape((named.group(1) or named.group(2)).encode("utf-8", "replace"))
    begun = -1
    body = b"\r\n" + body
    # A boundary may be the beginning of a nested one: only a whole line counts.
    for mark in re.finditer(rb"\r\n--" + boundary + rb"(--)?[ \t]*(?=\r\n|$)", body):
        if begun >= 0:
            head, _, content = body[begun : mark.start()].partition(b"\r\n\r\n")
            yield head, content
        if mark.group(1):
            return
        begun = mark.end()


def _part_kind(head: bytes) -> str:
    """The Content-Type of a part, unfolded; text/plain when it says none (RFC 2046 §5.2)."""
    found = _content_type.search(head)
    return re.sub(r"\r\n[ \t]+", " ", found.group(1).decode("utf-8", "replace")) if found else "text/plain"

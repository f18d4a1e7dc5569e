"""Which part of a message is the session description."""

from __future__ import annotations

import re

from kiestoon.sip.message import Message

SDP = "application/sdp"

_boundary = re.compile(r';[ \t]*boundary[ \t]*=[ \t]*(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)


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


def _plain(message: Message) -> bool:
    return (message.get("Content-Encoding") or "identity").strip().lower() == "identity"


def _in_multipart(kind: str, body: bytes) -> bytes | None:
    found = _boundary.search(kind)
    if found is None:
        return None
    delimiter = b"\r\n--" + (found.group(1) or found.group(2)).encode("utf-8", "replace")
    for part in (b"\r\n" + body).split(delimiter)[1:]:
        if part.startswith(b"--"):
            break
        head, _, content = part.partition(b"\r\n\r\n")
        if re.search(rb"^content-type[ \t]*:[ \t]*application/sdp\b", head, re.IGNORECASE | re.MULTILINE):
            return content
    return None

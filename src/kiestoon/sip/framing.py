"""Cutting a byte stream into messages (RFC 3261 §18.3) and keep-alives (RFC 5626 §4.4.1).

For TCP and TLS only: a WebSocket message is one SIP message (RFC 7118 §5) and goes to ``parse_message`` as it is.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import MAX_BODY_BYTES, MAX_HEAD_BYTES, BadMessage, parse_message, refuse_head


class Ping:
    """A double CRLF: the peer wants a single CRLF back."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Ping()"


PING = Ping()
Item: TypeAlias = Request | Response | BadMessage | Ping

# One header line, value digits; a folded value is still one line of its own (the fold comes before the digits).
_content_length = re.compile(rb"\r\n(?:content-length|l)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)(?=\r\n)", re.IGNORECASE)
_fold = re.compile(rb"\r\n[ \t]+")


class FramingLost(Exception):
    """The stream cannot be followed any further and must be closed. ``items`` were complete before; a ``BadMessage``
    among them may hold an answer still to be sent."""

    def __init__(self, reason: str, items: list[Item]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.items = items


class StreamFramer:
    """Collects bytes of one connection and hands out what is complete. Linear, also when fed byte by byte; never holds
    more than one head and one body at their limits plus what a single ``feed`` brought."""

    __slots__ = ("_buffer", "_scanned", "_wanted")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0  # no end of the head starts before this
        self._wanted = 0  # size of the message whose head is complete, 0 while it is not

    @property
    def idle(self) -> bool:
        """Whether the stream stands between two messages: then a silent peer is not withholding anything."""
        return not self._buffer

    def feed(self, data: bytes) -> list[Item]:
        """The messages and pings completed by ``data``. Raises ``FramingLost``."""
        self._buffer += data
        items: list[Item] = []
        while self._advance(items):
            pass
        return items

    def _advance(self, items: list[Item]) -> bool:
        """Takes one item off the buffer if it is complete."""
        buffer = self._buffer
        if not self._wanted and not self._skip_line_ends(items):
            return False
        if not self._wanted:
            end = buffer.find(b"\r\n\r\n", self._scanned, MAX_HEAD_BYTES + 4)
            if end < 0:
                self._scanned = max(0, len(buffer) - 3)
                if len(buffer) >= MAX_HEAD_BYTES + 4:
                    self._lose("Message Too Large", bytes(buffer[: MAX_HEAD_BYTES + 4]), items, status=513)
                return False
            self._wanted = end + 4 + self._body_length(bytes(buffer[: end + 4]), items)
        if len(buffer) < self._wanted:
            return False
        frame = bytes(buffer[: self._wanted])
        del buffer[: self._wanted]
        self._wanted = self._scanned = 0
        items.append(_read(frame))
        return True

    def _skip_line_ends(self, items: list[Item]) -> bool:
        """Drops CRLFs before a message, pairs of them being pings. False when more bytes are needed."""
        buffer = self._buffer
        while buffer.startswith(b"\r"):
            if buffer.startswith(b"\r\n\r\n"):
                items.append(PING)
                del buffer[:4]
            elif len(buffer) < 4 and b"\r\n\r\n".startswith(buffer):
                return False
            elif buffer.startswith(b"\r\n"):
                del buffer[:2]
            else:
                break
            self._scanned = 0
        return bool(buffer)

    def _body_length(self, head: bytes, items: list[Item]) -> int:
        found = _content_length.findall(head, 0, len(head) - 2)
        if not found:
            # Required on streams (§20.14). Taking 0 would let a body be read as the next request.
            self._lose("Content-Length missing", head, items)
        digits = _fold.sub(b" ", found[0]).strip(b" \t")
        if len(found) != 1 or not digits.isdigit() or len(digits) > 10:
            self._lose("Bad Content-Length", head, items)
        length = int(digits)
        if length > MAX_BODY_BYTES:
            self._lose("Message Too Large", head, items, status=513)
        return length

    def _lose(self, reason: str, head: bytes, items: list[Item], status: int = 400) -> None:
        self._buffer.clear()
        items.append(refuse_head(head, status, reason))
        raise FramingLost(reason, items)


def _read(frame: bytes) -> Item:
    try:
        return parse_message(frame)
    except BadMessage as bad:
        return bad.with_traceback(None)

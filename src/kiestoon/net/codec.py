"""How messages lie on a connection: back to back on TCP and TLS, one per frame on WebSocket (RFC 7118)."""

from __future__ import annotations

from typing import Protocol

import wsproto
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from kiestoon.sip.framing import FramingLost, Item, StreamFramer
from kiestoon.sip.framing import Ping as CrlfPing
from kiestoon.sip.parse import BadMessage, parse_message

SUBPROTOCOL = "sip"
CRLF = b"\r\n"
CRLFCRLF = b"\r\n\r\n"


class CodecLost(Exception):
    """The connection must be closed; ``items`` were read before that."""

    def __init__(self, reason: str, items: list[Item]) -> None:
        super().__init__(reason)
        self.items = items


class Codec(Protocol):
    """Bytes of one connection ↔ messages, without I/O."""

    @property
    def ready(self) -> bool:
        """Whether messages may be written (handshake over)."""

    @property
    def idle(self) -> bool:
        """Whether no message has been begun and not completed."""

    def start(self) -> bytes:
        """What to write first on a connection we opened."""

    def feed(self, data: bytes) -> list[Item]:
        """Read bytes. Raises ``CodecLost``."""

    def take(self) -> bytes:
        """What the codec itself wants written by now (handshake, pongs); emptied by the call."""

    def frame(self, message: bytes) -> bytes:
        """One message as it goes on the wire."""

    def ping(self) -> bytes:
        """A keep-alive."""


class StreamCodec:
    """TCP and TLS: RFC 3261 §18.3, keep-alives of RFC 5626 §4.4.1."""

    ready = True

    def __init__(self) -> None:
        self._framer = StreamFramer()
        self._out = b""

    @property
    def idle(self) -> bool:
        return self._framer.idle

    def start(self) -> bytes:
        return b""

    def feed(self, data: bytes) -> list[Item]:
        if data == CRLF and self._framer.idle:
            return []  # a pong; the framer would keep it as the possible half of a ping, and look busy
        try:
            items = self._framer.feed(data)
        except FramingLost as lost:
            raise CodecLost(str(lost), lost.items) from None
        if any(isinstance(item, CrlfPing) for item in items):
            self._out = CRLF  # one pong answers all pings of one read
        return items

    def take(self) -> bytes:
        out, self._out = self._out, b""
        return out

    def frame(self, message: bytes) -> bytes:
        return message

    def ping(self) -> bytes:
        return CRLFCRLF


class WebSocketCodec:
    """WS and WSS (RFC 7118): subprotocol "sip", every frame sequence one SIP message, text or binary.

    ``host`` is given for the client side only. ``limit`` bounds one message in bytes.
    """

    def __init__(self, limit: int, host: str = "") -> None:
        self._host = host
        self._limit = limit
        self._connection = wsproto.WSConnection(
            wsproto.ConnectionType.CLIENT if host else wsproto.ConnectionType.SERVER
        )
        self._parts: list[bytes] = []
        self._size = 0
        self._out = bytearray()
        self._ready = False

    @property
    def ready(self) -> bool:
        return self._ready

    @property
    def idle(self) -> bool:
        return not self._parts

    def start(self) -> bytes:
        if not self._host:
            return b""
        return self._connection.send(Request(host=self._host, target="/", subprotocols=[SUBPROTOCOL]))

    def feed(self, data: bytes) -> list[Item]:
        items: list[Item] = []
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                self._take_event(event, items)
        except ProtocolError as bad:
            raise CodecLost(str(bad), items) from None
        return items

    def _take_event(self, event: Event, items: list[Item]) -> None:
        if isinstance(event, TextMessage | BytesMessage):
            self._take_part(event, items)
        elif isinstance(event, Ping):
            self._out += self._connection.send(event.response())
        elif isinstance(event, Request):
            self._greet(event, items)
        elif isinstance(event, AcceptConnection):
            if event.subprotocol != SUBPROTOCOL:
                raise CodecLost("server does not speak sip", items)
            self._ready = True
        elif isinstance(event, CloseConnection):
            self._out += self._connection.send(event.response())
            raise CodecLost("closed", items)
        elif not isinstance(event, Pong):
            raise CodecLost("handshake refused", items)

    def _greet(self, request: Request, items: list[Item]) -> None:
        """RFC 7118 §4: the client must offer "sip" and the server must choose it."""
        if SUBPROTOCOL not in [name.lower() for name in request.subprotocols]:
            self._out += self._connection.send(RejectConnection(status_code=400))
            raise CodecLost("client does not speak sip", items)
        self._out += self._connection.send(AcceptConnection(subprotocol=SUBPROTOCOL))
        self._ready = True

    def _take_part(self, event: TextMessage | BytesMessage, items: list[Item]) -> None:
        data = event.data.encode() if isinstance(event, TextMessage) else bytes(event.data)
        self._size += len(data)
        if self._size > self._limit:
            self._out += self._connection.send(CloseConnection(code=1009))
            raise CodecLost("message too large", items)
        self._parts.append(data)
        if not event.message_finished:
            return
        message = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if not message.strip(CRLF):
            if message == CRLFCRLF:
                self._out += self.frame(CRLF)
            items.append(CrlfPing())
            return
        try:
            items.append(parse_message(message))
        except BadMessage as bad:
            items.append(bad.with_traceback(None))

    def take(self) -> bytes:
        out = bytes(self._out)
        self._out.clear()
        return out

    def frame(self, message: bytes) -> bytes:
        """Text where it is UTF-8, which browsers' stacks prefer; binary otherwise."""
        try:
            return self._connection.send(TextMessage(message.decode()))
        except UnicodeDecodeError:
            return self._connection.send(BytesMessage(message))

    def ping(self) -> bytes:
        return self._connection.send(Ping())

"""A WebSocket on the ``websockets`` library's protocol, used by one thread at a time.

The library's own blocking client reads in a second thread. With TLS both then use one OpenSSL object, which before
Python 3.13 nothing guards: now and then an answer was lost.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

OPENING_S = 10.0


class WebSocketLine:
    """One connection, open once it is made. ``tls``: for "wss"."""

    def __init__(self, url: str, subprotocol: str, tls: ssl.SSLContext | None) -> None:
        uri = parse_uri(url)
        self._protocol = ClientProtocol(uri, subprotocols=[Subprotocol(subprotocol)])
        plain = socket.create_connection((uri.host, uri.port), OPENING_S)
        self._socket = tls.wrap_socket(plain, server_hostname=uri.host) if tls else plain
        self._events: list[Frame | Response] = []
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        self._next(time.monotonic() + OPENING_S)
        if self._protocol.handshake_exc is not None:
            raise self._protocol.handshake_exc

    @property
    def subprotocol(self) -> str | None:
        """What the server has chosen."""
        return self._protocol.subprotocol

    def send(self, text: str) -> None:
        """One message."""
        self._protocol.send_text(text.encode())
        self._flush()

    def recv(self, timeout_s: float) -> str:
        """The next message. Raises ``TimeoutError`` when none comes in time, ``ConnectionError`` when none will."""
        deadline = time.monotonic() + timeout_s
        while True:
            event = self._next(deadline)
            if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY):
                assert event.fin, "our messages come in one frame"
                return bytes(event.data).decode()

    def lose(self) -> None:
        """As when a laptop changes its network: gone without a word."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._socket.close()

    def close(self) -> None:
        """An orderly end; nothing where it is gone."""
        with contextlib.suppress(OSError), self._socket:
            self._protocol.send_close()
            self._flush()

    def _next(self, deadline: float) -> Frame | Response:
        while not self._events:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self._socket.settimeout(left_s)
            data = self._socket.recv(65_536)
            if not data:
                raise ConnectionResetError("the exchange has closed the connection")
            self._protocol.receive_data(data)
            self._events += [event for event in self._protocol.events_received() if isinstance(event, Frame | Response)]
            self._flush()  # a ping is answered
        return self._events.pop(0)

    def _flush(self) -> None:
        self._socket.settimeout(OPENING_S)
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)

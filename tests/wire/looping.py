"""A provider that brings every call it gets back to the exchange: both its sides are the same exchange.

It rewrites Call-ID, as a provider's own exchange would, and passes everything else on.
"""

from __future__ import annotations

import re
import socket
import threading
from typing import Self

_MARK = b"-back"
_BRANCH = b"z9hG4bKloop"


class Looping:
    """A thread on one UDP socket. A context manager. ``diversion`` False: what tells of forwarding is left out."""

    def __init__(self, address: tuple[str, int], exchange: tuple[str, int], *, diversion: bool = True) -> None:
        self.invites = 0
        self._exchange = exchange
        self._diversion = diversion
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._via = b"SIP/2.0/UDP %s:%d;branch=%s" % (address[0].encode(), address[1], _BRANCH)
        self._seen: set[bytes] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while data := self._socket.recv(65535):
            passed = self._response(data) if data.startswith(b"SIP/2.0") else self._request(data)
            self._socket.sendto(passed, self._exchange)

    def _request(self, data: bytes) -> bytes:
        """On to the exchange as another call, answers back through us (RFC 3261 §16.6)."""
        own = _header(data, b"Via").partition(b"branch=")[2].partition(b";")[0]
        if data.startswith(b"INVITE ") and own not in self._seen:
            self._seen.add(own)
            self.invites += 1
        first, _, rest = data.partition(b"\r\n")
        data = first + b"\r\nVia: " + self._via + own + b"\r\n" + rest
        data = re.sub(rb"(?mi)^(Call-ID: \S+)", rb"\1" + _MARK, data, count=1)
        left = int(_header(data, b"Max-Forwards") or b"70") - 1
        data = re.sub(rb"(?mi)^Max-Forwards: \d+", b"Max-Forwards: %d" % left, data, count=1)
        if not self._diversion:
            data = re.sub(rb"(?mi)^(Diversion|History-Info): .*\r\n", b"", data)
        return data

    def _response(self, data: bytes) -> bytes:
        """Back to whoever asked: our Via off, the Call-ID as it was."""
        data = re.sub(rb"(?mi)^Via: [^\r\n]*" + _BRANCH + rb"[^\r\n]*\r\n", b"", data, count=1)
        return re.sub(rb"(?mi)^(Call-ID: \S+)" + _MARK, rb"\1", data, count=1)


def _header(data: bytes, name: bytes) -> bytes:
    match = re.search(rb"(?mi)^" + name + rb": (.*?)\r$", data)
    return match[1] if match else b""

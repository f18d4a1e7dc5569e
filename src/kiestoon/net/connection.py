"""One connection of TCP, TLS, WS or WSS, accepted or opened by us, with the limits that keep hostile peers cheap."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Protocol, cast

from kiestoon.net.codec import Codec, CodecLost
from kiestoon.net.intake import Intake
from kiestoon.net.settings import StreamLimits
from kiestoon.sip.flow import Flow, Transport
from kiestoon.sip.framing import Item, Ping
from kiestoon.sip.message import Response

MOST_UNANSWERED = 256
TCP_KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 5))
"""Seconds of silence before the kernel asks, seconds between its questions, and how many may go unanswered: routers on
the way keep the connection in mind, and a phone gone without a word is noticed after less than three minutes."""


class Owner(Protocol):
    """The table a connection is in."""

    def opened(self, connection: Connection) -> None:
        """The connection may be written to (its handshake is over)."""

    def closed(self, connection: Connection) -> None:
        """The connection is gone, for whatever reason; called once."""


class Connection(asyncio.Protocol):
    """Joins a transport of the event loop to a codec.

    One timer guards it: the handshake, the first message, a message begun, idleness. ``unanswered`` are the client
    transactions whose request went out here and has no response yet: they are told when the connection breaks
    (RFC 3261 §17.1.4) instead of waiting half a minute for their timers.
    """

    def __init__(
        self, kind: Transport, number: int, codec: Codec, intake: Intake, limits: StreamLimits, owner: Owner
    ) -> None:
        self.flow = Flow(kind, "", 0, "", 0, number)
        self.reason = ""
        """Why it was closed by us, for the log."""
        self.unanswered: dict[str, None] = {}
        self.source = ""
        """The peer's host for connections we accepted."""
        self.target: tuple[str, str, int, str] | None = None
        """What it was opened for, for connections we opened."""
        self._codec = codec
        self._intake = intake
        self._limits = limits
        self._owner: Owner | None = owner
        self._transport: asyncio.Transport | None = None
        self._ready = False
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._limit_at = 0.0
        self._limit_reason = ""
        self._between = True

    # --- asyncio.Protocol -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        local, remote = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        if not local or not remote:
            self.drop("gone before it began")
            return
        _keep_alive(transport.get_extra_info("socket"))
        flow = self.flow
        self.flow = Flow(flow.transport, local[0], local[1], remote[0], remote[1], flow.number)
        self._transport.set_write_buffer_limits(self._limits.write_buffer)
        self._write(self._codec.start())
        self._limit(self._limits.first_message_s if self._codec.ready else self._limits.handshake_s, "silent")
        self._become_ready()

    def data_received(self, data: bytes) -> None:
        if self._owner is None:
            return
        lost: CodecLost | None = None
        try:
            items = self._codec.feed(data)
        except CodecLost as bad:
            lost, items = bad, bad.items
        self._write(self._codec.take())
        self._become_ready()
        self._watch(bool(items))
        for item in items:
            if self._owner is None:
                break
            self._take(item)
        if lost is not None:
            self.close(str(lost))
        self._intake.sink.flush()

    def eof_received(self) -> bool:
        return False  # close our half too: a peer that stopped sending will not read answers reliably

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone(str(exc) if exc else "closed by peer")
        self._transport = None

    # --- writing ----------------------------------------------------------------------------------------------------

    def send(self, data: bytes, transaction: str = "") -> bool:
        """Write one message; False when the connection is gone, or goes now because the peer does not read."""
        if self._owner is None or self._transport is None or not self._ready:
            return False
        if not self._write(self._codec.frame(data)):
            return False
        if transaction and data[:4] != b"SIP/":
            self.unanswered[transaction] = None
            if len(self.unanswered) > MOST_UNANSWERED:
                del self.unanswered[next(iter(self.unanswered))]
        return True

    def ping(self) -> bool:
        """Send a keep-alive (RFC 5626 §4.4.1; a ping frame on WebSocket)."""
        return self._ready and self._write(self._codec.ping())

    def close(self, reason: str) -> None:
        """Close after what was written is through; the owner is told at once."""
        transport = self._transport
        self._gone(reason)
        if transport is not None:
            transport.close()

    def drop(self, reason: str) -> None:
        """Close without waiting."""
        transport = self._transport
        self._gone(reason)
        if transport is not None:
            transport.abort()

    def _write(self, data: bytes) -> bool:
        if not data:
            return True
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        transport.write(data)
        if transport.get_write_buffer_size() > self._limits.write_buffer:
            self.drop("peer does not read")
            return False
        return True

    # --- reading ----------------------------------------------------------------------------------------------------

    def _take(self, item: Item) -> None:
        if isinstance(item, Ping):
            return
        if isinstance(item, Response) and self.unanswered:
            self.unanswered.pop(f"{item.via.branch}|{item.cseq.method}", None)
        self._intake.framed(item, self.flow, self._answer)

    def _answer(self, data: bytes, _flow: Flow) -> None:
        self.send(data)

    def _become_ready(self) -> None:
        if not self._ready and self._codec.ready and self._owner is not None:
            self._ready = True
            self._limit(self._limits.first_message_s, "silent")
            self._owner.opened(self)

    # --- the timer --------------------------------------------------------------------------------------------------

    def _watch(self, complete: bool) -> None:
        """After input: a message begun must be complete in time; between messages only idleness counts."""
        if not self._codec.idle:
            if self._between or complete:
                self._limit(self._limits.message_s, "message not completed")
            self._between = False
        elif complete or not self._between:
            self._between = True
            self._limit(self._limits.idle_s, "idle")

    def _limit(self, seconds: float, reason: str) -> None:
        """The timer moves only when it has to fire earlier; else it looks again when it fires."""
        self._limit_at = self._loop.time() + seconds
        self._limit_reason = reason
        if self._timer is not None and self._timer.when() <= self._limit_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._limit_at, self._expired)

    def _expired(self) -> None:
        self._timer = None
        if self._owner is None:
            return
        if self._loop.time() >= self._limit_at:
            self.drop(self._limit_reason)
        else:
            self._timer = self._loop.call_at(self._limit_at, self._expired)

    def _gone(self, reason: str) -> None:
        owner, self._owner = self._owner, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if owner is not None:
            self.reason = reason
            owner.closed(self)


def _keep_alive(sock: socket.socket | None) -> None:
    if sock is None:
        return
    with contextlib.suppress(OSError):  # closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in TCP_KEEP_ALIVE:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)

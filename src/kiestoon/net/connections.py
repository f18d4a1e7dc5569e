"""All stream connections: accepting within limits, opening on demand, reuse, and telling who waited in vain."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import TypeAlias

import structlog

from kiestoon.net.codec import Codec, StreamCodec, WebSocketCodec
from kiestoon.net.connection import Connection
from kiestoon.net.intake import Intake
from kiestoon.net.settings import StreamLimits
from kiestoon.sip.flow import SECURE, Flow, Send, Target, Transport

log = structlog.get_logger(__name__)

Key: TypeAlias = tuple[str, str, int, str]
ACCEPTS_PER_TURN = 32


def key_of(target: Target) -> Key:
    """What makes two targets the same connection; the name counts, as it was checked in the certificate."""
    return target.transport, target.host, target.port, target.server_name


class Connections:
    """The table of connections by flow number, and by remote address for those we opened."""

    def __init__(
        self,
        intake: Intake,
        limits: StreamLimits,
        numbers: Iterator[int],
        client_tls: Callable[[], ssl.SSLContext],
        failed: Callable[[str], None],
        on_closed: Callable[[Flow], None] | None = None,
    ) -> None:
        self._intake = intake
        self._limits = limits
        self._numbers = numbers
        self._client_tls = client_tls
        self._failed = failed
        self._on_closed = on_closed
        self._by_number: dict[int, Connection] = {}
        self._by_target: dict[Key, Connection] = {}
        self._waiting: dict[Key, list[Send]] = {}
        self._per_source: Counter[str] = Counter()
        self._handshakes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._by_number)

    # --- sending ----------------------------------------------------------------------------------------------------

    def send_on(self, number: int, send: Send) -> bool:
        """Write to a connection that exists; False when it does not any more."""
        connection = self._by_number.get(number)
        return connection is not None and connection.send(send.data, send.transaction)

    def ping(self, number: int) -> bool:
        connection = self._by_number.get(number)
        return connection is not None and connection.ping()

    def send_to(self, target: Target, send: Send) -> None:
        """Write to the connection to ``target``, opening it when there is none. Failure is reported later."""
        key = key_of(target)
        connection = self._by_target.get(key)
        if connection is not None and connection.send(send.data, send.transaction):
            return
        waiting = self._waiting.get(key)
        if waiting is not None:
            if len(waiting) < self._limits.queued_while_connecting:
                waiting.append(send)
            else:
                self._failed(send.transaction)
            return
        self._waiting[key] = [send]
        self._spawn(self._open(target, key))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, target: Target, key: Key) -> None:
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        host = target.server_name or (f"[{target.host}]" if ":" in target.host else target.host)
        codec = self._codec(target.transport, host)
        connection = Connection(target.transport, number, codec, self._intake, self._limits, self)
        connection.target = key
        self._by_number[number] = connection
        self._by_target[key] = connection
        try:
            async with asyncio.timeout(self._limits.connect_s):
                context = self._client_tls() if target.transport in SECURE else None
                name = (target.server_name or target.host) if context is not None else None
                await loop.create_connection(
                    lambda: connection, target.host, target.port, ssl=context, server_hostname=name
                )
        except (OSError, TimeoutError, ValueError) as error:  # ssl.SSLError is an OSError
            log.info(
                "connection_failed", transport=target.transport, host=target.host, port=target.port, error=str(error)
            )
            connection.drop("not connected")

    # --- accepting --------------------------------------------------------------------------------------------------

    def accept(self, listener: socket.socket, kind: Transport, context: ssl.SSLContext | None) -> None:
        """Take what waits on a listening socket, bans and limits first."""
        for _ in range(ACCEPTS_PER_TURN):
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:  # the peer left already, or no file descriptors are left
                log.warning("accept_failed", transport=kind, error=str(error))
                return
            if not self._welcome(address[0]):
                sock.close()
                continue
            sock.setblocking(False)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._per_source[address[0]] += 1
            self._handshakes += 1
            self._spawn(self._greet(sock, address[0], kind, context))

    def _welcome(self, host: str) -> bool:
        if self._intake.allowed is not None and not self._intake.allowed(host):
            return False
        if len(self._by_number) + self._handshakes >= self._limits.connections:
            log.warning("too_many_connections", host=host)
            return False
        if self._per_source[host] >= self._limits.connections_per_source:
            log.warning("too_many_connections_from_source", host=host)
            return False
        return True

    async def _greet(self, sock: socket.socket, host: str, kind: Transport, context: ssl.SSLContext | None) -> None:
        """The TLS handshake, when there is one; then the connection stands in the table."""
        number = next(self._numbers)
        made = False

        def build() -> Connection:
            nonlocal made
            made = True
            connection = Connection(kind, number, self._codec(kind, ""), self._intake, self._limits, self)
            connection.source = host
            self._by_number[number] = connection
            return connection

        loop = asyncio.get_running_loop()
        timeout = self._limits.handshake_s if context is not None else None
        connection: Connection | None = None
        try:
            _, connection = await loop.connect_accepted_socket(build, sock, ssl=context, ssl_handshake_timeout=timeout)
        except (OSError, ValueError) as error:
            log.debug("handshake_failed", transport=kind, host=host, error=str(error))
            sock.close()
        finally:
            self._handshakes -= 1
            if connection is None:
                stale = self._by_number.get(number)
                if stale is not None:
                    stale.drop("handshake failed")
                elif not made:
                    self._release(host)

    def _codec(self, kind: Transport, host: str) -> Codec:
        return WebSocketCodec(self._limits.websocket_message, host) if kind in ("ws", "wss") else StreamCodec()

    # --- Owner ------------------------------------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        key = self._key_of(connection)
        for send in self._waiting.pop(key, ()) if key else ():
            if not connection.send(send.data, send.transaction):
                self._failed(send.transaction)

    def closed(self, connection: Connection) -> None:
        self._by_number.pop(connection.flow.number, None)
        if connection.source:
            self._release(connection.source)
        key = self._key_of(connection)
        if key is not None:
            del self._by_target[key]
            for send in self._waiting.pop(key, ()):
                self._failed(send.transaction)
        for transaction in connection.unanswered:
            self._failed(transaction)
        connection.unanswered.clear()
        if self._on_closed is not None:
            self._on_closed(connection.flow)

    def _key_of(self, connection: Connection) -> Key | None:
        key = connection.target
        return key if key is not None and self._by_target.get(key) is connection else None

    def _release(self, host: str) -> None:
        self._per_source[host] -= 1
        if self._per_source[host] <= 0:
            del self._per_source[host]

    async def close(self) -> None:
        """Close everything; who waits is told."""
        for connection in list(self._by_number.values()):
            connection.close("shutting down")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

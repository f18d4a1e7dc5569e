"""All SIP transports of one endpoint behind one door: listeners, connections, and ``send``."""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
from collections.abc import Callable

import structlog

from kiestoon.net.connections import Connections
from kiestoon.net.intake import Intake, Sink, Tap
from kiestoon.net.local import Bound, ListenerAddresses
from kiestoon.net.overload import OverloadGate
from kiestoon.net.settings import Listener, NetSettings
from kiestoon.net.tls import client_context, reload_certificate, server_context
from kiestoon.net.udp import UdpListener, open_udp
from kiestoon.sip.flow import SECURE, Flow, Send, Target

log = structlog.get_logger(__name__)
BACKLOG = 1024


class SipTransports:
    """Opens the listeners and connections of one endpoint and moves bytes.

    ``sink`` takes what comes in; ``allowed(host)`` is asked before parsing; ``gate`` refuses new calls under overload;
    ``tap`` sees every message both ways; ``on_closed`` hears of connections that ended. ``local`` answers the engine's
    questions about our addresses.
    """

    def __init__(
        self,
        sink: Sink,
        settings: NetSettings,
        *,
        allowed: Callable[[str], bool] | None = None,
        gate: OverloadGate | None = None,
        tap: Tap | None = None,
        local: ListenerAddresses | None = None,
        on_closed: Callable[[Flow], None] | None = None,
    ) -> None:
        self.local = local if local is not None else ListenerAddresses()
        self.intake = Intake(sink, allowed=allowed, gate=gate, tap=tap)
        self._settings = settings
        self._numbers = itertools.count(1)
        self._udp: dict[int, UdpListener] = {}
        self._streams: list[tuple[socket.socket, Listener, ssl.SSLContext | None]] = []
        self._bound: list[Bound] = []
        self._client_context: ssl.SSLContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failures: list[str] = []
        self.connections = Connections(
            self.intake, settings.limits, self._numbers, self._tls_for_clients, self._report_failure, on_closed
        )

    @property
    def bound(self) -> tuple[Bound, ...]:
        """The open listeners with the ports they really have."""
        return tuple(self._bound)

    async def start(self) -> None:
        """Open all listeners. Raises ``OSError`` (port taken, no permission) or ``ssl.SSLError`` (certificate); then
        none is open."""
        self._loop = asyncio.get_running_loop()
        try:
            for listener in self._settings.listeners:
                if listener.transport == "udp":
                    self._listen_udp(listener)
                else:
                    self._listen_stream(listener)
        except (OSError, ValueError):
            await self.close()
            raise
        self.local.update(self.bound)
        for udp in self._udp.values():
            udp.start()
        for sock, listener, context in self._streams:
            self._loop.add_reader(sock.fileno(), self.connections.accept, sock, listener.transport, context)

    async def close(self) -> None:
        """Close listeners and connections."""
        for udp in self._udp.values():
            udp.close()
        for sock, _, _ in self._streams:
            if self._loop is not None and sock.fileno() >= 0:
                self._loop.remove_reader(sock.fileno())
            sock.close()
        self._udp.clear()
        self._streams.clear()
        self._bound.clear()
        await self.connections.close()

    def reload_certificates(self) -> None:
        """Read all certificate files again (new connections only). Raises ``OSError`` or ``ssl.SSLError``."""
        for _, listener, context in self._streams:
            if context is not None and listener.tls is not None:
                reload_certificate(context, listener.tls)

    # --- sending ----------------------------------------------------------------------------------------------------

    def send(self, send: Send) -> None:
        """Perform a ``Send``. What cannot be delivered comes back as ``on_transport_failed`` in a later turn."""
        to = send.to
        if isinstance(to, Flow):
            done = self._send_on_flow(to, send)
            self._tap(send, to)
        else:
            done = self._send_to_target(to, send)
        if not done:
            self._report_failure(send.transaction)

    def _send_on_flow(self, flow: Flow, send: Send) -> bool:
        if flow.transport == "udp":
            udp = self._udp.get(flow.number)
            return udp is not None and udp.send(send.data, flow.remote_host, flow.remote_port)
        return self.connections.send_on(flow.number, send)

    def _send_to_target(self, target: Target, send: Send) -> bool:
        if target.transport != "udp":
            self.connections.send_to(target, send)
            self._tap(send, Flow(target.transport, "", 0, target.host, target.port))
            return True
        bound = self.local.listener_for(target)
        udp = self._udp.get(bound.number) if bound is not None else None
        if udp is None:
            return False
        self._tap(send, Flow("udp", udp.host, udp.port, target.host, target.port, udp.number))
        return udp.send(send.data, target.host, target.port)

    def _tap(self, send: Send, flow: Flow) -> None:
        intake = self.intake
        if intake.tap is not None:
            intake.tap("out", send.data, flow, intake.wall())

    def keep_alive(self, flow: Flow) -> bool:
        """Keep a NAT's or firewall's path open (RFC 5626 §4.4); False when the flow is gone."""
        if flow.transport == "udp":
            udp = self._udp.get(flow.number)
            return udp is not None and udp.send(b"\r\n\r\n", flow.remote_host, flow.remote_port)
        return self.connections.ping(flow.number)

    def _report_failure(self, transaction: str) -> None:
        """Tell the sink later: it may be in the middle of draining its outputs."""
        if not transaction or self._loop is None or self._loop.is_closed():
            return
        if not self._failures:
            self._loop.call_soon(self._tell_failures)
        self._failures.append(transaction)

    def _tell_failures(self) -> None:
        failures, self._failures = self._failures, []
        for transaction in failures:
            self.intake.sink.on_transport_failed(transaction)
        self.intake.sink.flush()

    def _tls_for_clients(self) -> ssl.SSLContext:
        if self._client_context is None:
            self._client_context = client_context(self._settings.tls_client)
        return self._client_context

    # --- listeners --------------------------------------------------------------------------------------------------

    def _listen_udp(self, listener: Listener) -> None:
        sock = open_udp(listener.host, listener.port, self._settings.udp_buffer)
        udp = UdpListener(sock, next(self._numbers), self.intake, self._settings.udp_batch)
        self._udp[udp.number] = udp
        self._bound.append(Bound(listener, udp.host, udp.port, udp.number))

    def _listen_stream(self, listener: Listener) -> None:
        context = None
        if listener.transport in SECURE:
            if listener.tls is None:
                raise ValueError(f"{listener.transport} listener without certificate")
            context = server_context(listener.tls)
        family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        self._streams.append((sock, listener, context))
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((listener.host, listener.port))
        sock.listen(BACKLOG)
        host, port = sock.getsockname()[:2]
        self._bound.append(Bound(listener, host, port, next(self._numbers)))

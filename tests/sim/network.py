"""A fake network and a stepped clock for engines without I/O.

``Network`` carries bytes between ``Node``s (an engine plus its addresses) with loss, duplication, reordering and delay,
all from one seeded random source; ``run`` steps the clock from one thing due to the next. Nothing sleeps.

A node's engine needs ``receive(message, flow, now)``, ``handle_timers(now)``, ``next_deadline()``, ``outputs()``,
``resolved(token, targets, now)`` and ``transport_failed(transaction, now)``: a SIP ``Endpoint``, or an exchange around
one. ``Node.after`` is called after every input, for users that act on events.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from kiestoon.sip.flow import Destination, Flow, Resolve, Send, Target, Transport
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import BadMessage, parse_message
from kiestoon.sip.uri import Uri

Address = tuple[str, int]


class Engine(Protocol):
    """What the network drives."""

    def receive(self, message: Request | Response, flow: Flow, now: float) -> None: ...
    def handle_timers(self, now: float) -> None: ...
    def next_deadline(self) -> float | None: ...
    def outputs(self) -> Sequence[Any]: ...
    def resolved(self, token: int, targets: Sequence[Target], now: float) -> None: ...
    def transport_failed(self, transaction: str, now: float) -> None: ...


class FakeLocal:
    """The addresses of one node."""

    def __init__(self, host: str, port: int = 5060, user: str = "") -> None:
        self.host, self.port, self.user = host, port, user

    def sent_by(self, destination: Destination) -> Address:
        return self.host, self.port

    def contact(self, destination: Destination) -> Uri:
        params: dict[str, str | None] = {} if destination.transport == "udp" else {"transport": destination.transport}
        return Uri("sip", self.user, host=self.host, port=self.port, params=params)


@dataclass
class Conditions:
    """How bad the network is. Times in seconds; the others are probabilities per packet."""

    loss: float = 0.0
    duplication: float = 0.0
    delay_s: float = 0.01
    jitter_s: float = 0.0


@dataclass
class Node:
    """One engine on the network."""

    name: str
    engine: Engine
    address: Address
    after: Callable[[float], None] | None = None
    connected: bool = True
    nat: Address | None = None
    """The address others see it at."""
    received: list[Request | Response] = field(default_factory=list)
    sent: list[Request | Response] = field(default_factory=list)

    @property
    def public(self) -> Address:
        return self.nat or self.address

    def target(self, transport: Transport = "udp") -> Target:
        return Target(transport, *self.public)


class Network:
    """The wire, the name server and the clock."""

    def __init__(self, seed: int = 1, conditions: Conditions | None = None) -> None:
        self.random = random.Random(seed)
        self.conditions = conditions or Conditions()
        self.now = 1000.0
        self.nodes: dict[Address, Node] = {}
        self.names: dict[str, list[Target]] = {}
        self.without_tcp: set[Address] = set()
        self.dropped: Callable[[Request | Response], bool] = lambda message: False
        self.log: list[tuple[float, str, str, Request | Response]] = []
        self._wire: list[tuple[float, int, Address, Address, bytes, Transport, Request | Response | None]] = []
        self._jobs: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self.connections: dict[tuple[Address, Address], int] = {}
        """Streams by (this end, other end): a new one when the old entry has been taken away."""

    # --- building --------------------------------------------------------------------------------------------------

    def add(self, node: Node) -> Node:
        self.nodes[node.public] = node
        return node

    def later(self, delay_s: float, job: Callable[[], None]) -> None:
        """Run ``job`` when the clock gets there."""
        heapq.heappush(self._jobs, (self.now + delay_s, next(self._order), job))

    @property
    def quiet(self) -> bool:
        """Nothing is under way."""
        return not self._wire

    # --- moving bytes ----------------------------------------------------------------------------------------------

    def drain(self, node: Node) -> None:
        """Carry out what the node's engine wants, until neither it nor its user wants anything more."""
        while True:
            if node.after is not None:
                node.after(self.now)
            outputs = list(node.engine.outputs())
            if not outputs:
                return
            for output in outputs:
                self._perform(node, output)

    def _perform(self, node: Node, output: Send | Resolve) -> None:
        if isinstance(output, Resolve):
            host = output.uri.partition(":")[2].rpartition("@")[2].partition(";")[0].partition(":")[0]
            targets = self.names.get(host) or self._literal(output.uri)
            self.later(0.0, lambda: self._resolved(node, output.token, targets))
            return
        to = output.to
        remote = (to.remote_host, to.remote_port) if isinstance(to, Flow) else (to.host, to.port)
        reliable = to.transport != "udp"
        peer = self.nodes.get(remote)
        closed = reliable and isinstance(to, Flow) and self.connections.get((node.public, remote)) != to.number
        gone = peer is None or not peer.connected or not node.connected or remote in self.without_tcp
        if reliable and (gone or closed):
            self.later(0.0, lambda: self._failed(node, output.transaction))
            return
        message = parse_message(output.data)
        node.sent.append(message)
        self.log.append((self.now, node.name, peer.name if peer else "?", message))
        if not node.connected:
            return
        self._carry(node.public, remote, output.data, to.transport, message)

    def _literal(self, uri: str) -> list[Target]:
        host, _, port = uri.partition(":")[2].rpartition("@")[2].partition(";")[0].partition(":")
        transport: Transport = "tcp" if "transport=tcp" in uri else "udp"
        return [Target(transport, host, int(port or 5060))] if host[:1].isdigit() else []

    def _carry(
        self, source: Address, to: Address, data: bytes, transport: Transport, message: Request | Response
    ) -> None:
        conditions = self.conditions
        copies = 1
        if transport == "udp":
            if self.dropped(message) or self.random.random() < conditions.loss:
                return
            copies += self.random.random() < conditions.duplication
        for copy in range(copies):
            delay_s = conditions.delay_s + (self.random.random() * conditions.jitter_s if transport == "udp" else 0.0)
            parsed = None if copy else message  # parsed once; whoever reads it may change it
            heapq.heappush(self._wire, (self.now + delay_s, next(self._order), source, to, data, transport, parsed))

    def _resolved(self, node: Node, token: int, targets: list[Target]) -> None:
        node.engine.resolved(token, targets, self.now)
        self.drain(node)

    def _failed(self, node: Node, transaction: str) -> None:
        if transaction:
            node.engine.transport_failed(transaction, self.now)
            self.drain(node)

    def _deliver(
        self, source: Address, to: Address, data: bytes, transport: Transport, message: Request | Response | None
    ) -> None:
        node = self.nodes.get(to)
        if node is None or not node.connected:
            return
        number = 0 if transport == "udp" else self.connections.setdefault((to, source), next(self._order) + 1)
        flow = Flow(transport, *node.address, *source, number)
        if message is None:
            self.inject(node, data, flow)
        else:
            self._hand_over(node, message, flow)

    def inject(self, node: Node, data: bytes, flow: Flow) -> None:
        """Hand bytes to a node as if they came by ``flow``."""
        try:
            message = parse_message(data)
        except BadMessage:
            return
        self._hand_over(node, message, flow)

    def _hand_over(self, node: Node, message: Request | Response, flow: Flow) -> None:
        node.received.append(message)
        node.engine.receive(message, flow, self.now)
        self.drain(node)

    # --- the clock -------------------------------------------------------------------------------------------------

    def _next(self) -> float | None:
        due = [queue[0][0] for queue in (self._wire, self._jobs) if queue]
        due += [at for node in self.nodes.values() if (at := node.engine.next_deadline()) is not None]
        return min(due) if due else None

    def run(self, for_s: float | None = None, until: Callable[[], bool] | None = None) -> None:
        """Step until ``for_s`` seconds went by, ``until`` holds, or (with neither) nothing is left to happen."""
        end = float("inf") if for_s is None else self.now + for_s
        for node in list(self.nodes.values()):
            self.drain(node)
        for _ in range(1_000_000):
            if until is not None and until():
                return
            at = self._next()
            if at is None or at > end:
                if for_s is not None:
                    self.now = end
                return
            self.now = max(self.now, at)
            self._step()
        raise AssertionError("the simulation does not come to rest")

    def _step(self) -> None:
        now = self.now
        while self._jobs and self._jobs[0][0] <= now:
            heapq.heappop(self._jobs)[2]()
        while self._wire and self._wire[0][0] <= now:
            self._deliver(*heapq.heappop(self._wire)[2:])
        for node in list(self.nodes.values()):
            deadline = node.engine.next_deadline()
            if deadline is not None and deadline <= now:
                node.engine.handle_timers(now)
            self.drain(node)

    # --- looking ---------------------------------------------------------------------------------------------------

    def ladder(self) -> str:
        """Every message sent, one a line: for failing tests to print."""
        lines = []
        for at, source, to, message in self.log:
            what = f"{message.method}" if isinstance(message, Request) else f"{message.status} {message.cseq.method}"
            body = f" [{message.body[:24].decode('utf-8', 'replace')}]" if message.body else ""
            lines.append(f"{at - 1000:9.3f} {source} → {to}  {what} {message.cseq.number}{body}")
        return "\n".join(lines)

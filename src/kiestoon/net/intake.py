"""What happens to bytes between the socket and the engine, the same for every transport: bans, overload, keep-alives,
parsing, tracing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias

from kiestoon.net.overload import OverloadGate
from kiestoon.net.stun import answer_binding, is_stun
from kiestoon.sip.flow import Flow, Target
from kiestoon.sip.headers import BadHeader
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import BadMessage, parse_message
from kiestoon.sip.transaction.matching import response_destination, stamp_source

Way: TypeAlias = Literal["in", "out"]
Tap: TypeAlias = Callable[[Way, bytes, Flow, float], None]
"""(way, one message as it is on the wire, flow, wall time in seconds since the epoch)."""


class Sink(Protocol):
    """Who takes what comes in: the driver of an endpoint, or a test."""

    def on_message(self, message: Request | Response, flow: Flow) -> None:
        """One good message."""

    def on_bad_message(self, bad: BadMessage, flow: Flow) -> None:
        """Bytes that were no message. Its ``response``, when it has one, has been sent already."""

    def on_transport_failed(self, transaction: str) -> None:
        """A ``Send`` with this transaction key could not be delivered."""

    def on_unreachable(self, transaction: str, host: str, port: int) -> None:
        """The network says that what this transaction sent did not reach there. It may be wrong, or lie."""

    def on_resolved(self, token: int, targets: Sequence[Target]) -> None:
        """The answer to a ``Resolve``."""

    def flush(self) -> None:
        """The batch is over: everything that was handed in may now be answered."""


class Intake:
    """The common way in. ``allowed(host)`` is asked before anything is parsed; ``gate`` and ``tap`` are optional."""

    def __init__(
        self,
        sink: Sink,
        *,
        allowed: Callable[[str], bool] | None = None,
        gate: OverloadGate | None = None,
        tap: Tap | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.sink = sink
        self.allowed = allowed
        self.gate = gate
        self.tap = tap
        self.clock = clock
        self.wall = wall

    def datagram(self, data: bytes, flow: Flow, answer: Callable[[bytes, str, int], None]) -> None:
        """Take one UDP datagram; ``answer(data, host, port)`` sends what needs no engine: STUN, refusals."""
        if self.admits(data, flow, answer):
            self.admitted(data, flow, answer)

    def admits(self, data: bytes, flow: Flow, answer: Callable[[bytes, str, int], None]) -> bool:
        """Whether a datagram is worth parsing. The others have been answered, or dropped, by now."""
        host = flow.remote_host
        if self.allowed is not None and not self.allowed(host):
            return False
        if data[:1] < b"\x04":  # STUN, or bytes that keep a NAT open; SIP starts with a letter or CR
            if is_stun(data) and (binding := answer_binding(data, host, flow.remote_port)) is not None:
                answer(binding, host, flow.remote_port)
            return False
        if self.gate is None:
            return True
        if data[:7] != b"INVITE ":
            return not self.gate.absorbs(data)
        refusal = self.gate.screen(data, (host, flow.remote_port), self.clock())
        if refusal is None:
            return True
        answer(refusal[0], host, refusal[1])
        return False

    def admitted(self, data: bytes, flow: Flow, answer: Callable[[bytes, str, int], None]) -> None:
        """Parse a datagram that was let in and hand it on."""
        if self.tap is not None:
            self.tap("in", data, flow, self.wall())
        if not data.strip(b"\r\n\0"):
            return  # keep-alive
        try:
            message = parse_message(data)
        except BadMessage as bad:
            if bad.response is not None:
                self.answer_bad(bad.response, flow, lambda raw, to: answer(raw, to.remote_host, to.remote_port))
            self.sink.on_bad_message(bad, flow)
        else:
            self.sink.on_message(message, flow)

    def framed(self, item: Request | Response | BadMessage, flow: Flow, answer: Callable[[bytes, Flow], None]) -> None:
        """Take one message (or what was none) from a stream; ``answer`` writes to the same connection."""
        if isinstance(item, BadMessage):
            if item.response is not None:
                self.answer_bad(item.response, flow, answer)
            self.sink.on_bad_message(item, flow)
            return
        if self.gate is not None and isinstance(item, Request):
            if self.gate.absorbs_request(item):
                return
            refusal = self.gate.screen_request(item, self.clock())
            if refusal is not None:
                self.answer_bad(refusal, flow, answer)
                return
        if self.tap is not None:
            self.tap("in", item.encode(), flow, self.wall())
        self.sink.on_message(item, flow)

    @staticmethod
    def answer_bad(response: Response, flow: Flow, answer: Callable[[bytes, Flow], None]) -> None:
        """Send a response made without the engine the way its Via says; back to the source when that is unreadable."""
        try:
            to = response_destination(response.via, flow)
            stamp_source(response, flow)
        except BadHeader:  # what made the message bad may be this very header, and the response has a copy of it
            to = flow
        if isinstance(to, Flow):
            answer(response.encode(), to)

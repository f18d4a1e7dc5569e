"""Joins one SIP endpoint to the event loop: input in, outputs and events out, one timer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

import structlog

from kiestoon.net.overload import OverloadGate
from kiestoon.sip.flow import Flow, Output, Resolve, Send, Target
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import BadMessage

log = structlog.get_logger(__name__)
HEARTBEAT_S = 0.05
EventT = TypeVar("EventT")
Produced_co = TypeVar("Produced_co", covariant=True)


class Engine(Protocol[Produced_co]):
    """What the driver needs of an endpoint (``sip.endpoint.Endpoint`` is one)."""

    def receive(self, message: Request | Response, flow: Flow, now: float) -> None: ...
    def resolved(self, token: int, targets: Sequence[Target], now: float) -> None: ...
    def transport_failed(self, transaction: str, now: float) -> None: ...
    def unreachable(self, transaction: str, host: str, port: int, now: float) -> None: ...
    def handle_timers(self, now: float) -> None: ...
    def outputs(self) -> Iterable[Output]:
        """Drains."""
        ...

    def events(self) -> Iterable[Produced_co]:
        """Drains."""
        ...

    def next_deadline(self) -> float | None: ...


class Transports(Protocol):
    def send(self, send: Send) -> None: ...


class Resolver(Protocol):
    async def resolve(self, uri: str) -> list[Target]:
        """Never raises for what the network or the URI is like; no target then."""
        ...


class EndpointDriver(Generic[EventT]):
    """The ``Sink`` of the transports for one endpoint.

    ``now`` is ``loop.time()`` everywhere. ``on_event(event, now)`` gets every event of the engine; it may give the
    engine commands, whose outputs are sent before the next event is taken. Whoever commands the engine at another time
    calls ``flush()`` (at once) or ``touch()`` (at the end of this turn of the loop) afterwards.
    An exception in the engine or in ``on_event`` is logged and costs that one message only.
    """

    def __init__(
        self,
        engine: Engine[EventT],
        on_event: Callable[[EventT, float], None],
        *,
        on_bad_message: Callable[[BadMessage, Flow], None] | None = None,
        gate: OverloadGate | None = None,
    ) -> None:
        self._engine = engine
        self._on_event = on_event
        self._on_bad_message = on_bad_message
        self._gate = gate
        self._transports: Transports | None = None
        self._resolver: Resolver | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = 0.0
        self._heart: asyncio.TimerHandle | None = None
        self._beat = (0.0, 0.0)
        self._flushing = False
        self._touched = False
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, transports: Transports, resolver: Resolver | None = None) -> None:
        """Say where outputs go; then input may come."""
        self._transports = transports
        self._resolver = resolver
        if self._gate is not None and self._heart is None:
            self._schedule_heartbeat()

    @property
    def now(self) -> float:
        return self._loop.time()

    async def close(self) -> None:
        """Stop the timers and forget questions on their way. The transports are closed by their owner."""
        self._closed = True
        for handle in (self._timer, self._heart):
            if handle is not None:
                handle.cancel()
        self._timer = self._heart = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- Sink -------------------------------------------------------------------------------------------------------

    def on_message(self, message: Request | Response, flow: Flow) -> None:
        try:
            self._engine.receive(message, flow, self._loop.time())
        except Exception:
            log.exception("message_failed", start=message.start_line()[:200], remote=flow.remote_host)

    def on_bad_message(self, bad: BadMessage, flow: Flow) -> None:
        if self._on_bad_message is not None:
            self._on_bad_message(bad, flow)

    def on_transport_failed(self, transaction: str) -> None:
        try:
            self._engine.transport_failed(transaction, self._loop.time())
        except Exception:
            log.exception("transport_failure_failed", transaction=transaction)

    def on_unreachable(self, transaction: str, host: str, port: int) -> None:
        try:
            self._engine.unreachable(transaction, host, port, self._loop.time())
        except Exception:
            log.exception("unreachable_failed", transaction=transaction)

    def on_resolved(self, token: int, targets: Sequence[Target]) -> None:
        try:
            self._engine.resolved(token, targets, self._loop.time())
        except Exception:
            log.exception("resolution_failed", token=token)

    def flush(self) -> None:
        """Send all outputs, hand out all events, until there are none; then set the timer."""
        if self._flushing or self._closed:
            return
        self._flushing = True
        try:
            while self._flush_once():
                pass
            self._arm()
        finally:
            self._flushing = False

    def touch(self) -> None:
        """Flush at the end of this turn of the loop; cheap to call often."""
        if not self._touched and not self._closed:
            self._touched = True
            self._loop.call_soon(self._touched_flush)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _touched_flush(self) -> None:
        self._touched = False
        self.flush()

    def _flush_once(self) -> bool:
        for output in self._engine.outputs():
            self._perform(output)
        worked = False
        now = self._loop.time()
        for event in self._engine.events():
            worked = True
            try:
                self._on_event(event, now)
            except Exception:
                log.exception("event_failed", event_type=type(event).__name__)
            for output in self._engine.outputs():
                self._perform(output)
        return worked

    def _perform(self, output: Output) -> None:
        if isinstance(output, Send):
            if self._transports is not None:
                self._transports.send(output)
        elif isinstance(output, Resolve):
            task = self._loop.create_task(self._resolve(output))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _resolve(self, wanted: Resolve) -> None:
        targets = await self._resolver.resolve(wanted.uri) if self._resolver is not None else []
        self.on_resolved(wanted.token, targets)
        self.flush()

    def _arm(self) -> None:
        """One timer for everything. One that fires too early is left alone: it costs less than setting it anew."""
        deadline = self._engine.next_deadline()
        if deadline is None:
            return
        if self._timer is not None:
            if self._armed_for <= deadline:
                return
            self._timer.cancel()
        self._armed_for = deadline
        self._timer = self._loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._armed_for - now < 0.002:
            now = max(now, self._armed_for)  # loops round to milliseconds and may be early by that much
        try:
            self._engine.handle_timers(now)
        except Exception:
            log.exception("timers_failed")
        self.flush()

    def _schedule_heartbeat(self) -> None:
        self._beat = (self._loop.time() + HEARTBEAT_S, time.process_time())
        self._heart = self._loop.call_at(self._beat[0], self._on_heartbeat)

    def _on_heartbeat(self) -> None:
        """How late this comes is how long everything in the loop waits; how much processor time went by, how busy
        we are."""
        due, used = self._beat
        now = time.monotonic()
        late = max(0.0, self._loop.time() - due)
        if self._gate is not None:
            self._gate.sample(late, now, "loop")
            self._gate.sample_busy((time.process_time() - used) / (HEARTBEAT_S + late))
        self._schedule_heartbeat()

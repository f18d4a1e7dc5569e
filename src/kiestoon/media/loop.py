"""The media process's event loop: epoll, one timer heap, a turn that never starves the relay.

No asyncio here: a datagram through asyncio costs three to four times one through plain epoll. A turn reads at most
``MAX_READY`` sockets, then runs timers for at most ``TIMER_BUDGET_S`` before it looks at the sockets again, so the
audio of mixed calls is done in slices between the packets of relayed ones.

Waking up costs more than a packet, so nobody is woken for packets that have to wait anyway: *patient* sockets are read
when somebody asks to ``catch_up``. The kernel notes when each packet arrived.
"""

from __future__ import annotations

import heapq
import select
import struct
import time
from collections.abc import Callable, Sequence

import structlog

log = structlog.get_logger(__name__)

Handler = Callable[[], None]
Ancillary = Sequence[tuple[int, int, bytes]]

MAX_READY = 256
LONGEST_PATIENCE_S = 0.1
"""An arrival longer ago than this is a clock that was set, not patience."""
_TIMESPEC = struct.Struct("@ll")
TIMER_BUDGET_S = 0.002
MAX_WAIT_S = 1.0


class Timer:
    """A callback due at ``when`` (loop time). Cancelling drops the reference, so nothing is kept alive by the heap."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Handler) -> None:
        self.when = when
        self.callback: Handler | None = callback

    def cancel(self) -> None:
        """Never run it; harmless when it has run."""
        self.callback = None


class Loop:
    """``now`` is the loop time in seconds, read once per turn: handlers use it instead of asking the clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        """``wall`` is the clock of the kernel's time stamps."""
        self.clock = clock
        self.now = clock()
        self.handlers: dict[int, Handler] = {}
        self.stopped = False
        self.after_turn: Handler | None = None
        self.on_failure: Callable[[Handler, Exception], None] = _log_failure
        self.ready = 0
        """Sockets that had something to read in this turn."""
        self.worst_turn_s = 0.0
        self._epoll = select.epoll()
        self._poll = self._epoll.poll
        self._patient = select.epoll()
        self._patient_fds: set[int] = set()
        self._wall = wall
        self._caught_up_at = self.now
        self._ahead_s = 0.0
        """How far the loop's clock is ahead of ``wall``."""
        self._timers: list[tuple[float, int, Timer]] = []
        self._serial = 0

    def register(self, fd: int, handler: Handler, events: int = select.EPOLLIN) -> None:
        """Call ``handler`` whenever ``fd`` is readable (level-triggered)."""
        self._epoll.register(fd, events)
        self.handlers[fd] = handler

    def modify(self, fd: int, events: int) -> None:
        """Change what ``fd`` waits for."""
        self._epoll.modify(fd, events)

    def unregister(self, fd: int) -> None:
        """Forget ``fd``; harmless when it is not registered."""
        if self.handlers.pop(fd, None) is not None:
            self._epoll_of(fd).unregister(fd)
            self._patient_fds.discard(fd)

    def set_patience(self, fd: int, *, patient: bool) -> None:
        """Whether what ``fd`` receives can wait until somebody asks to ``catch_up``."""
        if fd in self.handlers and patient != (fd in self._patient_fds):
            self._epoll_of(fd).unregister(fd)
            if patient:
                self._patient_fds.add(fd)
            else:
                self._patient_fds.remove(fd)
            self._epoll_of(fd).register(fd, select.EPOLLIN)

    def _epoll_of(self, fd: int) -> select.epoll:
        return self._patient if fd in self._patient_fds else self._epoll

    def call_at(self, when: float, callback: Handler) -> Timer:
        """Run ``callback`` in the first turn at or after ``when``."""
        timer = Timer(when, callback)
        self._serial += 1
        heapq.heappush(self._timers, (when, self._serial, timer))
        return timer

    def run(self) -> None:
        """Turn until ``stopped``."""
        while not self.stopped:
            self.turn()

    def turn(self, max_wait_s: float = MAX_WAIT_S) -> int:
        """Wait for packets or timers, handle them; return how many sockets were ready."""
        timers = self._timers
        if timers:
            due_in_s = timers[0][0] - self.clock()
            if due_in_s < max_wait_s:
                max_wait_s = due_in_s if due_in_s > 0.0 else 0.0
        ready = self._poll(max_wait_s, MAX_READY)
        self.now = started = self.clock()
        self.ready = len(ready)
        self._handle(ready)
        if timers and timers[0][0] <= started:
            self._run_timers(started)
        if self.after_turn is not None:
            self.after_turn()
        spent = self.clock() - started
        if spent > self.worst_turn_s:  # noqa: PLR1730 - a call less in every turn
            self.worst_turn_s = spent
        return len(ready)

    def catch_up(self, most: int) -> bool:
        """Read what patient sockets have received, one packet each of up to so many; False when there may be more."""
        if not self._patient_fds:
            return True
        self._caught_up_at = now = self.clock()
        self._ahead_s = now - self._wall()
        ready = self._patient.poll(0, most)
        self._handle(ready)
        return len(ready) < most

    def arrival(self, ancillary: Ancillary) -> float:
        """When the packet just read arrived, in loop time, by the time stamp that came with it."""
        now = self._caught_up_at
        if ancillary and len(ancillary[0][2]) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
            arrived: float = seconds + nanoseconds * 1e-9 + self._ahead_s
            if now - LONGEST_PATIENCE_S < arrived < now:
                return arrived
        return now

    def _handle(self, ready: list[tuple[int, int]]) -> None:
        handlers = self.handlers
        for fd, _ in ready:
            handler = handlers.get(fd)
            if handler is None:
                continue  # unregistered by an earlier handler of this turn
            try:
                handler()
            except Exception as error:  # one termination's trouble is not the process's
                self.on_failure(handler, error)

    def _run_timers(self, started: float) -> None:
        timers = self._timers
        stop_at = self.clock() + TIMER_BUDGET_S
        while timers and timers[0][0] <= started:
            timer = heapq.heappop(timers)[2]
            callback = timer.callback
            if callback is None:
                continue
            timer.callback = None
            try:
                callback()
            except Exception as error:
                self.on_failure(callback, error)
            if self.clock() >= stop_at:
                return

    def close(self) -> None:
        """Close the epoll descriptors."""
        self._epoll.close()
        self._patient.close()


def _log_failure(handler: Handler, error: Exception) -> None:
    log.error("handler_failed", handler=repr(handler), exc_info=error)

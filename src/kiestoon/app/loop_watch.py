"""How late the event loop runs: its stalls are what callers hear as delay."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from kiestoon.app.metrics import Metric

_INTERVAL_S = 0.05


class LoopWatch:
    """Wakes up regularly and notes by how much it was late."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._worst_s = 0.0
        self._worst_ever_s = 0.0
        self._due = loop.time() + _INTERVAL_S
        self._handle = loop.call_at(self._due, self._wake)

    def stop(self) -> None:
        self._handle.cancel()

    def metrics(self) -> Iterable[Metric]:
        """The worst stall since the last collection, and ever."""
        worst, self._worst_s = self._worst_s, 0.0
        yield Metric("loop_stall_seconds", "gauge", "Worst stall of the loop since the last collection", worst)
        yield Metric("loop_stall_worst_seconds", "gauge", "Worst stall of the loop since start", self._worst_ever_s)

    def _wake(self) -> None:
        now = self._loop.time()
        self._worst_s = max(self._worst_s, now - self._due)
        self._worst_ever_s = max(self._worst_ever_s, self._worst_s)
        self._due = now + _INTERVAL_S
        self._handle = self._loop.call_at(self._due, self._wake)

"""Keeps Python's garbage collector from stalling the exchange.

Calls and transactions form no reference cycles, so nearly all of them is freed without the collector; only accidents
(exceptions, closed connections) leave cycles behind. What costs are its walks over everything that lives: five thousand
calls took it up to 150 ms. "Young" is no help there: while as many calls end as begin, everything since the last walk
counts as young. So what has lived for a second is put out of its sight, and taken in only while nobody is bothered.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable

from kiestoon.app.metrics import Metric

YOUNG = 10_000
"""Containers, net, between two looks at the young ones."""
MIDDLE = 5
NEVER = 1_000_000_000
_IDLE_SHARE = 0.1  # of a core
_EVERY_S = 600.0
_FEW_CALLS = 300  # 31 containers each: a walk of a millisecond or two
_OVERDUE_S = 86_400.0


class Collector:
    """``live`` tells how many calls there are. ``tick`` is called about once a second."""

    def __init__(self, live: Callable[[], int] = lambda: 0) -> None:
        self.live = live
        self.worst_s = 0.0
        """The longest collection since ``settle``."""
        self._began = 0.0
        self._last_full = time.monotonic()
        self._used = (time.monotonic(), time.process_time())

    def settle(self) -> None:
        """What has been loaded lives as long as the process: the collector need not walk it again. May be repeated."""
        gc.set_threshold(YOUNG, MIDDLE, NEVER)
        gc.collect()
        gc.freeze()
        if self._timed not in gc.callbacks:
            gc.callbacks.append(self._timed)
        self._last_full = time.monotonic()

    def close(self) -> None:
        """Let go of the interpreter's collector."""
        if self._timed in gc.callbacks:
            gc.callbacks.remove(self._timed)
        gc.set_threshold(700, 10, 10)
        gc.unfreeze()

    def tick(self) -> None:
        """Spare what lives now; collect everything when it is due and nobody would notice."""
        now, used = time.monotonic(), time.process_time()
        before, used_before = self._used
        self._used = now, used
        idle = now > before and (used - used_before) / (now - before) < _IDLE_SHARE
        since_s = now - self._last_full
        if idle and (since_s > _OVERDUE_S or (since_s > _EVERY_S and self.live() <= _FEW_CALLS)):
            gc.unfreeze()
            gc.collect()
            self._last_full = now
        gc.freeze()

    def metrics(self) -> Iterable[Metric]:
        yield Metric("gc_pause_worst_seconds", "gauge", "Longest garbage collection since start", self.worst_s)

    def _timed(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self.worst_s = max(self.worst_s, time.perf_counter() - self._began)

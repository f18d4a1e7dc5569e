"""Timer values of RFC 3261 §17 (Table 4) and the timer wheel all transactions of a layer share."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

TICKS_PER_SECOND = 256
"""Wheel resolution, about 4 ms. A power of two, so that turning seconds into ticks is exact in binary floats."""

NEVER = float("inf")


class TimerValues(msgspec.Struct, frozen=True):
    """The three base values, in seconds (RFC 3261 §17.1.1.1, §17.1.2.2); everything else follows from them."""

    t1_s: float = 0.5
    t2_s: float = 4.0
    t4_s: float = 5.0

    @property
    def lifetime_s(self) -> float:
        """64*T1: timers B, F, H, J (RFC 3261), L and M (RFC 6026); also D, which must be at least 32 s."""
        return 64 * self.t1_s


T = TypeVar("T")


class TimerWheel(Generic[T]):
    """Deadlines in buckets of 1/256 s: adding is O(1), one list slot per entry.

    Cancellation is lazy: the owner remembers the tick it waits for (as ``add`` returned it) and the caller of ``due``
    skips entries whose owner no longer waits for the tick given. Deadlines are rounded down, so an entry is due at
    most 4 ms early and never late on a stepped clock.
    """

    __slots__ = ("_buckets", "_entries", "_ticks")

    def __init__(self) -> None:
        self._buckets: dict[int, list[T]] = {}
        self._ticks: list[int] = []
        self._entries = 0

    def __len__(self) -> int:
        """Entries waiting, cancelled ones included."""
        return self._entries

    def add(self, deadline: float, owner: T) -> int:
        """Remember ``owner`` until ``deadline``; returns the tick it will be called for."""
        tick = int(deadline * TICKS_PER_SECOND)
        bucket = self._buckets.get(tick)
        if bucket is None:
            self._buckets[tick] = [owner]
            heapq.heappush(self._ticks, tick)
        else:
            bucket.append(owner)
        self._entries += 1
        return tick

    def discard(self, tick: int, owner: T) -> None:
        """Take an entry out early, so that nothing refers to its owner any more. Linear in the entries of its tick:
        for owners that came and went within a moment."""
        bucket = self._buckets.get(tick)
        if bucket is not None and owner in bucket:
            bucket.remove(owner)
            self._entries -= 1

    def due(self, now: float, limit: int) -> Iterator[tuple[int, T]]:
        """Take out at most ``limit`` entries whose time has come, as (tick, owner). The owner may ``add`` meanwhile."""
        last = int(now * TICKS_PER_SECOND)
        ticks = self._ticks
        while ticks and ticks[0] <= last and limit > 0:
            tick = ticks[0]
            bucket = self._buckets[tick]
            while bucket and limit > 0:
                limit -= 1
                self._entries -= 1
                yield tick, bucket.pop()
            if not bucket:
                # An owner may have added an earlier tick meanwhile, so the smallest need not be ours any more.
                self._drop(tick)

    def _drop(self, tick: int) -> None:
        del self._buckets[tick]
        if self._ticks[0] == tick:
            heapq.heappop(self._ticks)
        else:
            self._ticks.remove(tick)
            heapq.heapify(self._ticks)

    def next_deadline(self) -> float | None:
        """When ``due`` has something to give (possibly only cancelled entries), None when nothing waits."""
        return self._ticks[0] / TICKS_PER_SECOND if self._ticks else None

"""Named deadlines of sessions and subscriptions: a heap whose dead entries are swept out before they can pile up.

Session timers live for half an hour while most calls end after minutes: lazily cancelled entries alone would keep
dead sessions' timers around by the million.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Owner = TypeVar("Owner")

_SWEEP_FROM = 256


class Deadline(Generic[Owner]):
    """One running timer. ``owner`` is None once it fired or was stopped."""

    __slots__ = ("name", "owner")

    def __init__(self, name: str, owner: Owner) -> None:
        self.name = name
        self.owner: Owner | None = owner


class DeadlineQueue(Generic[Owner]):
    """Deadlines in order. ``len`` counts running ones only."""

    __slots__ = ("_dead", "_heap", "_serial")

    def __init__(self) -> None:
        # The serial number keeps equal times in order, and comparisons within C.
        self._heap: list[tuple[float, int, Deadline[Owner]]] = []
        self._serial = 0
        self._dead = 0

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    def start(self, at: float, name: str, owner: Owner) -> Deadline[Owner]:
        """Run a timer until ``at`` (seconds, the engine's clock)."""
        deadline = Deadline(name, owner)
        self._serial += 1
        heappush(self._heap, (at, self._serial, deadline))
        return deadline

    def stop(self, deadline: Deadline[Owner]) -> None:
        """Stop a timer; one that fired or was stopped already is left alone."""
        if deadline.owner is None:
            return
        deadline.owner = None
        self._dead += 1
        if self._dead > _SWEEP_FROM and self._dead * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].owner is not None]
            heapify(self._heap)
            self._dead = 0

    def next_deadline(self) -> float | None:
        """When the first running timer is due, None when none runs."""
        heap = self._heap
        while heap and heap[0][2].owner is None:
            heappop(heap)
            self._dead -= 1
        return heap[0][0] if heap else None

    def due(self, now: float) -> Iterator[tuple[Owner, str]]:
        """Take out what is due, in order, as (owner, name). The taker may start and stop timers meanwhile."""
        while (first := self.next_deadline()) is not None and first <= now:
            deadline = heappop(self._heap)[2]
            owner = deadline.owner
            deadline.owner = None
            if owner is not None:
                yield owner, deadline.name

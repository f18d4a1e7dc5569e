"""A function of whole numbers that is constant from step to step: what every time table is made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Generic, TypeVar

V = TypeVar("V")


class Steps(Generic[V]):
    """Values of the numbers ``low`` to ``high`` - 1, from spans ``(start, end, value)``, the end not included.

    Where spans overlap the first one given counts; where there is none, ``rest``. Neighbours of equal value become one,
    so every element of ``starts`` but the first is a true change.
    """

    __slots__ = ("starts", "values")

    def __init__(self, spans: Iterable[tuple[int, int, V]], rest: V, low: int, high: int) -> None:
        self.starts: list[int] = []
        self.values: list[V] = []
        kept = [(max(start, low), min(end, high), value) for start, end, value in spans]
        kept = [span for span in kept if span[0] < span[1]]
        beginning: dict[int, list[int]] = {}
        for rank, (start, _, _) in enumerate(kept):
            beginning.setdefault(start, []).append(rank)
        open_ranks: list[int] = []  # a heap: the first given is on top; ended ones leave when they get there
        for point in sorted({low, *(point for start, end, _ in kept for point in (start, end) if point < high)}):
            for rank in beginning.get(point, ()):
                heappush(open_ranks, rank)
            while open_ranks and kept[open_ranks[0]][1] <= point:
                heappop(open_ranks)
            self._add(point, kept[open_ranks[0]][2] if open_ranks else rest)

    def _add(self, start: int, value: V) -> None:
        if not self.values or self.values[-1] != value:
            self.starts.append(start)
            self.values.append(value)

    def at(self, number: int) -> V:
        """The value at ``number``, which is ``low`` or more."""
        return self.values[bisect_right(self.starts, number) - 1]

    def after(self, number: int) -> int | None:
        """The first number above ``number`` at which the value changes."""
        index = bisect_right(self.starts, number)
        return self.starts[index] if index < len(self.starts) else None

"""Blocks of the week (V 6.5): what counts at this minute of the week."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from kiestoon.company.model import WeekBlock
from kiestoon.company.time.steps import Steps

DAY = 1440
WEEK = 7 * DAY
_EPOCH = 3 * DAY  # 1 January 1970 was a Thursday

V = TypeVar("V")
Span = tuple[int, int, V]
"""(start, end, value), in minutes from Monday's midnight; the end is not included and may lie beyond the week."""


class WeekTable(Generic[V]):
    """What counts at which minute of the week: a ``changes.Timeline``.

    Where spans overlap the first counts, outside all of them ``rest``. One that goes on past Sunday's midnight goes on
    on Monday; one of a week or more always counts; one that does not end after its start never.
    """

    __slots__ = ("_first", "_steps")

    def __init__(self, spans: Iterable[Span[V]], rest: V) -> None:
        self._steps: Steps[V] = Steps(_within_week(spans), rest, 0, WEEK)
        self._first = self._first_change()

    def _first_change(self) -> int | None:
        """The minute of the week's first change; Monday's midnight is one only if Sunday ends otherwise."""
        starts, values = self._steps.starts, self._steps.values
        if len(starts) == 1:
            return None
        return starts[1] if values[0] == values[-1] else 0

    def at(self, local_s: int) -> V:
        """The value at a local reading."""
        return self._steps.at((local_s // 60 + _EPOCH) % WEEK)

    def after(self, local_s: int) -> int | None:
        """The next local reading at which the value changes; None when it is the same all week."""
        if self._first is None:
            return None
        minute = local_s // 60
        of_week = (minute + _EPOCH) % WEEK
        change = self._steps.after(of_week)
        return (minute - of_week + (WEEK + self._first if change is None else change)) * 60


def _within_week(spans: Iterable[Span[V]]) -> Iterator[Span[V]]:
    for start, end, value in spans:
        if end - start >= WEEK:
            yield 0, WEEK, value
        elif end > start:
            first = start % WEEK
            last = first + end - start
            yield first, min(last, WEEK), value
            yield 0, last - WEEK, value  # nothing, unless it goes on past the week's end


def block_spans(blocks: Iterable[WeekBlock], value: V) -> Iterator[Span[V]]:
    """The blocks as spans of one value."""
    for block in blocks:
        yield block.day * DAY + block.start, block.day * DAY + block.end, value


def schedule_table(blocks: Iterable[WeekBlock]) -> WeekTable[bool]:
    """A time schedule: whether it is active."""
    return WeekTable(block_spans(blocks, True), False)

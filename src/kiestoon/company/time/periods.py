"""Routing by day and time (TBR, RTE-12, E 4.9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kiestoon.company.model import TimeRoute
from kiestoon.company.time.week import DAY, Span, WeekTable


def route_table(routes: Iterable[TimeRoute]) -> WeekTable[TimeRoute | None]:
    """Which of a routing's periods fits at which minute of the week; None: its fail-over. The lowest id wins."""
    ordered = sorted(routes, key=lambda route: route.id)
    return WeekTable((span for route in ordered for span in _spans(route)), None)


def _spans(route: TimeRoute) -> Iterator[Span[TimeRoute | None]]:
    """One span a day. Days run on past Sunday; a period past midnight belongs to the day on which it began."""
    length = route.end - route.start if route.end > route.start else route.end + DAY - route.start
    for number in range((route.end_day - route.start_day) % 7 + 1):
        start = (route.start_day + number) * DAY + route.start
        yield start, start + length, route

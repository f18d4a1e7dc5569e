"""When meetings are, and who is invited, as the company's rows say.

Times are counted on the clock of the organiser's location: a meeting at 14:00 is at 14:00 in summer and in winter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekday

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Meeting
from kiestoon.company.model.conferences import MOST_TIMES
from kiestoon.company.time.clock import instant_of, reading
from kiestoon.company.time.zones import Zone

_MINUTE: Final = "%Y-%m-%dT%H:%M"
_FREQUENCIES: Final = {"daily": DAILY, "weekly": WEEKLY, "monthly": MONTHLY, "monthly_by_weekday": MONTHLY}
_DAY_MS: Final = 86_400_000
_WEEKS_COUNTED: Final = 4
_LAST: Final = -1


class Time(NamedTuple):
    """One time a meeting takes place, on the organiser's clock (``LocalMinute``)."""

    start: str
    end: str


def zone_of(index: CompanyIndex, meeting: Meeting) -> Zone:
    """The clock a meeting goes by: that of its organiser's location, else the company's."""
    organiser = index.users.get(meeting.user_id)
    location = index.location_of(organiser) if organiser is not None else None
    return index.arrangements.times.zone(location.id if location is not None else None)


def nth_weekday(day: date) -> int:
    """Which of the month's Mondays (Tuesdays, …) it is: 1 to 4, or -1 for a fifth, which counts as the last."""
    nth = (day.day - 1) // 7 + 1
    return nth if nth <= _WEEKS_COUNTED else _LAST


def planned_times(meeting: Meeting) -> tuple[Time, ...]:
    """Every time of a meeting in order, cancelled ones too; at most one more than ``MOST_TIMES``. () for what is no
    time. Takes some ms for a long series."""
    row = meeting
    try:
        return _planned(row.start, row.end, row.repeats, row.every, row.weekdays, row.until)
    except (ValueError, OverflowError):
        return ()


def times(meeting: Meeting) -> tuple[Time, ...]:
    """Every time a meeting takes place."""
    if not meeting.cancelled:
        return planned_times(meeting)
    cancelled = frozenset(meeting.cancelled)
    return tuple(time for time in planned_times(meeting) if time.start not in cancelled)


@lru_cache(1024)
def _planned(start: str, end: str, repeats: str, every: int, weekdays: tuple[int, ...], until: str) -> tuple[Time, ...]:
    first = datetime.fromisoformat(start)
    length = datetime.fromisoformat(end) - first
    if repeats == "never":
        return (Time(start, end),)
    last = datetime.fromisoformat(f"{until or start[:10]}T23:59")
    by: dict[str, Any] = {}
    if repeats == "weekly" and weekdays:
        by["byweekday"] = weekdays
    elif repeats == "monthly":
        by["bymonthday"] = first.day
    elif repeats == "monthly_by_weekday":
        by["byweekday"] = weekday(first.weekday(), nth_weekday(first))
    found = rrule(_FREQUENCIES[repeats], dtstart=first, interval=every, until=last, **by)
    return tuple(
        Time(each.strftime(_MINUTE), (each + length).strftime(_MINUTE)) for each in islice(found, MOST_TIMES + 1)
    )


class Beginning(NamedTuple):
    """A time a meeting begins: ``at_ms`` since 1970."""

    start: str
    at_ms: int


def begins_after(index: CompanyIndex, meeting: Meeting, after_ms: int) -> Iterator[Beginning]:
    """When it begins, in order, from an instant on (which does not count)."""
    zone = zone_of(index, meeting)
    found = times(meeting)
    around = reading(zone, after_ms - _DAY_MS).strftime(_MINUTE)  # a clock that is changed moves less than a day
    for time in found[bisect_left(found, (around,)) :]:
        at_ms = instant_of(zone, time.start)
        if at_ms is not None and at_ms > after_ms:
            yield Beginning(time.start, at_ms)


def is_over(index: CompanyIndex, meeting: Meeting, now_ms: int, time: Time | None = None) -> bool:
    """Whether the last time of a meeting, or this one, has ended; what is no time is over."""
    found = times(meeting) if time is None else (time,)
    ends_ms = instant_of(zone_of(index, meeting), found[-1].end) if found else None
    return ends_ms is None or ends_ms < now_ms

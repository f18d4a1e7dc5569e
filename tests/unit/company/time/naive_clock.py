"""What the tables mean, minute by minute, knowing nothing but ``datetime`` and ``zoneinfo``; and hard cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from kiestoon.company.model import HolidayDay, TimeRoute, WeekBlock

MINUTE_MS = 60_000
DAY_MS = 1440 * MINUTE_MS

ZONES = (
    "Europe/Amsterdam",
    "America/St_Johns",  # half an hour off
    "Australia/Lord_Howe",  # its summer time is half an hour
    "Pacific/Apia",  # left out 30 December 2011
    "Africa/Casablanca",  # summer time is the rule, Ramadan the exception
    "Africa/Cairo",  # puts its clock forward at midnight
    "America/New_York",
    "Asia/Kolkata",
    "UTC",
)


def ms(text: str, zone: str = "UTC", fold: int = 0) -> int:
    """An instant from a local time as written."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()) * 1000


def local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(zone))


@cache
def clock_changes(zone: str) -> tuple[int, ...]:
    """The hours in which the clocks are changed, 2011 and 2024-2025."""
    found = []
    for year in (2011, 2024, 2025):
        begin = ms(f"{year}-01-01T00:00")
        offsets = [local(begin + hour * 3_600_000, zone).utcoffset() for hour in range(366 * 24)]
        found += [begin + hour * 3_600_000 for hour in range(1, 366 * 24) if offsets[hour] != offsets[hour - 1]]
    return tuple(found)


@st.composite
def instants(draw: st.DrawFn, zone: str) -> int:
    """Instants, many of them around changes of the clock, leap days and the turn of the year."""
    specials = (*clock_changes(zone), ms("2024-02-29T12:00"), ms("2024-12-31T23:00"), ms("2023-02-28T23:00"))
    if draw(st.booleans()):
        return draw(st.sampled_from(specials)) + draw(st.integers(-36 * 60, 36 * 60)) * MINUTE_MS
    return draw(st.integers(ms("2000-01-01T00:00"), ms("2037-01-01T00:00")))


blocks = st.lists(
    st.builds(
        lambda day, start, length: WeekBlock(day, start, start + length),
        st.integers(0, 6),
        st.integers(0, 1439),
        st.one_of(st.integers(1, 300), st.integers(1, 10_080)),
    ),
    max_size=5,
).map(tuple)


def block_minutes(week: Iterable[WeekBlock]) -> set[tuple[int, int]]:
    """(weekday, minute of the day) of every minute in a block."""
    return {
        ((block.day + minute // 1440) % 7, minute % 1440) for block in week for minute in range(block.start, block.end)
    }


def in_blocks(minutes: set[tuple[int, int]], at_ms: int, zone: str) -> bool:
    now = local(at_ms, zone)
    return (now.weekday(), now.hour * 60 + now.minute) in minutes


def fits_route(route: TimeRoute, at_ms: int, zone: str) -> bool:
    now = local(at_ms, zone)
    days = [route.start_day]
    while days[-1] != route.end_day:
        days.append((days[-1] + 1) % 7)
    end = route.end if route.end > route.start else route.end + 1440
    for days_ago in range(3):
        minute = days_ago * 1440 + now.hour * 60 + now.minute
        if (now.weekday() - days_ago) % 7 in days and route.start <= minute < end:
            return True
    return False


def is_holiday(entry: HolidayDay, day: date) -> bool:
    """Fixed and recurring entries with valid dates."""
    first, last = date.fromisoformat(entry.first), date.fromisoformat(entry.last)
    if not entry.recurs:
        return first <= day <= last
    return any(
        (year, first.month, first.day) <= (day.year, day.month, day.day) <= (year + years, last.month, last.day)
        for years in [last.year - first.year]
        for year in range(first.year, min(entry.until_year or day.year, day.year) + 1)
    )


def scan(value: Callable[[int], object], at_ms: int, days: int) -> int | None:
    """The first whole minute after an instant at which a function of it has another value."""
    before = value(at_ms)
    start = at_ms // MINUTE_MS * MINUTE_MS
    for minutes in range(1, days * 1440 + 1):
        if value(start + minutes * MINUTE_MS) != before:
            return start + minutes * MINUTE_MS
    return None


def agrees(found: int | None, scanned: int | None, at_ms: int, days: int) -> bool:
    """Whether a computed change is the scanned one; what lies beyond the scan cannot be contradicted."""
    if scanned is None:
        return found is None or found > at_ms // MINUTE_MS * MINUTE_MS + days * DAY_MS
    return found == scanned


def as_utc(at_ms: int | None) -> str | None:
    """For reading in assertions."""
    if at_ms is None:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).isoformat(timespec="minutes")[:16]

"""Lists of holidays (V 6.5, V 29.2.2): whole days, fixed, recurring, or wherever a public holiday falls (RTE-6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from kiestoon.company.model import HolidayDay
from kiestoon.company.time.changes import HORIZON_YEARS
from kiestoon.company.time.public import public_holidays
from kiestoon.company.time.steps import Steps
from kiestoon.company.time.zones import DAY_S

ALL_LEGAL = "*"
_EPOCH = date(1970, 1, 1).toordinal()
_LAST_DAY = date(9999, 12, 31).toordinal() - _EPOCH
_MAX_YEARS = 64  # a list remembers so many; more are asked for by nobody honest


class DayOff(msgspec.Struct, frozen=True, gc=False):
    """Why a day is a holiday: the ``name`` its entry has in the list, and the English name of the public holiday."""

    name: str
    public: str = ""


class HolidayTable:
    """Which local days are holidays: a ``changes.Timeline`` of ``DayOff`` or None. Years are worked out when met.

    ``country`` and ``region`` say whose public holidays are meant (see ``public_holidays``). The first entry that fits
    a day names it.
    """

    __slots__ = ("_country", "_days", "_region", "_year", "_years")

    def __init__(self, days: Iterable[HolidayDay], country: str = "", region: str = "") -> None:
        self._days = tuple(days)
        self._country = country
        self._region = region
        self._years: dict[int, tuple[int, int, Steps[DayOff | None]]] = {}
        self._year: tuple[int, int, Steps[DayOff | None]] = (0, 0, Steps((), None, 0, 1))

    @property
    def has_public(self) -> bool:
        """Whether public holidays are among its days."""
        return any(day.public for day in self._days)

    def at(self, local_s: int) -> DayOff | None:
        """The holiday on which a local reading falls."""
        day = local_s // DAY_S
        first, end, steps = self._year
        if not first <= day < end:
            _, _, steps = self._year = self._around(day)  # one assignment: threads may share a table
        return steps.at(day)

    def after(self, local_s: int) -> int | None:
        """The next local midnight at which the value changes; None: not within ``HORIZON_YEARS``."""
        day = local_s // DAY_S
        value = self.at(local_s)
        first, end, steps = self._around(day)
        for _ in range(HORIZON_YEARS + 1):
            if first > day and steps.at(first) != value:
                return first * DAY_S
            if (change := steps.after(max(day, first))) is not None:
                return change * DAY_S
            if end > _LAST_DAY:
                return None
            first, end, steps = self._around(end)
        return None

    def _around(self, day: int) -> tuple[int, int, Steps[DayOff | None]]:
        """(first day, day after the last, holidays) of the year around a day; days are counted since 1970."""
        year = date.fromordinal(min(max(day + _EPOCH, 1), _LAST_DAY + _EPOCH)).year
        known = self._years.get(year)
        if known is None:
            if len(self._years) >= _MAX_YEARS:
                self._years.clear()
            first, last = (date(year, *each).toordinal() - _EPOCH for each in ((1, 1), (12, 31)))
            spans = (
                (start, end, DayOff(entry.name, public))
                for entry in self._days
                for start, end, public in _spans(entry, year, self._country, self._region)
            )
            known = self._years[year] = (first, last + 1, Steps(spans, None, first, last + 1))
        return known


def _spans(entry: HolidayDay, year: int, country: str, region: str) -> Iterator[tuple[int, int, str]]:
    """(first day, day after the last, English name) of an entry's days in a year; they may reach beyond the year."""
    if entry.public:
        if entry.until_year and year > entry.until_year:
            return
        for holiday in public_holidays(country, region, year):
            if entry.public in (holiday.name, holiday.key) or (entry.public == ALL_LEGAL and holiday.legal):
                day = holiday.date.toordinal() - _EPOCH
                yield day, day + 1, holiday.key
        return
    first, last = _date(entry.first), _date(entry.last or entry.first)
    if first is None or last is None or last < first:
        return
    if not entry.recurs:
        yield first.toordinal() - _EPOCH, last.toordinal() - _EPOCH + 1, ""
        return
    for begun in _years_begun(entry, first, last, year):
        start, end = _on(first, begun, late=True), _on(last, begun + last.year - first.year, late=False)
        yield start.toordinal() - _EPOCH, end.toordinal() - _EPOCH + 1, ""


def _years_begun(entry: HolidayDay, first: date, last: date, year: int) -> Iterable[int]:
    """The years in which a recurrence begins that reaches into ``year``: not before the first, none after the last."""
    newest = min(year, entry.until_year or year, date.max.year - (last.year - first.year))
    oldest = max(first.year, year - (last.year - first.year))
    return (begun for begun in {newest, newest - 1, oldest} if oldest <= begun <= newest)  # these cover all between


def _on(day: date, year: int, *, late: bool) -> date:
    """The same date in another year. 29 February is left out of common years: a beginning is late, an end is early."""
    if day.month == 2 and day.day == 29 and not _is_leap(year):
        return date(year, 3, 1) if late else date(year, 2, 28)
    return day.replace(year=year)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _date(text: str) -> date | None:
    """None for what is no date: such an entry has no days."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

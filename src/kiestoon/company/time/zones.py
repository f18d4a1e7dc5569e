"""What a clock on the wall shows: an instant in a time zone, fast.

An instant is whole seconds since 1970 in UTC (``at_s``). A local reading is the same count for the clock on the wall:
its date and time as if they were UTC (``local_s``), so that days and minutes are a division away.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_S = 86_400
_PROBE_S = 2 * DAY_S  # since 1970 no zone has changed its offset twice within six days
_LAST_S = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
_FOREVER_S = 1 << 62


class Zone:
    """A time zone. Between two changes of its offset ("segment") reading the clock is one addition."""

    __slots__ = ("_info", "_segment", "_years", "name")

    def __init__(self, info: ZoneInfo) -> None:
        self.name = info.key
        self._info = info
        self._segment = (0, 0, 0)
        self._years: dict[int, tuple[tuple[int, int, int], ...]] = {}

    def local_s(self, at_s: int) -> int:
        """The reading at an instant."""
        start, end, offset = self._segment
        if start <= at_s < end:
            return at_s + offset
        return at_s + self.segment(at_s)[2]

    def segment(self, at_s: int) -> tuple[int, int, int]:
        """(start, end, offset in s) around an instant: a stretch of one offset, at most a UTC year long."""
        start, end, _ = self._segment
        if not start <= at_s < end:
            self._segment = self._find(at_s)  # one assignment: threads may share a zone
            return self._segment
        return self._segment

    def _find(self, at_s: int) -> tuple[int, int, int]:
        if at_s < 0:
            return -_FOREVER_S, 0, self._offset(0)
        if at_s >= _LAST_S:
            return _LAST_S, _FOREVER_S, self._offset(_LAST_S)
        year = datetime.fromtimestamp(at_s, UTC).year
        segments = self._years.get(year)
        if segments is None:
            segments = self._years[year] = self._of_year(year)
        return next(segment for segment in segments if at_s < segment[1])

    def _of_year(self, year: int) -> tuple[tuple[int, int, int], ...]:
        start, stop = (int(datetime(each, 1, 1, tzinfo=UTC).timestamp()) for each in (year, year + 1))
        segments = []
        probe, offset = start, self._offset(start)
        while probe < stop:
            after = min(probe + _PROBE_S, stop)
            if self._offset(after) != offset:
                change = self._change(probe, after, offset)
                segments.append((start, change, offset))
                start, offset = change, self._offset(change)
            probe = after
        if start < stop:
            segments.append((start, stop, offset))
        return tuple(segments)

    def _change(self, low: int, high: int, offset: int) -> int:
        """The first instant after ``low``, at most ``high``, whose offset is another one."""
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(middle) == offset:
                low = middle
            else:
                high = middle
        return high

    def _offset(self, at_s: int) -> int:
        offset = datetime.fromtimestamp(at_s, self._info).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())


@lru_cache(maxsize=1024)
def zone(name: str) -> Zone | None:
    """The zone of that IANA name; None when this machine does not know it."""
    try:
        return Zone(ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # not found; not a name ("../x"); a folder
        return None


def first_zone(*names: str) -> Zone:
    """The first of these zones that is known here, else UTC: a name that has gone must not end all telephony."""
    for name in names:
        if name and (found := zone(name)) is not None:
            return found
    return _UTC


_UTC = Zone(ZoneInfo("UTC"))

"""When what a clock on the wall decides will change, counted in real time.

The rule for both changes of the clock: **what the clock reads counts**. A local time that is skipped has passed; an
hour that is repeated counts twice. So a table is a function of the local reading, and a change of it comes either when
the clock reaches a boundary or when the clock itself is put forward or back.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from kiestoon.company.time.zones import DAY_S, Zone

HORIZON_YEARS = 12
"""How far ahead changes are looked for: 29 February can be eight years off."""
_HORIZON_S = HORIZON_YEARS * 366 * DAY_S
_LARGEST_JUMP_S = 2 * DAY_S  # the largest so far was a whole day (Apia, 2011)

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


class Timeline(Protocol[V_co]):
    """A function of the local reading (s, see ``zones``) that changes at known readings only."""

    def at(self, local_s: int) -> V_co:
        """Its value."""

    def after(self, local_s: int) -> int | None:
        """The first later reading at which the value may change; None: it stays for ``HORIZON_YEARS`` at least."""


class Timed(Generic[V]):
    """A timeline on the clock of a zone. Times are ms since 1970 in UTC."""

    __slots__ = ("_timeline", "_zone")

    def __init__(self, zone: Zone, timeline: Timeline[V]) -> None:
        self._zone = zone
        self._timeline = timeline

    def at(self, at_ms: int) -> V:
        """The value at an instant."""
        return self._timeline.at(self._zone.local_s(at_ms // 1000))

    def next_change(self, at_ms: int) -> int | None:
        """The first later instant with another value (ms); None when there is none within ``HORIZON_YEARS``."""
        change_s = next_change(self._zone, self._timeline, at_ms // 1000)
        return None if change_s is None else change_s * 1000


def next_change(zone: Zone, timeline: Timeline[V], at_s: int) -> int | None:
    """The first instant after ``at_s`` at which the timeline has another value than at ``at_s``, None as above."""
    value = timeline.at(zone.local_s(at_s))
    limit = at_s + _HORIZON_S
    here = at_s
    while here < limit:
        _, end, offset = zone.segment(here)
        boundary = timeline.after(here + offset)
        if boundary is None and end - here > _LARGEST_JUMP_S:
            return None  # a clock put back cannot get behind where we are now
        here = end if boundary is None else min(boundary - offset, end)
        if timeline.at(zone.local_s(here)) != value:
            return here
    return None

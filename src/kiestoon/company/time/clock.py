"""The clock on the wall of a place, read forwards."""

from __future__ import annotations

from datetime import UTC, datetime

from kiestoon.company.time.zones import DAY_S, Zone


def reading(zone: Zone, at_ms: int) -> datetime:
    """What the clock shows at an instant (ms since 1970), with its date; told as if it were UTC."""
    return datetime.fromtimestamp(zone.local_s(at_ms // 1000), UTC)


def next_time(zone: Zone, minute_of_day: int, at_ms: int) -> int:
    """The first instant after ``at_ms`` at which the clock shows this minute (ms).

    A minute that the clock skips counts when it is put forward, one that it repeats at its first time.
    """
    at_s = at_ms // 1000
    local_s = zone.local_s(at_s)
    wanted = local_s - local_s % DAY_S + minute_of_day * 60
    if wanted <= local_s:
        wanted += DAY_S
    here = at_s
    while True:
        _, end, offset = zone.segment(here)
        found = max(wanted - offset, at_s + 1)
        if found < end:
            return found * 1000
        here = end
        if zone.local_s(end) >= wanted:
            return end * 1000


def instant_of(zone: Zone, minute: str) -> int | None:
    """When the clock of a place shows a ``LocalMinute`` (ms since 1970); None for what is no time.

    A minute that the clock skips counts as long after midnight as it would have been, one it repeats at its first time.
    """
    try:
        local_s = int(datetime.fromisoformat(minute).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
    candidates = [local_s - zone.segment(local_s + shift)[2] for shift in (-DAY_S, DAY_S)]
    fitting = [at_s for at_s in candidates if zone.local_s(at_s) == local_s]
    return min(fitting or candidates[:1]) * 1000

"""What is played when to somebody who waits in a queue (E 7.3, E 7.5.8, E 7.5.16, V 23.2.10). Times are wall clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from kiestoon.calls.service_data import Queued
from kiestoon.company.model import Queue

What: TypeAlias = Literal["look", "announcement", "comfort", "infotainment"]
INFOTAINMENT_MS: Final = 60_000
AGAIN_MS: Final = 30_000
"""A destination where nobody could be reached is tried again after this."""
_LOOK_MS: Final = 5_000
"""Settings may change, and the last agent may log out, while somebody waits."""


class Due(NamedTuple):
    """What is to be heard next, in so many seconds. "look": nothing, the caller's circumstances are looked at.

    ``path``, ``number``: which message of the infotainment, counted from 1.
    """

    what: What
    in_s: float
    path: str = ""
    number: int = 0


class Program:
    """For one caller. ``not_before_ms``: he is not sent on before."""

    def __init__(self, data: Queued) -> None:
        self._since_ms = data.since_ms
        self._began_ms = data.ready_ms
        self._announced = self._comforted = 0
        self._told = data.told
        self.not_before_ms = 0

    def next(self, row: Queue, infotainment: Sequence[str], now_ms: int) -> Due:
        """The earliest. What has been missed, because something else was heard, follows at once, and once."""
        look_ms, until_ms = _LOOK_MS, self.sent_on_ms(row)
        if until_ms > now_ms:
            look_ms = min(look_ms, until_ms - now_ms)
        found = [Due("look", look_ms / 1000)]
        if row.announce_position or row.announce_wait:
            found.append(Due("announcement", self._in_s(self._announced, row.announce_s, now_ms)))
        if row.comfort_s:
            found.append(Due("comfort", self._in_s(self._comforted, row.comfort_s, now_ms)))
        if self._told < len(infotainment):
            at_ms = self._began_ms + (self._told + 1) * INFOTAINMENT_MS
            path = infotainment[self._told]
            found.append(Due("infotainment", max(0.0, (at_ms - now_ms) / 1000), path, self._told + 1))
        return min(found, key=lambda due: due.in_s)

    def sent_on_ms(self, row: Queue) -> int:
        """When he has waited too long (E 7.5.20); 0 = never."""
        if not row.forward_after_s or not row.forward_to:
            return 0
        return max(self._since_ms + row.forward_after_s * 1000, self.not_before_ms)

    def done(self, due: Due, now_ms: int) -> None:
        """It is being heard now."""
        if due.what == "announcement":
            self._announced = now_ms
        elif due.what == "comfort":
            self._comforted = now_ms
        elif due.what == "infotainment":
            self._told = due.number

    def _in_s(self, last_ms: int, every_s: int, now_ms: int) -> float:
        at_ms = max(last_ms, self._began_ms) + every_s * 1000
        return max(0.0, (at_ms - now_ms) / 1000)

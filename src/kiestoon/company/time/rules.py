"""The time part of a rule on a service (RTE-7, V 6.5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kiestoon.company.time.changes import HORIZON_YEARS, Timed

_HORIZON_MS = HORIZON_YEARS * 366 * 86_400_000


class RuleTime:
    """When a rule applies: while everything it names is active; always, when it names nothing. Times are UTC ms."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Iterable[Timed[Any]] = ()) -> None:
        """``parts``: schedules and holidays, each on its own zone's clock; a value is true while it is active."""
        self._parts = tuple(parts)

    def fits(self, at_ms: int) -> bool:
        """Whether the rule's time has come."""
        return all(part.at(at_ms) for part in self._parts)

    def next_change(self, at_ms: int) -> int | None:
        """The next instant at which ``fits`` gives another answer; None: not within ``HORIZON_YEARS``."""
        here, fitted = at_ms, self.fits(at_ms)
        while here - at_ms < _HORIZON_MS:
            change = self._next_try(here)
            if change is None or self.fits(change) != fitted:
                return change
            here = change
        return None

    def _next_try(self, at_ms: int) -> int | None:
        """Before this nothing can change: the first end if all are active, else when the last idle one begins."""
        idle = [part for part in self._parts if not part.at(at_ms)]
        changes = [part.next_change(at_ms) for part in idle or self._parts]
        known = [change for change in changes if change is not None]
        if not idle:
            return min(known, default=None)
        return max(known) if len(known) == len(changes) else None

"""How long callers will have to wait, judged by those of the last half hour (E 7.5.9)."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW_MS: Final = 30 * 60_000
FEWEST: Final = 3
"""Calls it takes to tell anything."""
_MOST: Final = 500


class Waits:
    """Kept for each queue: when a call was answered, and how long each place in the queue has taken, in seconds."""

    def __init__(self) -> None:
        self._taken: dict[int, deque[tuple[int, float]]] = {}

    def note(self, queue_id: int, now_ms: int, waited_s: float, place: int) -> None:
        """A caller who came as number ``place`` was answered after ``waited_s``."""
        taken = self._taken.setdefault(queue_id, deque(maxlen=_MOST))
        taken.append((now_ms, waited_s / max(1, place)))

    def expected_s(self, queue_id: int, now_ms: int, place: int) -> float | None:
        """How long a caller at ``place`` will still wait; None: too few calls of late to tell."""
        taken = self._taken.get(queue_id)
        while taken and taken[0][0] < now_ms - WINDOW_MS:
            taken.popleft()
        if not taken or len(taken) < FEWEST:
            return None
        return place * sum(seconds for _, seconds in taken) / len(taken)

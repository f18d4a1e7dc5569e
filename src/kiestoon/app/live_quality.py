"""Asking the media processes how the calls of this moment sound."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import islice

from kiestoon.media.client import MediaLink
from kiestoon.media.protocol import Measure, Quality, QualityMeasured

WAIT_S = 0.2
"""At most; whoever asked does without the figures that are not in by then."""
AT_ONCE = 100
"""Terminations asked for in one go: computing as many figures keeps a media process from its packets for a millisecond
or so. The next are asked for when these have answered."""


class LiveQuality:
    """``measured`` is to be called with what the media processes answer."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._rounds: list[_Round] = []

    async def measure(self, wanted: Mapping[int, MediaLink]) -> dict[int, Quality]:
        """The figures so far of terminations, each with the process it lives in."""
        found: dict[int, Quality] = {}
        rest = iter(wanted.items())
        try:
            async with asyncio.timeout(self._wait_s):
                while some := dict(islice(rest, AT_ONCE)):
                    await self._ask(some, found)
        except TimeoutError:
            pass  # what we have is shown
        return found

    async def _ask(self, some: dict[int, MediaLink], found: dict[int, Quality]) -> None:
        round_ = _Round({number for number, link in some.items() if link.connected}, found)
        self._rounds.append(round_)
        try:
            for number in tuple(round_.missing):
                some[number].send(Measure(number))
            if round_.missing:
                await round_.complete.wait()
        finally:
            self._rounds.remove(round_)

    def measured(self, event: QualityMeasured) -> None:
        """An answer has come."""
        for round_ in self._rounds:
            round_.take(event)


class _Round:
    """One go: what is asked for and not answered yet."""

    def __init__(self, missing: set[int], found: dict[int, Quality]) -> None:
        self.missing = missing
        self.complete = asyncio.Event()
        self._found = found

    def take(self, event: QualityMeasured) -> None:
        if event.termination in self.missing:
            self.missing.discard(event.termination)
            self._found[event.termination] = event.quality
            if not self.missing:
                self.complete.set()

"""Those of a context who all hear each other: one mix for everybody, made once per sample rate.

Plain G.711 members sit in ``lanes``. Others (wide-band, other packet times, listened to for keys or silence) are
decoded and encoded one by one as ever, and only meet in the sums: all voices of the lanes reach those at 16 kHz through
one converter, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kiestoon.media.audio.g711 import RATE
from kiestoon.media.audio.mixer import Rows, Sum, add, saturated
from kiestoon.media.audio.pcm import Pcm, silence
from kiestoon.media.audio.resample import Resampler
from kiestoon.media.intake import TICKS_PER_S
from kiestoon.media.lanes import Lanes
from kiestoon.media.shared import Shared

if TYPE_CHECKING:
    from kiestoon.media.termination import Termination


class Conference:
    """``seat`` says who takes part. Each tick: ``take_in``, then the others' intakes, ``mix``, ``send``, and then the
    others' outlets with what ``heard_by`` says."""

    __slots__ = (
        "_alone", "_down", "_everything", "_heard", "_lanes", "_places", "_shared", "_talkers", "_total", "_up",
        "meets",
    )  # fmt: skip

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._lanes: Lanes | None = None
        self._talkers: Sequence[Termination] = ()
        """Those who speak and sit in no lane."""
        self._up: Resampler | None = None
        self._down: Resampler | None = None
        self._total: Sum | None = None
        self._places: dict[int, int] = {}
        """The rows, by number, of those who spoke."""
        self._heard: Rows | None = None
        self._everything: Pcm | None = None
        self._alone = False
        self.meets = False
        """Somebody takes part."""

    def seat(self, lanes: Sequence[Termination], talkers: Sequence[Termination], rate: int) -> None:
        """Who takes part from now on: in lanes, and others who speak. ``rate`` is that of the others' sound."""
        self._lanes = Lanes(lanes, self._shared) if lanes else None
        self._talkers = talkers
        self.meets = bool(lanes or talkers)
        if not lanes or rate == RATE:
            self._up = self._down = None
        elif self._up is None or self._up.to_hz != rate:
            self._up, self._down = Resampler(RATE, rate), Resampler(rate, RATE)

    def take_in(self, now: float) -> Iterator[None]:
        """Take the packets of those in lanes."""
        return self._lanes.take_in(now) if self._lanes is not None else iter(())

    def send(self, now: float) -> Iterator[None]:
        """Send to those in lanes."""
        return self._lanes.send(now) if self._lanes is not None else iter(())

    def mix(self) -> None:
        """Add up what everybody said."""
        talking = {
            talker.number: talker.intake.frame
            for talker in self._talkers
            if talker.intake is not None and talker.intake.frame is not None
        }
        rows = np.stack(list(talking.values())) if talking else None
        said = add(rows) if rows is not None else None
        lanes = self._lanes
        spoken = lanes.decode() if lanes is not None else None
        if lanes is not None:
            lanes.prepare(_plus(spoken, _converted(said, self._down)))
        self._total = total = _plus(said, _converted(spoken, self._up))
        self._places = {number: place for place, number in enumerate(talking)}
        self._heard = saturated(total - rows) if total is not None and rows is not None else None
        self._everything = None
        self._alone = len(talking) + (lanes.talking if lanes is not None else 0) == 1

    def heard_by(self, member: Termination) -> Pcm | None:
        """What somebody without a lane hears: everybody but himself; None when nobody else spoke."""
        place = self._places.get(member.number)
        if place is not None and self._heard is not None:
            return None if self._alone else self._heard[place]
        if self._everything is None and self._total is not None:
            self._everything = saturated(self._total)
        return self._everything


def _plus(one: Sum | None, other: Sum | None) -> Sum | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _converted(total: Sum | None, resampler: Resampler | None) -> Sum | None:
    """The same at the other rate. A converter has a memory, so silence goes through it too."""
    if resampler is None:
        return total
    made = resampler.process(saturated(total) if total is not None else silence(resampler.from_hz // TICKS_PER_S))
    return made.astype(np.int32) if total is not None else None

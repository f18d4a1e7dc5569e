"""Mixing for the members of a context: everybody hears the sum of those he is joined to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio import mixer
from kiestoon.media.audio.pcm import Pcm

if TYPE_CHECKING:
    from kiestoon.media.outlet import Outlet
    from kiestoon.media.termination import Termination

Hearing = tuple["Termination", "Outlet", tuple["Termination", ...]]


class Mixer:
    """One tick's mixes. In a full conference the sum is made once, and each member's own voice taken out of it."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[frozenset[int], NDArray[np.int32] | None] = {}

    def begin(self) -> None:
        """A new tick."""
        self._sums.clear()

    def mix(self, listener: Termination, talkers: tuple[Termination, ...]) -> Pcm | None:
        """What the listener hears of these talkers; None when none of them is heard."""
        if len(talkers) == 1:
            intake = talkers[0].intake
            return None if intake is None else intake.frame
        frames = [each.intake.frame for each in talkers if each.intake is not None and each.intake.frame is not None]
        if len(frames) < 2:
            return frames[0] if frames else None
        if len(frames) == 2:
            return mixer.mix(frames)
        return self._minus(listener, talkers)

    def _minus(self, listener: Termination, talkers: tuple[Termination, ...]) -> Pcm | None:
        everybody = frozenset([listener.number, *(talker.number for talker in talkers)])
        total = self._sums.get(everybody)
        own = listener.intake.frame if listener.intake is not None else None
        if total is None:
            frames = [each.intake.frame for each in talkers if each.intake and each.intake.frame is not None]
            if own is not None:
                frames.append(own)
            total = np.add.reduce(np.stack(frames), axis=0, dtype=np.int32)
            self._sums[everybody] = total
        others = total if own is None else total - own
        return np.clip(others, -32768, 32767).astype(np.int16)


BULK_BYTES = 160
"""20 ms of G.711."""


def mix_in_bulk(outlets: list[Hearing], now: float) -> bool:
    """One tick of a plain G.711 conference, decoded, summed and encoded for all members at once.

    False when somebody sends packets of another length, so that the conference has to be mixed frame by frame.
    """
    payloads = []
    for member, _, _ in outlets:
        intake = member.intake
        payloads.append(intake.take_payload(now) if intake is not None else None)
    if any(payload is not None and len(payload) != BULK_BYTES for payload in payloads):
        return False
    laws = [outlet.law for _, outlet, _ in outlets]
    same = laws.count(laws[0]) == len(laws)
    heard = mixer.tick_g711(payloads, laws[0] if same else laws)
    for (_, outlet, _), payload in zip(outlets, heard, strict=True):
        if payload:
            outlet.send(payload, now)
        else:
            outlet.pause()
    return True

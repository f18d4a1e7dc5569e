"""Mixing: everybody hears the sum of the others (mix-minus), saturated.

Sums are 32 bits wide until somebody hears them: a hundred voices of 16 bits fit in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio import g711
from kiestoon.media.audio.pcm import Pcm

Rows: TypeAlias = NDArray[np.int16]
"""Equally long frames, one below the other."""
Sum: TypeAlias = NDArray[np.int32]

# A-law has no zero: silence is sent as ±8, which a hundred silent members would add up to a large offset.
_DECODE = {law: np.where(np.abs(table) <= 8, 0, table).astype(np.int16) for law, table in g711.DECODE.items()}
_BOTH_DECODE = np.concatenate([_DECODE[law] for law in g711.LAWS])
_BOTH_ENCODE = np.concatenate([g711.ENCODE[law] for law in g711.LAWS])


def mix(frames: Sequence[Pcm]) -> Pcm:
    """The saturated sum of equally long frames (at least one)."""
    if len(frames) == 1:
        return frames[0]
    return saturated(add(np.stack(frames)))


def add(rows: Rows) -> Sum:
    """The sum of all rows."""
    total: Sum = np.add.reduce(rows, axis=0, dtype=np.int32)
    return total


def saturated(total: Sum) -> NDArray[np.int16]:
    """What is heard of a sum, or of many."""
    return np.clip(total, -32768, 32767).astype(np.int16)


class G711Rows:
    """The 20 ms of many G.711 parties decoded and encoded at once, each in his own law."""

    def __init__(self, laws: Sequence[str], samples: int) -> None:
        """``laws`` are those of the rows, in their order ("PCMA", "PCMU"); every row has so many ``samples``."""
        self._shape = (len(laws), samples)
        self._silence = [bytes([g711.SILENCE[law]]) * samples for law in laws]
        only = next(iter(set(laws))) if len(set(laws)) == 1 else ""
        self._decode = _DECODE[only] if only else _BOTH_DECODE
        self._encode = g711.ENCODE[only] if only else _BOTH_ENCODE
        self._places: NDArray[np.int32] | None = None
        """Where each row's law begins in the tables, in laws."""
        if not only:
            self._places = np.array([[g711.LAWS.index(law)] for law in laws], np.int32)

    def decode(self, payloads: Sequence[bytes | None]) -> Rows:
        """One payload for each row; None is silence."""
        spoken = [payload or quiet for payload, quiet in zip(payloads, self._silence, strict=True)]
        codes = np.frombuffer(b"".join(spoken), np.uint8).reshape(self._shape)
        return self._decode.take(codes if self._places is None else codes + 256 * self._places)

    def encode(self, rows: Rows) -> NDArray[np.uint8]:
        """The payloads, as rows."""
        codes = rows.view(np.uint16)
        return self._encode.take(codes if self._places is None else codes + 65536 * self._places)

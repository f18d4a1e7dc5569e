"""The sample type shared by the audio modules."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pcm: TypeAlias = NDArray[np.int16]

#: Level of a full-scale sine in dBm0: the A-law overload point (G.711 Table 5; mu-law's is 3.17).
FULL_SCALE_DBM0 = 3.14

#: What a packet may hold at most; anything longer is cut (a peer sends 10-60 ms, RFC 3551 §4.2 asks to accept 200).
MAX_PACKET_MS = 200

#: What a packet is taken to hold until one has been seen.
DEFAULT_PTIME_MS = 20


def silence(samples: int) -> Pcm:
    """That many zero samples (none for a negative number)."""
    return np.zeros(max(0, samples), np.int16)


def to_int16(signal: NDArray[np.floating] | NDArray[np.integer]) -> Pcm:
    """Round and saturate a signal already on the int16 scale."""
    rounded = signal if np.issubdtype(signal.dtype, np.integer) else np.rint(signal)
    saturated: Pcm = np.minimum(np.maximum(rounded, -32768), 32767).astype(np.int16)
    return saturated


def amplitude(level_dbm0: float) -> float:
    """Peak value on the int16 scale of a sine of that level."""
    return float(32767.0 * 10.0 ** ((level_dbm0 - FULL_SCALE_DBM0) / 20.0))

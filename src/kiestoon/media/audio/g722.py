"""G.722 at 64 kbit/s through the ``G722`` package: 16 kHz sampling, half a byte per sample.

An ADPCM codec remembers: one object per direction and stream, never shared, and concealed frames don't pass through it
(the decoder's state simply stands still over a hole, which RFC-less but common practice finds harmless).
"""

from __future__ import annotations

import numpy as np
from G722 import G722

from kiestoon.media.audio.pcm import DEFAULT_PTIME_MS, MAX_PACKET_MS, Pcm
from kiestoon.media.audio.plc import WaveformConcealer

RATE = 16000
_BIT_RATE = 64000


class Encoder:
    """Two samples make one byte; an odd sample out is dropped."""

    sample_rate = RATE

    def __init__(self) -> None:
        self._codec = G722(RATE, _BIT_RATE)

    def encode(self, pcm: Pcm) -> bytes:
        """Compress; never fails."""
        encoded: bytes = self._codec.encode(np.ascontiguousarray(pcm[: len(pcm) & ~1]))
        return encoded


class Decoder:
    """G.722 for one direction of a call, with waveform-substitution concealment."""

    sample_rate = RATE

    def __init__(self) -> None:
        self._codec = G722(RATE, _BIT_RATE)
        self._concealer = WaveformConcealer(RATE)
        self._last_samples = RATE * DEFAULT_PTIME_MS // 1000

    def decode(self, payload: bytes) -> Pcm:
        """Expand; an empty payload is concealed, one over 200 ms is cut."""
        if not payload:
            return self.conceal(self._last_samples)
        pcm = np.frombuffer(self._codec.decode(payload[: RATE // 2 * MAX_PACKET_MS // 1000]), np.int16)
        self._last_samples = len(pcm)
        return self._concealer.good(pcm)

    def conceal(self, samples: int, following: bytes | None = None) -> Pcm:
        """Fill a hole; ``following`` (the packet after the hole) is of no use to G.722."""
        return self._concealer.lost(samples)

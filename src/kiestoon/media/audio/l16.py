"""L16, big-endian linear PCM (RFC 3551 §4.5.11), mono; for tests and for peers on the same machine."""

from __future__ import annotations

import numpy as np

from kiestoon.media.audio.pcm import DEFAULT_PTIME_MS, MAX_PACKET_MS, Pcm
from kiestoon.media.audio.plc import WaveformConcealer


class Encoder:
    """Swaps bytes."""

    def __init__(self, rate: int) -> None:
        self.sample_rate = rate

    def encode(self, pcm: Pcm) -> bytes:
        """Pack; never fails."""
        return pcm.astype(">i2").tobytes()


class Decoder:
    """Swaps bytes, with waveform-substitution concealment."""

    def __init__(self, rate: int) -> None:
        self.sample_rate = rate
        self._concealer = WaveformConcealer(rate)
        self._last_samples = rate * DEFAULT_PTIME_MS // 1000

    def decode(self, payload: bytes) -> Pcm:
        """Unpack; an odd byte is dropped, nothing at all is concealed, more than 200 ms is cut."""
        length = min(len(payload) & ~1, self.sample_rate * 2 * MAX_PACKET_MS // 1000)
        if not length:
            return self.conceal(self._last_samples)
        pcm = np.frombuffer(payload[:length], ">i2").astype(np.int16)
        self._last_samples = len(pcm)
        return self._concealer.good(pcm)

    def conceal(self, samples: int, following: bytes | None = None) -> Pcm:
        """Fill a hole."""
        return self._concealer.lost(samples)

"""Telling silence from sound, and making the noise that silence should have (RFC 3389)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio.pcm import Pcm, amplitude, to_int16

_MAX_ORDER = 10
_LOOP_S = 1


class SilenceDetector:
    """How long a party has been silent.

    A frame is sound when its mean power is over ``threshold_dbm0`` (a quiet office is at -60, soft speech at -35);
    a single loud click of less than ``min_sound_ms`` does not end a silence.
    """

    def __init__(self, rate: int, threshold_dbm0: float = -45.0, min_sound_ms: int = 40) -> None:
        self._rate = rate
        self._limit = amplitude(threshold_dbm0) ** 2 / 2
        self._min_sound = rate * min_sound_ms // 1000
        self._silent = 0
        self._sound = 0

    @property
    def silent_ms(self) -> int:
        """Length of the silence so far; 0 while there is sound."""
        return self._silent * 1000 // self._rate

    def feed(self, pcm: Pcm) -> int:
        """Hear the next samples; returns ``silent_ms``."""
        if len(pcm):
            signal = pcm.astype(np.float32)
            self._hear(len(pcm), loud=float(signal @ signal) > self._limit * len(pcm))
        return self.silent_ms

    def feed_nothing(self, samples: int) -> int:
        """As many samples of which nothing came (DTX, loss): silence."""
        self._hear(max(0, samples), loud=False)
        return self.silent_ms

    def _hear(self, samples: int, *, loud: bool) -> None:
        if not loud:
            # Sound too short to count was part of the silence after all.
            self._silent += samples + (self._sound if self._sound < self._min_sound else 0)
            self._sound = 0
            return
        self._sound += samples
        if self._sound >= self._min_sound:
            self._silent = 0


class ComfortNoise:
    """Background noise as described by CN payloads (RFC 3389): a level, and reflection coefficients for its colour."""

    def __init__(self, rate: int, level_dbov: int = 70, seed: int = 0) -> None:
        self._rate = rate
        self._white = np.random.default_rng(seed).standard_normal(rate * _LOOP_S)
        self._described = b""
        self._loop = self._coloured(level_dbov, np.zeros(0))
        self._position = 0

    def describe(self, payload: bytes) -> None:
        """Take over a CN payload: noise level in -dBov, then one byte per coefficient. An empty one changes nothing."""
        payload = payload[: 1 + _MAX_ORDER]
        if not payload or payload == self._described:
            return
        self._described = payload
        quantised = np.frombuffer(payload, np.uint8)[1:].astype(np.float64)
        reflection = np.clip((quantised - 127.0) / 128.0, -0.98, 0.98)  # §3.2; within ±1 the filter is stable
        self._loop = self._coloured(payload[0] & 0x7F, reflection)

    def read(self, samples: int) -> Pcm:
        """The next samples; always as many as asked for."""
        index = np.arange(self._position, self._position + samples)
        self._position = (self._position + samples) % len(self._loop)
        return np.take(self._loop, index, mode="wrap")

    def _coloured(self, level_dbov: int, reflection: NDArray[np.float64]) -> Pcm:
        """A second of noise that repeats without an edge: shaped in the frequency domain, hence circular."""
        predictor = np.ones(1)
        for k in reflection:
            padded = np.append(predictor, 0.0)
            predictor = padded + k * padded[::-1]
        spectrum = np.fft.rfft(self._white) / np.fft.rfft(predictor, len(self._white))
        noise = np.fft.irfft(spectrum, len(self._white))
        # 0 dBov is the power of a full-scale square wave (RFC 3389 §3.1).
        noise *= 32767.0 * 10 ** (-level_dbov / 20) / max(1e-9, float(np.sqrt(np.mean(noise**2))))
        return to_int16(noise)


def encode_comfort_noise(pcm: Pcm) -> bytes:
    """A CN payload with the level of these samples and no colour."""
    power = float(np.mean(np.square(pcm, dtype=np.float64))) if len(pcm) else 0.0
    level = -10 * np.log10(max(power, 1e-6) / 32767.0**2)
    return bytes([int(min(127, max(0, round(level))))])

"""Measuring what arrived: used by the self-test and the tests to say "440 Hz is heard, without a gap"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio.pcm import FULL_SCALE_DBM0, Pcm

#: What ``loudness_db`` gives for digital silence.
SILENT_DB = -120.0
_FULL_SCALE_SINE = 32767.0**2 / 2
_GAP_WINDOW_MS = 5


def loudness_db(pcm: Pcm) -> float:
    """Mean power in dBm0 (a full-scale sine has 3.14)."""
    if len(pcm) == 0:
        return SILENT_DB
    power = float(np.mean(np.square(pcm, dtype=np.float64)))
    return _decibel(power)


def tone_level(pcm: Pcm, rate: int, hz: float) -> float:
    """Level in dBm0 of the part of the signal that is a sine of that frequency."""
    if len(pcm) == 0:
        return SILENT_DB
    turns = np.exp(-2j * np.pi * hz / rate * np.arange(len(pcm)))
    peak = 2 * abs(np.dot(turns, pcm.astype(np.float64))) / len(pcm)
    return _decibel(float(peak**2 / 2))


def dominant_frequency(pcm: Pcm, rate: int) -> float:
    """The strongest frequency in Hz, to a fraction of the spectrum's grid; 0 for silence."""
    if len(pcm) < 8 or not np.any(pcm):
        return 0.0
    size = 4 * len(pcm)
    spectrum = np.abs(np.fft.rfft(pcm.astype(np.float64) * np.hanning(len(pcm)), size))
    spectrum[: 4 * size // rate] = 0.0  # not an offset or hum below 4 Hz
    peak = int(np.argmax(spectrum))
    if not 0 < peak < len(spectrum) - 1:
        return peak * rate / size
    before, at, after = np.log(np.maximum(spectrum[peak - 1 : peak + 2], 1e-12))
    bend = before - 2 * at + after
    offset = 0.5 * (before - after) / bend if bend else 0.0
    return float((peak + offset) * rate / size)


def is_silence(pcm: Pcm, threshold_dbm0: float = -50.0) -> bool:
    """Nothing louder than line noise."""
    return loudness_db(pcm) < threshold_dbm0


def gap_ms(pcm: Pcm, rate: int, hz: float, drop_db: float = 12.0) -> float:
    """The longest stretch, in ms, in which the tone is weaker than its median level by ``drop_db`` or more.

    All of the signal when the tone isn't there at all. Resolution 5 ms.
    """
    window = rate * _GAP_WINDOW_MS // 1000
    count = len(pcm) // window
    if not count:
        return 0.0
    blocks = pcm[: count * window].reshape(count, window).astype(np.float64)
    turns = np.exp(-2j * np.pi * hz / rate * np.arange(window))
    levels: NDArray[np.float64] = np.abs(blocks @ turns)
    usual = float(np.median(levels))
    if usual < window / 2 * 10:  # under about -67 dBm0
        return count * float(_GAP_WINDOW_MS)
    longest = run = 0
    for weak in levels < usual * 10 ** (-drop_db / 20):
        run = run + 1 if weak else 0
        longest = max(longest, run)
    return longest * float(_GAP_WINDOW_MS)


def _decibel(power: float) -> float:
    if power <= 0:
        return SILENT_DB
    return max(SILENT_DB, 10 * float(np.log10(power / _FULL_SCALE_SINE)) + FULL_SCALE_DBM0)

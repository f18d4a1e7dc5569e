"""DTMF as sound (ITU-T Q.23, Q.24): generating it, and hearing it in decoded audio. Events as packets: see
``telephone_event``, whose names are here as well.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio.pcm import Pcm, amplitude, silence, to_int16
from kiestoon.media.audio.telephone_event import DIGITS, DigitPress, EventPacket, EventReceiver, EventSender

__all__ = [
    "DIGITS",
    "Detector",
    "DigitPress",
    "EventPacket",
    "EventReceiver",
    "EventSender",
    "generate",
    "generate_all",
]

ROWS_HZ = (697.0, 770.0, 852.0, 941.0)
COLUMNS_HZ = (1209.0, 1336.0, 1477.0, 1633.0)
_KEYS = ("123A", "456B", "789C", "*0#D")

#: Each of the two tones; the column a little louder, as lines lose more of it (Q.23 leaves levels to the network).
_ROW_DBM0, _COLUMN_DBM0 = -10.0, -8.0
_EDGE_MS = 3


def generate(digit: str, rate: int, ms: int = 100) -> Pcm:
    """One key press as sound. Raises ValueError for what is no digit."""
    for row, keys in zip(ROWS_HZ, _KEYS, strict=True):
        column = keys.find(digit.upper())
        if len(digit) == 1 and column >= 0:
            return _pair(row, COLUMNS_HZ[column], rate, ms)
    raise ValueError(f"no DTMF digit: {digit!r}")


def generate_all(digits: str, rate: int, ms: int = 100, gap_ms: int = 60) -> Pcm:
    """Several presses with pauses after each."""
    gap = silence(rate * gap_ms // 1000)
    pieces = [piece for digit in digits for piece in (generate(digit, rate, ms), gap)]
    return np.concatenate(pieces) if pieces else silence(0)


@lru_cache(maxsize=64)
def _pair(row: float, column: float, rate: int, ms: int) -> Pcm:
    time = np.arange(rate * ms // 1000) / rate
    signal = amplitude(_ROW_DBM0) * np.sin(2 * np.pi * row * time)
    signal += amplitude(_COLUMN_DBM0) * np.sin(2 * np.pi * column * time)
    edge = min(rate * _EDGE_MS // 1000, len(signal) // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / max(1, edge))
    signal[:edge] *= ramp
    signal[len(signal) - edge :] *= ramp[::-1]
    pcm = to_int16(signal)
    pcm.flags.writeable = False
    return pcm


# --- hearing ---------------------------------------------------------------------------------------------------------

_WINDOW_S = 102 / 8000  # wide enough for ±1.5 % (Q.24), narrow enough to tell 697 from 770 Hz
_RESOLUTION_HZ = 95.0  # what such a window tells apart
_MIN_DBM0 = -34.0  # per tone; Q.24 asks for -25 to -29 dBm0 in most networks
_NORMAL_TWIST_DB = 8.0  # column over row
_REVERSE_TWIST_DB = 6.0  # row over column
_DOMINANCE = 6.3  # 8 dB over the other tones of the group
_PURITY = 0.74  # share of the window's energy in the two tones: speech and music have more going on
_HARMONIC = 0.13  # second harmonics may have this much of their tone's power; a voice has more
_HITS = 5  # half-overlapping windows that agree: 38 ms of tone
_MISSES = 3  # windows without it that end a press: dropouts under 10 ms don't


class _Tables(msgspec.Struct):
    """What one rate needs: windows of ``size`` samples every ``hop``."""

    size: int
    hop: int
    turns: NDArray[np.float32]  # size by (16 cosines, 16 sines): 4 rows, 4 columns, and their second harmonics


@lru_cache(maxsize=8)
def _tables(rate: int) -> _Tables:
    hop = round(rate * _WINDOW_S / 2)
    size = 2 * hop
    tones = np.array(ROWS_HZ + COLUMNS_HZ)
    phase = 2 * np.pi / rate * np.outer(np.arange(size), np.concatenate([tones, 2 * tones]))
    return _Tables(size, hop, np.concatenate([np.cos(phase), np.sin(phase)], axis=1).astype(np.float32))


class Detector:
    """Hears key presses in a stream at ``rate`` Hz (8000 or more).

    Each press is reported once, when it is over. Pauses from 25 ms on separate equal digits; under 38 ms is no press.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._tables = _tables(rate)
        self._held = np.zeros(0, np.float32)
        self._candidate = ""
        self._hits = 0
        self._misses = 0
        self._digit = ""
        self._windows = 0

    @property
    def pressed(self) -> str:
        """The key held down just now, else empty."""
        return self._digit

    def feed(self, pcm: Pcm) -> list[DigitPress]:
        """Hear the next samples; the presses that ended in them."""
        signal = np.concatenate([self._held, pcm], dtype=np.float32, casting="unsafe")
        hop, size = self._tables.hop, self._tables.size
        count = (len(signal) - size) // hop + 1
        if count <= 0:
            self._held = signal
            return []
        windows = np.stack([signal[i * hop : i * hop + size] for i in range(count)])
        self._held = signal[count * hop :]
        energy = np.einsum("ij,ij->i", windows, windows)
        limit = amplitude(_MIN_DBM0) ** 2 / 2 * size
        if not self._digit and not self._hits and float(energy.max()) < limit:
            return []
        return [press for digit in self._judge(windows, energy) if (press := self._follow(digit)) is not None]

    def _judge(self, windows: NDArray[np.float32], energy: NDArray[np.float32]) -> list[str]:
        """The digit each window holds, or an empty string."""
        parts = windows @ self._tables.turns
        squares = parts * parts
        # Energy of a tone in the window: |X|² · 2 / N.
        power = (squares[:, :16] + squares[:, 16:]) * (2.0 / self._tables.size)
        return [
            _digit_of(each, whole, self._tables.size)
            for each, whole in zip(power.tolist(), energy.tolist(), strict=True)
        ]

    def _follow(self, digit: str) -> DigitPress | None:
        """One window further; the press it ended, if any."""
        if self._digit:
            self._windows += 1
            if digit == self._digit:
                self._misses = 0
                return None
            self._misses += 1
            if digit and digit == self._candidate:
                self._hits += 1
            else:
                self._candidate, self._hits = digit, 1 if digit else 0
            return self._release() if self._misses >= _MISSES else None
        if digit and digit == self._candidate:
            self._hits += 1
        else:
            self._candidate, self._hits = digit, 1 if digit else 0
        if self._hits >= _HITS:
            self._digit, self._windows, self._misses = digit, self._hits, 0
        return None

    def _release(self) -> DigitPress:
        # n windows that fit in the tone span (n + 1) hops of it.
        samples = (self._windows - self._misses + 1) * self._tables.hop
        press = DigitPress(self._digit, samples * 1000 // self._rate)
        self._digit = ""
        return press


def _digit_of(power: list[float], energy: float, size: int) -> str:
    row = max(range(4), key=power.__getitem__)
    column = max(range(4, 8), key=power.__getitem__)
    low, high = power[row], power[column]
    floor = amplitude(_MIN_DBM0) ** 2 / 2 * size
    if low < floor or high < floor or low + high < _PURITY * energy:
        return ""
    if high > low * 10 ** (_NORMAL_TWIST_DB / 10) or low > high * 10 ** (_REVERSE_TWIST_DB / 10):
        return ""
    if any(power[i] * _DOMINANCE > low for i in range(4) if i != row):
        return ""
    if any(power[i] * _DOMINANCE > high for i in range(4, 8) if i != column):
        return ""
    # A row's second harmonic may lie so near the column that the window cannot tell them apart ("2", "3", "6", "C").
    harmonic_apart = abs(2 * ROWS_HZ[row] - COLUMNS_HZ[column - 4]) > _RESOLUTION_HZ
    if (harmonic_apart and power[row + 8] > _HARMONIC * low) or power[column + 8] > _HARMONIC * high:
        return ""
    return _KEYS[row][column - 4]

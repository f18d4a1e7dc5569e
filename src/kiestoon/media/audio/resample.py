"""Streaming conversion between sample rates by a polyphase filter, as one small matrix product per frame.

A stretch of input (about a millisecond) with the filter's memory before it, times a fixed matrix, gives the stretch of
output it stands for; all stretches of a frame go through one product. So every input of whole stretches gives exactly
its share of output at once, from the first frame on, delayed by about 1.5 ms at 8 kHz.
"""

from __future__ import annotations

from functools import cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from kiestoon.media.audio.pcm import Pcm

_ZERO_CROSSINGS = 12  # of the sinc, on each side, at the lower of the two rates
_KAISER_BETA = 7.0  # stop band below -70 dB
_PASS_BAND = 0.92  # of the lower Nyquist frequency: 3.7 kHz of a telephone's 3.4
_Matrix = NDArray[np.float32]


@cache
def _filter(from_hz: int, to_hz: int) -> tuple[int, int, _Matrix]:
    """(inputs per stretch, inputs remembered before it, matrix of both by outputs per stretch)."""
    unit = gcd(from_hz, to_hz)
    up, down = to_hz // unit, from_hz // unit
    times = max(1, round(from_hz / 1000 / down))
    up, down = up * times, down * times
    low = min(from_hz, to_hz)
    reach = _ZERO_CROSSINGS * from_hz / low  # half the filter, in input samples
    memory = int(2 * reach)
    output = np.arange(up) * (from_hz / to_hz) - reach  # where, in input samples, each output lies
    distance = output[None, :] - np.arange(-memory, down)[:, None]
    cutoff = _PASS_BAND * low / from_hz
    inside = np.abs(distance) < reach
    shape = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (distance / reach) ** 2, 0, 1))) / np.i0(_KAISER_BETA)
    matrix = np.where(inside, cutoff * np.sinc(cutoff * distance) * shape, 0.0)
    matrix /= matrix.sum(axis=0)  # every phase passes DC alike: no hum from the filter itself
    return down, memory, np.ascontiguousarray(matrix, np.float32)


class Resampler:
    """One stream from one rate to another.

    Give it whole milliseconds (for 44.1 kHz: multiples of 441 samples) and every call returns exactly its share;
    of other lengths the rest waits for the next call.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"cannot resample {from_hz} to {to_hz} Hz")
        self.from_hz = from_hz
        self.to_hz = to_hz
        self._stretch, self._memory, self._matrix = _filter(from_hz, to_hz)
        self._held = np.zeros(self._memory, np.float32)

    @property
    def delay_s(self) -> float:
        """How much later the output is, in seconds."""
        return 0.0 if self.from_hz == self.to_hz else self._memory / 2 / self.from_hz

    def process(self, pcm: Pcm) -> Pcm:
        """The next samples, converted."""
        if self.from_hz == self.to_hz:
            return pcm
        signal = np.concatenate([self._held, pcm], dtype=np.float32, casting="unsafe")
        rows = (len(signal) - self._memory) // self._stretch
        width = self._memory + self._stretch
        overlapping = as_strided(signal, (rows, width), (self._stretch * 4, 4), writeable=False)
        made = np.ascontiguousarray(overlapping) @ self._matrix
        self._held = signal[rows * self._stretch :]
        np.rint(made, out=made)
        np.minimum(made, 32767.0, out=made)
        np.maximum(made, -32768.0, out=made)
        return made.astype(np.int16).ravel()

"""Packet-loss concealment by waveform substitution, after G.711 Appendix I.

The last pitch period is repeated, faded out over 60 ms, and blended into the first good packet. Two simplifications:
the Appendix delays all audio by 3.75 ms to have room for blending at the start of a hole, which we replace by blending
in the mirrored past; and in long holes it lengthens the repeated piece to two and three periods, which the fade mostly
hides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio.pcm import Pcm, silence, to_int16

_LOWEST_PITCH_HZ = 66
_HIGHEST_PITCH_HZ = 200
_TEMPLATE_MS = 20
_FULL_LEVEL_MS = 10
_SILENT_AFTER_MS = 60
_LONGEST_BLEND_MS = 10

_Float = NDArray[np.float32]


class WaveformConcealer:
    """Keeps the recent past of one decoded stream and invents what is missing."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._shortest = rate // _HIGHEST_PITCH_HZ
        self._longest = rate // _LOWEST_PITCH_HZ
        self._template = rate * _TEMPLATE_MS // 1000
        self._needed = self._template + self._longest
        self._frames: list[Pcm] = []
        self._held = 0
        self._erased = 0  # samples concealed in the current hole
        self._cycle: _Float = np.zeros(0, np.float32)
        self._overlap: _Float = np.zeros(0, np.float32)

    def good(self, pcm: Pcm) -> Pcm:
        """A received frame; returned as is, or blended with what the hole before it ended in."""
        if self._erased:
            pcm = self._blend(pcm)
            self._erased = 0
        self._remember(pcm)
        return pcm

    def lost(self, samples: int) -> Pcm:
        """That many samples in place of what was lost."""
        if samples <= 0:
            return silence(0)
        if not self._erased:
            self._begin()
        concealed = to_int16(self._synthesise(samples))
        self._erased += samples
        self._remember(concealed)
        return concealed

    def _remember(self, pcm: Pcm) -> None:
        self._frames.append(pcm)
        self._held += len(pcm)
        while self._held - len(self._frames[0]) >= self._needed:
            self._held -= len(self._frames.pop(0))

    def _begin(self) -> None:
        """Find the pitch of the past and cut the piece to repeat from it."""
        past = np.concatenate(self._frames).astype(np.float32) if self._frames else np.zeros(0, np.float32)
        if len(past) < self._needed:
            past = np.concatenate([np.zeros(self._needed - len(past), np.float32), past])
        pitch = self._pitch(past)
        self._cycle = _seamless(past, pitch)
        quarter = pitch // 4
        self._overlap = past[-1 : -quarter - 1 : -1]

    def _pitch(self, past: _Float) -> int:
        """The lag, in samples, at which the past is most like itself (normalised cross-correlation)."""
        template = past[-self._template :]
        searched = past[-self._template - self._longest : -self._shortest]
        correlation = np.correlate(searched, template, "valid")
        power = np.cumsum(np.concatenate([np.zeros(1, np.float64), np.square(searched, dtype=np.float64)]))
        energy = power[self._template :] - power[: -self._template]
        floor = self._template * 16.0
        best = int(np.argmax(correlation / np.sqrt(np.maximum(energy, floor))))
        return self._longest - best

    def _synthesise(self, samples: int) -> _Float:
        """Continue the repetition from where the hole stands, with its fade and its start blended."""
        start = self._erased
        index = np.arange(start, start + samples) % len(self._cycle)
        fade = self._fade(start, samples)
        made: _Float = self._cycle[index] * fade
        if start == 0:
            blended = min(len(self._overlap), samples)
            ramp = np.arange(1, blended + 1, dtype=np.float32) / (len(self._overlap) + 1)
            made[:blended] = made[:blended] * ramp + self._overlap[:blended] * (1 - ramp)
        return made

    def _fade(self, start: int, samples: int) -> _Float:
        """Full for 10 ms, then 20 % less every 10 ms (Appendix I §I.2.7)."""
        ms = np.arange(start, start + samples, dtype=np.float32) * (1000.0 / self._rate)
        span = float(_SILENT_AFTER_MS - _FULL_LEVEL_MS)
        faded: _Float = np.clip(1.0 - (ms - _FULL_LEVEL_MS) / span, 0.0, 1.0).astype(np.float32)
        return faded

    def _blend(self, pcm: Pcm) -> Pcm:
        """Cross-fade from the invented to the real; longer after a longer hole (Appendix I §I.2.8)."""
        quarter_ms = len(self._overlap) * 1000 // self._rate
        erased_ms = self._erased * 1000 // self._rate
        blend_ms = min(_LONGEST_BLEND_MS, quarter_ms + 4 * max(0, erased_ms // 10 - 1))
        length = min(len(pcm), max(1, blend_ms) * self._rate // 1000)
        ramp = np.arange(1, length + 1, dtype=np.float32) / (length + 1)
        mixed = pcm.copy()
        mixed[:length] = to_int16(pcm[:length] * ramp + self._synthesise(length) * (1 - ramp))
        return mixed


def _seamless(past: _Float, pitch: int) -> _Float:
    """The last period, its final quarter blended with what came before it, so that it repeats without an edge."""
    quarter = pitch // 4
    cycle = past[-pitch:].copy()
    if quarter:
        ramp = np.arange(1, quarter + 1, dtype=np.float32) / (quarter + 1)
        before = past[-pitch - quarter : -pitch]
        cycle[-quarter:] = cycle[-quarter:] * (1 - ramp) + before * ramp
    return cycle

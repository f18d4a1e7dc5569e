"""Call progress tones per country (ITU-T E.180 Supplement 2; UK: BT SIN 350; US: GR-506 / ATIS 0600401).

A tone is rendered once per country and rate into a loop of whole cadences with raised-cosine edges; playing it is
taking slices, so a thousand callers hearing ringback cost next to nothing.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio.pcm import Pcm, amplitude, to_int16

#: Together for all frequencies of a tone; E.180 §7 recommends -10 ± 5 dBm0.
LEVEL_DBM0 = -12.0
NAMES = (
    "dial", "ringback", "busy", "congestion", "waiting", "waiting2", "waiting3", "waiting4", "sit", "confirm", "beep",
    "join", "leave", "silence",
)  # fmt: skip
DEFAULT_COUNTRY = "NL"

_EDGE_MS = 4
_SIT = "950/330,1400/330,1800/330,0/1000"  # E.180 §6
# Positive indication is left to the administrations (E.182); three short bursts of dial tone are the usual choice.
_BEEP = "440"  # after which one speaks: the same everywhere
_EVERYWHERE = {
    "sit": _SIT,
    "beep": _BEEP,
    "join": "!440/120,!660/180",  # somebody comes into a conference, or leaves it: heard once, on top of what is said
    "leave": "!660/120,!440/180",
    # a call waits that is for another number than the first of a person's (V 9.4.3); "waiting" is the first pattern
    "waiting2": "!425/100,!0/100,!425/100,0/5000",
    "waiting3": "!425/100,!0/100,!425/100,!0/100,!425/100,0/5000",
    "waiting4": "!425/100,!0/100,!425/300,!0/100,!425/100,0/5000",
    "silence": "0/1000",
}
_CONFIRM = "!{dial}/100,!0/100,!{dial}/100,!0/100,!{dial}/100,0/1000"

# Elements are "frequencies/ms" ("0" is a pause, no duration is for ever); "!" plays once, the rest repeats.
_TABLE: dict[str, dict[str, str]] = {
    "NL": {
        "dial": "425", "ringback": "425/1000,0/4000", "busy": "425/500,0/500", "congestion": "425/250,0/250",
        "waiting": "425/500,0/9500",
    },
    "DE": {
        "dial": "425", "ringback": "425/1000,0/4000", "busy": "425/480,0/480", "congestion": "425/240,0/240",
        "waiting": "425/200,0/200,425/200,0/5000",
    },
    "BE": {
        "dial": "425", "ringback": "425/1000,0/3000", "busy": "425/500,0/500", "congestion": "425/167,0/167",
        "waiting": "1400/175,0/175,1400/175,0/3500", "sit": "900/330,1400/330,1800/330,0/1000",
    },
    "GB": {
        "dial": "350+440", "ringback": "400+450/400,0/200,400+450/400,0/2000", "busy": "400/375,0/375",
        "congestion": "400/400,0/350,400/225,0/525", "waiting": "400/100,0/4000",
        "sit": "950/330,0/15,1400/330,0/15,1800/330,0/1000",
    },
    "FR": {
        "dial": "440", "ringback": "440/1500,0/3500", "busy": "440/500,0/500", "congestion": "440/250,0/250",
        "waiting": "440/300,0/10000",
    },
    "US": {
        "dial": "350+440", "ringback": "440+480/2000,0/4000", "busy": "480+620/500,0/500",
        "congestion": "480+620/250,0/250", "waiting": "440/300,0/10000",
        "sit": "914/274,1371/274,1777/380,0/1000",
    },
    "ES": {
        "dial": "425", "ringback": "425/1500,0/3000", "busy": "425/200,0/200",
        "congestion": "425/200,0/200,425/200,0/200,425/200,0/600", "waiting": "425/175,0/175,425/175,0/3500",
    },
    "LV": {
        "dial": "425", "ringback": "425/1000,0/4000", "busy": "425/300,0/300", "congestion": "425/200,0/200",
        "waiting": "425/200,0/5000",
    },
    "AT": {
        "dial": "420", "ringback": "420/1000,0/5000", "busy": "420/400,0/400", "congestion": "420/200,0/200",
        "waiting": "420/40,0/1950",
    },
    "CH": {
        "dial": "425", "ringback": "425/1000,0/4000", "busy": "425/500,0/500", "congestion": "425/200,0/200",
        "waiting": "425/200,0/200,425/200,0/4000",
    },
    "IT": {
        "dial": "425/200,0/200,425/600,0/1000", "ringback": "425/1000,0/4000", "busy": "425/500,0/500",
        "congestion": "425/200,0/200", "waiting": "425/400,0/100,425/250,0/100,425/150,0/14000",
        "confirm": "!425/100,!0/100,!425/100,!0/100,!425/100,0/1000",
    },
}  # fmt: skip

COUNTRIES = tuple(_TABLE)


class UnknownTone(ValueError):
    """No tone of that name."""


def cadence(name: str, country: str = DEFAULT_COUNTRY) -> str:
    """A tone in the notation of the table; a country we don't know has the Dutch ones. Raises UnknownTone."""
    if name not in NAMES:
        raise UnknownTone(f"no tone {name!r}")
    tones = _TABLE.get(country.upper(), _TABLE[DEFAULT_COUNTRY])
    if name in tones:
        return tones[name]
    return _EVERYWHERE.get(name) or _CONFIRM.format(dial=tones["dial"])


class ToneSource:
    """One party's hearing of a tone, from its beginning; without end, unless nothing repeats. Raises UnknownTone."""

    def __init__(self, name: str, country: str = DEFAULT_COUNTRY, rate: int = 8000) -> None:
        self._once, self._loop = _rendered(cadence(name, country), rate)
        self._position = 0

    @property
    def finished(self) -> bool:
        """All of it has been heard."""
        return not len(self._loop) and self._position >= len(self._once)

    def read(self, samples: int) -> Pcm:
        """The next samples; as many as asked for, but at the end of a tone that has one."""
        start, self._position = self._position, self._position + samples
        end = start + samples - len(self._once)
        if not len(self._loop):
            return self._once[start : start + samples]
        if start >= len(self._once):
            return _slice(self._loop, start - len(self._once), samples)
        if end <= 0:
            return self._once[start : start + samples]
        return np.concatenate([self._once[start:], _slice(self._loop, 0, end)])


def _slice(loop: Pcm, start: int, samples: int) -> Pcm:
    start %= len(loop)
    if start + samples <= len(loop):
        return loop[start : start + samples]
    return np.take(loop, np.arange(start, start + samples), mode="wrap")


@lru_cache(maxsize=256)
def _rendered(notation: str, rate: int) -> tuple[Pcm, Pcm]:
    """(what plays once, what repeats after it), as samples."""
    once: list[tuple[list[float], int]] = []
    loop: list[tuple[list[float], int]] = []
    for element in notation.split(","):
        frequencies, _, ms = element.removeprefix("!").partition("/")
        part = ([float(hz) for hz in frequencies.split("+") if float(hz)], int(ms or 0))
        (once if element.startswith("!") else loop).append(part)
    if len(loop) == 1 and not loop[0][1]:
        # Without end: a second holds whole cycles of every whole frequency, so it repeats without an edge.
        return _render(once, rate), _burst(loop[0][0], rate, rate, np.zeros(4))[0]
    return _render(once, rate), _render(loop, rate)


def _render(parts: list[tuple[list[float], int]], rate: int) -> Pcm:
    """Bursts and pauses in a row. A burst right after another takes its phase over, so only the pitch steps."""
    pieces: list[Pcm] = []
    edge = rate * _EDGE_MS // 1000
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / max(1, edge))
    phases = np.zeros(4)
    sounding = False
    for index, (frequencies, ms) in enumerate(parts):
        samples = rate * ms // 1000
        if not sounding:
            phases = np.zeros(4)
        burst, phases = _burst(frequencies, samples, rate, phases)
        piece = burst.astype(np.float64)
        follows = index + 1 < len(parts) and bool(parts[index + 1][0])
        if frequencies and not sounding:
            piece[:edge] *= ramp[:samples]
        if frequencies and not follows:
            piece[-edge:] *= ramp[::-1][:samples]
        sounding = bool(frequencies)
        pieces.append(to_int16(piece))
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def _burst(
    frequencies: list[float], samples: int, rate: int, phases: NDArray[np.float64]
) -> tuple[Pcm, NDArray[np.float64]]:
    """The samples, and the phases (in turns) at their end."""
    signal = np.zeros(samples)
    each = amplitude(LEVEL_DBM0 - 10 * np.log10(max(1, len(frequencies))))
    time = np.arange(samples) / rate
    after = phases.copy()
    for index, hz in enumerate(frequencies):
        signal += each * np.sin(2 * np.pi * (hz * time + phases[index]))
        after[index] = (phases[index] + hz * samples / rate) % 1.0
    return to_int16(signal), after

"""G.711 A-law and mu-law by tables: 256 entries to decode, 65,536 to encode, 256 bytes to go from one to the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio.pcm import DEFAULT_PTIME_MS, MAX_PACKET_MS, Pcm
from kiestoon.media.audio.plc import WaveformConcealer

RATE = 8000
LAWS = ("PCMA", "PCMU")


def _expand_alaw() -> Pcm:
    """G.711 Table 1a: even bits are inverted on the line; 13 significant bits, left-aligned in 16."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _expand_ulaw() -> Pcm:
    """G.711 Table 2a: all bits are inverted on the line; bias 33 on the 14-bit scale, left-aligned in 16."""
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _compress_alaw() -> NDArray[np.uint8]:
    """G.711 Table 1a's decision values, for every 16-bit sample indexed as uint16 (bit-exact with G.191)."""
    sample = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int64)
    level = np.where(sample < 0, ~sample, sample) >> 4
    exponent = np.zeros_like(level)
    for segment in range(1, 8):
        exponent[level >= 8 << segment] = segment
    mantissa = np.where(exponent == 0, level, (level >> np.maximum(exponent - 1, 0)) - 16)
    code: NDArray[np.int64] = (exponent << 4 | mantissa | np.where(sample >= 0, 0x80, 0)) ^ 0x55
    table: NDArray[np.uint8] = code.astype(np.uint8)
    return table


def _compress_ulaw() -> NDArray[np.uint8]:
    """G.711 Table 2a's decision values, for every 16-bit sample indexed as uint16 (bit-exact with G.191)."""
    sample = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int64)
    level = np.minimum((np.where(sample < 0, ~sample, sample) >> 2) + 33, 0x1FFF)
    segment = np.ones_like(level)
    for above in range(1, 8):
        segment[level >= 32 << above] = above + 1
    code: NDArray[np.int64] = (8 - segment) << 4 | (15 - (level >> segment & 15)) | np.where(sample >= 0, 0x80, 0)
    table: NDArray[np.uint8] = code.astype(np.uint8)
    return table


DECODE: dict[str, Pcm] = {"PCMA": _expand_alaw(), "PCMU": _expand_ulaw()}
ENCODE: dict[str, NDArray[np.uint8]] = {"PCMA": _compress_alaw(), "PCMU": _compress_ulaw()}
#: What silence is on the line.
SILENCE: dict[str, int] = {law: int(ENCODE[law][0]) for law in LAWS}

_TRANSCODE: dict[str, bytes] = {
    "PCMU": ENCODE["PCMU"][DECODE["PCMA"].view(np.uint16)].tobytes(),
    "PCMA": ENCODE["PCMA"][DECODE["PCMU"].view(np.uint16)].tobytes(),
}


def transcode(payload: bytes, to: str) -> bytes:
    """The payload of the other law in ``to`` ("PCMA" or "PCMU"), code by code, without touching samples."""
    return payload.translate(_TRANSCODE[to])


def decode(payload: bytes, law: str) -> Pcm:
    """Stateless expansion."""
    return DECODE[law].take(np.frombuffer(payload, np.uint8))


def encode(pcm: Pcm, law: str) -> bytes:
    """Stateless compression."""
    return ENCODE[law].take(pcm.view(np.uint16)).tobytes()


class Encoder:
    """G.711 for one direction of a call. Any number of samples goes in, as many bytes come out."""

    sample_rate = RATE

    def __init__(self, law: str) -> None:
        self._table = ENCODE[law]

    def encode(self, pcm: Pcm) -> bytes:
        """Compress; never fails."""
        return self._table.take(pcm.view(np.uint16)).tobytes()


class Decoder:
    """G.711 for one direction of a call, with Appendix I style concealment."""

    sample_rate = RATE

    def __init__(self, law: str) -> None:
        self._table = DECODE[law]
        self._concealer = WaveformConcealer(RATE)
        self._last_samples = RATE * DEFAULT_PTIME_MS // 1000

    def decode(self, payload: bytes) -> Pcm:
        """Expand; an empty payload is concealed, one over 200 ms is cut."""
        if not payload:
            return self.conceal(self._last_samples)
        pcm = self._table.take(np.frombuffer(payload[: RATE * MAX_PACKET_MS // 1000], np.uint8))
        self._last_samples = len(pcm)
        return self._concealer.good(pcm)

    def conceal(self, samples: int, following: bytes | None = None) -> Pcm:
        """Fill a hole; ``following`` (the packet after the hole) is of no use to G.711."""
        return self._concealer.lost(samples)

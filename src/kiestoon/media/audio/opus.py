"""Opus (RFC 6716, RFC 7587) through a thin binding to the system's libopus.

libopus codes at any of 8, 12, 16, 24 and 48 kHz whatever the far end uses (RFC 7587 §4.1: the RTP clock is always
48 kHz), so a call to a G.711 party can run it at 8 kHz without a resampler.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from cffi import FFI

from kiestoon.media.audio.pcm import DEFAULT_PTIME_MS, Pcm, silence

RATES = (8000, 12000, 16000, 24000, 48000)
LIBRARY = "libopus.so.0"

_HEADER = """
typedef struct OpusEncoder OpusEncoder;
typedef struct OpusDecoder OpusDecoder;
OpusEncoder *opus_encoder_create(int32_t rate, int channels, int application, int *error);
int32_t opus_encode(OpusEncoder *state, const int16_t *pcm, int samples, unsigned char *data, int32_t max_bytes);
int opus_encoder_ctl(OpusEncoder *state, int request, ...);
void opus_encoder_destroy(OpusEncoder *state);
OpusDecoder *opus_decoder_create(int32_t rate, int channels, int *error);
int opus_decode(OpusDecoder *state, const unsigned char *data, int32_t bytes, int16_t *pcm, int samples, int fec);
void opus_decoder_destroy(OpusDecoder *state);
int opus_packet_get_nb_samples(const unsigned char *data, int32_t bytes, int32_t rate);
const char *opus_get_version_string(void);
"""

# opus_defines.h
_APPLICATION_VOIP = 2048
_SET_BITRATE = 4002
_SET_MAX_BANDWIDTH = 4004
_SET_VBR = 4006
_SET_COMPLEXITY = 4010
_SET_INBAND_FEC = 4012
_SET_PACKET_LOSS_PERC = 4014
_SET_DTX = 4016
_BANDWIDTHS = ((8000, 1101), (12000, 1102), (16000, 1103), (24000, 1104), (48000, 1105))  # playback rate → bandwidth

_MAX_FRAME_MS = 120
_MAX_BYTES = 1275 * 3 + 7  # three frames of the largest size: what 60 ms can take (RFC 6716 §3.2.5)
_FRAME_MS = (2.5, 5, 10, 20, 40, 60)
# Half of libopus' range. From 6 on its cost doubles for a small gain; below 4 in-band FEC costs audible quality.
_COMPLEXITY = 5
_EXPECTED_LOSS_PERCENT = 10
_DEFAULT_BIT_RATE = {8000: 16000, 12000: 20000, 16000: 28000, 24000: 30000, 48000: 36000}


class OpusUnavailable(RuntimeError):
    """libopus is not installed (Debian: libopus0)."""


@cache
def _library() -> tuple[Any, Any]:
    ffi = FFI()
    ffi.cdef(_HEADER)
    try:
        return ffi, ffi.dlopen(LIBRARY)
    except OSError as error:
        raise OpusUnavailable(f"cannot load {LIBRARY}: {error}") from None


def available() -> bool:
    """Whether libopus can be loaded."""
    try:
        _library()
    except OpusUnavailable:
        return False
    return True


def parse_fmtp(fmtp: str) -> dict[str, int]:
    """The numeric parameters of an ``a=fmtp`` value (RFC 7587 §6.1); what is not a number is ignored."""
    parameters: dict[str, int] = {}
    for item in fmtp.split(";"):
        name, _, value = item.partition("=")
        value = value.strip()
        if value.isascii() and value.isdigit() and len(value) < 10:
            parameters[name.strip().lower()] = int(value)
    return parameters


class Encoder:
    """Opus for one direction of a call, mono. ``fmtp`` is what the receiver asked for (RFC 7587 §6.1)."""

    def __init__(self, fmtp: str = "", sample_rate: int = 16000) -> None:
        self._ffi, self._lib = _library()
        self.sample_rate = sample_rate
        error = self._ffi.new("int *")
        state = self._lib.opus_encoder_create(sample_rate, 1, _APPLICATION_VOIP, error)
        if error[0] != 0:
            raise OpusUnavailable(f"opus_encoder_create failed with {error[0]} at {sample_rate} Hz")
        self._state = self._ffi.gc(state, self._lib.opus_encoder_destroy)
        self._out = self._ffi.new("unsigned char[]", _MAX_BYTES)
        self._pending: Pcm = silence(0)
        self._configure(parse_fmtp(fmtp))

    def _configure(self, wanted: dict[str, int]) -> None:
        bit_rate = min(_DEFAULT_BIT_RATE[self.sample_rate], wanted.get("maxaveragebitrate", 510000))
        self._control(_SET_BITRATE, max(6000, bit_rate))
        self._control(_SET_COMPLEXITY, _COMPLEXITY)
        self._control(_SET_VBR, 0 if wanted.get("cbr") == 1 else 1)
        self._control(_SET_DTX, 1 if wanted.get("usedtx") == 1 else 0)
        if wanted.get("useinbandfec") == 1:
            self._control(_SET_INBAND_FEC, 1)
            self._control(_SET_PACKET_LOSS_PERC, _EXPECTED_LOSS_PERCENT)
        playback_hz = wanted.get("maxplaybackrate", 48000)
        fitting = [code for rate, code in _BANDWIDTHS if rate <= playback_hz] or [_BANDWIDTHS[0][1]]
        self._control(_SET_MAX_BANDWIDTH, fitting[-1])

    def _control(self, request: int, value: int) -> None:
        self._lib.opus_encoder_ctl(self._state, request, self._ffi.cast("int32_t", value))

    def expect_loss(self, percent: int) -> None:
        """Tell how much the receiver loses (from its RTCP reports): decides how much redundancy FEC adds."""
        self._control(_SET_PACKET_LOSS_PERC, min(100, max(0, percent)))

    def encode(self, pcm: Pcm) -> bytes:
        """One packet from 2.5, 5, 10, 20, 40 or 60 ms of samples; another length is an error of ours.

        Raises ValueError for such a length. A packet of two bytes or less need not be sent (DTX).
        """
        if len(pcm) * 1000 / self.sample_rate not in _FRAME_MS:
            raise ValueError(f"Opus cannot code {len(pcm)} samples at {self.sample_rate} Hz as one packet")
        samples = self._ffi.from_buffer("int16_t[]", np.ascontiguousarray(pcm))
        size = self._lib.opus_encode(self._state, samples, len(pcm), self._out, _MAX_BYTES)
        return bytes(self._ffi.buffer(self._out, size)) if size > 0 else b""


class Decoder:
    """Opus for one direction of a call, down-mixed to mono; libopus conceals and recovers."""

    def __init__(self, sample_rate: int = 16000) -> None:
        self._ffi, self._lib = _library()
        self.sample_rate = sample_rate
        error = self._ffi.new("int *")
        state = self._lib.opus_decoder_create(sample_rate, 1, error)
        if error[0] != 0:
            raise OpusUnavailable(f"opus_decoder_create failed with {error[0]} at {sample_rate} Hz")
        self._state = self._ffi.gc(state, self._lib.opus_decoder_destroy)
        self._unit = sample_rate // 400  # 2.5 ms, what libopus conceals in multiples of
        self._room = sample_rate * _MAX_FRAME_MS // 1000
        self._last_samples = sample_rate * DEFAULT_PTIME_MS // 1000

    def decode(self, payload: bytes) -> Pcm:
        """Expand; what libopus calls corrupt is concealed."""
        pcm = self._run(payload, self._room, fec=False) if payload else None
        if pcm is None:
            return self.conceal(self._last_samples)
        self._last_samples = len(pcm)
        return pcm

    def conceal(self, samples: int, following: bytes | None = None) -> Pcm:
        """Fill a hole; with ``following``, the packet right after it, from that packet's in-band FEC if it has some."""
        if samples <= 0:
            return silence(0)
        wanted = min(-(-samples // self._unit) * self._unit, self._room)
        pcm = self._run(following, wanted, fec=True) if following else self._run(None, wanted, fec=False)
        if pcm is None:
            pcm = silence(0)
        return pcm[:samples] if len(pcm) >= samples else np.concatenate([pcm, silence(samples - len(pcm))])

    def _run(self, payload: bytes | None, room: int, *, fec: bool) -> Pcm | None:
        pcm = np.empty(room, np.int16)
        data = self._ffi.NULL if payload is None else payload
        size = 0 if payload is None else len(payload)
        made = self._lib.opus_decode(self._state, data, size, self._ffi.from_buffer("int16_t[]", pcm), room, int(fec))
        return pcm[:made] if made > 0 else None

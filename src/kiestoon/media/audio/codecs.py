"""From an agreed payload format to something that encodes and decodes it."""

from __future__ import annotations

from typing import Protocol

from kiestoon.media.audio import g711, g722, l16, opus
from kiestoon.media.audio.pcm import Pcm
from kiestoon.media.protocol import Codec

#: RTP encoding names this package can code.
SUPPORTED = ("PCMA", "PCMU", "G722", "OPUS", "L16")

_L16_RATES = (8000, 16000, 32000, 44100, 48000)


class UnsupportedCodec(ValueError):
    """No encoder or decoder for this format here."""


class Encoder(Protocol):
    """PCM in, one payload out. Keeps state: one per stream."""

    @property
    def sample_rate(self) -> int:
        """Of the PCM it takes, in Hz."""

    def encode(self, pcm: Pcm) -> bytes:
        """One payload; the number of samples must suit the codec (Opus: 2.5 to 60 ms)."""


class Decoder(Protocol):
    """Payloads in, PCM out. Keeps state: one per stream, payloads in order."""

    @property
    def sample_rate(self) -> int:
        """Of the PCM it gives, in Hz."""

    def decode(self, payload: bytes) -> Pcm:
        """Never raises: what cannot be decoded is concealed."""

    def conceal(self, samples: int, following: bytes | None = None) -> Pcm:
        """Exactly ``samples`` samples in place of a lost packet; ``following`` is the packet right after, if known."""


def encoder(codec: Codec, ptime_ms: int = 20, sample_rate: int | None = None) -> Encoder:
    """An encoder for packets of ``ptime_ms``. Raises UnsupportedCodec.

    ``sample_rate`` chooses what Opus is fed with (8, 12, 16, 24 or 48 kHz; 16 kHz where not said); others have one.
    """
    _check(codec, sample_rate)
    name = codec.name.upper()
    if name == "OPUS":
        if ptime_ms not in (5, 10, 20, 40, 60):
            raise UnsupportedCodec(f"Opus has no packets of {ptime_ms} ms")
        try:
            return opus.Encoder(codec.fmtp, sample_rate or _opus_rate(codec))
        except opus.OpusUnavailable as error:
            raise UnsupportedCodec(str(error)) from error
    if name == "G722":
        return g722.Encoder()
    return l16.Encoder(codec.clock_hz) if name == "L16" else g711.Encoder(name)


def decoder(codec: Codec, sample_rate: int | None = None) -> Decoder:
    """A decoder. Raises UnsupportedCodec. ``sample_rate`` as in ``encoder``."""
    _check(codec, sample_rate)
    name = codec.name.upper()
    if name == "OPUS":
        try:
            return opus.Decoder(sample_rate or _opus_rate(codec))
        except opus.OpusUnavailable as error:
            raise UnsupportedCodec(str(error)) from error
    if name == "G722":
        return g722.Decoder()
    return l16.Decoder(codec.clock_hz) if name == "L16" else g711.Decoder(name)


def _opus_rate(codec: Codec) -> int:
    """Wideband, the best a call through an exchange meets, unless the far end plays less (RFC 7587 §6.1)."""
    return 8000 if opus.parse_fmtp(codec.fmtp).get("maxplaybackrate", 48000) < 12000 else 16000


def _check(codec: Codec, sample_rate: int | None) -> None:
    name = codec.name.upper()
    if name not in SUPPORTED:
        raise UnsupportedCodec(f"no codec {codec.name!r}")
    if name == "OPUS":
        if sample_rate is not None and sample_rate not in opus.RATES:
            raise UnsupportedCodec(f"Opus does not run at {sample_rate} Hz")
        return
    if codec.channels != 1:
        raise UnsupportedCodec(f"{codec.name} with {codec.channels} channels")
    if name == "L16" and codec.clock_hz not in _L16_RATES:
        raise UnsupportedCodec(f"L16 at {codec.clock_hz} Hz")
    rate = codec.clock_hz if name == "L16" else g722.RATE if name == "G722" else g711.RATE
    if sample_rate not in (None, rate):
        raise UnsupportedCodec(f"{codec.name} runs at {rate} Hz, not {sample_rate}")

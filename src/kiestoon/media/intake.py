"""The decoding side of a termination: what its party says, as one 20 ms frame per tick."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kiestoon.media.audio import codecs
from kiestoon.media.audio.dtmf import Detector, DigitPress
from kiestoon.media.audio.jitter import JitterBuffer, Lost
from kiestoon.media.audio.pcm import Pcm, silence
from kiestoon.media.audio.resample import Resampler
from kiestoon.media.audio.silence import SilenceDetector
from kiestoon.media.protocol import Codec

TICKS_PER_S = 50
_MAX_GETS = 20
"""Frames taken per tick at most: 20 of 1 ms would be the strangest party."""


class Intake:
    """Jitter buffer, decoder and detectors of one talker. ``frame`` is what the latest ``tick`` gave.

    ``frame`` is None when nothing came (silence), else a fiftieth of a second at ``rate``. Raises UnsupportedCodec (a
    ValueError) for a codec that can't be decoded.
    """

    __slots__ = (
        "_buffer", "_codec", "_decoder", "_detector", "_get", "_held", "_late_before", "_resampler", "_silence",
        "frame", "odd", "presses", "ptime_ms", "put", "rate",
    )  # fmt: skip

    def __init__(self, codec: Codec, ptime_ms: int, rate: int) -> None:
        self.frame: Pcm | None = None
        self.presses: list[DigitPress] = []
        """Keys heard in the audio of the latest tick."""
        self.odd = False
        """The party sends packets of another length than 20 ms."""
        self.rate = rate
        self._late_before = 0
        self._detector: Detector | None = None
        self._silence: SilenceDetector | None = None
        self._open(codec, ptime_ms, rate)

    def _open(self, codec: Codec, ptime_ms: int, rate: int) -> None:
        self._decoder = codecs.decoder(codec, rate if codec.name == "OPUS" else None)  # Opus decodes to any rate
        self._codec = codec
        self.ptime_ms = ptime_ms
        self.odd = False
        self._buffer = JitterBuffer(codec.clock_hz, ptime_ms)
        self._get = self._buffer.get
        self.put: Callable[[int, int, bytes, float], None] = self._buffer.put
        """A packet of the agreed codec arrived: sequence number, timestamp, payload, time."""
        self._held = silence(0)
        self._deliver_at(rate)

    def follow(self, codec: Codec, ptime_ms: int, rate: int) -> None:
        """Decode another codec or deliver at another rate from now on; what is waiting to be decoded stays."""
        if codec != self._codec:
            self._late_before += self._buffer.late
            self._open(codec, ptime_ms, rate)
        elif rate != self.rate:
            if codec.name == "OPUS":
                self._decoder = codecs.decoder(codec, rate)
                self._held = silence(0)
            self._deliver_at(rate)

    def _deliver_at(self, rate: int) -> None:
        self.rate = rate
        self.frame = None
        native = self._decoder.sample_rate
        self._resampler = Resampler(native, rate) if native != rate else None
        if self._detector is not None:
            self._detector = Detector(rate)
        if self._silence is not None:
            self._silence = SilenceDetector(rate)

    def detect(self, *, digits: bool, quiet: bool) -> None:
        """Listen for key presses, for silence."""
        if digits != (self._detector is not None):
            self._detector = Detector(self.rate) if digits else None
        if quiet != (self._silence is not None):
            self._silence = SilenceDetector(self.rate) if quiet else None

    @property
    def packets_late(self) -> int:
        """Packets that came too late to be played."""
        return self._late_before + self._buffer.late

    @property
    def silent_ms(self) -> int:
        """Length of the silence so far, where ``detect`` asked for it."""
        return self._silence.silent_ms if self._silence is not None else 0

    def put_other(self, seq: int, timestamp: int, now: float) -> None:
        """A packet that is not audio arrived: its sequence number is not a loss."""
        self._buffer.put_other(seq, timestamp, now)

    def restart(self) -> None:
        """The source changed."""
        self._buffer.reset()
        self._held = silence(0)

    @property
    def get(self) -> Callable[[float], bytes | Lost | None]:
        """Takes the next packet undecoded, for who decodes many parties at once; ``frame`` is then his to set."""
        return self._get

    def put_back(self, payload: bytes) -> None:
        """A packet that whoever uses ``get`` can't use: it is kept for ``tick``, and the intake is ``odd``."""
        self.odd = True
        self._held = np.concatenate((self._held, self._decoder.decode(payload)))

    def tick(self, now: float) -> Pcm | None:
        """Decode the next 20 ms."""
        frame = self._next(now)
        if frame is not None and self._resampler is not None:
            frame = self._resampler.process(frame)
        if self._silence is not None:
            if frame is None:
                self._silence.feed_nothing(self.rate // TICKS_PER_S)
            else:
                self._silence.feed(frame)
        if self._detector is not None:
            heard = frame if frame is not None else silence(self.rate // TICKS_PER_S)
            self.presses = self._detector.feed(heard)
            if self._detector.pressed and frame is not None:
                frame = silence(len(frame))  # the key goes on as an event, not as sound too
        self.frame = frame
        return frame

    def _next(self, now: float) -> Pcm | None:
        get, decoder = self._get, self._decoder
        wanted = decoder.sample_rate // TICKS_PER_S
        held = self._held
        for _ in range(_MAX_GETS):
            if len(held) >= wanted:
                break
            got = get(now)
            if got is None:
                break
            if isinstance(got, Lost):
                samples = got.duration * decoder.sample_rate // self._codec.clock_hz
                pcm = decoder.conceal(samples, got.following)
            else:
                pcm = decoder.decode(got)
            held = np.concatenate((held, pcm)) if len(held) else pcm
        if len(held) == wanted:
            self._held = held[wanted:]
            return held
        if len(held) == 0:
            return None
        self._held = held[wanted:]
        if len(held) < wanted:
            return np.concatenate((held, silence(wanted - len(held))))
        return held[:wanted]

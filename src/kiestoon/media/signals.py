"""What a termination's party is made to hear besides others: tones, files, music, key presses; and its recordings."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np

from kiestoon.media.audio.dtmf import generate_all
from kiestoon.media.audio.mixer import mix
from kiestoon.media.audio.pcm import Pcm, silence
from kiestoon.media.audio.resample import Resampler
from kiestoon.media.audio.telephone_event import EventSender
from kiestoon.media.intake import TICKS_PER_S
from kiestoon.media.outlet import Outlet
from kiestoon.media.recording import Recording


class Source(Protocol):
    """Something with sound in it."""

    @property
    def finished(self) -> bool:
        """Nothing more will come."""

    def read(self, samples: int) -> Pcm:
        """The next samples; fewer when it ends."""


class Signal:
    """A tone, file or music being played. ``source`` is None while the file is being opened."""

    __slots__ = ("_resampler", "mix", "number", "rate", "source", "ticks")

    def __init__(self, number: int, rate: int, *, mix: bool) -> None:
        self.number = number
        self.rate = rate
        self.mix = mix
        self.source: Source | None = None
        self.ticks = 0
        self._resampler: Resampler | None = None

    def read(self, rate: int) -> Pcm | None:
        """The next 20 ms at ``rate``; None when it is over."""
        if self.source is None or self.source.finished:
            return None
        pcm = self.source.read(self.rate // TICKS_PER_S)
        if not len(pcm):
            return None
        self.ticks += 1
        if rate != self.rate:
            if self._resampler is None or self._resampler.to_hz != rate:
                self._resampler = Resampler(self.rate, rate)
            pcm = self._resampler.process(_padded(pcm, self.rate // TICKS_PER_S))
        return _padded(pcm, rate // TICKS_PER_S)

    @property
    def duration_ms(self) -> int:
        """How much has been played."""
        return self.ticks * 1000 // TICKS_PER_S


def _padded(pcm: Pcm, size: int) -> Pcm:
    return pcm if len(pcm) == size else np.concatenate((pcm, silence(size - len(pcm))))[:size]


class DigitJob:
    """Key presses to send. By events where a payload type is agreed, else as sound."""

    __slots__ = ("_began", "_digits", "_duration_ms", "_events", "_gap_ms", "_sound", "_tick", "finished")

    def __init__(self, digits: str, duration_ms: int, gap_ms: int) -> None:
        """Raises ValueError for what is no digit."""
        EventSender(digits)
        self._digits = digits
        self._duration_ms = duration_ms
        self._gap_ms = gap_ms
        self._events: EventSender | None = None
        self._sound: Pcm | None = None
        self._began = -1
        self._tick = 0
        self.finished = not digits

    def tick(self, outlet: Outlet, payload_type: int | None, now: float) -> Pcm | None:
        """Send what is due; returns the sound of it, if it is sound."""
        if payload_type is None:
            return self._play(outlet, now)
        if self._events is None:
            self._events = EventSender(
                self._digits, self._duration_ms, self._gap_ms, clock_hz=outlet.clock_hz, ptime_ms=20
            )
            self._began = outlet.start_events(now)
        packet = self._events.tick()
        if packet is not None:
            outlet.send_event(payload_type, packet, self._began, self._tick, now)
        self._tick += 1
        self.finished = self._events.finished
        return None

    def _play(self, outlet: Outlet, now: float) -> Pcm | None:
        if self._sound is None:
            self._sound = generate_all(self._digits, outlet.rate, self._duration_ms, self._gap_ms)
        size = outlet.rate // TICKS_PER_S
        pcm, self._sound = self._sound[:size], self._sound[size:]
        self.finished = not len(self._sound)
        return outlet.play(_padded(pcm, size), now)


class Signals:
    """All of one termination. ``instead`` is heard in place of others, ``over`` on top of them."""

    __slots__ = ("digits", "instead", "over", "recordings")

    def __init__(self) -> None:
        self.instead: Signal | None = None
        self.over: list[Signal] = []
        self.digits: deque[DigitJob] = deque()
        self.recordings: dict[int, Recording] = {}

    @property
    def idle(self) -> bool:
        """Nothing is played, sent or recorded."""
        return self.instead is None and not self.over and not self.digits and not self.recordings

    @property
    def audible(self) -> bool:
        """Something is played or sent to the party."""
        return bool(self.digits) or self.replaces or any(signal.source is not None for signal in self.over)

    @property
    def replaces(self) -> bool:
        """The party hears something in place of others."""
        return self.instead is not None and self.instead.source is not None

    @property
    def records_heard(self) -> bool:
        """A recording also wants what the party hears."""
        return any(recording.both for recording in self.recordings.values())

    def find(self, number: int) -> Signal | None:
        """A signal being played."""
        if self.instead is not None and self.instead.number == number:
            return self.instead
        return next((signal for signal in self.over if signal.number == number), None)

    def remove(self, signal: Signal) -> None:
        """Forget a signal."""
        if self.instead is signal:
            self.instead = None
        elif signal in self.over:
            self.over.remove(signal)

    def overlay(self, pcm: Pcm | None, rate: int) -> tuple[Pcm | None, list[Signal]]:
        """Put the mixed signals on top of ``pcm``; also those that are over."""
        ended: list[Signal] = []
        frames = [] if pcm is None else [pcm]
        for signal in self.over:
            if signal.source is None:
                continue
            sound = signal.read(rate)
            if sound is None:
                ended.append(signal)
            else:
                frames.append(sound)
        return (mix(frames) if frames else None), ended

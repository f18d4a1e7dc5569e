"""One party's media: what it says and hears, the keys it presses, what is played to it and recorded of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kiestoon.media.audio.dtmf import DigitPress, EventReceiver
from kiestoon.media.audio.pcm import Pcm
from kiestoon.media.intake import Intake
from kiestoon.media.outlet import Outlet
from kiestoon.media.ports import PortPair
from kiestoon.media.protocol import (
    Codec,
    DigitReceived,
    Quality,
    RtpLost,
    RtpResumed,
    SignalEnded,
    SilenceHeard,
    Stream,
    Watch,
)
from kiestoon.media.relay import COMFORT_NOISE, TELEPHONE_EVENT, Route, is_wide
from kiestoon.media.rtp import LATE, MARKER, REFUSED, RESTART, VERSION_2, payload_bounds
from kiestoon.media.rtp_port import nobody
from kiestoon.media.shared import Shared
from kiestoon.media.signals import DigitJob, Signal, Signals
from kiestoon.media.webrtc_port import WebRtcPort

if TYPE_CHECKING:
    from kiestoon.media.context import Context

MIN_PTIME_MS, MAX_PTIME_MS = 5, 200
"""Packet times outside these are taken for the usual 20 ms."""


class Termination(WebRtcPort):
    """Created by ``Add``, ended by ``close``. ``routes`` lead to who hears this party without decoding."""

    __slots__ = (
        "_late_before", "_lost_at", "_quiet", "codec", "context", "event_type", "events", "heard", "hears", "intake",
        "outlet", "route_in", "routes", "signals", "speaks", "watch", "watched_at",
    )  # fmt: skip

    def __init__(self, number: int, pair: PortPair, context: Context, shared: Shared) -> None:
        super().__init__(number, pair, shared)
        self.context = context
        self.codec: Codec | None = None
        """What the party speaks now, of the formats it may use."""
        self.event_type: int | None = None
        self.hears = False
        """The party may be sent something."""
        self.speaks = False
        """What the party says is listened to."""
        self.routes: list[Route] = []
        self.route_in: Route | None = None
        self.intake: Intake | None = None
        self.outlet: Outlet | None = None
        self.events = EventReceiver()
        self.signals: Signals | None = None
        self.heard: Pcm | None = None
        """What was last played to the party, for recordings."""
        self.watch = Watch(number)
        self.watched_at = 0.0
        self._lost_at = -1.0
        self._quiet = False
        self._late_before = 0

    # --- agreement -----------------------------------------------------------------------------------------------

    def agree(self, stream: Stream) -> None:
        """Follow a (new) agreement; what we send goes on. Raises ValueError for an impossible one."""
        before = self.stream
        _check(stream)
        self.set_transport(stream)
        if not MIN_PTIME_MS <= stream.ptime_ms <= MAX_PTIME_MS:
            stream = msgspec.structs.replace(stream, ptime_ms=20)
        self.stream = stream
        self.event_type = stream.dtmf_receive
        self.hears = stream.direction in {"sendrecv", "sendonly"} and stream.send is not None
        speaks = stream.direction in {"sendrecv", "recvonly"}
        if speaks and not self.speaks:
            self.watched_at = self.loop.now
        self.speaks = speaks
        self.tx.ptime_s = stream.ptime_ms / 1000.0
        self._receive_map = _receive_map(stream)
        self.codec = _spoken(stream, self.codec if before is not None else None)
        if self.codec is not None:
            self._set_clock(self.codec)

    def _set_clock(self, codec: Codec) -> None:
        if codec.clock_hz != self.rx.clock_hz:
            self.rx.set_clock(codec.clock_hz)
            self._pressed(self.events.flush())
            self.events = EventReceiver(codec.clock_hz)

    # --- packets ---------------------------------------------------------------------------------------------------

    def packet(self, data: bytes | bytearray, size: int, word: int, seq: int, timestamp: int, ssrc: int) -> None:
        """Use an RTP packet from the right source."""
        now = self.loop.now
        bounds = payload_bounds(data, size, word)
        if bounds is None:
            self._shared.drop("malformed")
            return
        is_event = word & 0x7F == self.event_type
        verdict = self.rx.update(seq, timestamp, ssrc, self.arrived, timed=self.timed and not is_event)
        if verdict == REFUSED:
            self._shared.drop("sequence")
            return
        if verdict == RESTART:
            self._restarted()
        if not self.speaks:
            self._shared.drop("direction")
            return
        payload = bytes(data[bounds[0] : bounds[1]])
        if is_event:
            self._telephone_event(word, seq, timestamp, payload, late=verdict == LATE)
            return
        codec = self._receive_map[word & 0x7F]
        if codec is not self.codec and codec.name != COMFORT_NOISE:
            self._changed_codec(codec)
        late = verdict == LATE
        for route in self.routes:
            route.relay(word, seq, timestamp, payload, now, late=late)
        if self.intake is not None:
            if codec.name == COMFORT_NOISE:
                self.intake.put_other(seq, timestamp, now)
            else:
                self.intake.put(seq, timestamp, payload, now)

    def _changed_codec(self, codec: Codec) -> None:
        """The party changed to another of the agreed formats: routes may have to become transcodings."""
        self.codec = codec
        self._set_clock(codec)
        self.context.wire()

    def _restarted(self) -> None:
        """A new source, or the old one with a new sequence."""
        for route in self.routes:
            route.interrupt()
        self._pressed(self.events.flush())
        self.events = EventReceiver(self.rx.clock_hz)
        if self.intake is not None:
            self.intake.restart()
        self.activate()

    def _telephone_event(self, word: int, seq: int, timestamp: int, payload: bytes, *, late: bool) -> None:
        now = self.loop.now
        presses = self.events.feed(payload, timestamp, now, marker=bool(word & MARKER))
        for route in self.routes:
            route.relay(word, seq, timestamp, payload, now, late=late)
        if self.intake is not None:
            self.intake.put_other(seq, timestamp, now)
        self._pressed(presses)

    def _pressed(self, presses: list[DigitPress], *, in_band: bool = False) -> None:
        for press in presses:
            self._shared.report(DigitReceived(self.number, press.digit, press.duration_ms))
            self.context.pressed(self, press, in_band=in_band)

    # --- life ----------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Something is being received or sent: begin reports and look after this termination regularly."""
        if self.active or self.closed:
            return
        self.active = True
        self._shared.active[self.number] = self
        self.reporter.start()
        self.open_rtcp()

    def observe(self, watch: Watch) -> None:
        """Watch for what the command asks."""
        self.watch = watch
        self._quiet = False
        self.watched_at = self.loop.now
        self._lost_at = -1.0
        self._shared.active[self.number] = self
        self._shared.touch(self.context)

    def sweep(self, now: float) -> None:
        """What is due a few times a second."""
        self.follow_source(now)
        if self.events.pressed:
            self._pressed(self.events.expire(now))
        self.rx.note_jitter()
        if self.watch.no_rtp_ms:
            self._check_loss(now)

    def _check_loss(self, now: float) -> None:
        if not self.speaks:
            return  # on hold: nothing is expected
        since_s = now - max(self.rx.at, self.watched_at)
        if self._lost_at >= 0:
            if self.rx.at > self._lost_at:
                self._lost_at = -1.0
                self._shared.report(RtpResumed(self.number))
        elif since_s * 1000.0 >= self.watch.no_rtp_ms:
            self._lost_at = now
            self._shared.report(RtpLost(self.number, int(since_s * 1000.0)))

    def quality(self) -> Quality:
        """Figures so far."""
        late = self.intake.packets_late if self.intake is not None else 0
        return self.reporter.figures(self.stream, self._late_before + late)

    # --- audio ---------------------------------------------------------------------------------------------------

    @property
    def needs_decoding(self) -> bool:
        """The party's samples are wanted whoever hears it."""
        watch = self.watch
        recorded = self.signals is not None and bool(self.signals.recordings)
        return self.speaks and (recorded or watch.silence_ms > 0 or watch.digits_in_band)

    @property
    def hears_wide(self) -> bool:
        """The party is sent more than telephone bandwidth."""
        return self.stream is not None and self.stream.send is not None and is_wide(self.stream.send)

    @property
    def speaks_wide(self) -> bool:
        """The party sends more than telephone bandwidth."""
        return self.codec is not None and is_wide(self.codec)

    def set_routes(self, routes: list[Route]) -> None:
        """Whom the party's packets are relayed to. With one plain route they take the fast path."""
        self.routes = routes
        only = routes[0] if len(routes) == 1 else None
        plain = only is not None and only.fast and self.intake is None and self.decryption is None
        self.fast = only if plain else None
        self._set_feed()

    def _set_feed(self) -> None:
        """Where nobody but the decoder wants packets they wait for the tick, and those of the codec spoken go straight
        into its jitter buffer."""
        intake, codec = self.intake, self.codec
        self.set_patience(patient=intake is not None and not self.routes)
        clear = self.decryption is None and not self.link.sealed
        if intake is None or codec is None or self.routes or not clear or not self.speaks:
            self.feed_word = -1
            return
        self.feed_word = -1 if codec.name == COMFORT_NOISE else VERSION_2 | codec.payload_type
        self.feed = intake.put

    def drop_intake(self) -> None:
        """The party is not decoded any more."""
        if self.intake is not None:
            self._late_before += self.intake.packets_late
            self.intake = None
            self.feed_word = -1
            self.feed = nobody

    def unplug(self) -> None:
        """Cut every reference to others: the termination leaves its context."""
        self.routes = []
        self.fast = None
        self.route_in = None
        self.outlet = None
        self.heard = None
        self.drop_intake()

    def heed(self) -> None:
        """Report what the detectors heard in this tick."""
        intake = self.intake
        if intake is None:
            return
        if intake.presses:
            presses, intake.presses = intake.presses, []
            self._pressed(presses, in_band=True)
        if self.watch.silence_ms:
            quiet = intake.silent_ms >= self.watch.silence_ms
            if quiet and not self._quiet:
                self._shared.report(SilenceHeard(self.number))
            self._quiet = quiet

    def send_digits(self, job: DigitJob) -> None:
        """Queue key presses for the party."""
        if job.finished:
            return
        self.ensure_signals().digits.append(job)
        self.activate()
        self._shared.touch(self.context)

    def ensure_signals(self) -> Signals:
        """The termination's signals, made when first needed."""
        if self.signals is None:
            self.signals = Signals()
        return self.signals

    def end_signal(self, signal: Signal, reason: str) -> None:
        """A signal is over: say so, and let the party hear others again."""
        if self.signals is not None:
            self.signals.remove(signal)
        self._shared.report(SignalEnded(self.number, signal.number, reason, signal.duration_ms))
        if not self.closed:
            self._shared.touch(self.context)

    def _end_signals(self) -> None:
        signals = self.signals
        if signals is None:
            return
        playing = [*signals.over] if signals.instead is None else [signals.instead, *signals.over]
        for signal in playing:
            self.end_signal(signal, "stopped")
        for recording in signals.recordings.values():
            recording.finish("finished")
        signals.recordings.clear()
        signals.digits.clear()

    def close(self) -> Quality:
        """End it: the sockets are silent and unconnected afterwards. Links to others are the context's to cut."""
        figures = self.quality()
        self.closed = True
        self._pressed(self.events.flush())
        self._end_signals()
        self.reporter.stop()
        self._shared.active.pop(self.number, None)
        self._shared.packets_received += self.rx.received
        self._shared.packets_sent += self.tx.packets
        self.close_sockets()
        return figures

    def abandon(self) -> None:
        """End it without ceremony, after an error inside."""
        self.closed = True
        self._shared.active.pop(self.number, None)
        self.reporter.cancel()
        self.close_sockets()


def _check(stream: Stream) -> None:
    """Refuse what no SDP can say."""
    codecs = stream.receive if stream.send is None else (stream.send, *stream.receive)
    for codec in codecs:
        if not (0 <= codec.payload_type <= 127 and 1000 <= codec.clock_hz <= 192000 and 1 <= codec.channels <= 8):
            raise ValueError(f"no such payload format: {codec}")
    for payload_type in (stream.dtmf_send, stream.dtmf_receive):
        if payload_type is not None and not 0 <= payload_type <= 127:
            raise ValueError(f"no such payload type: {payload_type}")


def _receive_map(stream: Stream) -> dict[int, Codec]:
    """Every payload type the party may use."""
    known = {codec.payload_type: codec for codec in stream.receive}
    if stream.dtmf_receive is not None and stream.dtmf_receive not in known:
        known[stream.dtmf_receive] = Codec(TELEPHONE_EVENT, stream.dtmf_receive)
    return known


def _spoken(stream: Stream, present: Codec | None) -> Codec | None:
    """The format to expect until packets say otherwise: the present one, what we send, or the first agreed."""
    audio = [
        codec
        for codec in stream.receive
        if codec.name not in {COMFORT_NOISE, TELEPHONE_EVENT} and codec.payload_type != stream.dtmf_receive
    ]
    for wanted in (present, stream.send):
        if wanted is not None:
            for codec in audio:
                if (codec.name, codec.clock_hz) == (wanted.name, wanted.clock_hz):
                    return codec
    return audio[0] if audio else None

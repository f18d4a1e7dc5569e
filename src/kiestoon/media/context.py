"""A context: terminations, who hears whom, and the means by which they do.

``wire`` decides for every listener: nobody to hear; one talker in the same format, relayed packet by packet; or audio
made here, 20 ms at a time: transcoded, mixed, played. Talkers are decoded only where samples are needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import structlog

from kiestoon.media.audio import mixer
from kiestoon.media.audio.dtmf import DigitPress
from kiestoon.media.audio.pcm import Pcm
from kiestoon.media.conference import Conference
from kiestoon.media.hearing import Hearing
from kiestoon.media.intake import TICKS_PER_S, Intake
from kiestoon.media.loop import Timer
from kiestoon.media.outlet import Outlet
from kiestoon.media.protocol import Topology
from kiestoon.media.shared import Shared
from kiestoon.media.signals import DigitJob
from kiestoon.media.termination import Termination
from kiestoon.media.wiring import NARROW_HZ, Talkers, Wiring

log = structlog.get_logger(__name__)

TICK_S = 1.0 / TICKS_PER_S
MAX_BEHIND_S = 0.2
"""A process stopped for longer does not make up for the ticks it missed."""
SLICE_S = 0.001
"""A tick that takes longer lets others have their turn in between."""
READ_AT_ONCE = 128
"""Packets read before others may have theirs."""


class Context:
    """``arrange`` and changes of ``members`` take effect with the next ``wire``."""

    __slots__ = (
        "_conference", "_decoded", "_due", "_outlets", "_rate", "_rest", "_shared", "_steps", "_ticking", "_timer",
        "_working", "hearing", "members", "number",
    )  # fmt: skip

    def __init__(self, number: int, shared: Shared) -> None:
        self.number = number
        self.members: dict[int, Termination] = {}
        self.hearing = Hearing()
        self._shared = shared
        self._rate = NARROW_HZ
        self._conference = Conference(shared)
        self._decoded: list[Termination] = []
        """Members with an intake of whom it is asked for samples."""
        self._outlets: list[tuple[Termination, Outlet, Talkers]] = []
        """Who hears something made for him alone."""
        self._ticking = False
        self._timer: Timer | None = None
        self._due = 0.0
        self._steps: Iterator[None] | None = None
        """What is left of the tick under way."""
        self._rest: Timer | None = None
        self._working = False

    @property
    def rate(self) -> int:
        """Sample rate of what is mixed and played here, in Hz; members in a conference's lanes stay at 8 kHz."""
        return self._rate

    def arrange(self, topology: Topology) -> None:
        """Replace the topology. Raises ValueError when it names somebody who is no member."""
        self.hearing.replace(topology, self.members)

    def remove(self, termination: Termination) -> None:
        """Take a member out, with whom he hears and who hears him."""
        self._complete_tick()
        del self.members[termination.number]
        self.hearing.remove(termination.number)
        termination.unplug()
        if not self.members:
            self._stop_ticking()

    # --- wiring --------------------------------------------------------------------------------------------------

    def wire(self) -> None:
        """Bring routes, decoders and encoders in line with topology, agreements and signals."""
        if self._working:
            self._shared.touch(self)  # not in the middle of a tick
            return
        self._complete_tick()
        wiring = Wiring(self.members, self.hearing)
        self._rate = wiring.rate
        for number, member in self.members.items():
            rate = NARROW_HZ if number in wiring.lanes else wiring.rate
            self._set_intake(member, rate, wanted=number in wiring.decoded)
            member.set_routes(wiring.routes.get(number, []))
            self._set_outlet(member, rate, wanted=number in wiring.encoded)
        lanes = [self.members[number] for number in wiring.lanes]
        self._conference.seat(lanes, wiring.talkers_without_lane, wiring.rate)
        apart = [member for number, member in self.members.items() if number not in wiring.lanes]
        self._decoded = [member for member in apart if member.intake is not None]
        self._outlets = [
            (self.members[number], outlet, talkers)
            for number, talkers in wiring.encoded.items()
            if number not in wiring.lanes and (outlet := self.members[number].outlet) is not None
        ]
        self._set_ticking()

    def _set_intake(self, talker: Termination, rate: int, *, wanted: bool) -> None:
        if not wanted or talker.codec is None or talker.stream is None:
            talker.drop_intake()
            return
        try:
            if talker.intake is None:
                talker.intake = Intake(talker.codec, talker.stream.ptime_ms, rate)
            else:
                talker.intake.follow(talker.codec, talker.stream.ptime_ms, rate)
        except ValueError as error:
            log.warning("not_decodable", termination=talker.number, codec=talker.codec.name, reason=str(error))
            talker.drop_intake()
            return
        talker.intake.frame = None
        watch = talker.watch
        talker.intake.detect(digits=watch.digits_in_band, quiet=watch.silence_ms > 0)

    def _set_outlet(self, listener: Termination, rate: int, *, wanted: bool) -> None:
        stream = listener.stream
        if not wanted or stream is None:
            listener.outlet = None
            return
        try:
            if listener.outlet is None:
                listener.outlet = Outlet(stream, rate, listener.tx, listener.link)
            else:
                listener.outlet.follow(stream, rate)
        except ValueError as error:
            name = stream.send.name if stream.send is not None else ""
            log.warning("not_encodable", termination=listener.number, codec=name, reason=str(error))
            listener.outlet = None

    def _set_ticking(self) -> None:
        needed = any(
            member.intake is not None
            or member.outlet is not None
            or (member.signals is not None and not member.signals.idle)
            for member in self.members.values()
        )
        if needed and not self._ticking:
            self._ticking = True
            loop = self._shared.loop
            # Contexts tick out of step, so that their work is spread over the 20 ms.
            self._due = loop.now + TICK_S * (0.5 + 0.5 * self._shared.rng.random())
            self._timer = loop.call_at(self._due, self._tick)
        elif not needed:
            self._stop_ticking()

    def _stop_ticking(self) -> None:
        self._ticking = False
        for timer in (self._timer, self._rest):
            if timer is not None:
                timer.cancel()

    # --- ticking -------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        shared = self._shared
        loop = shared.loop
        now = loop.clock()
        shared.ticks += 1
        behind_s = now - self._due
        if behind_s > TICK_S:
            shared.late_ticks += 1
        self._due = self._due + TICK_S if behind_s < MAX_BEHIND_S else now + TICK_S
        self._timer = loop.call_at(self._due, self._tick)
        self._complete_tick()
        if self._rest is not None:
            self._rest.cancel()
        self._begin()

    def _begin(self) -> None:
        """Read what has arrived for this tick, then go through with it."""
        loop = self._shared.loop
        if not loop.catch_up(READ_AT_ONCE):
            self._rest = loop.call_at(loop.clock(), self._begin)
            return
        self._steps = self._work(loop.clock())
        self._advance()

    def _advance(self, longest_s: float = SLICE_S) -> None:
        """Go on with the tick under way; what is not done in time waits for the sockets' next turn."""
        steps = self._steps
        if steps is None:
            return
        loop = self._shared.loop
        clock = loop.clock
        stop_at = clock() + longest_s
        self._working = True
        self._steps = None
        try:
            for _ in steps:
                if (now := clock()) >= stop_at:
                    self._steps = steps
                    self._rest = loop.call_at(now, self._advance)  # in the next turn: sockets come first
                    return
        finally:
            self._working = False

    def _complete_tick(self) -> None:
        """Nothing may change in the middle of a tick: finish it first."""
        if self._steps is not None and not self._working:
            if self._rest is not None:
                self._rest.cancel()
            self._advance(math.inf)

    def _work(self, now: float) -> Iterator[None]:
        """A tick, with a pause wherever others may have their turn."""
        shared, conference = self._shared, self._conference
        if conference.meets:
            yield from conference.take_in(now)
        for member in self._decoded:
            if member.intake is not None:
                try:
                    member.intake.tick(now)
                    member.heed()
                except Exception as error:
                    shared.fail(member, error)
                yield
        if conference.meets:
            conference.mix()
            yield
            yield from conference.send(now)
        for listener, outlet, talkers in self._outlets:
            if listener.outlet is outlet:
                try:
                    listener.heard = self._perform(listener, outlet, talkers, now)
                except Exception as error:
                    shared.fail(listener, error)
                yield
        for member in tuple(self.members.values()):
            if member.signals is not None and member.signals.recordings:
                try:
                    self._record(member)
                except Exception as error:
                    shared.fail(member, error)

    def _perform(self, listener: Termination, outlet: Outlet, talkers: Talkers, now: float) -> Pcm | None:
        """Make the listener's next 20 ms and send it; returns what was heard."""
        signals = listener.signals
        if signals is None:
            return outlet.play(self._mix(listener, talkers), now)
        if signals.digits:
            job = signals.digits[0]
            payload_type = listener.stream.dtmf_send if listener.stream is not None else None
            sound = job.tick(outlet, payload_type, now)
            if job.finished:
                signals.digits.popleft()
                if not signals.digits:
                    self._shared.touch(self)
            return sound
        if signals.instead is not None and signals.instead.source is not None:
            pcm = signals.instead.read(outlet.rate)
            if pcm is None:
                listener.end_signal(signals.instead, "finished")
        else:
            pcm = self._mix(listener, talkers)
        if signals.over:
            pcm, ended = signals.overlay(pcm, outlet.rate)
            for signal in ended:
                listener.end_signal(signal, "finished")
        return outlet.play(pcm, now)

    def _mix(self, listener: Termination, talkers: Talkers) -> Pcm | None:
        if talkers is None:
            return self._conference.heard_by(listener)
        frames = [each.intake.frame for each in talkers if each.intake is not None and each.intake.frame is not None]
        return mixer.mix(frames) if frames else None

    def _record(self, member: Termination) -> None:
        signals, intake, outlet = member.signals, member.intake, member.outlet
        if signals is None:
            return
        said = intake.frame if intake is not None else None
        heard = member.heard if outlet is not None else None
        if member.route_in is not None and member.route_in.talker.intake is not None:
            heard = member.route_in.talker.intake.frame
        rate = intake.rate if intake is not None else outlet.rate if outlet is not None else self._rate
        for number, recording in tuple(signals.recordings.items()):
            if recording.rate != rate:
                recording.change_rate(rate)
            recording.add(said, heard)
            if recording.full:
                del signals.recordings[number]
                recording.finish("finished")
                if signals.idle:
                    self._shared.touch(self)

    # --- keys ----------------------------------------------------------------------------------------------------

    def pressed(self, talker: Termination, press: DigitPress, *, in_band: bool) -> None:
        """A key press is over: pass it on to those whom no relayed event and no sound of it reached."""
        for listener in self.members.values():
            if not listener.hears or listener.stream is None or not self._hears_only(listener, talker):
                continue
            by_event = listener.stream.dtmf_send is not None
            if in_band and not by_event:
                continue  # heard as sound
            if listener.route_in is not None and by_event and not in_band:
                continue  # relayed as it came
            listener.send_digits(DigitJob(press.digit, min(2000, max(60, press.duration_ms)), 60))

    def _hears_only(self, listener: Termination, talker: Termination) -> bool:
        number = listener.number
        if not self.hearing.hears(number, talker.number) or not talker.speaks:
            return False
        others = set(self.hearing.edges.get(number, ()))
        if self.hearing.in_group(number):
            others.update(self.hearing.mixed)
        others -= {number, talker.number}
        return not any(self.members[other].speaks for other in others)

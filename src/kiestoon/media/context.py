"""A context: terminations, who hears whom, and the means by which they do.

``wire`` decides for every listener: nobody to hear; one talker in the same format, relayed packet by packet; or audio
made here, 20 ms at a time (``tick``): transcoded, mixed, played. Talkers are decoded only where samples are needed.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from kiestoon.media.audio.dtmf import DigitPress
from kiestoon.media.audio.pcm import Pcm
from kiestoon.media.conference import Mixer, mix_in_bulk
from kiestoon.media.intake import TICKS_PER_S, Intake
from kiestoon.media.loop import Timer
from kiestoon.media.outlet import Outlet
from kiestoon.media.relay import RelayPlan, Route
from kiestoon.media.shared import Shared
from kiestoon.media.signals import DigitJob
from kiestoon.media.termination import Termination

log = structlog.get_logger(__name__)

TICK_S = 1.0 / TICKS_PER_S
MAX_BEHIND_S = 0.2
"""A process stopped for longer does not make up for the ticks it missed."""
NARROW_HZ, WIDE_HZ = 8000, 16000


class Context:
    """``arrange`` and changes of ``members`` take effect with the next ``wire``."""

    __slots__ = (
        "_bulk", "_due", "_hears", "_mixer", "_odd", "_outlets", "_rate", "_shared", "_ticking", "_timer", "members",
        "number",
    )  # fmt: skip

    def __init__(self, number: int, shared: Shared) -> None:
        self.number = number
        self.members: dict[int, Termination] = {}
        self._hears: dict[int, tuple[int, ...]] = {}
        """Whom each listener hears, by number."""
        self._shared = shared
        self._rate = NARROW_HZ
        self._mixer = Mixer()
        self._outlets: list[tuple[Termination, Outlet, tuple[Termination, ...]]] = []
        self._bulk = False
        self._odd = False
        """Somebody sends packets of another length than 20 ms."""
        self._ticking = False
        self._timer: Timer | None = None
        self._due = 0.0

    def arrange(self, edges: Iterable[tuple[int, int]]) -> None:
        """Replace the topology: (talker, listener) pairs; not listed is not heard.

        Raises ValueError when an edge names no member.
        """
        hears: dict[int, dict[int, None]] = {}
        members = self.members
        for talker, listener in edges:
            if talker not in members or listener not in members:
                raise ValueError(f"edge {talker} → {listener} names a termination that is not in context {self.number}")
            hears.setdefault(listener, {})[talker] = None
        self._hears = {listener: tuple(talkers) for listener, talkers in hears.items()}

    def remove(self, termination: Termination) -> None:
        """Take a member out, with its edges."""
        number = termination.number
        del self.members[number]
        self._hears.pop(number, None)
        for listener, talkers in self._hears.items():
            if number in talkers:
                self._hears[listener] = tuple(talker for talker in talkers if talker != number)
        termination.unplug()
        if not self.members:
            self.wire()

    def talkers_to(self, listener: Termination) -> tuple[Termination, ...]:
        """Who the listener hears."""
        members = self.members
        talkers = (members[number] for number in self._hears.get(listener.number, ()))
        return tuple(talker for talker in talkers if talker.speaks)

    # --- wiring --------------------------------------------------------------------------------------------------

    def wire(self) -> None:
        """Bring routes, decoders and encoders in line with topology, agreements and signals."""
        routes: dict[int, list[Route]] = {number: [] for number in self.members}
        decoded: set[int] = set()
        encoded: list[tuple[Termination, tuple[Termination, ...]]] = []
        for number, listener in self.members.items():
            if listener.needs_decoding:
                decoded.add(number)
            talkers = self.talkers_to(listener) if listener.hears else ()
            signals = listener.signals
            audible = signals is not None and signals.audible and listener.hears
            route = self._route(listener, talkers) if len(talkers) == 1 and not audible else None
            listener.route_in = route
            if route is not None:
                routes[route.talker.number].append(route)
            elif audible or talkers:
                encoded.append((listener, talkers))
                if signals is None or not signals.replaces:
                    decoded.update(talker.number for talker in talkers)
            if signals is not None and signals.records_heard:
                decoded.update(talker.number for talker in talkers)
        self._set_rate(decoded, encoded)
        for number, talker in self.members.items():
            self._set_intake(talker, wanted=number in decoded)
            talker.set_routes(routes[number])
        self._set_outlets(encoded)
        self._bulk = self._in_bulk()
        self._set_ticking()

    def _route(self, listener: Termination, talkers: tuple[Termination, ...]) -> Route | None:
        """The route that feeds the listener; None when samples must be touched."""
        talker = talkers[0]
        if talker.stream is None or listener.stream is None:
            return None
        if talker.watch.digits_in_band and listener.stream.dtmf_send is not None:
            return None  # keys become events, so they must be taken out of the sound
        plan = RelayPlan(talker.stream, talker.codec, listener.stream)
        if not plan.possible:
            return None
        route = listener.route_in
        if route is None or route.talker is not talker:
            return Route(talker, listener, plan)
        route.follow(plan)
        return route

    def _set_rate(self, decoded: set[int], encoded: list[tuple[Termination, tuple[Termination, ...]]]) -> None:
        """Wide-band only where somebody has it to give and somebody can take it."""
        given = any(self.members[number].speaks_wide for number in decoded)
        taken = any(listener.hears_wide for listener, _ in encoded)
        played = any(
            listener.hears_wide and listener.signals is not None and listener.signals.audible for listener, _ in encoded
        )
        recorded = any(
            member.speaks_wide and member.signals is not None and member.signals.recordings
            for member in self.members.values()
        )
        self._rate = WIDE_HZ if (given and taken) or played or recorded else NARROW_HZ

    def _set_intake(self, talker: Termination, *, wanted: bool) -> None:
        if not wanted or talker.codec is None or talker.stream is None:
            talker.drop_intake()
            return
        try:
            if talker.intake is None:
                talker.intake = Intake(talker.codec, talker.stream.ptime_ms, self._rate)
            else:
                talker.intake.follow(talker.codec, talker.stream.ptime_ms, self._rate)
        except ValueError as error:
            log.warning("not_decodable", termination=talker.number, codec=talker.codec.name, reason=str(error))
            talker.drop_intake()
            return
        watch = talker.watch
        talker.intake.detect(digits=watch.digits_in_band, quiet=watch.silence_ms > 0)

    def _set_outlets(self, encoded: list[tuple[Termination, tuple[Termination, ...]]]) -> None:
        self._outlets = []
        for listener, talkers in encoded:
            stream = listener.stream
            if stream is None:
                continue
            try:
                if listener.outlet is None:
                    listener.outlet = Outlet(stream, self._rate, listener.tx, listener.link)
                else:
                    listener.outlet.follow(stream, self._rate)
            except ValueError as error:
                name = stream.send.name if stream.send is not None else ""
                log.warning("not_encodable", termination=listener.number, codec=name, reason=str(error))
                listener.outlet = None
                continue
            self._outlets.append((listener, listener.outlet, talkers))
        making = {listener.number for listener, _, _ in self._outlets}
        for number, member in self.members.items():
            if number not in making:
                member.outlet = None

    def _in_bulk(self) -> bool:
        """A plain G.711 conference: everybody hears everybody else, nothing is played or recorded."""
        if self._odd or len(self._outlets) < 3 or len(self._outlets) != len(self.members):
            return False
        speakers = {talker.number for _, _, talkers in self._outlets for talker in talkers}
        return all(
            outlet.law and listener.plays_plainly and len(talkers) == len(speakers) - (listener.number in speakers)
            for listener, outlet, talkers in self._outlets
        )

    def _set_ticking(self) -> None:
        members = self.members.values()
        needed = bool(self._outlets) or any(
            member.intake is not None or (member.signals is not None and not member.signals.idle) for member in members
        )
        if needed and not self._ticking:
            self._ticking = True
            loop = self._shared.loop
            # Contexts tick out of step, so that their work is spread over the 20 ms.
            self._due = loop.now + TICK_S * (0.5 + 0.5 * self._shared.rng.random())
            self._timer = loop.call_at(self._due, self._tick)
        elif not needed and self._ticking:
            self._ticking = False
            if self._timer is not None:
                self._timer.cancel()

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
        if self._bulk:
            if mix_in_bulk(self._outlets, now):
                return
            self._bulk, self._odd = False, True
        self._mixer.begin()
        for member in tuple(self.members.values()):
            if member.intake is not None:
                try:
                    member.intake.tick(now)
                    member.heed()
                except Exception as error:
                    shared.fail(member, error)
        for listener, outlet, talkers in tuple(self._outlets):
            if listener.closed:
                continue
            try:
                listener.heard = self._perform(listener, outlet, talkers, now)
            except Exception as error:
                shared.fail(listener, error)
        for member in tuple(self.members.values()):
            if member.signals is not None and member.signals.recordings:
                try:
                    self._record(member)
                except Exception as error:
                    shared.fail(member, error)

    def _perform(
        self, listener: Termination, outlet: Outlet, talkers: tuple[Termination, ...], now: float
    ) -> Pcm | None:
        """Make the listener's next 20 ms and send it; returns what was heard."""
        signals = listener.signals
        if signals is None:
            return outlet.play(self._mixer.mix(listener, talkers), now)
        if signals.digits:
            job = signals.digits[0]
            payload_type = listener.stream.dtmf_send if listener.stream is not None else None
            sound = job.tick(outlet, payload_type, now)
            if job.finished:
                signals.digits.popleft()
                if not signals.digits:
                    self.wire()
            return sound
        if signals.instead is not None and signals.instead.source is not None:
            pcm = signals.instead.read(self._rate)
            if pcm is None:
                listener.end_signal(signals.instead, "finished")
        else:
            pcm = self._mixer.mix(listener, talkers)
        if signals.over:
            pcm, ended = signals.overlay(pcm, self._rate)
            for signal in ended:
                listener.end_signal(signal, "finished")
        return outlet.play(pcm, now)

    def _record(self, member: Termination) -> None:
        signals = member.signals
        if signals is None:
            return
        said = member.intake.frame if member.intake is not None else None
        heard = member.heard if member.outlet is not None else None
        if member.route_in is not None and member.route_in.talker.intake is not None:
            heard = member.route_in.talker.intake.frame
        for number, recording in tuple(signals.recordings.items()):
            if recording.rate != self._rate:
                recording.change_rate(self._rate)
            recording.add(said, heard)
            if recording.full:
                del signals.recordings[number]
                recording.finish("finished")
                if signals.idle:
                    self.wire()

    # --- signals and keys ----------------------------------------------------------------------------------------

    @property
    def rate(self) -> int:
        """Sample rate of what is mixed and played here, in Hz."""
        return self._rate

    def pressed(self, talker: Termination, press: DigitPress, *, in_band: bool) -> None:
        """A key press is over: pass it on to those whom no relayed event and no sound of it reached."""
        for listener in self.members.values():
            heard = self._hears.get(listener.number, ())
            if talker.number not in heard or not listener.hears or listener.stream is None:
                continue
            by_event = listener.stream.dtmf_send is not None
            if in_band and not by_event:
                continue  # heard as sound
            route = listener.route_in
            if route is not None and by_event and not in_band:
                continue  # relayed as it came
            if len(self.talkers_to(listener)) == 1:
                listener.send_digits(DigitJob(press.digit, min(2000, max(60, press.duration_ms)), 60))

"""By what means the members of a context hear each other: decided anew whenever anything changes.

The order of choice: packets relayed as they are, a lane of the conference, an encoder of one's own.
"""

from __future__ import annotations

from typing import TypeAlias

from kiestoon.media.hearing import Hearing
from kiestoon.media.lanes import fits_lane
from kiestoon.media.relay import RelayPlan, Route
from kiestoon.media.termination import Termination

NARROW_HZ, WIDE_HZ = 8000, 16000
Talkers: TypeAlias = tuple[Termination, ...] | None
"""Whom somebody hears; None: everybody else of the conference."""


class Wiring:
    """What follows from members, topology, agreements and signals. All keys are termination numbers.

    ``routes``: to whom a talker's packets go as they are. ``decoded``: whose samples are needed. ``encoded``: for whom
    something is made, and from whom. ``lanes``: which of them have a lane in the conference. ``rate``: of all samples
    outside the lanes, in Hz.
    """

    __slots__ = ("_apart", "_meets", "_members", "_speakers", "decoded", "encoded", "lanes", "rate", "routes")

    def __init__(self, members: dict[int, Termination], hearing: Hearing) -> None:
        self._members = members
        self._speakers = {number: members[number] for number in hearing.mixed if members[number].speaks}
        self._apart: set[int] = set()
        """Whose samples somebody needs by themselves."""
        self._meets = False
        """Somebody hears the conference."""
        self.routes: dict[int, list[Route]] = {}
        self.decoded: set[int] = set()
        self.encoded: dict[int, Talkers] = {}
        for listener in members.values():
            self._connect(listener, self._talkers_to(listener, hearing) if listener.hears else ())
        self.lanes = self._find_lanes()
        self.rate = self._choose_rate()

    @property
    def talkers_without_lane(self) -> list[Termination]:
        """Those who speak in the conference and are decoded by themselves."""
        if not self._meets:
            return []
        return [talker for number, talker in self._speakers.items() if number not in self.lanes]

    def _talkers_to(self, listener: Termination, hearing: Hearing) -> Talkers:
        members, number = self._members, listener.number
        talkers = tuple(members[each] for each in hearing.edges.get(number, ()) if members[each].speaks)
        if not hearing.in_group(number):
            return talkers
        if not talkers and len(self._speakers) - (number in self._speakers) > 1:
            return None
        return talkers + tuple(each for each in self._speakers.values() if each is not listener)

    def _connect(self, listener: Termination, talkers: Talkers) -> None:
        signals, number = listener.signals, listener.number
        if listener.needs_decoding:
            self.decoded.add(number)
        audible = signals is not None and signals.audible and listener.hears
        route = _route(listener, talkers[0]) if talkers is not None and len(talkers) == 1 and not audible else None
        listener.route_in = route
        if route is not None:
            self.routes.setdefault(route.talker.number, []).append(route)
        elif audible or talkers != ():
            self.encoded[number] = talkers
            if signals is None or not signals.replaces:
                self._decode(talkers)
        if signals is not None and signals.records_heard:
            self._decode(talkers)

    def _decode(self, talkers: Talkers) -> None:
        if talkers is None:
            self._meets = True
            self.decoded.update(self._speakers)
        else:
            self.decoded.update(talker.number for talker in talkers)
            self._apart.update(talker.number for talker in talkers)

    def _find_lanes(self) -> dict[int, None]:
        lanes: dict[int, None] = {}
        if not self._meets:
            return lanes
        for number, member in self._members.items():
            speaks, hears = number in self._speakers, number in self.encoded
            if not (speaks or hears) or number in self._apart or (hears and self.encoded[number] is not None):
                continue
            if fits_lane(member, speaks=speaks, hears=hears):
                lanes[number] = None
        return lanes

    def _choose_rate(self) -> int:
        """Wide-band only where somebody has it to give and somebody can take it."""
        members = self._members
        takers = [members[number] for number in self.encoded if members[number].hears_wide]
        given = any(members[number].speaks_wide for number in self.decoded)
        # One converter for the conference instead of one for each who hears wide-band in it.
        met = any(self.encoded[taker.number] is None for taker in takers)
        played = any(taker.signals is not None and taker.signals.audible for taker in takers)
        recorded = any(
            member.speaks_wide and member.signals is not None and member.signals.recordings
            for member in members.values()
        )
        return WIDE_HZ if (takers and given) or met or played or recorded else NARROW_HZ


def _route(listener: Termination, talker: Termination) -> Route | None:
    """The route that feeds the listener; None when samples must be touched."""
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

"""Which calls are at whom: an index of live calls by person and by extension, kept up by call control's events.

Only the way to legs and calls is remembered; how they stand is read from them when a lamp is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from kiestoon.calls.call import Call
from kiestoon.calls.events import (
    CallClosed,
    CallEvent,
    LegAnswered,
    LegDialled,
    LegEnded,
    LegHeld,
    LegOffered,
    LegProgressed,
    LegResumed,
    LegRinging,
    QualityMeasured,
)
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.leg import Leg

Touched: TypeAlias = tuple[str, int, str]
"""Kind of source, company id, key: see ``Lamps.touch``."""
PERSON: Final = "person"
EXTENSION: Final = "extension"
_ONE_LEG: Final = (LegOffered, LegDialled, LegRinging, LegHeld, LegResumed, LegEnded)
_NOTHING: Final = (LegProgressed, QualityMeasured)


class LiveCalls:
    """The index. ``happened`` says what each event may have changed."""

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange
        self._calls: dict[str, Call] = {}
        self._places: dict[str, tuple[str, ...]] = {}
        self._by_user: dict[int, dict[int, Leg]] = {}
        self._by_extension: dict[tuple[int, str], dict[str, Call]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def adopt(self) -> None:
        """Take in the calls there are (after a restart)."""
        for call in self._x.calls.values():
            self._calls[call.id] = call
            self._settle_places(call)
            for leg in call.live_legs():
                self._add_leg(leg)

    def legs_of(self, user_id: int) -> Iterable[Leg]:
        """The person's legs, oldest first."""
        return self._by_user.get(user_id, {}).values()

    def calls_at(self, company_id: int, extension: str) -> Iterable[Call]:
        """The calls that are for an extension which is no person, oldest first."""
        return self._by_extension.get((company_id, extension), {}).values()

    def call_of(self, leg: Leg) -> Call | None:
        """The call a leg belongs to."""
        return self._calls.get(leg.call)

    def happened(self, event: CallEvent) -> Iterator[Touched]:
        """What may look different now."""
        call = self._calls.get(event.call)
        if call is None:
            call = self._x.calls.get(event.call)
            if call is None:
                return
            self._calls[event.call] = call
        if isinstance(event, _NOTHING):
            return
        leg = call.legs.get(event.leg) if event.leg else None
        if leg is not None and leg.party.user_id:
            self._index_leg(leg, event)
            yield PERSON, event.company_id, str(leg.party.user_id)
        if not isinstance(event, _ONE_LEG):
            yield from self._others(call, leg)
        before = self._places.get(call.id, ())
        if isinstance(event, CallClosed):
            self._forget(call)
        else:
            self._settle_places(call)
        for extension in {*before, *self._places.get(call.id, ())}:
            yield EXTENSION, event.company_id, extension

    def _others(self, call: Call, leg: Leg | None) -> Iterator[Touched]:
        """Who else is in the call: whom they speak with may have changed."""
        for other in call.legs.values():
            if other is not leg and other.party.user_id and other.state != "ended":
                yield PERSON, call.company_id, str(other.party.user_id)

    def _index_leg(self, leg: Leg, event: CallEvent) -> None:
        if isinstance(event, LegEnded) or leg.state == "ended":
            legs = self._by_user.get(leg.party.user_id)
            if legs is not None:
                legs.pop(leg.id, None)
                if not legs:
                    del self._by_user[leg.party.user_id]
        elif isinstance(event, LegOffered | LegDialled | LegAnswered):
            self._add_leg(leg)

    def _add_leg(self, leg: Leg) -> None:
        if leg.party.user_id:
            self._by_user.setdefault(leg.party.user_id, {})[leg.id] = leg

    def _settle_places(self, call: Call) -> None:
        """At which extensions the call counts now: the one it is for, and the hunt group that shares it out."""
        places = self._extensions(call)
        before = self._places.get(call.id, ())
        if places == before:
            return
        for extension in before:
            self._leave(call, extension)
        for extension in places:
            self._by_extension.setdefault((call.company_id, extension), {})[call.id] = call
        self._places[call.id] = places

    def _extensions(self, call: Call) -> tuple[str, ...]:
        index = self._x.directory.company(call.company_id)
        if index is None:
            return ()
        found = []
        if call.target and call.target not in index.users_by_extension and call.target in index.arrangements.extensions:
            found.append(call.target)
        situation = call.situation
        if situation is not None and situation.hunt is not None and situation.at and situation.at not in found:
            found.append(situation.at)
        return tuple(found)

    def _leave(self, call: Call, extension: str) -> None:
        key = (call.company_id, extension)
        calls = self._by_extension.get(key)
        if calls is not None:
            calls.pop(call.id, None)
            if not calls:
                del self._by_extension[key]

    def _forget(self, call: Call) -> None:
        for extension in self._places.pop(call.id, ()):
            self._leave(call, extension)
        for leg in call.legs.values():
            legs = self._by_user.get(leg.party.user_id)
            if legs is not None and legs.pop(leg.id, None) is not None and not legs:
                del self._by_user[leg.party.user_id]
        del self._calls[call.id]

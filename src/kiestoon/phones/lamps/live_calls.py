"""Which calls are at whom: an index of live calls by person, by extension and by park place.

Only the way to legs and calls is remembered; how they stand is read from them when a lamp is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from kiestoon.calls.call import Call
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import park

Touch: TypeAlias = Callable[[str, int, str], None]
"""Kind of source, company id, key: see ``Lamps.touch``."""
Place: TypeAlias = tuple[str, str]
"""Kind of source and key."""
PERSON: Final = "person"
EXTENSION: Final = "extension"
PARK: Final = "park"


class LiveCalls:
    """The index. Call control says which calls something has happened to."""

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange
        self._places: dict[str, tuple[Place, ...]] = {}
        self._by_user: dict[int, dict[int, Leg]] = {}
        self._by_place: dict[tuple[str, int, str], dict[str, Call]] = {}

    def __len__(self) -> int:
        return len(self._by_user) + len(self._by_place)

    def adopt(self) -> None:
        """Take in the calls there are (after a restart)."""
        for call in self._x.calls.values():
            self.changed(call, _nobody)

    def legs_of(self, user_id: int) -> Iterator[tuple[Leg, Call]]:
        """The person's legs with their calls, oldest first."""
        for leg in self._by_user.get(user_id, {}).values():
            call = self._x.calls.get(leg.call)
            if call is not None:
                yield leg, call

    def calls_at(self, kind: str, company_id: int, key: str) -> Iterable[Call]:
        """The calls at an extension which is no person, or parked at a place, oldest first."""
        return self._by_place.get((kind, company_id, key), {}).values()

    def changed(self, call: Call, touch: Touch) -> None:
        """Something happened to a call: whoever is in it, or was, may look different now."""
        for leg in call.legs.values():
            user_id = leg.party.user_id
            if user_id:
                self._index(leg, user_id)
                touch(PERSON, call.company_id, str(user_id))
        before = self._places.get(call.id, ())
        places = self._places_of(call) if call.id in self._x.calls else ()
        if before or places:
            self._settle(call, before, places)
            for kind, key in {*before, *places}:
                touch(kind, call.company_id, key)

    def _index(self, leg: Leg, user_id: int) -> None:
        legs = self._by_user.get(user_id)
        if leg.state != "ended":
            if legs is None:
                legs = self._by_user[user_id] = {}
            legs[leg.id] = leg
        elif legs is not None and legs.get(leg.id) is leg:  # not an account of a leg that has moved to another call
            del legs[leg.id]
            if not legs:
                del self._by_user[user_id]

    def _settle(self, call: Call, before: tuple[Place, ...], places: tuple[Place, ...]) -> None:
        """Where the call counts now."""
        if places == before:
            return
        for kind, name in before:
            key = (kind, call.company_id, name)
            calls = self._by_place[key]
            del calls[call.id]
            if not calls:
                del self._by_place[key]
        for kind, name in places:
            self._by_place.setdefault((kind, call.company_id, name), {})[call.id] = call
        if places:
            self._places[call.id] = places
        else:
            del self._places[call.id]

    def _places_of(self, call: Call) -> tuple[Place, ...]:
        """The lot it waits on; else the extension it is for, and the hunt group that shares it out."""
        parked = park.data_of(call)
        if parked is not None:
            return ((PARK, parked.lot),)
        index = self._x.directory.company(call.company_id)
        if index is None:
            return ()
        target, situation = call.target, call.situation
        at = situation.at if situation is not None and situation.hunt is not None else ""
        found = [at] if at else []
        if target != at and target not in index.users_by_extension and target in index.arrangements.extensions:
            found.insert(0, target)
        return tuple((EXTENSION, extension) for extension in found)


def _nobody(_kind: str, _company_id: int, _key: str) -> None:
    """Nobody watches yet."""

"""Notices of calls that ring at others, for whom a privacy group gives the right "notify" (E 6.3, E 4.2.3).

A call rings at the people whose phones ring, and at the group or hunt group that lets them ring. Each holder of the
right is told after the delay of the own grant, if it still rings then, and told again when it rings there no more. Who
is in the call anyway hears nothing of this. Time comes in as wall clock; nothing is kept while nobody listens.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kiestoon.app.event_view import Draft
from kiestoon.calls.call import Call
from kiestoon.calls.events import CallEvent, LegRinging
from kiestoon.calls.exchange import Exchange
from kiestoon.notify.events import NoticeData


class _Place(msgspec.Struct):
    """An extension a call rings at. ``waiting``: by person when to tell (wall clock, ms); ``told``: who has been."""

    company_id: int
    data: NoticeData
    waiting: dict[int, int]
    told: set[int]


class CallNotices:
    """The calls that ring somewhere of which somebody wants to know."""

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange
        self._ringing: dict[str, dict[str, _Place]] = {}

    @property
    def next_ms(self) -> int | None:
        """When ``due`` is to be called next (wall clock); None: not before something happens."""
        places = (place for places in self._ringing.values() for place in places.values())
        return min((at_ms for place in places for at_ms in place.waiting.values()), default=None)

    def forget(self) -> None:
        """Nobody listens any more."""
        self._ringing.clear()

    def call_event(self, event: CallEvent) -> Iterator[Draft]:
        """Something happened in a call."""
        places = self._ringing.get(event.call)
        if places is None and not isinstance(event, LegRinging):
            return
        call = self._x.calls.get(event.call)
        rung = _rung_at(call, begun=places is not None) if call is not None else frozenset()
        places = places or {}
        for extension in places.keys() - rung:
            yield from _over(places.pop(extension), call, event.at_ms)
        for extension in sorted(rung - places.keys()):
            place = self._place(call, extension, event.at_ms) if call is not None else None
            if place is not None:
                places[extension] = place
        if places:
            self._ringing[event.call] = places
        else:
            self._ringing.pop(event.call, None)
        yield from self.due(event.at_ms)

    def due(self, now_ms: int) -> Iterator[Draft]:
        """Tell those whose delay is over."""
        for places in self._ringing.values():
            for place in places.values():
                users = tuple(sorted(user_id for user_id, at_ms in place.waiting.items() if at_ms <= now_ms))
                for user_id in users:
                    del place.waiting[user_id]
                place.told.update(users)
                if users:
                    yield Draft(now_ms, place.company_id, "notice.started", place.data, users)

    def _place(self, call: Call, extension: str, at_ms: int) -> _Place | None:
        """The call begins to ring there; None: nobody is to be told of it."""
        index = self._x.directory.company(call.company_id)
        holders = index.rights.notified(extension) if index is not None else {}
        inside = {leg.party.user_id for leg in call.legs.values()}
        waiting = {user: at_ms + 1000 * delay_s for user, delay_s in holders.items() if user not in inside}
        if index is None or not waiting:
            return None
        caller = call.anchor.party if call.anchor is not None else None
        shown = caller if caller is not None and not caller.withheld else None
        data = NoticeData(
            call_id=call.id,
            extension=extension,
            name=str(getattr(index.arrangements.extensions.get(extension), "name", "")),
            state="ringing",
            number=shown.number if shown is not None else "",
            caller_name=shown.name if shown is not None else "",
            withheld=caller is not None and caller.withheld,
        )
        return _Place(call.company_id, data, waiting, set())


def _over(place: _Place, call: Call | None, at_ms: int) -> Iterator[Draft]:
    if place.told:
        answered = call is not None and call.bridge is not None
        data = msgspec.structs.replace(place.data, state="answered" if answered else "over")
        yield Draft(at_ms, place.company_id, "notice.ended", data, tuple(sorted(place.told)))


def _rung_at(call: Call, *, begun: bool) -> frozenset[str]:
    """The extensions a call rings at now. Between two members of a hunt group it goes on to ring at the group."""
    if call.seek is None or call.anchor is None:
        return frozenset()
    legs = [call.legs[leg_id] for leg_id in call.seek.legs]
    found = {leg.party.number for leg in legs if leg.state == "early" and leg.party.user_id}
    group = call.situation.at if call.situation is not None else ""
    return frozenset({*found, group} if group and (found or begun) else found)

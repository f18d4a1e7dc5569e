"""An admin command that tells how lines stand for somebody who looks at them on a screen (UC-4, U 4.2.2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from kiestoon.calls.call import Call
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import pickup
from kiestoon.company.directory import CompanyIndex
from kiestoon.notify.events import LineState
from kiestoon.phones.lamps import Lamps
from kiestoon.phones.lamps.live_calls import PERSON
from kiestoon.phones.lamps.state import Appearance, Line

_ORDER: Final[tuple[LineState, ...]] = ("ringing", "busy", "dialling")


def foremost(states: Collection[LineState]) -> LineState:
    """What a line shows of several calls: what could be taken over matters most."""
    return next((state for state in _ORDER if state in states), "idle")


class LineView:
    """Reads lamps and calls; changes nothing. Who is on the other side of a call is told to nobody (U 4.3.2.11)."""

    def __init__(self, exchange: Exchange, lamps: Lamps) -> None:
        self._x = exchange
        self._lamps = lamps

    def lines(self, *, company_id: int, user_id: int, extensions: list[str]) -> dict[str, Any]:
        """How these stand, as far as the person ``user_id`` may know; what does not exist is left out."""
        index = self._x.directory.company(company_id)
        if index is None or user_id not in index.users:
            return {}
        found = {extension: self._lamps.line(index, user_id, extension) for extension in dict.fromkeys(extensions)}
        return {extension: self._shown(index, user_id, line) for extension, line in found.items() if line is not None}

    def _shown(self, index: CompanyIndex, viewer: int, line: Line) -> dict[str, Any]:
        state, person = line.state, line.kind == PERSON
        seen = person and line.view.status
        return {
            "user_id": int(line.key) if person else None,
            "name": line.name,
            "line": self._line(index, viewer, line) if line.view.calls else None,
            "presence": {"status": state.status, "note": state.note, "back": state.back} if seen else None,
            "do_not_disturb": state.do_not_disturb if seen else None,
            "forwarded": state.forwarded or state.status_forwarded if line.view.status else None,
            "reachable": state.reachable if person and line.view.calls else None,
        }

    def _line(self, index: CompanyIndex, viewer: int, line: Line) -> dict[str, Any]:
        state = foremost([_state(each) for each in line.state.appearances])
        calls = [each for each in line.state.appearances if _state(each) == state]
        outside = self._is_outside(line, calls[0]) if calls else None
        take = None
        if state == "ringing":
            take = next((each for call in calls if (each := self._take(index, viewer, line, call))), None)
        return {"state": state, "outside": outside, "take": take}

    def _place(self, line: Line, call: Appearance) -> tuple[Call | None, Leg | None]:
        """The call, and the leg of whose line it is; None for a group's."""
        if line.kind != PERSON:
            return self._x.calls.get(call.id), None
        leg = self._x.legs.get(int(call.id, 16))
        return (self._x.calls.get(leg.call), leg) if leg is not None else (None, None)

    def _is_outside(self, line: Line, shown: Appearance) -> bool:
        call, leg = self._place(line, shown)
        return call is not None and any(other.trunk_id for other in call.live_legs() if other is not leg)

    def _take(self, index: CompanyIndex, viewer: int, line: Line, shown: Appearance) -> dict[str, str] | None:
        """What taking the call over needs, if the viewer may."""
        call, leg = self._place(line, shown)
        if call is None or call.seek is None:
            return None
        rung = [leg] if leg is not None else [call.legs[leg_id] for leg_id in call.seek.legs]
        may = (each for each in rung if each.state == "early" and pickup.may_take(index, viewer, call, each))
        return next(({"call_id": call.id, "leg": str(each.id)} for each in may), None)


def _state(call: Appearance) -> LineState:
    if call.rings:
        return "ringing"
    return "busy" if call.phase == "confirmed" else "dialling"

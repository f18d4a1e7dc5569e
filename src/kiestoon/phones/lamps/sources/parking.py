"""Parked calls: the lamp of a place where a call can be parked (CALL-9).

There are lots 0-9 (parked on with *0X, fetched with *1X), lines 1-99 (fetched with 930NN), and a place at every
extension. Phones name a place by any code that leads there, or as ``lot3``, ``line17``, ``park3``, ``park17`` (one
digit is a lot, two are a line; some phones put "+", ":" or "-" between).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from kiestoon.calls.call import Call
from kiestoon.calls.operations import park
from kiestoon.company.codes import read_code
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Device
from kiestoon.phones.lamps.live_calls import PARK, LiveCalls
from kiestoon.phones.lamps.state import Appearance, Seen, State, View

_PLACES: Final[dict[str, Callable[[str], str]]] = {
    "park_lot": park.lot,
    "retrieve_lot": park.lot,
    "retrieve_line": park.line,
    "park_at": park.at,
    "retrieve_at": park.at,
}
"""Which place a code with its argument leads to (``company.codes``)."""
_NAME: Final = re.compile(r"(lot|line|park)[+:-]?([0-9]{1,2})", re.ASCII | re.IGNORECASE)


class ParkPlaces:
    """Keys are the names of places: "lot 3", "17", "@102" (``calls.operations.park``)."""

    kind = PARK

    def __init__(self, live: LiveCalls) -> None:
        self._live = live

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """By code or name. The code to fetch from an extension may stand alone: from one's own."""
        place = ""
        dialled = read_code(index.arrangements.codes, name, index.company.extension_digits)
        named = _NAME.fullmatch(name)
        if dialled is not None and dialled.feature.name in _PLACES:
            user = index.user_of(device)
            argument = dialled.argument or (user.extension if user is not None else "")
            place = _PLACES[dialled.feature.name](argument) if argument else ""
        elif named is not None:
            word, number = named[1].lower(), named[2]
            is_line = word == "line" or (word == "park" and len(number) == 2)
            place = park.line(number) if is_line else park.lot(number)
        return place if place and _exists(index, place) else ""

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """Who may fetch parked calls sees them; who waits is told as the company has it for all lamps. What is parked
        at one's own extension is one's own."""
        rights = index.rights
        user = index.users.get(viewer) if viewer is not None else None
        if user is not None and key == park.at(user.extension):
            return View(calls=True, names=True)
        if not rights.sees_parked(viewer):
            return View()
        everybody = index.company.lamp_names == "everybody"
        granted = index.company.lamp_names == "granted" and rights.holds_any(viewer, "parked")
        return View(calls=True, names=everybody or granted)

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """The calls parked there, shown as calls in progress."""
        if not _exists(index, key):
            return None
        calls = self._live.calls_at(PARK, index.company.id, key)
        return State(tuple(_appearance(index, call) for call in calls))


def _appearance(index: CompanyIndex, call: Call) -> Appearance:
    parked, waiting = park.data_of(call), call.anchor
    by = parked.by if parked is not None else None
    return Appearance(
        id=call.id,
        phase="confirmed",
        direction="recipient",
        line=Seen(by.number, by.name) if by is not None else Seen(),
        party=Seen(waiting.party.number, waiting.party.name)
        if waiting is not None and not waiting.party.withheld
        else Seen(),
    )


def _exists(index: CompanyIndex, place: str) -> bool:
    if place.startswith("@"):
        return place.removeprefix("@") in index.arrangements.extensions
    digits = place.removeprefix("lot ")
    return len(digits) == 1 if digits != place else 1 <= int(digits) <= 99

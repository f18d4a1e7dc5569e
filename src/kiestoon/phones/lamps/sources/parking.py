"""Parked calls: the lamp of a place where a call can be parked (CALL-9).

There are lots 0-9 (parked on with *0X, fetched with *1X), lines 01-99 (fetched with 930NN), and a place at every
extension. Phones name a place by any code that leads there, or as ``lot3``, ``line17``, ``park3``, ``park17`` (one
digit is a lot, two are a line; some phones put "+", ":" or "-" between).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from kiestoon.company.codes import read_code
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Device
from kiestoon.phones.lamps.state import Appearance, Seen, State, View

PlaceKind: TypeAlias = Literal["lot", "line", "at"]
PARK: Final = "park"
_PLACES: Final[dict[str, PlaceKind]] = {
    "park_lot": "lot",
    "retrieve_lot": "lot",
    "retrieve_line": "line",
    "park_at": "at",
    "retrieve_at": "at",
}
"""Which place a code with its argument leads to (``company.codes``)."""
_NAME: Final = re.compile(r"(lot|line|park)[+:-]?([0-9]{1,2})", re.ASCII | re.IGNORECASE)


class ParkedCall(msgspec.Struct, frozen=True, gc=False):
    """A call that is parked: an id of its own, who waits, and who parked it."""

    id: str
    waiting: Seen = Seen()
    by: Seen = Seen()


Parked: TypeAlias = Callable[[int, PlaceKind, str], Sequence[ParkedCall]]
"""(company id, kind of place, its number) → the calls parked there, oldest first."""


class ParkPlaces:
    """Keys are kind and number of the place: ``lot:3``, ``line:17``, ``at:102``."""

    kind = PARK

    def __init__(self, parked: Parked) -> None:
        self._parked = parked

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """By code or name."""
        dialled = read_code(index.arrangements.codes, name, index.company.extension_digits)
        place = _PLACES.get(dialled.feature.name) if dialled is not None and dialled.argument else None
        if dialled is not None and place is not None:
            return place_key(place, dialled.argument) if _exists(index, place, dialled.argument) else ""
        named = _NAME.fullmatch(name)
        if named is None:
            return ""
        word, number = named[1].lower(), named[2]
        kind: PlaceKind = "line" if word == "line" or (word == "park" and len(number) == 2) else "lot"
        return place_key(kind, number) if _exists(index, kind, number) else ""

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """Who may fetch parked calls sees them; who waits is told as the company has it for all lamps."""
        if not index.rights.sees_parked(viewer):
            return View()
        everybody = index.company.lamp_names == "everybody"
        granted = index.company.lamp_names == "granted" and index.rights.holds_any(viewer, "parked")
        return View(calls=True, names=everybody or granted)

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """The calls parked there, shown as calls in progress."""
        kind, _, number = key.partition(":")
        if not _exists(index, kind, number):
            return None
        return State(tuple(
            Appearance(call.id, "confirmed", "recipient", line=call.by, party=call.waiting)
            for call in self._parked(index.company.id, kind, number)  # type: ignore[arg-type]  # a key of our making
        ))  # fmt: skip


def place_key(kind: PlaceKind, number: str) -> str:
    """The key of a place: lines are named by two digits, so 7 and 07 are one."""
    return f"{kind}:{number.zfill(2) if kind == 'line' else number}"


def _exists(index: CompanyIndex, kind: str, number: str) -> bool:
    if kind == "at":
        return number in index.arrangements.extensions
    return len(number) == 1 if kind == "lot" else number.zfill(2) != "00"

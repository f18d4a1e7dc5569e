"""Feature codes that hold for one call: which number is shown, no diversion, no music (CALL-18, CALL-7, VM-9)."""

from __future__ import annotations

from typing import Final

import msgspec

from kiestoon.company.codes import HIDE, LONGEST, NO_DIVERSION, NO_MUSIC, PER_CALL, SHOW
from kiestoon.company.directory import CompanyIndex

_MOST: Final = 4


class Wishes(msgspec.Struct, frozen=True):
    """What the caller wants for this call: ``shown`` counts from 1 in the person's dynamic numbers, 0 = no choice."""

    hide: bool = False
    shown: int = 0
    inhibit: bool = False
    no_music: bool = False

    def with_those_of(self, other: Wishes) -> Wishes:
        """Both; of two numbers to show, the other's."""
        return Wishes(
            self.hide or other.hide,
            other.shown or self.shown,
            self.inhibit or other.inhibit,
            self.no_music or other.no_music,
        )


NO_WISHES: Final = Wishes()


def read_wishes(index: CompanyIndex, dialled: str) -> tuple[Wishes, str]:
    """Take the codes off the front of what was dialled: (wishes, the number itself)."""
    codes = index.arrangements.codes
    if not codes:
        return NO_WISHES, dialled
    wishes, rest = NO_WISHES, dialled
    for _ in range(_MOST):
        feature, length = _leading_code(index, rest)
        if not feature or rest[length:] == "#":  # by which people end what they dial
            break
        rest = rest[length:]
        if feature == HIDE:
            wishes = msgspec.structs.replace(wishes, hide=True)
        elif feature == NO_DIVERSION:
            wishes = msgspec.structs.replace(wishes, inhibit=True)
        elif feature == NO_MUSIC:
            wishes = msgspec.structs.replace(wishes, no_music=True)
        else:
            wishes = msgspec.structs.replace(wishes, shown=SHOW.index(feature) + 1)
    return wishes, rest


def _leading_code(index: CompanyIndex, dialled: str) -> tuple[str, int]:
    """The longest code for one call that something follows."""
    codes = index.arrangements.codes
    for length in range(min(LONGEST, len(dialled) - 1), 0, -1):
        row = codes.get(dialled[:length])
        if row is not None and row.feature in PER_CALL:
            return row.feature, length
    return "", 0

"""Feature codes that hold for one call: which number is shown, no diversion (CALL-18, CALL-7)."""

from __future__ import annotations

from typing import Final

import msgspec

from kiestoon.company.directory import CompanyIndex

HIDE: Final = "caller_id_hide"
SHOW: Final = tuple(f"caller_id_{number}" for number in range(1, 10))
"""One of the person's nine numbers: #30#, #32# … #39# (E 10.6), in this order."""
NO_DIVERSION: Final = "no_diversion"
_PER_CALL: Final = frozenset({HIDE, NO_DIVERSION, *SHOW})
_LONGEST: Final = 8
_MOST: Final = 4


class Wishes(msgspec.Struct, frozen=True):
    """What the caller wants for this call: ``shown`` counts from 1 in the person's dynamic numbers, 0 = no choice."""

    hide: bool = False
    shown: int = 0
    inhibit: bool = False


NO_WISHES: Final = Wishes()


def read_wishes(index: CompanyIndex, dialled: str) -> tuple[Wishes, str]:
    """Take the codes off the front of what was dialled: (wishes, the number itself)."""
    codes = index.arrangements.codes
    if not codes:
        return NO_WISHES, dialled
    wishes, rest = NO_WISHES, dialled
    for _ in range(_MOST):
        feature, length = _leading_code(index, rest)
        if not feature:
            break
        rest = rest[length:]
        if feature == HIDE:
            wishes = msgspec.structs.replace(wishes, hide=True)
        elif feature == NO_DIVERSION:
            wishes = msgspec.structs.replace(wishes, inhibit=True)
        else:
            wishes = msgspec.structs.replace(wishes, shown=SHOW.index(feature) + 1)
    return wishes, rest


def _leading_code(index: CompanyIndex, dialled: str) -> tuple[str, int]:
    """The longest code for one call that something follows."""
    codes = index.arrangements.codes
    for length in range(min(_LONGEST, len(dialled) - 1), 0, -1):
        row = codes.get(dialled[:length])
        if row is not None and row.feature in _PER_CALL:
            return row.feature, length
    return "", 0

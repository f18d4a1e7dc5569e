"""Every rule of single types of row, from the modules that hold them."""

from __future__ import annotations

from typing import Final

from kiestoon.company.model import Row
from kiestoon.store.rules import (
    addresses,
    calls,
    conferences,
    desks,
    dialling,
    favourites,
    licences,
    members,
    music,
    places,
    plans,
    services,
    subjects,
    times,
    voicemail,
)
from kiestoon.store.rules.shape import Check

CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {row: (check,) for row, check in subjects.CHECKS.items()}
for _module in (
    places,
    times,
    members,
    plans,
    licences,
    services,
    dialling,
    voicemail,
    music,
    calls,
    desks,
    addresses,
    conferences,
    favourites,
):
    for _row, _checks in _module.CHECKS.items():
        CHECKS[_row] = (*CHECKS.get(_row, ()), *_checks)

"""Every rule of single types of row, from the modules that hold them."""

from __future__ import annotations

from typing import Final

from kiestoon.company.model import Row
from kiestoon.store.rules import dialling, licences, members, music, places, plans, services, subjects, times, voicemail
from kiestoon.store.rules.shape import Check

CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {row: (check,) for row, check in subjects.CHECKS.items()}
REMOVALS: Final[dict[type[Row], tuple[Check, ...]]] = {**licences.REMOVALS}
"""The same for rows that are to be taken away, beside what still uses them."""
for _module in (places, times, members, plans, licences, services, dialling, voicemail, music):
    for _row, _checks in _module.CHECKS.items():
        CHECKS[_row] = (*CHECKS.get(_row, ()), *_checks)

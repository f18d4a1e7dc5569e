"""How a key of a phone names a number plan, behind the code of the plan menu (915), for its lamp and for switching.

``915*2`` is plan 2 of the main scheme, ``9152*3`` plan 3 of scheme 2; plan 0 is none: the schedule (E 8.2.7).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from kiestoon.company.arrangements import Scheme
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import NumberPlan

_NAME: Final = re.compile(r"([0-9]{0,2})(?:\*([0-9]{1,2}))?", re.ASCII)


class Named(NamedTuple):
    """``plan`` None: the scheme itself, which the schedule decides about."""

    scheme: Scheme
    plan: NumberPlan | None


def find_plan(index: CompanyIndex, name: str) -> Named | None:
    """What is meant by what stands behind the code; None: there is no such scheme or plan."""
    read = _NAME.fullmatch(name)
    if read is None:
        return None
    scheme = next((each for each in index.arrangements.schemes.values() if _is_meant(each, read[1])), None)
    position = int(read[2] or 0)
    if scheme is None or not position:
        return Named(scheme, None) if scheme is not None else None
    plan = next((each for each in scheme.plans.values() if each.position == position), None)
    return Named(scheme, plan) if plan is not None else None


def _is_meant(scheme: Scheme, number: str) -> bool:
    return scheme.row.position == int(number) if number else scheme.row.is_main

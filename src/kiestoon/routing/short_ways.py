"""Short ways to dial: what a speed dial or one of the company's short numbers stands for (V 15, U 4.2.1)."""

from __future__ import annotations

from kiestoon.company.codes import without_dial_key
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import User
from kiestoon.company.short_ways import split_speed_dial
from kiestoon.routing.codes import Wishes, read_wishes
from kiestoon.routing.context import SHOWN, Route


def written_out(line: Route, user: User | None, dialled: str) -> tuple[Wishes, str]:
    """What was dialled with codes for this call taken off (also those a short way begins with): (wishes, the number).

    A person's own speed dial wins over the company's short number, and both over a feature code that reads the same
    (V 15.2). What one leads to is no short way again, so nothing runs in a circle.
    """
    wishes, rest = read_wishes(line.index, dialled)
    target = _target(line, user, rest) if user is not None else ""
    if not target:
        return wishes, rest
    more, number = read_wishes(line.index, target)
    return wishes.with_those_of(more), number


def _target(line: Route, user: User, dialled: str) -> str:
    index = line.index
    own = speed_dial_of(index, user, dialled)
    if own is not None:
        line.because("speed_dial", number=dialled[:SHOWN], name=user.name, target=own)
        return own
    if dialled in index.arrangements.extensions:
        return ""
    short = index.arrangements.short_numbers.get(without_dial_key(index.arrangements.codes, dialled))
    if short is None:
        return ""
    line.because("short_number", number=short.code, name=short.name, target=short.number)
    return short.number


def speed_dial_of(index: CompanyIndex, user: User, dialled: str) -> str | None:
    """What a person's speed dial leads to; None when this is none."""
    arrangements = index.arrangements
    digits = split_speed_dial(arrangements.speed_dial_codes, without_dial_key(arrangements.codes, dialled))
    row = arrangements.speed_dials.get((user.id, digits)) if digits else None
    return row.number if row is not None else None

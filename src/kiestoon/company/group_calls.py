"""Who is called by a group call: its members and those of the group calls in it, each once (V 22.2)."""

from __future__ import annotations

from typing import Final, NamedTuple

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import AlternateNumber, GroupCall, User

MOST: Final = 99
"""Of all groups together: with the caller they are the members of one conference."""


class Summons(NamedTuple):
    """Somebody to be called. ``number``: as a colleague would dial it, with the member's code before it."""

    number: str
    user_id: int = 0


def summons_of(index: CompanyIndex, group: GroupCall) -> tuple[Summons, ...]:
    """In the order of the rows; groups that contain each other are gone through once."""
    found: dict[str, Summons] = {}
    seen: set[int] = set()
    to_see = [group]
    while to_see and len(found) < MOST:
        one = to_see.pop(0)
        if one.id in seen:
            continue
        seen.add(one.id)
        for member in index.arrangements.group_call_members.get(one.id, ()):
            owner = index.arrangements.extensions.get(member.extension)
            if isinstance(owner, GroupCall):
                to_see.append(owner)
                continue
            whom = member.extension or member.number
            found.setdefault(_key(owner, whom), Summons(member.code + whom, _person(owner)))
    return tuple(found.values())[:MOST]


def _person(owner: object) -> int:
    if isinstance(owner, AlternateNumber):
        return owner.user_id
    return owner.id if isinstance(owner, User) else 0


def _key(owner: object, whom: str) -> str:
    """One and the same person under an alternate number is called once."""
    person = _person(owner)
    return f"person {person}" if person else whom

"""Rules over conference rooms, the meetings in them, and group calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from kiestoon.company.model import (
    AlternateNumber,
    ConferenceRoom,
    ForwardExtension,
    GroupCall,
    GroupCallMember,
    Meeting,
    Row,
    User,
)
from kiestoon.company.passwords import pin_weaknesses
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.shape import Check

MOST_MEMBERS: Final = 20
"""Of one group call; more are reached through other group calls (V 22.2)."""


def _room(row: ConferenceRoom, peek: Peek) -> Iterator[Problem]:
    """PINs are as hard to guess as those of people, but may be shorter."""
    for field, pin in (("pin", row.pin), ("organiser_pin", row.organiser_pin)):
        for weakness in pin_weaknesses(pin) if pin else ():
            if weakness.code != "pin_length":
                yield problem(field, weakness.code, **weakness.params)
    if row.pin and row.pin == row.organiser_pin:
        yield problem("organiser_pin", "same_pin")
    if (row.wait_for_organiser or row.ends_with_organiser) and row.user_id is None and not row.organiser_pin:
        yield problem("organiser_pin", "no_organiser")


# --- meetings --------------------------------------------------------------------------------------------------------


def _meeting(row: Meeting, peek: Peek) -> Iterator[Problem]:
    """In the organiser's own room, or one that is nobody's; one meeting at a time."""
    wrong = [*_minutes(row)]
    yield from wrong or _overlaps(row, peek)
    room = peek.get(ConferenceRoom, row.room_id)
    if room is not None and room.user_id not in (None, row.user_id):
        yield problem("room_id", "not_theirs", other=named(room))
    yield from _guests(row, peek)


def _minutes(row: Meeting) -> Iterator[Problem]:
    for field, minute in (("start", row.start), ("end", row.end)):
        try:
            datetime.fromisoformat(minute)
        except ValueError:
            yield problem(field, "not_a_minute", value=minute)
            return
    if row.end <= row.start:
        yield problem("end", "ends_before_start")


def _overlaps(row: Meeting, peek: Peek) -> Iterator[Problem]:
    for other in peek.find(Meeting, room_id=row.room_id):
        if other.id != row.id and row.start < other.end and other.start < row.end:
            yield problem("start", "overlap", other=named(other))
            return


def _guests(row: Meeting, peek: Peek) -> Iterator[Problem]:
    """A colleague who has gone since is no reason to refuse the rest."""
    old = peek.get(Meeting, row.id) if row.id else None
    known = {guest.user_id for guest in old.guests} if old is not None else set()
    for guest in row.guests:
        if not guest.user_id and not guest.email:
            yield problem("guests", "guest_without_address")
        elif guest.user_id and guest.user_id not in known and peek.get(User, guest.user_id) is None:
            yield problem("guests", "unknown_reference", value=guest.user_id)
        if guest.call and not guest.user_id and not guest.number:
            yield problem("guests", "guest_without_number", value=guest.email)


# --- group calls -----------------------------------------------------------------------------------------------------


def _member(row: GroupCallMember, peek: Peek) -> Iterator[Problem]:
    """People, numbers outside, other group calls (V 22.2); never the group itself, by whatever way round."""
    if bool(row.extension) == bool(row.number):
        yield problem("extension", "one_of", fields="extension, number")
    owner = peek.extension_owner(row.extension) if row.extension else None
    if owner is not None and not isinstance(owner, User | AlternateNumber | ForwardExtension | GroupCall):
        yield problem("extension", "not_a_member", other=named(owner))
    if isinstance(owner, GroupCall) and row.group_call_id in _inside(owner, peek):
        yield problem("extension", "circle")
    others = [other for other in peek.find(GroupCallMember, group_call_id=row.group_call_id) if other.id != row.id]
    if len(others) >= MOST_MEMBERS:
        yield problem("group_call_id", "too_many", limit=MOST_MEMBERS)


def _inside(group: GroupCall, peek: Peek) -> set[int]:
    """The group and all groups in it."""
    found: set[int] = set()
    to_see = [group]
    while to_see:
        one = to_see.pop()
        if one.id in found:
            continue
        found.add(one.id)
        for member in peek.find(GroupCallMember, group_call_id=one.id):
            owner = peek.extension_owner(member.extension) if member.extension else None
            if isinstance(owner, GroupCall):
                to_see.append(owner)
    return found


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {
    ConferenceRoom: (_room,),
    Meeting: (_meeting,),
    GroupCallMember: (_member,),
}

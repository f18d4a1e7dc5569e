"""Rules over conference rooms, the meetings in them, and group calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import Final

from kiestoon.company.meetings import Time, planned_times, times
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
from kiestoon.company.model.conferences import MOST_TIMES
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
    wrong = [*_minutes(row)] or [*_series(row)]
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


def _series(row: Meeting) -> Iterator[Problem]:
    """A meeting that repeats has an end, and one time is over before the next begins."""
    first = datetime.fromisoformat(row.start)
    if row.weekdays and row.repeats != "weekly":
        yield problem("weekdays", "only_weekly")
    elif row.weekdays and first.weekday() not in row.weekdays:
        yield problem("weekdays", "not_its_first_day")
    if row.repeats != "never" or row.until:
        yield from _end_of_series(row)
    planned = planned_times(row)
    if len(planned) > MOST_TIMES:
        yield problem("until", "too_many_times", limit=MOST_TIMES)
    elif any(one.end > following.start for one, following in pairwise(planned)):
        yield problem("end", "overlaps_itself")
    else:
        unknown = set(row.cancelled) - {time.start for time in planned}
        if unknown:
            yield problem("cancelled", "not_a_time", value=min(unknown))
        elif planned and len(set(row.cancelled)) == len(planned):
            yield problem("cancelled", "nothing_left")


def _end_of_series(row: Meeting) -> Iterator[Problem]:
    if not row.until:
        yield problem("until", "endless")
        return
    try:
        until = date.fromisoformat(row.until)
    except ValueError:
        yield problem("until", "not_a_date", value=row.until)
        return
    if until.isoformat() < row.start[:10]:
        yield problem("until", "ends_before_start")


def _overlaps(row: Meeting, peek: Peek) -> Iterator[Problem]:
    mine = times(row)
    for other in peek.find(Meeting, room_id=row.room_id):
        if other.id != row.id and _meet(mine, times(other)):
            yield problem("start", "overlap", other=named(other))
            return


def _meet(mine: tuple[Time, ...], theirs: tuple[Time, ...]) -> bool:
    """Whether one of these times overlaps one of those; both are in order, and none overlaps its neighbour."""
    at = 0
    for time in mine:
        while at < len(theirs) and theirs[at].end <= time.start:
            at += 1
        if at < len(theirs) and theirs[at].start < time.end:
            return True
    return False


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

"""Conferences out of calls (CALL-4, CALL-13): join two calls, add somebody, mute and remove members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import aside, bridging, custody, moving, originate, rooms, topology
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import NORMAL
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOT_ALLOWED, NOT_IN_CALL, NOT_POSSIBLE
from kiestoon.calls.operations.transfer import release, same_person
from kiestoon.calls.service_data import Joining

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

MOST_MEMBERS = 100
REMOVED = "removed"
"""The service that tells somebody that he has been removed."""
FULL = Failure("refused", 486, 17, "The conference is full")


def merge(x: Exchange, first: Call, kept: Leg, second: Call, spare: Leg, now: float) -> Failure | None:
    """Join two calls of one person: he stays with ``kept``, ``spare`` ends."""
    if first is second or first.bridge is None or second.bridge is None:
        return NOT_IN_CALL
    if second.room is not None:
        return NOT_POSSIBLE  # its members stay where they are
    if not same_person(kept, spare) or kept.id not in first.bridge or spare.id not in second.bridge:
        return NOT_ALLOWED
    others = [second.legs[leg_id] for leg_id in second.bridge if leg_id != spare.id]
    if not moving.can_move(second, first):
        return NOT_POSSIBLE
    if first.room is not None and first.room.locked and not rooms.is_organiser(first, kept):
        return NOT_ALLOWED
    if len(first.bridge) + len(others) > _most(x, first):
        return FULL
    members = first.bridge
    release(x, second)
    custody.let_go(x, second)
    second.continued_in = first.id
    leave(x, second, spare, now, failure=NORMAL)
    for leg in others:
        moving.move(x, leg, second, first)
    bridging.bridge(x, first, (*members, *(leg.id for leg in others)), now)
    for leg in others:
        rooms.joined(x, first, leg, ("", ""))
    x.touched += [first, second]
    return None


def _most(x: Exchange, call: Call) -> int:
    return rooms.row_of(x, call).most_members if call.room is not None else MOST_MEMBERS


def add(x: Exchange, call: Call, by: Leg, number: str, now: float) -> Failure | None:
    """Call somebody who joins the conversation when he answers."""
    if call.bridge is None or by.id not in call.bridge:
        return NOT_IN_CALL
    if call.room is not None:
        return NOT_ALLOWED  # an organiser calls somebody into the room (``room.call_out``)
    if len(call.bridge) >= MOST_MEMBERS:
        return FULL
    made = originate.originate(x, call.company_id, by.party, number, Joining(call.id, number, by.party), now)
    call.asked = (*call.asked, made.id)
    return None


def join(x: Exchange, call: Call, mine: Call, leg: Leg, now: float) -> Failure | None:
    """A party of its own call becomes a member of a conversation."""
    if call.bridge is None or call.room is not None or not moving.can_move(mine, call):
        return NOT_POSSIBLE
    if len(call.bridge) >= MOST_MEMBERS:
        return FULL
    members = call.bridge
    custody.let_go(x, mine)
    mine.continued_in = call.id
    moving.move(x, leg, mine, call)
    bridging.bridge(x, call, (*members, leg.id), now)
    x.touched += [call, mine]
    return None


def remove(x: Exchange, call: Call, member: Leg, now: float) -> Failure | None:
    """One of a conference has to go, and is told so; of two who are left nobody is removed so."""
    if call.bridge is None or call.room is not None or member.id not in call.bridge or len(call.bridge) < 3:
        return NOT_IN_CALL
    bridging.dissolve(x, call, member, now)
    aside.dismiss(x, call, member, REMOVED, now)
    x.touched.append(call)
    return None


def end(x: Exchange, call: Call, member: Leg, now: float) -> Failure | None:
    """A member ends the conference for all (G)."""
    if call.bridge is None or call.room is not None or member.id not in call.bridge or len(call.bridge) < 3:
        return NOT_IN_CALL
    custody.end_with(x, call, NORMAL, now)
    x.touched.append(call)
    return None


def mute(x: Exchange, call: Call, member: Leg, now: float, *, muted: bool) -> Failure | None:
    """Nobody hears a member any more, or again."""
    if call.bridge is None or call.room is not None or member.id not in call.bridge or len(call.bridge) < 3:
        return NOT_IN_CALL
    member.muted = muted
    topology.arrange(call)
    x.journal.changed(call)
    return None

"""Taking over a call that rings at somebody else's phone (CALL-11), or a running one of one's own (CALL-15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kiestoon.calls import bridging, custody, identity, moving, rooms, seeking, story
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.events import CallPickedUp
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import ALREADY_ANSWERED, NOT_POSSIBLE

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.directory import CompanyIndex


def ringing_calls(x: Exchange, company_id: int) -> Iterator[tuple[Call, Leg]]:
    """Every phone of a company's people that rings now, longest first, with its call; who has come to a queue first
    goes before who is rung for longer (E 7.5.3). A telephone outside counts where an assistant is rung there, for her
    manager."""
    for call in x.queues.in_turn(x.calls.values()):
        if call.company_id == company_id and call.seek is not None and call.anchor is not None:
            for leg_id in call.seek.legs:
                leg = call.legs[leg_id]
                if (leg.device_id or call.seek.offered_to) and leg.state in ("dialling", "early"):
                    yield call, leg


def may_take(index: CompanyIndex, user_id: int, call: Call, rung: Leg, *, meant: bool = True) -> bool:
    """Whether a person may answer a call in place of the phone it rings at.

    By right over that phone, or over a group or hunt group for whose call it rings (E 4.2.3); its members may anyway,
    and so may a manager whose assistants are rung (E 6.2). Calls of an open queue are for everybody, those of a closed
    one for its members, logged in or not (E 7.5.3). Nobody takes the place of whom he is calling himself.

    ``meant``: this call was asked for; who takes just any gets none of a queue that is not his.
    """
    caller = call.anchor
    if not user_id or (caller is not None and caller.party.user_id == user_id):
        return False
    if call.seek is not None and call.seek.offered_to == user_id:
        return True
    queue = index.arrangements.queues.get(call.situation.queue) if call.situation is not None else None
    if queue is not None and ((queue.open and meant) or user_id in index.members_of(queue.extension)):
        return True
    may, aimed = index.rights.may_pick_up, call.situation.visited if call.situation is not None else ()
    return may(user_id, rung.party.number) or any(
        may(user_id, extension) or user_id in index.members_of(extension) for extension in aimed
    )


def held_calls(x: Exchange, company_id: int, user_id: int) -> list[tuple[Call, Leg]]:
    """The calls a person's phones have on hold, longest first, each with the leg that holds."""
    return [
        (call, call.legs[leg_id])
        for call in x.calls.values()
        if call.company_id == company_id
        for leg_id in call.bridge or ()
        if (call.legs[leg_id].held or call.legs[leg_id].holding) and call.legs[leg_id].party.user_id == user_id
    ]


def pick_up(x: Exchange, call: Call, rung: Leg, mine: Call, my_leg: Leg, now: float) -> Failure | None:
    """Answer ``call``, which rings at ``rung``, with ``my_leg`` (an unanswered or answered leg of ``mine``).

    Everybody else stops ringing with "answered elsewhere". Fails with "already answered" when somebody was quicker.
    """
    caller = call.anchor
    if call.seek is None or rung.id not in call.seek.legs or caller is None:
        return ALREADY_ANSWERED
    if not _can_come(call, mine, my_leg):
        return NOT_POSSIBLE
    seeking.stop(x, call, now)
    _bring(x, mine, my_leg, call)
    call.target = my_leg.party.number
    x.emit(CallPickedUp, call, my_leg.id, of=rung.party.number, by=my_leg.party.number)
    bridging.join(x, call, caller, my_leg, now)
    x.touched += [call, mine]
    return None


def join_waiting(x: Exchange, call: Call, mine: Call, my_leg: Leg, now: float) -> Failure | None:
    """Speak with the party that waits in a service of ``call`` (parked, held, in a queue)."""
    caller = call.anchor
    failure = obstacle(call, mine, my_leg)
    if failure is not None or caller is None:
        return failure
    seeking.stop(x, call, now)
    _bring(x, mine, my_leg, call)
    bridging.join(x, call, caller, my_leg, now)
    x.touched += [call, mine]
    return None


def obstacle(call: Call, mine: Call, my_leg: Leg) -> Failure | None:
    """Why ``my_leg`` cannot have the party that waits in ``call``."""
    caller = call.anchor
    if caller is None or caller.state != "answered" or call.holder not in ("service", "seek"):
        return ALREADY_ANSWERED
    return None if _can_come(call, mine, my_leg) else NOT_POSSIBLE


def replace_leg(x: Exchange, call: Call, old: Leg, mine: Call, my_leg: Leg, now: float) -> Failure | None:
    """``my_leg`` takes the place of ``old`` in a bridge: the other party hears no gap, then ``old`` is hung up."""
    if call.bridge is None or old.id not in call.bridge:
        return NOT_POSSIBLE
    if not _can_come(call, mine, my_leg):
        return NOT_POSSIBLE
    others = [call.legs[leg_id] for leg_id in call.bridge if leg_id != old.id]
    _bring(x, mine, my_leg, call)
    if my_leg.state != "answered" and not bridging.answer(x, call, my_leg, others[0] if others else old, now):
        leave(x, call, my_leg, now, failure=bridging.NOT_ACCEPTABLE)
        x.touched += [call, mine]
        return None
    if call.caller == old.id:
        call.caller = my_leg.id
    rooms.replaced(call, old, my_leg)
    story.interrupt(x, call)
    bridging.bridge(x, call, tuple(my_leg.id if leg_id == old.id else leg_id for leg_id in call.bridge), now)
    leave(x, call, old, now)
    if len(others) == 1 and call.room is None:
        identity.show(x, call, others[0], my_leg, now)
    x.touched += [call, mine]
    return None


def _can_come(call: Call, mine: Call, my_leg: Leg) -> bool:
    """Whether the leg may leave its call for this one: it speaks or called us (a phone that merely rings does neither),
    and is alone there, so that nobody is left behind."""
    there = my_leg.state == "answered" or (my_leg.incoming and my_leg.state != "ended")
    alone = all(leg is my_leg for leg in mine.live_legs())
    return call is not mine and there and alone and moving.can_move(mine, call)


def _bring(x: Exchange, mine: Call, my_leg: Leg, call: Call) -> None:
    """Take the leg out of its own call, which ends with this and says where it went on."""
    custody.let_go(x, mine)
    mine.continued_in = call.id
    mine.outcome = "answered"
    mine.answered_ms = mine.answered_ms or x.wall_ms()
    moving.move(x, my_leg, mine, call)

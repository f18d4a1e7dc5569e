"""Calls made for somebody: a number clicked on, a colleague to join, a call fetched (CALL-24, CALL-13)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.call import Failure
from kiestoon.calls.causes import NORMAL
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import ALREADY_ANSWERED, NOTHING_THERE, conference, listening, park, pickup
from kiestoon.calls.operations.targets import route_again, seen_as
from kiestoon.calls.party import Party
from kiestoon.calls.service_data import Dialling, Fetching, Joining
from kiestoon.routing import Decision, FromUser, RingUser, ring_own, route

RING_S = 30
_FAILED: Final = {"busy": "number-busy", "no_answer": "no-answer"}
REPEAT_S = 10.0
"""Between two attempts at a busy number (G, redial)."""


async def dialling(caller: Conversation, data: Dialling) -> None:
    """Ring the person's own phone, then call the number for him."""
    shown = Party("service", data.number, data.number)
    if not await _own_phone(caller, data.by, data.device_id, shown, automatic=data.automatic, mobile=data.mobile):
        return
    leg = caller.leg
    while True:
        decision = route_again(caller.exchange, caller.call, leg.party, leg, data.number)
        failure = await caller.reach(decision, seen_as(leg, data.by))
        if not data.repeat or failure.outcome != "busy":
            break
        caller.music("held")
        await caller.pause(REPEAT_S)
        caller.hush()
    await caller.say(_FAILED.get(failure.outcome, "unreachable"))


async def joining(caller: Conversation, data: Joining) -> None:
    """Call somebody who becomes a member of the conversation when he answers."""
    x = caller.exchange
    decision = route(x.directory, FromUser(caller.call.company_id, data.by.user_id), data.number, live=x.present)
    if not caller.call.caller and await caller.reach(decision, data.by) is not NORMAL:
        return
    call = x.calls.get(data.call)
    failure = conference.join(x, call, caller.call, caller.leg, caller.now) if call is not None else conference.FULL
    if failure is not None:
        await caller.say("conference-ended")


async def fetching(caller: Conversation, data: Fetching) -> None:
    """Ring the person's own phone, then give him the call he asked for, if it is still to be had."""
    x = caller.exchange
    call = x.calls.get(data.call)
    if call is None:
        return
    shown = call.anchor.party if call.anchor is not None else None
    if not await _own_phone(caller, data.by, data.device_id, shown, automatic=data.automatic):
        return
    if _give(caller, data) is not None:
        await caller.say("pickup-answered")


def _give(caller: Conversation, data: Fetching) -> Failure | None:
    """Whoever was quicker keeps the call: a conversation is taken over from nobody but oneself."""
    x, mine, my_leg = caller.exchange, caller.call, caller.leg
    call = x.calls.get(data.call)
    leg = call.legs.get(data.leg) if call is not None else None
    if call is None or leg is None:
        return NOTHING_THERE
    if data.mode == "listen":
        return listening.listen(x, call, leg, mine, my_leg, caller.now)
    if data.mode == "barge":
        return listening.barge_in(x, call, leg, mine, my_leg, caller.now)
    parked = park.data_of(call)
    if parked is not None:
        return park.retrieve(x, call.company_id, parked.lot, mine, my_leg, caller.now)
    if call.seek is not None:
        return pickup.pick_up(x, call, leg, mine, my_leg, caller.now)
    if leg.party.user_id != data.by.user_id:
        return ALREADY_ANSWERED
    return pickup.replace_leg(x, call, leg, mine, my_leg, caller.now)


async def _own_phone(
    caller: Conversation, by: Party, device_id: int, shown: Party | None, *, automatic: bool, mobile: bool = False
) -> bool:
    """Ring the person at one phone, at all, or at the mobile, unless he is there (after a crash); False: he does not
    take it."""
    if caller.call.caller:
        return True
    index = caller.index
    user = index.users.get(by.user_id) if index is not None else None
    if index is None or user is None:
        return False
    x = caller.exchange
    decision = ring_own(x.directory, index.company.id, user.id, RING_S, live=x.present, mobile=mobile)
    if device_id and not mobile:
        devices = tuple(device for device in index.devices_of(user.id) if device.id == device_id)
        decision = Decision(RingUser(user, devices, RING_S), (), index.company.id, called=user.extension)
    return decision is not None and await caller.reach(decision, shown, automatic=automatic) is NORMAL

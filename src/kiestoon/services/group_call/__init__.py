"""A group call: everybody's phones ring, and all who answer speak with each other (CALL-14, V 22)."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiestoon.calls.call import Failure
from kiestoon.calls.causes import NO_ANSWER, NORMAL, UNREACHABLE
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import group_call as operation
from kiestoon.calls.party import Party
from kiestoon.calls.service_data import Summoned
from kiestoon.company.group_calls import summons_of
from kiestoon.company.model import GroupCall
from kiestoon.routing import DialOutside, FromUser, Outcome, proceed, route
from kiestoon.speech import Phrase

CONFIRM_S: Final = 8.0


async def group_call(caller: Conversation, group: GroupCall) -> None:
    """Ring all members until the first answers, or nobody does."""
    x, index, call = caller.exchange, caller.index, caller.call
    party = caller.leg.party
    members = summons_of(index, group) if index is not None else ()
    wanted = [each for each in members if not each.user_id or each.user_id != party.user_id]
    failure: Failure = UNREACHABLE
    if wanted:
        caller.ring()
        by = _on_behalf(caller, group)
        shown = replace(party, name=f"{group.name} - {party.name or party.number}".removesuffix(" - "))
        for each in wanted:
            data = Summoned(call.id, each.number, by, shown, float(group.ring_s), group.confirm)
            operation.summon(x, call, data, caller.now)
        if operation.is_ringing(x, call):
            failure = await caller.reached()
    await _nobody(caller, failure)


async def summoned(caller: Conversation, data: Summoned) -> None:
    """Ring one member; who answers joins the others."""
    x = caller.exchange
    failure = NO_ANSWER if caller.call.caller else await _answered(caller, data)
    if failure is not NORMAL:
        operation.gave_up(x, data.call, caller.call, failure, caller.now)
        await caller.refuse(failure)
    asked = caller.device is not None or caller.leg.confirmed
    if data.confirm and not asked and not await _confirmed(caller, data):
        operation.gave_up(x, data.call, caller.call, NO_ANSWER, caller.now)
        return
    call = x.calls.get(data.call)
    if call is None or operation.join(x, call, caller.call, caller.leg, caller.now) is not None:
        await caller.say("conference-ended")


async def _confirmed(caller: Conversation, data: Summoned) -> bool:
    """What answers may be a voicemail: a number that a member's phones have been forwarded to."""
    question = Phrase("confirm-call", {"from": data.shown.name})
    return await caller.collect(most=1, timeout_s=CONFIRM_S, prompt=question, end="") == "1"


async def _answered(caller: Conversation, data: Summoned) -> Failure:
    """NORMAL once somebody has answered. A member is never an emergency centre."""
    x = caller.exchange
    decision = route(x.directory, FromUser(caller.call.company_id, data.by.user_id), data.number, live=x.present)
    if isinstance(decision.step, DialOutside) and decision.step.emergency:
        return UNREACHABLE
    return await caller.reach(decision, data.shown, data.ring_s, confirm=data.confirm)


def _on_behalf(caller: Conversation, group: GroupCall) -> Party:
    """By whose rights members outside are called: the colleague's who calls, else the group's owner's."""
    party, index = caller.leg.party, caller.index
    owner = index.users.get(group.user_id or 0) if index is not None else None
    if (caller.device is not None and party.user_id) or owner is None:
        return party
    return Party("device", owner.extension, owner.name, user_id=owner.id)


async def _nobody(caller: Conversation, failure: Failure) -> None:
    """What the group has set for it (V 22.2.4); else the caller is told."""
    x, situation = caller.exchange, caller.call.situation
    outcome: Outcome = "unreachable" if failure.outcome == "unreachable" else "no_answer"
    decision = proceed(x.directory, situation, outcome, live=x.present) if situation is not None else None
    if decision is not None:
        failure = await caller.reach(decision)
    if caller.leg.state == "answered":
        await caller.say("no-answer")
    else:
        await caller.refuse(failure)

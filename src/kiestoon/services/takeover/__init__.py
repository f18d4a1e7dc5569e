"""Taking one's running call to the phone this is dialled on: ``*9``, 909 (CALL-15, E App. A)."""

from __future__ import annotations

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import pickup as operation
from kiestoon.routing import UseCode


async def take_over(caller: Conversation, code: UseCode) -> None:
    """The other party hears no gap; the phone the call was on hangs up once this one has it."""
    x, me = caller.exchange, caller.leg.party
    for call in list(x.calls.values()):
        if call.bridge is None or call.company_id != caller.call.company_id:
            continue
        for leg_id in call.bridge:
            leg = call.legs[leg_id]
            if me.user_id and leg.party.user_id == me.user_id and leg.device_id != me.device_id:
                failure = operation.replace_leg(x, call, leg, caller.call, caller.leg, caller.now)
                if failure is None:
                    return
    await caller.answer()
    await caller.say("takeover-nothing")

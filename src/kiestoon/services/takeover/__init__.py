"""Taking one's running call to the phone this is dialled on: ``*9``, 909 (CALL-15, E App. A)."""

from __future__ import annotations

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import pickup as operation
from kiestoon.routing import UseCode


async def take_over(caller: Conversation, code: UseCode) -> None:
    """The other party hears no gap; the phone the call was on hangs up once this one has it."""
    x, me = caller.exchange, caller.leg.party
    running = [
        (call, call.legs[leg_id])
        for call in x.calls.values()
        if call.company_id == caller.call.company_id and me.user_id
        for leg_id in call.bridge or ()
    ]
    mine = [(call, leg) for call, leg in running if leg.party.user_id == me.user_id and leg.device_id != me.device_id]
    for call, leg in sorted(mine, key=lambda pair: pair[1].held or pair[1].holding):  # first what is talked about
        if operation.replace_leg(x, call, leg, caller.call, caller.leg, caller.now) is None:
            return
    await caller.answer()
    await caller.say("takeover-nothing")

"""Intercom: the phone called answers by itself, on its loudspeaker (CALL-16)."""

from __future__ import annotations

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations.targets import route_for
from kiestoon.routing import RingUser, UseCode


async def intercom(caller: Conversation, code: UseCode) -> None:
    """Speak through the loudspeaker of an extension. Somebody in conversation, or who does not want to be disturbed, is
    not broken in on: routing decides as for any call, and only a person's own phones answer by themselves."""
    leg = caller.leg
    decision = route_for(caller.exchange, caller.call, leg, leg, code.argument)
    step = decision.step
    own = isinstance(step, RingUser) and step.user.extension == code.argument
    busy = own and isinstance(step, RingUser) and caller.exchange.present.is_busy(caller.call.company_id, step.user.id)
    await caller.reach(decision, automatic=own and not busy)
    await caller.answer()
    await caller.say("unreachable")

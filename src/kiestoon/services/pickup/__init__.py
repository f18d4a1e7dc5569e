"""Picking up: ``*8`` any ringing phone one may, ``*8`` and an extension that one (CALL-11, E 5.3, V 25).

Rights come from privacy groups and pickup groups; a manager may take what is offered to his assistants (E 6.2). Of two
who pick up one call the first gets it; the other hears that it was answered already, and everybody without the right
the same as if nothing rang.

Several phones of one person are a shared line (CALL-30, U 5.4.8): with their own extension, or the key with its lamp,
any of them takes what rings there or is held by another of them.
"""

from __future__ import annotations

from kiestoon.calls.call import Call
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import ALREADY_ANSWERED
from kiestoon.calls.operations import pickup as operation
from kiestoon.routing import UseCode


async def pickup(caller: Conversation, code: UseCode) -> None:
    """Take the call that has rung longest among those the caller may take."""
    found = ringing_for(caller, code.argument)
    if found is None and held_on_shared_line(caller, code.argument):
        return
    if found is None:
        await caller.answer()
        await caller.say("pickup-nothing")
        return
    call, leg = found
    failure = operation.pick_up(caller.exchange, call, leg, caller.call, caller.leg, caller.now)
    if failure is not None:
        await caller.answer()
        await caller.say("pickup-answered" if failure is ALREADY_ANSWERED else "not-possible-now")


def ringing_for(caller: Conversation, extension: str) -> tuple[Call, Leg] | None:
    """The ringing call to take: at ``extension`` (a person's, or a group's that is called), "" = anywhere."""
    index, me = caller.index, caller.leg.party
    if index is None or not me.user_id:
        return None
    for call, leg in operation.ringing_calls(caller.exchange, caller.call.company_id):
        rung = leg.party.number
        aimed = call.situation.visited if call.situation is not None else ()
        if extension and extension != rung and extension not in aimed:
            continue
        if rung == me.number:
            if extension == rung and call.anchor is not None and call.anchor.party.user_id != me.user_id:
                return call, leg
        elif operation.may_take(index, me.user_id, call, leg, meant=bool(extension)):
            return call, leg
    return None


def held_on_shared_line(caller: Conversation, extension: str) -> bool:
    """Whether the caller now has what another phone of the same line, ``extension``, had on hold."""
    me = caller.leg.party
    if not me.user_id or extension != me.number:
        return False
    for call, leg in operation.held_calls(caller.exchange, caller.call.company_id, me.user_id):
        if leg.device_id != me.device_id:
            return operation.replace_leg(caller.exchange, call, leg, caller.call, caller.leg, caller.now) is None
    return False

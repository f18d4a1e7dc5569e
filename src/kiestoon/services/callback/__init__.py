"""Automatic callback: whoever calls a busy colleague is called back when that one is free (CALL-12, V 7.4.3)."""

from __future__ import annotations

import msgspec

from kiestoon.calls import custody
from kiestoon.calls.causes import BUSY, HUNG_UP, NORMAL
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations.targets import route_again, seen_as
from kiestoon.calls.originate import originate
from kiestoon.calls.service_data import Callback
from kiestoon.routing import UseCode, ring_own

LOOK_S = 3.0
RING_S = 30
AGAIN_S = 60.0
LONGEST_MS = 30 * 60 * 1000


async def callback_offer(caller: Conversation, code: UseCode) -> None:
    """Offer it; ``code.argument`` is the busy extension."""
    await caller.answer()
    name = _name_of(caller, code.argument)
    if await caller.ask_for("callback-offer", most=1, name=name) != "1":
        await caller.refuse(BUSY)
    x, by = caller.exchange, caller.leg.party
    until_ms = x.wall_ms() + LONGEST_MS
    _forget(caller, code.argument)
    originate(x, caller.call.company_id, by, code.argument, Callback(by, code.argument, until_ms), caller.now)
    await caller.say("callback-set", name=name)


async def callback_cancel(caller: Conversation, code: UseCode) -> None:
    """#8: no callback any more."""
    await caller.answer()
    await caller.say("callback-cancelled" if _forget(caller) else "callback-none")


async def callback(caller: Conversation, data: Callback) -> None:
    """Wait until both are free, ring the one who wants to be called back, then the other for him."""
    x, company_id = caller.exchange, caller.call.company_id
    if caller.call.caller:  # entered again after a crash
        await _call(caller, data)
        return
    while x.wall_ms() < data.until_ms:
        index = caller.index
        wanted = index.users_by_extension.get(data.number) if index is not None else None
        me = index.users.get(data.by.user_id) if index is not None else None
        if index is None or wanted is None or me is None:
            return
        if any(x.present.is_busy(company_id, user.id) for user in (wanted, me)):
            await caller.pause(LOOK_S)
            continue
        shown = msgspec.structs.replace(data.by, number=wanted.extension, name=f"callback: {wanted.name}")
        decision = ring_own(x.directory, company_id, me.id, RING_S, live=x.present)
        if decision is not None and await caller.reach(decision, shown) is NORMAL:
            await _call(caller, data)
            return
        await caller.pause(AGAIN_S)


async def _call(caller: Conversation, data: Callback) -> None:
    leg = caller.leg
    await caller.reach(route_again(caller.exchange, caller.call, leg.party, leg, data.number), seen_as(leg, data.by))
    await caller.say("unreachable")


def _name_of(caller: Conversation, extension: str) -> str:
    index = caller.index
    user = index.users_by_extension.get(extension) if index is not None else None
    return user.name if user is not None else extension


def _forget(caller: Conversation, number: str = "") -> bool:
    """End the callbacks of a person, all or those for one number."""
    x, me = caller.exchange, caller.leg.party.user_id
    found = False
    for call in list(x.calls.values()):
        data = call.service.data if call.service is not None else None
        if isinstance(data, Callback) and data.by.user_id == me and number in ("", data.number):
            custody.end_with(x, call, HUNG_UP, caller.now)
            x.touched.append(call)
            found = True
    return found

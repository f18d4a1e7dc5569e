"""No music for whom the caller has on hold: ``*60`` dialled on a second line (VM-9, V 7.6.4).

Before a number it is for that call, and in a call it is keyed in (``calls.keys``).
"""

from __future__ import annotations

from kiestoon.calls import signals
from kiestoon.calls.call import Call
from kiestoon.calls.conversation import Conversation
from kiestoon.routing import UseCode
from kiestoon.services.again import for_one_call


async def no_music_on_hold(caller: Conversation, code: UseCode) -> None:
    """Off in every conversation the caller has now; who has none is asked whom to call without it."""
    running = [call for call in list(caller.exchange.calls.values()) if _speaks_in(caller, call)]
    if not running:
        await for_one_call(caller, code)
        return
    for call in running:
        signals.music_off(caller.exchange, call)
    await caller.answer()
    await caller.say("music-off")


def _speaks_in(caller: Conversation, call: Call) -> bool:
    if call.bridge is None or call.company_id != caller.call.company_id:
        return False
    user_id = caller.leg.party.user_id
    return bool(user_id) and any(call.legs[leg_id].party.user_id == user_id for leg_id in call.bridge)

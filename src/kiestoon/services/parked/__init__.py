"""Waiting on a lot: music, until somebody retrieves the call or it comes back (CALL-9, CALL-10, V 24.1).

After the location's time the phone of whoever parked it rings, then the alternate extension where one is set (or that
one at once); when nobody answers, the caller waits on and it all begins again. Nobody is lost by waiting.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiestoon.calls.call import Failure
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import park
from kiestoon.calls.operations.recall import recall_of, shown_as
from kiestoon.calls.service_data import Parked
from kiestoon.company.model import ParkSettings
from kiestoon.routing import route_extension

ALTERNATE_RING_S = 60


async def parked(caller: Conversation, data: Parked) -> None:
    """Wait on the lot; ends only by moving on or hanging up."""
    x, call_id = caller.exchange, caller.call_id
    x.lots[caller.call.company_id, data.lot] = call_id  # also when entered again after a crash
    settings = park.settings_of(caller.index, data.by)
    waited_s = max(0.0, (x.wall_ms() - data.since_ms) / 1000.0)
    try:
        await _wait(caller, max(1.0, settings.recall_s - waited_s))
        while True:
            await _ring_back(caller, data, settings)
            await _wait(caller, settings.recall_s)
    finally:
        call = x.calls.get(call_id)
        if call is not None:
            park.left_lot(x, call, data.lot)


async def _wait(caller: Conversation, seconds: float) -> None:
    caller.music("parked")
    await caller.pause(seconds)


async def _ring_back(caller: Conversation, data: Parked, settings: ParkSettings) -> None:
    if not settings.alternate or settings.alternate_when == "after":
        ring_s = settings.alternate_s if settings.alternate else ALTERNATE_RING_S
        decision = recall_of(caller.exchange, caller.call, data.by, ring_s, settings.recall_pattern)
        if decision is not None:
            await caller.reach(decision, shown_as(caller.leg.party))
    if settings.alternate:
        await _alternate(caller, settings)


async def _alternate(caller: Conversation, settings: ParkSettings) -> Failure:
    x, call = caller.exchange, caller.call
    situation = call.situation
    if situation is not None and settings.recall_pattern:
        situation = replace(situation, alert=settings.recall_pattern)
    decision = route_extension(x.directory, call.company_id, settings.alternate, live=x.present, situation=situation)
    return await caller.reach(decision, shown_as(caller.leg.party))

"""Waiting on a lot: music, until somebody retrieves the call or it comes back to who parked it (CALL-9, CALL-10)."""

from __future__ import annotations

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import park
from kiestoon.calls.service_data import Parked

RECALL_AFTER_S = 60.0


async def parked(caller: Conversation, data: Parked) -> None:
    """Wait on the lot; comes back again and again until somebody takes the caller."""
    x = caller.exchange
    x.lots[caller.call.company_id, data.lot] = caller.call.id  # also when entered again after a crash
    try:
        caller.music("parked")
        await caller.wait()
    finally:
        if caller.call_id in x.calls:
            park.left_lot(x, x.calls[caller.call_id], data.lot)

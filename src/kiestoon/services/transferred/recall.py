"""Bringing a caller back to whoever handed him over."""

from __future__ import annotations

import msgspec

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.party import Party
from kiestoon.routing import Decision, RingUser

RECALL_S = 60


async def come_back(caller: Conversation, by: Party, ring_s: int = RECALL_S, alert: int = 0) -> None:
    """Ring whoever handed the caller over, shown as "recall: NAME"; returns when nobody answered there."""
    decision = recall_of(caller, by, ring_s, alert)
    if decision is not None:
        await caller.reach(decision, shown_as(caller.leg.party))


def recall_of(caller: Conversation, by: Party, ring_s: int, alert: int) -> Decision | None:
    """Ringing at all phones of the person, whatever he has arranged for his calls; None when he is gone."""
    index = caller.index
    user = index.users.get(by.user_id) if index is not None else None
    if index is None or user is None:
        return None
    step = RingUser(user, index.devices_of(user.id), ring_s, alert=alert)
    return Decision(step, (), index.company.id, called=user.extension)


def shown_as(party: Party) -> Party:
    """The party on the display of whoever it comes back to."""
    name = "" if party.withheld else party.name or party.number
    return msgspec.structs.replace(party, name=f"recall: {name}" if name else "recall")

"""Bringing a caller back to whoever handed him over: who rings, and what the display shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kiestoon.calls.call import Call
from kiestoon.calls.party import Party
from kiestoon.routing import Decision, RingUser

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def recall_of(x: Exchange, call: Call, by: Party, ring_s: int, alert: int = 0) -> Decision | None:
    """Ringing at all phones of the person, whatever he has arranged for his calls; None when he is gone."""
    index = x.directory.company(call.company_id)
    user = index.users.get(by.user_id) if index is not None else None
    if index is None or user is None:
        return None
    step = RingUser(user, index.devices_of(user.id), ring_s, alert=alert)
    return Decision(step, (), index.company.id, called=user.extension)


def shown_as(party: Party) -> Party:
    """The party on the display of whoever it comes back to."""
    name = "" if party.withheld else party.name or party.number
    return msgspec.structs.replace(party, name=f"recall: {name}" if name else "recall")

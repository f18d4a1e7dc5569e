"""Bringing a caller back to whoever handed him over: who rings, and what the display shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kiestoon.calls.call import Call
from kiestoon.calls.party import Party
from kiestoon.routing import Decision, ring_own

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def recall_of(x: Exchange, call: Call, by: Party, ring_s: int, alert: int = 0) -> Decision | None:
    """Ringing at all phones of the person, whatever he has arranged for his calls; None when he is gone."""
    return ring_own(x.directory, call.company_id, by.user_id, ring_s, live=x.present, alert=alert)


def shown_as(party: Party) -> Party:
    """The party on the display of whoever it comes back to."""
    name = "" if party.withheld else party.name or party.number
    return msgspec.structs.replace(party, name=f"recall: {name}" if name else "recall")

"""Bringing a caller back to whoever handed him over: who rings, and what the display shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls.call import Call
from kiestoon.calls.party import Party, labelled
from kiestoon.company.handling import RING_S
from kiestoon.company.model import TransferOptions
from kiestoon.routing import Decision, DialOutside, Step, ring_back

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

DEFAULTS = TransferOptions(id=0, company_id=0, user_id=0)


def recall_of(x: Exchange, call: Call, by: Party, ring_s: int, alert: int = 0) -> Decision | None:
    """Ringing at all phones of the person, whatever he has arranged for his calls; None when he is gone."""
    return ring_back(x.directory, call.company_id, by.user_id, ring_s, live=x.present, alert=alert)


def recall_after_s(x: Exchange, company_id: int, by: Party, step: Step) -> float:
    """After how long without an answer a call that ``by`` transferred comes back to him; 0 = the forwarding of whom it
    rings at applies (V 7.5). An emergency centre is never given up."""
    if isinstance(step, DialOutside) and step.emergency:
        return 0.0
    index = x.directory.company(company_id)
    options = index.arrangements.handling.transfer_options(by.user_id) if index is not None else None
    options = options or DEFAULTS
    return float(options.recall_rings * RING_S) if options.recall else 0.0


def shown_as(party: Party) -> Party:
    """The party on the display of whoever it comes back to."""
    return labelled("recall", party)

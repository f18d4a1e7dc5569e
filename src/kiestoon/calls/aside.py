"""A word to one party of a conversation, and to nobody else: services on the side (``Leg.side``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls.call import Call
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.service import Service

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def converse(x: Exchange, call: Call, leg: Leg, name: str, argument: object, now: float) -> None:
    """Start the service ``name`` with a party; one at a time: while another goes on nothing happens."""
    function = x.services.get(name)
    if function is not None and leg.side is None and leg.state == "answered":
        Service(name).start_aside(x, call, leg, function, argument, now)


def close(x: Exchange, leg: Leg) -> None:
    """Whatever the party is being told is over."""
    if leg.side is not None:
        leg.side.close(x)
        leg.side = None


def dismiss(x: Exchange, call: Call, leg: Leg, name: str, now: float) -> None:
    """A last word to an answered party whom nobody has in custody any more: the service ``name`` says it and hangs up.

    Who cannot be told, or holds the line to speak with somebody else, is hung up on at once. So is, after a crash
    meanwhile, whoever was being told.
    """
    close(x, leg)
    if leg.id not in x.held:
        converse(x, call, leg, name, None, now)
    if leg.side is None:
        leave(x, call, leg, now)
    x.journal.changed(call)

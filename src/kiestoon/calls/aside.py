"""A word to one party of a conversation, and to nobody else: services on the side (``Leg.side``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.service import Service

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def converse(x: Exchange, call: Call, leg: Leg, name: str, argument: object, now: float) -> None:
    """Start the service ``name`` with a party; one at a time: while another goes on nothing happens."""
    function = x.services.get(name)
    if function is not None and leg.side is None and leg.state == "answered":
        Service(name).start_aside(x, call, leg, function, argument, now)

"""Somebody was sent on without being announced: the target rings; when nobody answers the call comes back.

The order when things go wrong (CALL-5, custody in docs/architecture.md): the target's own forwarding; whoever sent the
call, for whom it rings as "recall: NAME"; then what the company wants.
"""

from __future__ import annotations

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import targets
from kiestoon.calls.service_data import Returned, Transferred
from kiestoon.services.transferred.recall import come_back


async def transferred(caller: Conversation, data: Transferred) -> None:
    """Reach the target, else bring the caller back."""
    x = caller.exchange
    if caller.under_way:
        await caller.reached()
    else:
        decision = targets.route_again(x, caller.call, data.by, caller.leg, data.target, inhibited=data.inhibited)
        await caller.reach(decision)
    await come_back(caller, data.by)


async def returned(caller: Conversation, data: Returned) -> None:
    """A call that was handed over comes back."""
    await come_back(caller, data.by)

"""Group calls (CALL-14, V 22): all members ring at once, and who answers joins whoever has.

The caller waits in the service "group_call" until the first one answers; then the call is a conversation, with the
third a conference, like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import bridging, custody, moving
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOT_POSSIBLE, conference
from kiestoon.calls.originate import originate
from kiestoon.calls.service_data import Summoned

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

SERVICE = "group_call"


def summon(x: Exchange, call: Call, data: Summoned, now: float) -> None:
    """Ring somebody for a group call."""
    made = originate(x, call.company_id, data.by, data.number, data, now)
    call.asked = (*call.asked, made.id)


def join(x: Exchange, call: Call, mine: Call, leg: Leg, now: float) -> Failure | None:
    """A member has answered: he speaks with the caller, and with who has answered before."""
    if call.bridge is not None:
        return conference.join(x, call, mine, leg, now)
    caller = call.anchor
    waits = call.service is not None and call.service.name == SERVICE
    if caller is None or not waits or leg.state != "answered" or not moving.can_move(mine, call):
        return NOT_POSSIBLE
    custody.let_go(x, mine)
    mine.continued_in = call.id
    group = call.target
    moving.move(x, leg, mine, call)
    bridging.join(x, call, caller, leg, now)
    call.target = group
    x.touched += [call, mine]
    return None


def gave_up(x: Exchange, call_id: str, mine: Call, failure: Failure, now: float) -> None:
    """A member does not answer; with the last of them the caller's waiting is over."""
    call = x.calls.get(call_id)
    if call is None or call.service is None or call.service.name != SERVICE:
        return
    if not is_ringing(x, call, but=mine.id):
        call.service.resume(x, call, failure, now)
        x.touched.append(call)


def is_ringing(x: Exchange, call: Call, but: str = "") -> bool:
    """Whether a member may still answer; ``but`` does not count."""
    others = (x.calls.get(asked) for asked in call.asked if asked != but)
    return any(other is not None and other.service is not None for other in others)

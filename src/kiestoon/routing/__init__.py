"""Where a call goes, and why."""

from kiestoon.routing.decision import Decision, DialOutside, EnterMenu, Refuse, RingUser, Step
from kiestoon.routing.origin import FromDevice, FromTrunk, FromUser, Origin
from kiestoon.routing.reasons import Reason
from kiestoon.routing.route import route, route_diverted, route_extension

__all__ = [
    "Decision",
    "DialOutside",
    "EnterMenu",
    "FromDevice",
    "FromTrunk",
    "FromUser",
    "Origin",
    "Reason",
    "Refuse",
    "RingUser",
    "Step",
    "route",
    "route_diverted",
    "route_extension",
]

"""Where a call goes, and why."""

from kiestoon.routing.coming_back import ring_back
from kiestoon.routing.decision import (
    AskPostcode,
    Decision,
    DialOutside,
    EnterGroupCall,
    EnterMenu,
    EnterQueue,
    EnterRoom,
    EnterVoicemail,
    Later,
    Refuse,
    RingAll,
    RingUser,
    Search,
    Step,
    UseCode,
)
from kiestoon.routing.matching import see_outsider
from kiestoon.routing.origin import FromDevice, FromTrunk, FromUser, Origin
from kiestoon.routing.reasons import Reason
from kiestoon.routing.route import proceed, ring_own, route, route_diverted, route_extension, routed_by_postcode
from kiestoon.routing.situation import (
    Assumed,
    CallerSeen,
    Diversion,
    DivertReason,
    HuntRecord,
    Live,
    Outcome,
    Situation,
)

__all__ = [
    "AskPostcode",
    "Assumed",
    "CallerSeen",
    "Decision",
    "DialOutside",
    "Diversion",
    "DivertReason",
    "EnterGroupCall",
    "EnterMenu",
    "EnterQueue",
    "EnterRoom",
    "EnterVoicemail",
    "FromDevice",
    "FromTrunk",
    "FromUser",
    "HuntRecord",
    "Later",
    "Live",
    "Origin",
    "Outcome",
    "Reason",
    "Refuse",
    "RingAll",
    "RingUser",
    "Search",
    "Situation",
    "Step",
    "UseCode",
    "proceed",
    "ring_back",
    "ring_own",
    "route",
    "route_diverted",
    "route_extension",
    "routed_by_postcode",
    "see_outsider",
]

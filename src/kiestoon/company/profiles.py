"""Which services there are, and who can be given each: by a person's profile, or virtual users (ORG-5, V 4.2, V 6.1).

A profile says which phones and numbers somebody has: "fixed" a desk phone with its number, "mobile" a mobile with its
number, "flex" both numbers on a mobile, "combi" both numbers and both phones. A service that needs a desk phone
(ring reminders V 7.1, ring patterns V 9.4.3, lamps that show other lines V 10.1) is nothing for who has none, one for a
fixed number nothing for who has none; the others are for everybody. Virtual users (menus, groups, hunt groups) can be
given what concerns calls that come in (V 18.5, V 20.1.5, V 21.1.6, V 22.2.4).

V 8.1 keeps voicemail from all but "fixed", because its mobiles have their network's; E 3.2 gives it to people with a
mobile, too. Here everybody can have it: a network's voicemail is out of the exchange's reach.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Literal, TypeAlias

from kiestoon.company.model import Profile

EVERYBODY: Final[frozenset[Profile]] = frozenset({"fixed", "mobile", "flex", "combi"})
WITH_DESK_PHONE: Final[frozenset[Profile]] = frozenset({"fixed", "combi"})
WITH_FIXED_NUMBER: Final[frozenset[Profile]] = frozenset({"fixed", "flex", "combi"})
WITH_MOBILE: Final[frozenset[Profile]] = frozenset({"mobile", "flex", "combi"})

SERVICES: Final[dict[str, frozenset[Profile]]] = {
    # calls that come in (V 7)
    "forwarding": EVERYBODY,
    "selective_forwarding": EVERYBODY,
    "do_not_disturb": EVERYBODY,
    "anonymous_rejection": EVERYBODY,
    "selective_acceptance": EVERYBODY,
    "selective_rejection": EVERYBODY,
    "call_notification": EVERYBODY,
    "call_waiting": EVERYBODY,
    "music_on_hold": EVERYBODY,
    "ring_reminder": WITH_DESK_PHONE,
    # messages (V 8)
    "voicemail": EVERYBODY,
    # several phones and numbers (V 9)
    "any_device": EVERYBODY,
    "simultaneous_ringing": EVERYBODY,
    "sequential_ringing": EVERYBODY,
    "alternate_numbers": WITH_FIXED_NUMBER,
    "distinctive_ringing": WITH_DESK_PHONE,
    "remote_office": WITH_FIXED_NUMBER,
    # working together (V 10, V 12, V 13)
    "line_status": WITH_DESK_PHONE,
    "call_pickup": EVERYBODY,
    "call_park": EVERYBODY,
    "call_centre_agent": EVERYBODY,
    "call_centre_supervisor": EVERYBODY,
    "receptionist": EVERYBODY,
    "call_recording": EVERYBODY,
    # what others see (V 11)
    "caller_id_withheld": EVERYBODY,
    "call_policies": EVERYBODY,
    # reachability (E 10)
    "reach": EVERYBODY,
    "roaming_status": EVERYBODY,
    "hot_desking": WITH_DESK_PHONE,
}
"""Every service that can be given to somebody, with the profiles it is for."""

FOR_VIRTUAL: Final = frozenset(
    {
        "forwarding",
        "selective_forwarding",
        "selective_acceptance",
        "selective_rejection",
        "voicemail",
        "call_policies",
    }
)
"""What virtual users can be given."""
FOR_FUNCTIONS: Final = frozenset({"voicemail", "call_policies"})
"""What extensions can be given that only send calls on."""


Kind: TypeAlias = Profile | Literal["virtual", "function"]
"""Of which kind the owner of an extension is: a person's profile, a virtual user, or a function that only sends calls
on (by place, time, number of calls, or always)."""


def offered(service: str, kind: Kind) -> bool:
    """Whether somebody of this kind can be given the service; an unknown one is for nobody."""
    return service in services_of(kind)


@cache
def services_of(kind: Kind) -> frozenset[str]:
    """Every service for a kind."""
    if kind in ("virtual", "function"):
        return FOR_VIRTUAL if kind == "virtual" else FOR_FUNCTIONS
    return frozenset(service for service, profiles in SERVICES.items() if kind in profiles)

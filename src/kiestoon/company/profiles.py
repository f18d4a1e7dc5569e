"""Which services a person can be given, by profile (ORG-5, V 4.2, V 6.1).

A profile says which phones and numbers somebody has: "fixed" a desk phone with its number, "mobile" a mobile with its
number, "flex" both numbers on a mobile, "combi" both numbers and both phones. A service that needs a desk phone
(ring reminders V 7.1, ring patterns V 9.4.3, lamps that show other lines V 10.1) is nothing for who has none, one that
needs a mobile number or phone nothing for who has none; the others are for everybody.
"""

from __future__ import annotations

from typing import Final

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
    "call_centre_agent": EVERYBODY,
    "call_centre_supervisor": EVERYBODY,
    "receptionist": EVERYBODY,
    "call_recording": EVERYBODY,
    # what others see (V 11)
    "caller_id_withheld": EVERYBODY,
    "call_policies": EVERYBODY,
    # reachability (E 10)
    "reach": EVERYBODY,
    "roaming_status": WITH_MOBILE,
    "hot_desking": WITH_DESK_PHONE,
}
"""Every service that a pack can hold, with the profiles it is for."""


def offered(service: str, profile: Profile) -> bool:
    """Whether somebody of this profile can be given the service; an unknown one is for nobody."""
    return profile in SERVICES.get(service, frozenset())


def services_of(profile: Profile) -> tuple[str, ...]:
    """Every service for a profile, in the order of the catalogue."""
    return tuple(service for service, profiles in SERVICES.items() if profile in profiles)

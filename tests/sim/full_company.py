"""A company that has everything at once which rings several people or lets several talk, for random stories."""

from __future__ import annotations

from typing import Final

import msgspec
from ringing_world import MOBILE, OTHER, numbers
from test_listening_and_conferences import SUPERVISED
from test_parking_and_pickup import PICKUP, with_codes
from test_random_conferences import MEETING

from kiestoon.company.model import (
    AssistantGroup,
    CompanyRows,
    Destination,
    Forward,
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    MusicFile,
    Number,
    PrivacyGroup,
    PrivacyMember,
    Queue,
    QueueMember,
    RemoteOffice,
    Rule,
    SequentialRinging,
    SimultaneousRinging,
)

DIALLED: Final = (
    "101", "102", "103", "200", "300", "400", "500", "600", "600", "800", "801", "101", "103", "400", "600",
    "00201112222", "999",
)  # fmt: skip
"""People, the menu, a group call, a group, a hunt group, a queue, two rooms, somebody outside, nobody."""
CALLED_FROM_OUTSIDE: Final = (
    "+31201234561",
    "+31201234562",
    "+31201234500",
    "+31201234570",
    "+31201234571",
    "+31201234572",
)


def full_company() -> CompanyRows:
    """Anna has numbers along and after, which confirm; Bert has an office outside; Carla has two phones and an
    assistant. All are in a group, whose members' own forwarding counts, in a hunt group, a queue and a group call."""
    members = ("101", "102", "103")
    rows = with_codes(
        **PICKUP,
        **MEETING,
        **SUPERVISED,
        simultaneous_ringing=(SimultaneousRinging(id=1, company_id=1, user_id=1),),
        sequential_ringing=(
            SequentialRinging(id=1, company_id=1, user_id=1, base_rings=2, continue_if_busy=True, caller_may_stop=True),
        ),
        ring_numbers=(
            *numbers("simultaneous", "103", MOBILE, confirm=True),
            *numbers("sequential", "102", OTHER, confirm=True, rings=2, first_id=10),
        ),
        rules=(Rule(id=1, company_id=1, service="sequential_ringing", name="all", extension="101"),),
        remote_offices=(RemoteOffice(id=1, company_id=1, user_id=2, number=OTHER, confirm=True),),
        assistant_groups=(AssistantGroup(id=1, company_id=1, user_id=3, group_id=2),),
        group_extensions=(
            GroupExtension(
                id=1, company_id=1, extension="400", name="Desk", individual_forwarding=True, no_answer_s=30,
                forward_no_answer=Destination("extension", "500"),
            ),
        ),
        group_members=tuple(
            GroupMember(id=n, company_id=1, group_id=1, extension=number) for n, number in enumerate(members, 1)
        ),
        hunt_groups=(
            HuntGroup(
                id=1, company_id=1, extension="500", name="Support", policy="circular", rings=2, total_s=40,
                no_answer_to=Destination("extension", "200"),
            ),
        ),
        hunt_members=tuple(
            HuntMember(id=n, company_id=1, hunt_group_id=1, extension=number, position=n)
            for n, number in enumerate(members, 1)
        ),
        queues=(
            Queue(
                id=1, company_id=1, extension="600", name="Helpdesk", ring_s=10, wrap_up_s=5,
                busy_agents="all", limit=3,
                announce_position=True, announce_s=15, infotainment_playlist="news", forward_after_s=90,
                forward_to=Destination("extension", "500"), leave_to=Destination("extension", "400"),
            ),
        ),
        queue_members=tuple(
            QueueMember(id=n, company_id=1, queue_id=1, extension=number, position=n)
            for n, number in enumerate(members, 1)
        ),
        music_files=(MusicFile(id=1, company_id=1, playlist="news", file="news.ogg", duration_ms=1000),),
        forwards=(
            Forward(id=9, company_id=1, extension="102", case="no_answer", to=Destination("number", MOBILE), rings=2),
            Forward(id=10, company_id=1, extension="101", case="busy", to=Destination("extension", "103")),
        ),
    )  # fmt: skip
    own = Number(id=8, company_id=1, e164="+31201234570", extension="400")
    room = Number(id=9, company_id=1, e164="+31201234571", extension="800")
    queue = Number(id=10, company_id=1, e164="+31201234572", extension="600")
    return msgspec.structs.replace(
        rows,
        privacy_groups=(*rows.privacy_groups, PrivacyGroup(id=2, company_id=1, name="secretaries")),
        privacy_members=(*rows.privacy_members, PrivacyMember(id=2, company_id=1, group_id=2, extension="101")),
        numbers=(*rows.numbers, own, room, queue),
    )

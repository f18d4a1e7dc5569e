"""Whatever happens while several phones ring for one person, nobody is lost and nobody connected who did not confirm.

What must hold is in ``invariants``.
"""

from __future__ import annotations

from chaos import NUMBERS, Chaos
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network import Conditions
from ringing_world import MOBILE, OTHER, numbers
from test_parking_and_pickup import PICKUP, with_codes

from kiestoon.company.model import (
    AssistantGroup,
    CompanyRows,
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    PrivacyGroup,
    PrivacyMember,
    RemoteOffice,
    Rule,
    SequentialRinging,
    SimultaneousRinging,
)

OFTEN = ("answer", "press", "prompts_end", "wait", "dial", "call_in")
STEPS = (
    *OFTEN * 3, "operate", "press_keys", "refer", "refer_attended", "dial_code", "hang_up", "set_mode", "reject",
    "early_media", "crash", "media_is_cut_off", "media_returns", "media_dies",
)  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 23), st.integers(0, 23)), min_size=10, max_size=50)
conditions = st.builds(Conditions, loss=st.sampled_from((0.0, 0.0, 0.05)), duplication=st.sampled_from((0.0, 0.1)))


def arranged() -> CompanyRows:
    """Everything at once: Anna has numbers along and after, which confirm; Bert has an office, Carla an assistant."""
    along = numbers("simultaneous", "103", MOBILE, OTHER, confirm=True)
    after = numbers("sequential", "102", OTHER, "103", confirm=True, rings=2, first_id=10)
    return with_codes(
        **PICKUP,
        simultaneous_ringing=(SimultaneousRinging(id=1, company_id=1, user_id=1),),
        sequential_ringing=(
            SequentialRinging(id=1, company_id=1, user_id=1, base_rings=2, continue_if_busy=True, caller_may_stop=True),
        ),
        ring_numbers=(*along, *after),
        rules=(Rule(id=1, company_id=1, service="sequential_ringing", name="all", extension="101"),),
        remote_offices=(RemoteOffice(id=1, company_id=1, user_id=2, number=MOBILE, confirm=True),),
        privacy_groups=(PrivacyGroup(id=1, company_id=1, name="secretaries"),),
        privacy_members=(PrivacyMember(id=1, company_id=1, group_id=1, extension="101"),),
        assistant_groups=(AssistantGroup(id=1, company_id=1, user_id=3, group_id=1),),
        group_extensions=(
            GroupExtension(
                id=1, company_id=1, extension="400", name="Sales", individual_ringing=True, individual_forwarding=True
            ),
        ),
        group_members=tuple(GroupMember(id=n, company_id=1, group_id=1, extension=f"10{n}") for n in (1, 2, 3)),
        hunt_groups=(HuntGroup(id=1, company_id=1, extension="410", name="Support", individual_ringing=True, rings=2),),
        hunt_members=tuple(
            HuntMember(id=n, company_id=1, hunt_group_id=1, extension=f"10{n}", position=n) for n in (1, 2, 3)
        ),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1000), network=conditions, happening=steps)
def test_several_phones_never_lose_double_or_cross_connect_a_caller(
    seed: int, network: Conditions, happening: list[tuple[str, int, int]]
) -> None:
    chaos = Chaos(seed, network, arranged(), numbers=(*NUMBERS, "400", "410"))
    for name, a, b in happening:
        chaos.do(name, a, b)
    chaos.end()

"""Whatever people do in conference rooms and group calls, nobody is lost or hears another call (CALL-13, CALL-14).

The invariants are those of ``test_random_operations``.
"""

from __future__ import annotations

from typing import Any, Final

from chaos import KEYS, Chaos
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network import Conditions
from test_parking_and_pickup import PICKUP, with_codes

from kiestoon.company.model import ConferenceRoom, GroupCall, GroupCallMember

MEETING: Final[dict[str, Any]] = {
    "conference_rooms": (
        ConferenceRoom(id=5, company_id=1, extension="800", name="Monday", user_id=2),
        ConferenceRoom(
            id=6, company_id=1, extension="801", name="Board", user_id=1, wait_for_organiser=True,
            ends_with_organiser=True, announce="names", most_members=3,
        ),
    ),
    "group_calls": (GroupCall(id=1, company_id=1, extension="300", name="Alarm", ring_s=20),),
    "group_call_members": tuple(
        GroupCallMember(id=n, company_id=1, group_call_id=1, extension=extension)
        for n, extension in enumerate(("101", "102", "103"), 1)
    ),
}  # fmt: skip
NUMBERS: Final = ("800", "801", "300", "800", "801", "300", "102", "00201112222")
STAR_KEYS: Final = ("*6", "*3", "*4", "*5", "*7", "*8", "*9102#", "*0", "1", "1", *KEYS)
STEPS: Final = (
    *("dial",) * 6, *("press_keys",) * 5, *("operate",) * 3, *("prompts_end",) * 6, "answer", "answer", "hang_up",
    "hang_up", "set_mode", "hold", "resume", "reject", "refer", "refer_attended", "dial_code", "wait", "wait", "crash",
    "media_is_cut_off", "media_returns",
)  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 23), st.integers(0, 23)), min_size=10, max_size=50)
conditions = st.builds(Conditions, loss=st.sampled_from((0.0, 0.0, 0.05)), duplication=st.sampled_from((0.0, 0.1)))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1000), network=conditions, happening=steps)
def test_conferences_never_lose_double_or_cross_connect_anybody(
    seed: int, network: Conditions, happening: list[tuple[str, int, int]]
) -> None:
    chaos = Chaos(seed, network, with_codes(**PICKUP, **MEETING), numbers=NUMBERS, keys=STAR_KEYS)
    for name, a, b in happening:
        chaos.do(name, a, b)
    chaos.end()

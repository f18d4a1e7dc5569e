"""Whatever five parties do with their calls, by keys, codes, screens and REFER, nobody is lost or cross-connected.

After every step what ``invariants`` says holds: each caller is in exactly one party's care, who hears whom is
what the calls say, and at the end nothing is left.
"""

from __future__ import annotations

from chaos import KEYS, Chaos
from full_company import CALLED_FROM_OUTSIDE, DIALLED, full_company
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network import Conditions
from test_listening_and_conferences import SUPERVISED
from test_parking_and_pickup import PICKUP, with_codes

OFTEN = ("operate", "press_keys", "refer", "refer_attended", "dial_code")
STEPS = (
    *OFTEN * 4, "dial", "dial", "dial", "call_in", "call_in", "answer", "answer", "hang_up", "set_mode", "hold",
    "resume", "reject", "wait", "wait", "prompts_end", "crash", "media_is_cut_off", "media_returns",
)  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 23), st.integers(0, 23)), min_size=10, max_size=50)
conditions = st.builds(Conditions, loss=st.sampled_from((0.0, 0.0, 0.05)), duplication=st.sampled_from((0.0, 0.1)))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1000), network=conditions, happening=steps)
def test_operations_never_lose_double_or_cross_connect_a_caller(
    seed: int, network: Conditions, happening: list[tuple[str, int, int]]
) -> None:
    chaos = Chaos(seed, network, with_codes(**PICKUP, **SUPERVISED))
    for name, a, b in happening:
        chaos.do(name, a, b)
    chaos.end()


EVERYTHING = (
    *OFTEN * 2, *("dial",) * 4, *("answer",) * 4, *("wait",) * 4, *("prompts_end",) * 4, "call_in", "call_in", "press",
    "press", "key_in", "hang_up", "hang_up", "set_mode", "hold", "resume", "reject", "early_media", "crash",
    "media_is_cut_off", "media_returns",
)  # fmt: skip
stories = st.lists(
    st.tuples(st.sampled_from(EVERYTHING), st.integers(0, 23), st.integers(0, 23)), min_size=20, max_size=60
)
STAR_KEYS = ("*6", "*3", "*4", "*5", "*7", "*0", "1", "1", *KEYS)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1000), network=conditions, happening=stories)
def test_nobody_is_lost_among_rooms_groups_shared_lines_assistants_and_phones_that_ring_along(
    seed: int, network: Conditions, happening: list[tuple[str, int, int]]
) -> None:
    chaos = Chaos(seed, network, full_company(), numbers=DIALLED, keys=STAR_KEYS, numbers_in=CALLED_FROM_OUTSIDE)
    for name, a, b in happening:
        chaos.do(name, a, b)
    chaos.end()

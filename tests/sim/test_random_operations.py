"""Whatever five parties do with their calls, by keys, codes, screens and REFER, nobody is lost or cross-connected.

After every step the invariants of ``chaos.check`` hold: each caller is in exactly one party's care, who hears whom is
what the calls say, and at the end nothing is left.
"""

from __future__ import annotations

from chaos import Chaos
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

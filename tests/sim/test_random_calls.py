"""Whatever people, phones, lines and machines do: no caller is lost, nothing leaks, every attempt has its record."""

from __future__ import annotations

from chaos import ACTIONS, Chaos
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from network import Conditions

RARE = ("crash", "media_dies", "media_restarts", "phone_dies")
CURES = ("media_returns", "media_returns", "phone_lives", "phone_lives", "register")
LIKELY = ("dial", "dial", "dial", "call_in", "key_in", "answer", "hang_up", "wait", "wait", "wait")
MANY = (*[name for name in ACTIONS if name not in RARE], *CURES, *LIKELY) * 2 + RARE

steps = st.lists(st.tuples(st.sampled_from(MANY), st.integers(0, 23), st.integers(0, 23)), min_size=25, max_size=50)
conditions = st.builds(
    Conditions,
    loss=st.sampled_from((0.0, 0.0, 0.05, 0.2)),
    duplication=st.sampled_from((0.0, 0.1)),
    jitter_s=st.sampled_from((0.0, 0.05)),
)


MOVED = [*[("dial", 0, 0)] * 20, ("dial", 0, 1), ("wait", 0, 2), ("media_is_cut_off", 0, 0), ("operate", 2, 4)]
"""A leg leaves its call while the media process cannot be told: afterwards it must not hear whom it was with."""


@example(seed=0, network=Conditions(jitter_s=0.0), happening=[*MOVED, ("media_returns", 0, 0)])
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1000), network=conditions, happening=steps)
def test_whatever_happens_no_caller_is_lost_nothing_leaks_and_every_attempt_has_its_record(
    seed: int, network: Conditions, happening: list[tuple[str, int, int]]
) -> None:
    chaos = Chaos(seed, network)
    for action, a, b in happening:
        chaos.do(action, a, b)
    chaos.end()

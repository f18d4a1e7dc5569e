"""Functions that are constant from step to step."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiestoon.company.time.steps import Steps

spans = st.lists(st.tuples(st.integers(-5, 45), st.integers(-5, 45), st.sampled_from("abc")), max_size=8)


@given(spans)
def test_first_span_that_has_a_number_gives_its_value(drawn: list[tuple[int, int, str]]) -> None:
    steps = Steps(drawn, "", 0, 40)
    for number in range(40):
        assert steps.at(number) == next((value for start, end, value in drawn if start <= number < end), "")


@given(spans)
def test_every_step_is_a_true_change(drawn: list[tuple[int, int, str]]) -> None:
    steps = Steps(drawn, "", 0, 40)
    for number in range(40):
        changed = next((later for later in range(number + 1, 40) if steps.at(later) != steps.at(number)), None)
        assert steps.after(number) == changed

"""The life of a leg, as a table."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from kiestoon.calls.leg import MOVES, IllegalMove, Leg, LegState, Step
from kiestoon.calls.party import Party


def leg_in(state: LegState) -> Leg:
    leg = Leg(1, "call", Party("device", "101", device_id=5), incoming=True, opened_ms=1)
    leg.state = state
    return leg


@pytest.mark.parametrize(("state", "step"), list(product(get_args(LegState), get_args(Step))))
def test_a_leg_moves_by_its_table_and_by_nothing_else(state: LegState, step: Step) -> None:
    leg = leg_in(state)
    after = MOVES.get((state, step))
    if after is None:
        with pytest.raises(IllegalMove):
            leg.advance(step)
        assert leg.state == state
    else:
        leg.advance(step)
        assert leg.state == after


def test_an_ended_leg_stays_ended() -> None:
    assert not [move for move in MOVES if move[0] == "ended"]
    assert {MOVES[state, "end"] for state in get_args(LegState) if state != "ended"} == {"ended"}


def test_a_leg_begins_offered_or_dialling() -> None:
    party = Party("trunk", "+31", trunk_id=3)
    assert Leg(1, "c", party, incoming=True, opened_ms=0).state == "offered"
    assert Leg(1, "c", party, incoming=False, opened_ms=0).state == "dialling"


def test_a_legs_session_remembers_leg_and_device() -> None:
    assert leg_in("offered").owner == (1, 5)

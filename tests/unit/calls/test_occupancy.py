"""How many calls a device has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kiestoon.calls import occupancy
from kiestoon.calls.leg import Leg
from kiestoon.calls.party import Party


def leg(number: int, call: str, *, incoming: bool = False, device: int = 7) -> Leg:
    return Leg(number, call, Party("device", "101", "Anna", device_id=device), incoming=incoming, opened_ms=0)


def test_a_call_at_several_contacts_is_one_call_until_its_last_leg_is_over() -> None:
    x: Any = SimpleNamespace(device_calls={})
    legs = [leg(1, "a"), leg(2, "a"), leg(3, "b")]
    for each in legs:
        occupancy.enter(x, each)
    assert occupancy.calls_at(x, 7) == 2
    occupancy.leave(x, legs[0])
    assert occupancy.calls_at(x, 7) == 2
    occupancy.leave(x, legs[1])
    assert occupancy.calls_at(x, 7) == 1
    occupancy.leave(x, legs[2])
    assert not x.device_calls


def test_who_calls_himself_is_in_two_calls() -> None:
    x: Any = SimpleNamespace(device_calls={})
    made, got = leg(1, "a", incoming=True), leg(2, "a")
    occupancy.enter(x, made)
    occupancy.enter(x, got)
    assert occupancy.calls_at(x, 7) == 2
    occupancy.leave(x, made)
    assert occupancy.calls_at(x, 7) == 1


def test_a_person_has_calls_at_a_telephone_outside_as_well() -> None:
    x: Any = SimpleNamespace(device_calls={}, present=SimpleNamespace(outside={}))
    mobile = Leg(1, "a", Party("trunk", "+31612345678", user_id=3, trunk_id=1), incoming=False, opened_ms=0)
    occupancy.enter(x, mobile)
    assert (x.present.outside, x.device_calls) == ({3: ("a",)}, {})
    occupancy.leave(x, mobile)
    assert not x.present.outside


def test_legs_of_lines_and_legs_that_never_entered_change_nothing() -> None:
    x: Any = SimpleNamespace(device_calls={}, present=SimpleNamespace(outside={}))
    occupancy.enter(x, leg(1, "a", device=0))
    occupancy.leave(x, leg(1, "a", device=0))
    occupancy.enter(x, leg(2, "a"))
    occupancy.leave(x, leg(3, "b"))
    assert x.device_calls == {7: ("a",)}

"""What becomes of numbers and devices when a person's reachability is given to another (E 10.8.5)."""

from __future__ import annotations

import pytest

from kiestoon.company.model import Device, DeviceKind, Number, User
from kiestoon.company.reach_clone import Means, devices_for, means_of, number_for

SOURCE = Means(frozenset({"fixed", "mobile"}), ("+31207654101",), ("+31612345601",))
BOTH = Means(frozenset({"fixed", "mobile"}), ("+31207654102", "+31207654199"), ("+31612345602",))
FIXED_ONLY = Means(frozenset({"fixed"}), ("+31207654103",), ())
MOBILE_ONLY = Means(frozenset({"mobile"}), (), ("+31612345604",))
NOTHING = Means(frozenset(), (), ())


@pytest.mark.parametrize(
    ("number", "target", "shown"),
    [
        ("+31207654101", BOTH, "+31207654102"),
        ("+31612345601", BOTH, "+31612345602"),
        ("+31612345601", FIXED_ONLY, "+31207654103"),
        ("+31207654101", MOBILE_ONLY, "+31612345604"),
        ("+31207654101", NOTHING, ""),
        ("+31207654100", NOTHING, "+31207654100"),
        ("", BOTH, ""),
        (None, BOTH, None),
    ],
)
def test_personal_numbers_become_the_targets_and_the_companys_stay(
    number: str | None, target: Means, shown: str | None
) -> None:
    assert number_for(number, SOURCE, target) == shown


@pytest.mark.parametrize(
    ("kinds", "target", "rung"),
    [
        (("fixed", "mobile"), BOTH, ("fixed", "mobile")),
        (("fixed", "mobile"), FIXED_ONLY, ("fixed",)),
        (("mobile",), FIXED_ONLY, None),
        ((), FIXED_ONLY, ()),
        (None, FIXED_ONLY, None),
    ],
)
def test_kinds_of_device_the_target_lacks_are_left_out_but_somebody_always_rings(
    kinds: tuple[DeviceKind, ...] | None, target: Means, rung: tuple[DeviceKind, ...] | None
) -> None:
    assert devices_for(kinds, target) == rung


def test_a_persons_means_are_told_by_phones_and_numbers() -> None:
    user = User(id=1, company_id=1, extension="101", name="Ann", mobile_number="+31612345601")
    phones = [Device(id=1, company_id=1, username="a", secret="s", user_id=1)]
    numbers = [
        Number(id=n, company_id=1, e164=e164, extension="101") for n, e164 in ((1, "+31207654101"), (2, "+31612345699"))
    ]
    means = means_of(user, phones, numbers, "NL")
    assert means == Means(frozenset({"fixed", "mobile"}), ("+31207654101",), ("+31612345601", "+31612345699"))

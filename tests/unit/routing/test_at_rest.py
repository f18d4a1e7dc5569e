"""What colleagues are shown of a person to whom nobody is calling just now."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import (
    Company,
    CompanyRows,
    Forward,
    Location,
    Presence,
    ReachCell,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    User,
    WeekBlock,
)
from kiestoon.company.model.row import Destination
from kiestoon.routing.at_rest import forwards_all, next_change_ms, own_forward, status_at

AWAY = Destination("number", "0612345678")
MINUTE = 60_000
BASE = CompanyRows(
    company=Company(id=1, name="C", domain="c.example", timezone="UTC"),
    users=(User(id=1, company_id=1, extension="101", name="A", location_id=1),),
    locations=(Location(id=1, company_id=1, name="Here", timezone="UTC"),),
)


def person(**fields: Any) -> tuple[CompanyIndex, User]:
    index = CompanyIndex(msgspec.structs.replace(BASE, **fields))
    return index, index.users[1]


def forward(**fields: Any) -> Forward:
    return Forward(**{"id": 1, "company_id": 1, "extension": "101", "case": "always", "to": AWAY} | fields)


@pytest.mark.parametrize(
    ("row", "all_calls"),
    [
        (forward(), True),
        (forward(to=Destination(), voicemail=True), True),
        (forward(to=Destination()), False),
        (forward(active=False), False),
        (forward(case="busy"), False),
        (forward(own_number="+31201234567"), False),
        (forward(to=Destination("mobile")), False),  # there is no such number
    ],
)
def test_only_a_forwarding_of_every_call_counts(row: Forward, all_calls: bool) -> None:
    index, user = person(forwards=(row,))
    assert own_forward(index, "101") == all_calls
    assert forwards_all(index, user, 0) == all_calls


@pytest.mark.parametrize(
    ("follows", "switch", "away"), [(True, "on", True), (False, "on", False), (True, "off", False)]
)
def test_the_locations_forwarding_counts_for_those_who_follow_it(follows: bool, switch: str, away: bool) -> None:
    location = msgspec.structs.replace(BASE.locations[0], forward=switch, forward_to=AWAY)
    user = msgspec.structs.replace(BASE.users[0], follows_location_forward=follows)
    index, user = person(locations=(location,), users=(user,))
    assert forwards_all(index, user, 0) == away


def test_a_status_holds_until_its_end() -> None:
    presence = Presence(id=1, company_id=1, user_id=1, status="lunch", until_ms=30 * MINUTE)
    index, user = person(presences=(presence,))
    assert status_at(index, user, 29 * MINUTE) == "lunch"
    assert status_at(index, user, 30 * MINUTE) == "office"
    assert next_change_ms(index, user, 0) == 30 * MINUTE
    assert next_change_ms(index, user, 30 * MINUTE) is None


def test_reach_forwards_by_the_week_and_by_hand() -> None:
    """The profile of status "evening" forwards; the week has it on Thursdays from 00:10 to 00:20."""
    matrix = {
        "reach_profiles": (
            ReachProfile(id=1, company_id=1, user_id=1, name="d", is_default=True),
            ReachProfile(id=2, company_id=1, user_id=1, name="away", forward_always=AWAY),
        ),
        "reach_statuses": (
            ReachStatus(id=5, company_id=1, user_id=1, name="evening", blocks=(WeekBlock(day=3, start=10, end=20),)),
        ),
        "reach_cells": (ReachCell(id=1, company_id=1, user_id=1, profile_id=2, status_id=5),),
    }
    index, user = person(**matrix)
    assert [forwards_all(index, user, at * MINUTE) for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert next_change_ms(index, user, 0) == 10 * MINUTE
    assert next_change_ms(index, user, 10 * MINUTE) == 20 * MINUTE
    busy = ReachStatus(id=5, company_id=1, user_id=1, name="meeting", availability="busy")
    when_busy = ReachProfile(id=1, company_id=1, user_id=1, name="d", is_default=True, forward_busy=AWAY)
    for status, profile, away in ((busy, when_busy, True), (matrix["reach_statuses"][0], when_busy, False)):
        now = ReachOverride(id=1, company_id=1, user_id=1, status_id=5)
        index, user = person(reach_profiles=(profile,), reach_statuses=(status,), reach_overrides=(now,))
        assert forwards_all(index, user, 0) == away
    by_hand = ReachOverride(id=1, company_id=1, user_id=1, status_id=5, status_until_ms=5 * MINUTE)
    index, user = person(**matrix, reach_overrides=(by_hand,))
    assert forwards_all(index, user, 4 * MINUTE)
    assert not forwards_all(index, user, 5 * MINUTE)
    assert next_change_ms(index, user, 0) == 5 * MINUTE

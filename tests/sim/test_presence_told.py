"""Callers who reach the voicemail learn where somebody is and until when, as far as he lets them (REACH-12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from code_world import ANNA, BERT, CodeWorld, Talk
from test_outside_lines import call_in

from kiestoon.company.model import Destination, Forward, Presence, User

GREETING = "nl/voicemail-greeting-of name=Anna"
STATUS = "nl/status-of-callee status=Phrase(key='status-{}', params={{}})"
HOUR_MS = 3_600_000


@pytest.fixture
def world() -> Iterator[CodeWorld]:
    """Anna's calls all go to her voicemail."""
    town = CodeWorld()
    town.add(Forward(id=0, company_id=1, extension=ANNA, case="always", to=Destination("voicemail")))
    yield town
    town.run(60)
    town.assert_nothing_left()


def told(world: CodeWorld, *, outside: bool = False) -> list[str]:
    """What a caller hears before the tone."""
    if outside:
        provider, session = call_in(world, "+31201234101")
        world.run(0.5)
        talk = Talk(world, provider, session)  # type: ignore[arg-type]  # a phone as the others
    else:
        talk = world.call(ANNA, by=BERT)
    heard = []
    while talk.hears.startswith("nl/") and not talk.hears.startswith("nl/voicemail-after-tone"):
        heard.append(talk.hears)
        talk.finish()
    talk.hang_up()
    return heard


def away(world: CodeWorld, status: str = "lunch", **fields: Any) -> None:
    now_ms = int(world.network.now * 1000)
    times = {name: value and now_ms + value for name, value in fields.items()}
    row = Presence(id=0, company_id=1, user_id=world.user(ANNA).id, status=status, **times)  # type: ignore[arg-type]
    world.add(row)


@pytest.mark.parametrize("outside", [False, True])
def test_nobody_is_told_anything_of_somebody_at_the_office(world: CodeWorld, outside: bool) -> None:
    assert told(world, outside=outside) == [GREETING]
    away(world, "office")
    assert told(world, outside=outside) == [GREETING]


@pytest.mark.parametrize(
    ("visibility", "inside", "outside"),
    [("all", True, True), ("internal", True, False), ("none", False, False)],
)
def test_the_person_says_who_is_told(world: CodeWorld, visibility: str, inside: bool, outside: bool) -> None:
    world.change(User, world.user(ANNA).id, presence_visibility=visibility)
    away(world, "out_of_office")
    status = [STATUS.format("out-of-office")]
    assert told(world) == [GREETING, *(status if inside else [])]
    assert told(world, outside=True) == [GREETING, *(status if outside else [])]


@pytest.mark.parametrize("field", ["until_ms", "return_ms"])
def test_the_time_of_return_is_told_with_it(world: CodeWorld, field: str) -> None:
    away(world, **{field: 2 * HOUR_MS})
    greeting, where = told(world, outside=True)
    assert greeting == GREETING
    assert where.startswith("nl/status-of-callee-until status=Phrase(key='status-lunch'")
    assert "at=datetime.datetime(2026, 3, 2, 14, 0" in where


@pytest.mark.parametrize("field", ["until_ms", "return_ms"])
def test_once_the_time_has_passed_it_is_not_told_any_more(world: CodeWorld, field: str) -> None:
    away(world, **{field: -HOUR_MS})
    assert told(world) == [GREETING]

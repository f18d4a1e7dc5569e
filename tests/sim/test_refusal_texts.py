"""What a refused caller's phone shows: a phrase that says why, in a person's words, beside the Q.850 cause."""

from __future__ import annotations

import re

import msgspec
import pytest
from world import PROVIDER, World, sample_rows

from kiestoon.calls import bridging, causes, inbound
from kiestoon.calls.call import Failure
from kiestoon.sip import events

OURS = [
    value for module in (causes, bridging, inbound) for value in vars(module).values() if isinstance(value, Failure)
]


def refused(dialled: str, world: World | None = None, mode: str = "ring") -> events.Refused:
    world = world or World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = mode
    anna.dial(dialled)
    world.run(70)
    told = anna.last(events.Refused)
    world.assert_nothing_left()
    return told


@pytest.mark.parametrize(
    ("dialled", "status", "phrase", "cause"),
    [
        ("102", 480, "No answer from user", 19),
        ("103", 480, "No phone of this person is registered", 20),
        ("999", 404, "Not Found", 1),
        ("00201112222", 503, "No Outside Line", 34),
    ],
)
def test_the_phrase_says_why(dialled: str, status: int, phrase: str, cause: int) -> None:
    rows = msgspec.structs.replace(sample_rows(), trunks=())
    told = refused(dialled, World(rows=rows))
    assert (told.status, told.reason) == (status, phrase)
    assert f'Q.850;cause={cause};text="{phrase}"' in (told.response.get("Reason") or "")


def test_a_full_exchange_says_so() -> None:
    world = World(max_calls=1)
    carla = world.phone("carla", "192.0.2.3")
    world.provider()
    first = carla.dial("00201112222")
    world.run()
    anna = world.phone("anna", "192.0.2.1")
    anna.dial("102")
    world.run()
    told = anna.last(events.Refused)
    assert (told.status, told.reason) == (503, "The exchange's limit of calls is reached")
    assert told.response.get("Retry-After") == "5"
    first.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize(("mode", "phrase"), [("busy", "Busy Here"), ("decline", "Decline")])
def test_what_the_other_side_said_is_quoted_in_the_reason_only(mode: str, phrase: str) -> None:
    told = refused("102", mode=mode)
    assert told.reason == phrase
    assert f'text="{phrase}"' in (told.response.get("Reason") or "")


def test_another_sides_phrase_is_never_put_beside_a_status_of_ours() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    world.provider(PROVIDER).mode = "unavailable"
    anna.dial("00201112222")
    world.run(70)
    told = anna.last(events.Refused)
    assert told.reason == "Service Unavailable"
    world.assert_nothing_left()


def test_our_own_texts_hold_no_words_of_the_inside() -> None:
    assert len(OURS) > 15
    for failure in OURS:
        assert failure.text, failure
        assert not failure.quoted
        assert not re.search(r"(?i)process|termination|\bport\b|\bleg\b|device|context|none|error", failure.text), (
            failure
        )

"""A company is taken away while it is telephoning: its calls go on to their end, each with its record."""

from __future__ import annotations

import pytest
from world import World

from kiestoon.sip import events


def remove_company(world: World) -> None:
    for index in list(world.exchange.directory):
        world.exchange.directory.remove(index.company.id)


def test_a_call_outlives_its_company_through_hold_and_resume() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.dial("102")
    world.run()
    other = bert.last(events.InviteReceived).session
    remove_company(world)
    anna.hold(session)
    world.run()
    anna.resume(session)
    world.run()
    assert session.state == other.state == "confirmed", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.ended_by) == ("answered", "caller")


@pytest.mark.parametrize("ending", ["answered", "cancelled"])
def test_a_call_that_rings_is_answered_or_given_up_without_its_company(ending: str) -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    remove_company(world)
    if ending == "answered":
        bert.answer_waiting()
        world.run()
        assert session.state == "confirmed", world.network.ladder()
        session.bye(world.network.now)
    else:
        session.cancel(world.network.now)
    world.assert_nothing_left()
    (record,) = world.records
    assert record.outcome == ending


def test_nobody_of_a_removed_company_can_call() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    remove_company(world)
    session = anna.dial("102")
    world.run(40)
    assert session.state != "confirmed"
    assert not world.exchange.calls

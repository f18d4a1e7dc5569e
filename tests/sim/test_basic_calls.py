"""Two parties through the exchange: every way a call can begin and end, as its users would say it."""

from __future__ import annotations

from world import World

from kiestoon.sip import events


def in_call(world: World | None = None) -> tuple[World, object, object, object, object]:
    world = world or World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.dial("102")
    world.run()
    other = bert.last(events.InviteReceived).session
    return world, anna, bert, session, other


def test_who_calls_an_extension_talks_to_its_user() -> None:
    world, anna, bert, session, other = in_call()
    assert session.state == other.state == "confirmed", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    assert bert.hears(other) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.ended_by, record.dialled, record.final_party) == ("answered", "caller", "102", "102")
    assert record.caller_number == "101"
    assert [leg.outcome for leg in record.legs] == ["answered", "answered"]
    assert all(leg.quality is not None and leg.codec == "PCMA" for leg in record.legs)
    assert record.opened_ms <= record.answered_ms <= record.closed_ms

"""The network says that nobody is there (ICMP): calls go on elsewhere soon, and nothing established is touched."""

from __future__ import annotations

from phones import label
from test_basic_calls import in_call
from world import PROVIDER, SECOND_PROVIDER, World

from kiestoon.sip import events
from kiestoon.sip.transaction.matching import client_key


def report(world: World, method: str, host: str) -> None:
    """Say that the exchange's latest request of this method did not reach ``host``."""
    request = [message for message in world.node.sent if label(message) == method][-1]
    key = client_key(request.via.branch, method)
    world.engine.unreachable(key, host, 5060, world.network.now)
    world.network.drain(world.node)


def test_a_call_goes_out_over_the_next_line_in_two_seconds_when_nobody_listens_at_the_first() -> None:
    world = World()
    anna, second = world.phone("anna", "192.0.2.1"), world.provider(SECOND_PROVIDER)
    session = anna.dial("00201112222")
    for wait_s in (0.035, 0.5, 1.0):  # the INVITE and its repetitions
        world.run(wait_s)
        report(world, "INVITE", PROVIDER[0])
    world.run(0.1)
    assert session.state == "confirmed", world.network.ladder()
    assert second.last(events.InviteReceived)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_phone_that_is_not_there_any_more_is_unreachable_in_two_seconds() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.node.connected = False
    session = anna.dial("102")
    world.run(1.6)
    assert session.state == "calling"
    report(world, "INVITE", "192.0.2.2")
    world.run(0.1)
    told = anna.last(events.Refused)
    assert (session.state, told.status, told.reason) == ("ended", 480, "The phone cannot be reached")
    world.assert_nothing_left()
    assert world.records[0].outcome == "unreachable"


def test_a_report_ends_no_call_that_rings_or_talks() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run(2)
    report(world, "INVITE", "192.0.2.2")
    world.run()
    assert session.state == "early"
    session.cancel(world.network.now)
    world.assert_nothing_left()
    world, anna, bert, session, _ = in_call()
    anna.hold(session)
    world.run()
    report(world, "INVITE", "192.0.2.2")
    report(world, "ACK", "192.0.2.2")
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()

"""A phone's answer and its caller's CANCEL in the same moment: the exchange reads both before it treats either."""

from __future__ import annotations

import pytest
from world import EXCHANGE, DeskPhone, World

from kiestoon.sip import events
from kiestoon.sip.flow import Flow


def read_together(world: World, *phones: DeskPhone) -> None:
    """Hand the exchange the latest message of each phone, as one batch from the socket, in this order."""
    engine, now = world.engine, world.network.now
    for phone in phones:
        engine.receive(phone.node.sent[-1], Flow("udp", *EXCHANGE, *phone.node.public), now)
    world.network.drain(world.node)


@pytest.mark.parametrize("first", ["answer", "cancel"])
def test_an_answer_that_crosses_the_callers_cancel_ends_with_bye_and_counts_as_cancelled(first: str) -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    world.network.dropped = lambda message: True  # what is sent now reaches the exchange by our hand
    bert.answer_waiting()
    session.cancel(world.network.now)
    world.network.drain(bert.node)
    world.network.drain(anna.node)
    world.network.dropped = lambda message: False
    read_together(world, *((bert, anna) if first == "answer" else (anna, bert)))
    world.run(5)
    assert session.state == bert.last(events.InviteReceived).session.state == "ended", world.network.ladder()
    assert len([message for message in bert.node.received if message.start_line().startswith("BYE")]) == 1
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.ended_by) == ("cancelled", "caller")
    assert record.answered_ms == 0

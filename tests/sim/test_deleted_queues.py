"""A queue, or its company, is deleted while callers wait in it (E 7)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from queue_world import QueueWorld, hang_up, lift
from test_queue_announcements import audio, plays

from kiestoon.company.model import Destination
from kiestoon.sip import events
from kiestoon.sip.session import Session

UNREACHABLE = {"file:/prompts/nl/unreachable.ogg"}


def delete(world: QueueWorld, what: str = "queue") -> None:
    if what == "company":
        world.exchange.directory.remove(1)
        world.engine.configuration_changed(world.network.now)
        world.network.drain(world.node)
    else:
        world.change_rows(queues=(), queue_members=(), numbers=())


def is_told_and_hung_up(world: QueueWorld, session: Session) -> None:
    assert world.caller_hears(session) == UNREACHABLE, world.network.ladder()
    world.finish_prompts()
    world.run(1)
    assert session.state == "ended"


@pytest.mark.parametrize("what", ["queue", "company"])
def test_who_is_being_offered_is_told_and_hung_up_and_the_agent_rings_no_more(what: str) -> None:
    world = QueueWorld()
    session = world.call()
    assert world.ringing() == ["anna"]
    delete(world, what)
    world.run(0.1)
    assert world.ringing() == []
    is_told_and_hung_up(world, session)
    world.assert_nothing_left()


def test_all_who_wait_are_told_and_hung_up_and_later_callers_are_turned_away() -> None:
    world = QueueWorld(phones=0)
    sessions = [world.call() for _ in range(3)]
    assert len(world.exchange.queues) == 3
    delete(world)
    assert len(world.exchange.queues) == 0
    for session in sessions:
        assert world.caller_hears(session) == UNREACHABLE, world.network.ladder()
    world.finish_prompts()
    world.run(1)
    assert [session.state for session in sessions] == ["ended"] * 3
    late = world.call()
    world.run(5)
    assert late.state != "confirmed"
    world.assert_nothing_left()


@pytest.mark.parametrize("heard", ["introduction", "infotainment", "ringback"])
def test_what_is_not_interrupted_otherwise_is_when_the_queue_is_no_more(heard: str) -> None:
    fields: dict[str, Any] = {"introduction": {"introduction": True}, "ringback": {"ringback": True}}.get(heard, {})
    if heard == "infotainment":
        fields = {"infotainment_playlist": "news", "rows": audio(("news", 1))}
    world = QueueWorld(phones=0, **fields)
    session = world.call()
    if heard == "infotainment":
        world.run(60)
        assert plays(world, session) == ["news1.ogg"]
    delete(world)
    world.run(0.5)
    is_told_and_hung_up(world, session)
    world.assert_nothing_left()


def test_an_agent_speaks_on_with_the_caller_of_a_queue_that_is_no_more() -> None:
    world = QueueWorld()
    session = world.call()
    anna = world.agents[0]
    other = lift(world, anna)
    delete(world)
    world.run(10)
    assert world.caller_hears(session) == {anna.sends_to(other)}
    hang_up(world, session)
    world.assert_nothing_left()


def test_a_caller_who_was_sent_elsewhere_is_told_when_nobody_is_there() -> None:
    to_anna = {"forward_after_s": 15, "forward_to": Destination("extension", "101")}
    world = QueueWorld({"extension": "103"}, phones=1, **to_anna)
    session = world.call()
    world.run(16)
    assert world.ringing() == ["anna"]
    delete(world)
    world.run(1)
    assert world.ringing() == ["anna"]
    world.agents[0].last(events.InviteReceived).session.reject(world.network.now, 486)
    world.run(1)
    is_told_and_hung_up(world, session)
    world.assert_nothing_left()


def test_a_queue_deleted_while_the_exchange_was_down_turns_its_callers_away() -> None:
    world = QueueWorld(phones=0)
    session = world.call()
    world.rows = msgspec.structs.replace(world.rows, queues=(), queue_members=())
    world.crash()
    world.run(2)
    is_told_and_hung_up(world, session)
    world.assert_nothing_left()

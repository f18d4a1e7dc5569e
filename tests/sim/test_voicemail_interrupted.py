"""A message in a box is never lost, whoever hangs up or dies meanwhile (VM-1, VM-6)."""

from __future__ import annotations

from typing import Any

import pytest
from fake_boxes import FakeBoxes
from test_voicemail import calling_a_box, finish, press, recording, rows_with, saved
from world import World

from kiestoon.company.model import Menu

STEPS = {
    "in the greeting": 0.2, "before the tone": 0.6, "in the tone": 1.0, "at once": 1.9, "while speaking": 3.0,
    "after the hash": 4.3, "while saved is said": 5.0,
}  # fmt: skip


def until(at: float) -> tuple[World, FakeBoxes, Any, Any]:
    """A caller's way through the box, up to a moment: greeting 0-0.5, invitation -0.8, tone -1.8, speech, # at 4.2."""
    world, boxes, provider, session = calling_a_box()
    began = world.network.now
    for when, what in ((0.5, finish), (0.8, finish), (4.2, lambda world: press(world, provider, session, "#"))):
        if at < when:
            break
        world.run(began + when - world.network.now)
        what(world)
    world.run(max(0.0, began + at - world.network.now))
    return world, boxes, provider, session


@pytest.mark.parametrize("step", STEPS)
def test_whoever_hangs_up_has_left_what_was_said(step: str) -> None:
    world, boxes, _, session = until(STEPS[step])
    recorded = len(world.media.recorded)
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert len(boxes.of("102")) == recorded
    assert recorded == (step in ("at once", "while speaking", "after the hash", "while saved is said"))


@pytest.mark.parametrize("step", STEPS)
def test_the_control_process_may_die_at_any_moment(step: str) -> None:
    world, boxes, provider, session = until(STEPS[step])
    assert world.crash() == 1
    world.run(0.1)
    assert session.state == "confirmed"
    session.bye(world.network.now)
    recorded = len(world.media.recorded)
    world.assert_nothing_left()
    assert len(boxes.of("102")) == recorded == (step not in ("in the greeting", "before the tone", "in the tone"))


def test_whoever_is_being_told_that_it_was_saved_is_told_again_after_a_crash() -> None:
    world, boxes, provider, session = recording()
    press(world, provider, session, "#")
    world.crash()
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-saved.ogg"}
    finish(world)
    assert session.state == "ended"
    saved(boxes)
    world.assert_nothing_left()


def test_whoever_was_to_try_again_can_do_so_after_a_crash() -> None:
    world, boxes, provider, session = recording()
    world.media.said_ms = 500
    press(world, provider, session, "#")
    world.crash()
    assert provider.hears(session) == {"tone:beep"}
    world.media.said_ms = 5000
    world.run(1.1)
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert len(boxes.of("102")) == 1


def test_after_a_crash_the_message_goes_on_and_is_saved() -> None:
    world, boxes, provider, session = recording()
    world.crash()
    world.run(2)
    assert provider.hears(session) == set()  # no second greeting, no second tone
    press(world, provider, session, "#")
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-saved.ogg"}, world.network.ladder()
    finish(world)
    assert session.state == "ended"
    assert len(world.media.recorded) == 1
    saved(boxes)
    world.assert_nothing_left()


def test_a_message_that_was_over_when_control_died_is_stored_by_its_successor() -> None:
    world, boxes, provider, session = recording()
    boxes.broken = True  # so that it is not stored before
    session.bye(world.network.now)
    world.run()
    world.crash()
    boxes.broken = False
    world.run(10)
    saved(boxes)
    world.assert_nothing_left()


def test_a_crash_between_storing_and_noting_it_stores_nothing_twice() -> None:
    world, boxes, provider, session = recording()
    journal = list(world.engine.journal)
    session.bye(world.network.now)
    world.run()
    saved(boxes)
    world.engine.journal[:] = [entry for entry in journal if b"MessageBegun" in entry]
    world.crash()
    world.run(10)
    saved(boxes)
    world.assert_nothing_left()


def test_when_the_media_process_dies_what_it_had_written_is_stored() -> None:
    world, boxes, provider, session = recording()
    world.kill_media()
    world.run()
    assert session.state == "ended"
    saved(boxes)
    world.media.connected = True
    world.assert_nothing_left()


def test_when_both_processes_die_what_was_written_is_stored() -> None:
    world, boxes, provider, session = recording()
    world.media.die()
    world.crash()
    world.run(10)
    saved(boxes)
    world.assert_nothing_left()


def test_when_the_connection_breaks_and_mends_the_message_goes_on() -> None:
    world, boxes, provider, session = recording()
    world.media.disconnect()
    world.run(0.3)
    world.mend_media()
    press(world, provider, session, "#")
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-saved.ogg"}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()
    saved(boxes)


def test_a_removed_box_takes_no_more_messages() -> None:
    world, boxes, provider, session = recording()
    world.exchange.directory.replace(rows_with(menus=(Menu(id=1, company_id=1, extension="102", name="x"),), users=()))
    session.bye(world.network.now)
    world.assert_nothing_left()

"""What callers hear who wait in a queue (E 7.3, E 7.5.8-7.5.9, E 7.5.15-7.5.18)."""

from __future__ import annotations

from typing import Any

import pytest
from queue_world import QueueWorld, hang_up, lift
from test_parking_and_pickup import press

from kiestoon.company.model import Destination, MusicFile
from kiestoon.media.protocol import File, Music

FOLDER = "/recordings/1"


def audio(*playlists: tuple[str, int]) -> dict[str, Any]:
    """So many files on each playlist: "news1.ogg", "news2.ogg"."""
    named = [(name, number) for name, count in playlists for number in range(1, count + 1)]
    return {
        "music_files": tuple(
            MusicFile(id=n, company_id=1, playlist=name, file=f"{name}{number}.ogg", duration_ms=1000, position=number)
            for n, (name, number) in enumerate(named, 1)
        )
    }


def plays(world: QueueWorld, session: Any) -> list[str]:
    """The files the caller hears now, without folders."""
    termination = world.media.at(int(world.line.sends_to(session)))
    found = []
    for source in termination.signals.values():
        if isinstance(source, Music):
            found += [source.path, *source.then]
        elif isinstance(source, File):
            found.append(source.path)
    return [path.rpartition("/")[2] for path in found]


def quiet(*members: dict[str, Any], **values: Any) -> QueueWorld:
    """Nobody can be rung, so that only what is played matters."""
    return QueueWorld(*members, phones=0, **values)


def test_the_standard_introduction_is_heard_before_anybody_is_rung() -> None:
    world = QueueWorld(introduction=True)
    session = world.call()
    assert plays(world, session) == ["queue-welcome.ogg"]
    assert world.ringing() == []
    world.finish_prompts()
    world.run()
    assert plays(world, session) == ["music.wav"]
    assert world.ringing() == ["anna"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_an_introduction_of_several_files_is_one() -> None:
    world = quiet(introduction=True, introduction_playlist="welcome", rows=audio(("welcome", 2)))
    session = world.call()
    heard = []
    for _ in range(3):
        heard += plays(world, session)
        world.finish_prompts()
        world.run()
    assert heard == ["welcome1.ogg", "welcome2.ogg", "music.wav"]
    hang_up(world, session)
    world.assert_nothing_left()


@pytest.mark.parametrize("skip", [True, False])
def test_the_introduction_may_be_skipped_when_an_agent_is_free(skip: bool) -> None:
    world = QueueWorld({"extension": "101"}, phones=1, introduction=True, skip_introduction=skip)
    first = world.call()
    assert bool(world.ringing()) is skip
    world.finish_prompts()
    world.run()
    second = world.call()
    assert plays(world, second) == ["queue-welcome.ogg"]
    hang_up(world, first, second)
    world.assert_nothing_left()


def test_it_rings_once_before_the_queue_where_that_is_wanted() -> None:
    world = quiet(ringback=True)
    session = world.call()
    assert session.state == "early"
    world.run(5)
    assert session.state == "confirmed"
    assert plays(world, session) == ["music.wav"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_without_music_it_is_heard_to_ring() -> None:
    world = quiet(music=False)
    session = world.call(wait_s=12)
    assert world.caller_hears(session) == {"tone:ringback"}
    hang_up(world, session)
    world.assert_nothing_left()


def test_a_queue_has_music_of_its_own() -> None:
    world = quiet(music_playlist="jazz", rows=audio(("jazz", 2)))
    session = world.call()
    assert plays(world, session) == ["jazz1.ogg", "jazz2.ogg"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_callers_are_told_their_place_and_the_wait_every_so_often() -> None:
    world = quiet(announce_position=True, announce_wait=True, announce_s=30, default_wait_s=150)
    first, second = world.call(), world.call()
    world.run(27)
    world.exchange.speech.said.clear()
    world.run(2)
    assert plays(world, first) == ["queue-next.ogg"]
    assert plays(world, second) == ["music.wav"]
    world.run(1)
    assert plays(world, second) == ["queue-position.ogg"]
    world.finish_prompts()
    world.run(0.2)
    assert plays(world, second) == ["queue-wait.ogg"]
    world.finish_prompts()
    world.run(0.5)
    assert plays(world, second) == ["music.wav"]
    said = world.exchange.speech.said
    assert any("2" in text for text in said)
    assert any("3" in text for text in said)  # minutes, rounded up
    world.run(30)
    assert "queue" in plays(world, first)[0]
    hang_up(world, first, second)
    world.assert_nothing_left()


def test_the_wait_is_told_by_the_calls_of_the_last_half_hour() -> None:
    world = QueueWorld({"extension": "101"}, phones=1, announce_wait=True, announce_s=30, default_wait_s=600)
    for _ in range(3):
        session = world.call(wait_s=20)
        lift(world, world.agents[0])
        hang_up(world, session)
        world.run(2)
    world.agents[0].mode = "busy"
    world.call(wait_s=32)
    assert world.exchange.speech.said[-1].startswith("De verwachte wachttijd is minder dan")


def test_the_key_is_told_where_it_leads_somewhere_and_cuts_the_message_short() -> None:
    world = quiet(announce_position=True, announce_s=15, leave_to=Destination("extension", "103"))
    session = world.call(wait_s=15.5)
    assert plays(world, session) == ["queue-next.ogg"]
    world.finish_prompts()
    world.run(0.2)
    assert plays(world, session) == ["queue-leave.ogg"]
    carla = world.phone("carla", "192.0.2.3")
    press(world, world.line, session, "1", wait_s=1)
    assert world.caller_hears(session) == {carla.sends_to(carla.events[-1].session)}, world.network.ladder()
    hang_up(world, session)
    world.assert_nothing_left()


def test_kind_words_come_as_often_as_set() -> None:
    world = quiet(comfort_s=20)
    session = world.call(wait_s=20.5)
    assert plays(world, session) == ["queue-comfort.ogg"]
    world.finish_prompts()
    world.run(19)
    assert plays(world, session) == ["music.wav"]
    world.run(2)
    assert plays(world, session) == ["queue-comfort.ogg"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_infotainment_comes_once_a_minute_each_file_once_and_nothing_interrupts_it() -> None:
    world = QueueWorld({"extension": "101"}, phones=1, infotainment_playlist="news", rows=audio(("news", 2)))
    anna = world.agents[0]
    anna.mode = "decline"
    session = world.call(wait_s=60.5)
    assert plays(world, session) == ["news1.ogg"]
    anna.mode = "ring"
    world.run(30)
    assert world.ringing() == []
    press(world, world.line, session, "1", wait_s=1)
    assert plays(world, session) == ["news1.ogg"]
    world.finish_prompts()
    world.run()
    assert world.ringing() == ["anna"]
    anna.mode = "decline"
    world.run(60)
    assert plays(world, session) == ["news2.ogg"]
    world.finish_prompts()
    world.run(70)
    assert plays(world, session) == ["music.wav"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_after_a_crash_nobody_hears_the_introduction_or_the_same_infotainment_again() -> None:
    world = quiet(introduction=True, infotainment_playlist="news", rows=audio(("news", 2)))
    session = world.call()
    world.finish_prompts()
    world.run(61)
    assert plays(world, session) == ["news1.ogg"]
    world.finish_prompts()
    world.run(1)
    world.crash()
    world.run(1)
    assert plays(world, session) == ["music.wav"]
    world.run(60)
    assert plays(world, session) == ["news2.ogg"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_callers_are_spoken_to_in_the_queues_language() -> None:
    world = quiet(introduction=True, language="de")
    session = world.call()
    termination = world.media.at(int(world.line.sends_to(session)))
    (source,) = termination.signals.values()
    assert isinstance(source, File)
    assert source.path == "/prompts/de/queue-welcome.ogg"
    hang_up(world, session)
    world.assert_nothing_left()


def test_an_announcement_that_plays_when_an_offer_fails_is_heard_to_its_end() -> None:
    world = QueueWorld({"extension": "101"}, phones=1, ring_s=16, announce_position=True, announce_s=15)
    session = world.call(wait_s=15.5)
    assert plays(world, session) == ["queue-next.ogg"]
    assert world.ringing() == ["anna"]
    world.run(1)
    assert world.ringing() == []
    assert plays(world, session) == ["queue-next.ogg"]
    world.finish_prompts()
    world.run(2)
    assert world.ringing() == ["anna"]
    assert plays(world, session) == ["music.wav"]
    hang_up(world, session)
    world.assert_nothing_left()

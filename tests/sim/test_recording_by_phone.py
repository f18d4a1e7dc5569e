"""Recording by telephone what is to be heard in place of a text: 905 (E App. A)."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from code_world import ANNA, CodeWorld, Talk

from kiestoon.company.model import Recording
from kiestoon.store.phone_requests import recordings as handler

SPEAK, REVIEW = "nl/record-speak", "nl/record-review"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CodeWorld]:
    town = CodeWorld("standard")
    town.exchange.settings = type(town.exchange.settings)(recordings_folder=str(tmp_path))
    town.media.said_ms = 2000
    yield town
    town.assert_nothing_left()


def begin(world: CodeWorld) -> Talk:
    talk = world.call("905")
    assert talk.hears == SPEAK
    talk.finish()
    assert talk.hears == "tone:beep"
    talk.wait(0.5)
    return talk


def speak(world: CodeWorld, talk: Talk, seconds: float = 2.0) -> Path:
    """Speak into what is being recorded, and press the hash key."""
    (path,) = [Path(command.path) for each in world.media.terminations.values() for command in each.recordings.values()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(16000)
        tone = np.sin(2 * np.pi * 440 / 16000 * np.arange(int(16000 * seconds))) * 12000
        written.writeframes(tone.astype("<i2").tobytes())
    world.media.said_ms = int(seconds * 1000)
    talk.key("#")
    return path


def test_who_is_content_keeps_the_recording_and_hears_its_number(world: CodeWorld, tmp_path: Path) -> None:
    talk = begin(world)
    path = speak(world, talk)
    assert talk.hears == REVIEW
    talk.key("1")
    assert talk.hears.endswith("-0.wav"), "heard before it is kept"
    talk.finish()
    assert talk.hears == REVIEW
    talk.key("2")
    assert talk.hears == "nl/record-saved-as number=1"
    talk.finish()
    (row,) = world.rows_of(Recording)
    assert (row.number, row.made_by, row.name) == (1, ANNA, "Anna 1")
    assert abs(row.duration_ms - 2000) < 50
    assert (tmp_path / "1" / row.file).stat().st_size > 500
    assert not path.exists()
    assert world.trail() == [("Anna (phone)", "recordings")]


def test_a_recording_can_be_spoken_anew_and_only_the_last_one_is_kept(world: CodeWorld, tmp_path: Path) -> None:
    talk = begin(world)
    speak(world, talk, 1.0)
    talk.key("3")
    assert talk.hears == SPEAK
    talk.finish()
    talk.wait(0.5)
    speak(world, talk, 3.0)
    talk.key("2")
    assert talk.hears == "nl/record-saved-as number=1"
    talk.hang_up()
    (row,) = world.rows_of(Recording)
    assert abs(row.duration_ms - 3000) < 50


def test_who_says_nothing_is_asked_again_and_who_hangs_up_has_recorded_nothing(world: CodeWorld) -> None:
    talk = begin(world)
    world.media.said_ms = 100
    talk.key("#")
    assert talk.hears == "nl/record-too-short"
    talk.finish()
    assert talk.hears == SPEAK
    talk.finish()
    talk.wait(0.5)
    speak(world, talk)
    talk.hang_up()
    assert world.rows_of(Recording) == []


def test_who_gives_no_answer_has_thrown_it_away(world: CodeWorld) -> None:
    talk = begin(world)
    speak(world, talk)
    talk.finish()
    talk.wait(9)
    assert talk.hears == "nl/record-discarded"
    talk.hang_up()
    assert world.rows_of(Recording) == []


def test_a_company_has_only_so_many(world: CodeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "MOST", 1)
    for spoken in ("nl/record-saved-as number=1", "nl/not-possible-now"):
        talk = begin(world)
        speak(world, talk)
        talk.key("2")
        assert talk.hears == spoken
        talk.hang_up()
    assert len(world.rows_of(Recording)) == len(list((tmp_path / "1").iterdir())) == 1

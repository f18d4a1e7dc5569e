"""Listening to messages by telephone: whose, in which order, and when they count as heard (VM-2)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from fake_boxes import FakeBoxes
from test_voicemail import finish, press, rows_with
from world import World, sample_rows

from kiestoon.calls.requests import CheckPin, PinChecked
from kiestoon.company.model import VoicemailBox

FREE_PHONE = {"devices": (*sample_rows().devices[:3], msgspec.structs.replace(sample_rows().devices[3], user_id=None))}
"""Nobody is logged in at the fourth phone."""


def listening(*, phone: str = "bert", **more: Any) -> tuple[World, FakeBoxes, Any, Any]:
    """A phone dials 1233; 102 has two new messages and an old one, 103 none."""
    world = World(rows=rows_with(**more), voicemail_folder="/voicemail")
    boxes = FakeBoxes(world)
    for old in (True, False, False):
        boxes.put("102", old=old)
    handset = world.phone(phone, "192.0.2.9")
    session = handset.dial("1233")
    world.run()
    return world, boxes, handset, session


def hears(phone: Any, session: Any) -> str:
    (heard,) = phone.hears(session)
    return heard.removeprefix("file:").removeprefix("/prompts/nl/").removesuffix(".ogg")


def story(world: World, phone: Any, session: Any, most: int = 30) -> list[str]:
    """All that is said, to its end."""
    heard = []
    while session.state == "confirmed" and len(heard) < most:
        if phone.hears(session):
            heard.append(hears(phone, session).split(" ")[0])
            finish(world)
        else:
            world.run(0.5)
    return heard


def test_new_messages_come_before_old_ones_and_count_as_heard_afterwards() -> None:
    world, boxes, bert, session = listening()
    assert story(world, bert, session) == [
        "voicemail-new-and", "voicemail-and-old", "voicemail-keys-short",
        "voicemail-first-new", "voicemail-from", "/voicemail/1/earlier-2.wav",
        "voicemail-next-new", "voicemail-from", "/voicemail/1/earlier-3.wav",
        "voicemail-first-old", "voicemail-from", "/voicemail/1/earlier-1.wav", "voicemail-end",
    ]  # fmt: skip
    assert boxes.states("102") == ["old", "old", "old"]
    assert world.exchange.mailboxes.counts(1, "102") == (0, 3)
    world.assert_nothing_left()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [(0, 0, ["geen berichten"]), (1, 0, ["één oud bericht"]), (0, 2, ["2 nieuwe berichten"]),
     (2, 1, ["één nieuw bericht", "2 oude berichten"])],
)  # fmt: skip
def test_the_number_of_messages_is_told(old: int, new: int, said: list[str]) -> None:
    world = World(rows=rows_with(), voicemail_folder="/voicemail")
    boxes = FakeBoxes(world)
    for state in [True] * old + [False] * new:
        boxes.put("102", old=state)
    bert = world.phone("bert", "192.0.2.9")
    session = bert.dial("1233")
    world.run()
    for text in said:
        assert text in world.engine.speech.said[-1]
        finish(world)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_withheld_number_is_not_spoken() -> None:
    world, boxes, bert, session = listening()
    message, state = boxes.messages[2]
    boxes.messages[2] = (msgspec.structs.replace(message, withheld=True), state)
    session.bye(world.network.now)
    world.run()
    session = bert.dial("1233")
    world.run()
    finish(world, 4)
    assert hears(bert, session) == "voicemail-from"
    assert "onbekend" in world.engine.speech.said[-1] or "afgeschermd" in world.engine.speech.said[-1]
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_seven_deletes_and_hash_goes_on() -> None:
    world, boxes, bert, session = listening()
    finish(world, 5)
    assert hears(bert, session) == "/voicemail/1/earlier-2.wav"
    press(world, bert, session, "7")
    assert hears(bert, session) == "voicemail-deleted"
    finish(world, 3)
    assert hears(bert, session) == "/voicemail/1/earlier-3.wav"
    press(world, bert, session, "#")
    assert hears(bert, session) == "voicemail-first-old"
    assert sorted(boxes.messages) == [1, 3]
    assert boxes.states("102") == ["old", "old"]
    assert world.exchange.mailboxes.counts(1, "102") == (0, 2)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_five_plays_a_message_again() -> None:
    world, boxes, bert, session = listening()
    finish(world, 6)
    press(world, bert, session, "5")
    assert hears(bert, session).startswith("voicemail-from")
    finish(world)
    assert hears(bert, session) == "/voicemail/1/earlier-2.wav"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_what_is_skipped_before_it_is_heard_stays_new() -> None:
    world, boxes, bert, session = listening()
    finish(world, 3)
    press(world, bert, session, "#")
    assert hears(bert, session) == "voicemail-next-new"
    finish(world)
    press(world, bert, session, "#")  # while it is told from whom it is
    assert hears(bert, session) == "voicemail-first-old"
    assert boxes.states("102") == ["old", "new", "new"]
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_hangs_up_in_a_message_has_not_heard_it() -> None:
    world, boxes, bert, session = listening()
    finish(world, 5)
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert boxes.states("102") == ["old", "new", "new"]


def test_a_box_that_is_switched_off_has_nothing_to_tell() -> None:
    box = VoicemailBox(id=1, company_id=1, extension="102", enabled=False)
    world, _, bert, session = listening(voicemail_boxes=(box,))
    assert story(world, bert, session) == ["voicemail-none"]
    world.assert_nothing_left()


def test_a_box_that_is_almost_full_says_so() -> None:
    box = VoicemailBox(id=1, company_id=1, extension="102", most_messages=3)
    world, _, bert, session = listening(voicemail_boxes=(box,))
    assert "voicemail-almost-full" in story(world, bert, session)
    world.assert_nothing_left()


@pytest.mark.parametrize("step", range(7))
def test_whoever_hangs_up_and_whatever_dies_leaves_nothing(step: int) -> None:
    world, boxes, bert, session = listening()
    finish(world, step)
    if step % 2:
        assert world.crash() == 1
        world.run(1)
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert len(boxes.messages) == 3


# --- on a phone of nobody's ------------------------------------------------------------------------------------------


def elsewhere(verdict: Any) -> tuple[World, FakeBoxes, Any, Any, list[CheckPin]]:
    world, boxes, phone, session = listening(phone="carla2", **FREE_PHONE)
    tried: list[CheckPin] = []

    def check(request: CheckPin) -> PinChecked:
        tried.append(request)
        return PinChecked(verdict)

    world.office.handlers[CheckPin] = check
    assert hears(phone, session) == "voicemail-ask-box"
    return world, boxes, phone, session, tried


def test_elsewhere_extension_and_pin_open_the_box() -> None:
    world, _, phone, session, tried = elsewhere("right")
    press(world, phone, session, "102#")
    assert hears(phone, session) == "desk-ask-pin"
    press(world, phone, session, "483920#")
    assert hears(phone, session) == "voicemail-new-and"
    assert [(request.user_id, request.pin, request.extension) for request in tried] == [(2, "483920", "phone 4")]
    assert "483920" not in repr(tried)
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize(("verdict", "said"), [("wait", "desk-locked"), ("no_pin", "pin-none")])
def test_a_pin_that_does_not_count_is_told_so(verdict: str, said: str) -> None:
    world, _, phone, session, _ = elsewhere(verdict)
    press(world, phone, session, "102#")
    press(world, phone, session, "0000#")
    assert story(world, phone, session) == [said]
    world.assert_nothing_left()


@pytest.mark.parametrize("extension", ["102", "199"])
def test_three_wrong_attempts_end_it_and_do_not_tell_who_exists(extension: str) -> None:
    world, _, phone, session, tried = elsewhere("wrong")
    heard = []
    for _ in range(3):
        press(world, phone, session, f"{extension}#")
        heard.append(hears(phone, session))
        press(world, phone, session, "1111#")
        heard.append(hears(phone, session))
        finish(world)
    assert heard == ["desk-ask-pin", "desk-wrong"] * 3
    assert session.state == "ended"
    assert len(tried) == (3 if extension == "102" else 0)
    world.assert_nothing_left()


def test_who_keys_nothing_is_let_go() -> None:
    world, _, phone, session, _ = elsewhere("right")
    assert story(world, phone, session) == ["voicemail-ask-box", "nothing-keyed"]
    world.assert_nothing_left()

"""Voicemail: every way into a box, and what happens there (VM-1, VM-6)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from fake_boxes import FakeBoxes
from test_basic_calls import in_call
from test_outside_lines import call_in
from test_transfers import refer, told
from world import DOMAIN, World, sample_rows

from kiestoon.calls.operations import voicemail
from kiestoon.company.model import Destination, FeatureCode, Forward, GroupExtension, VoicemailBox
from kiestoon.media.protocol import DigitReceived, SilenceHeard
from kiestoon.sip import events

TO_BOX = Destination("voicemail")
FORWARDS = tuple(
    Forward(id=n, company_id=1, extension="102", case=case, voicemail=True)
    for n, case in enumerate(("busy", "no_answer", "unreachable"), 1)
)


def rows_with(**more: Any) -> Any:
    codes = (
        FeatureCode(id=1, company_id=1, feature="voicemail_box", code="*7"),
        FeatureCode(id=2, company_id=1, feature="voicemail", code="1233"),
    )
    more.setdefault("forwards", FORWARDS)
    return msgspec.structs.replace(sample_rows(), feature_codes=codes, **more)


def world_with(**more: Any) -> tuple[World, FakeBoxes]:
    world = World(rows=rows_with(**more), voicemail_folder="/voicemail")
    return world, FakeBoxes(world)


def finish(world: World, times: int = 1) -> None:
    """What is being said comes to its end."""
    for _ in range(times):
        world.media.finish_files()
        world.network.drain(world.node)
        world.run(0.1)


def press(world: World, phone: Any, session: Any, digits: str) -> None:
    termination = world.media.at(int(phone.sends_to(session)))
    for digit in digits:
        world.media.events.append(DigitReceived(termination.number, digit, 100))
    world.network.drain(world.node)
    world.run(0.1)


def at_the_tone(world: World, phone: Any, session: Any) -> None:
    """Hear the greeting to its end, and the tone."""
    finish(world, 2)
    assert phone.hears(session) == {"tone:beep"}, world.network.ladder()
    world.run(1.1)
    assert len(world.media.recorded) == 1


def calling_a_box() -> tuple[World, FakeBoxes, Any, Any]:
    """An outside caller whom nobody answers hears the greeting of 102."""
    world, boxes = world_with()
    provider, session = call_in(world, "+31201234562")
    world.run()
    return world, boxes, provider, session


def recording() -> tuple[World, FakeBoxes, Any, Any]:
    """The same caller is leaving a message."""
    world, boxes, provider, session = calling_a_box()
    at_the_tone(world, provider, session)
    world.run(3)
    return world, boxes, provider, session


def saved(boxes: FakeBoxes, extension: str = "102") -> None:
    (message,) = boxes.of(extension)
    assert boxes.world.exchange.mailboxes.counts(1, extension) == (1, 0)
    assert message.path == boxes.world.media.recorded[0].path


# --- ways into a box --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "key"), [("busy", "voicemail-greeting-busy-of"), ("ring", "voicemail-greeting-of"),
                                           (None, "voicemail-greeting-of")])  # fmt: skip
def test_the_greeting_fits_the_reason(mode: str | None, key: str) -> None:
    world, boxes = world_with()
    if mode is not None:
        world.phone("bert", "192.0.2.2").mode = mode
    provider, session = call_in(world, "+31201234562")
    world.run(25)
    assert provider.hears(session) == {f"file:/prompts/nl/{key}.ogg"}, world.network.ladder()
    finish(world)
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-after-tone.ogg"}
    finish(world)
    world.run(1.1)
    press(world, provider, session, "#")
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-saved.ogg"}
    finish(world)
    assert session.state == "ended"
    saved(boxes)
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.segments[-1].display) == ("answered", "voicemail_box")
    (message,) = boxes.of("102")
    assert (message.number, message.withheld) == ("+31612345678", False)
    assert message.reason == {"busy": "user-busy", "ring": "no-answer", None: "unavailable"}[mode]


def test_an_unconditional_forwarding_to_voicemail_rings_nobody() -> None:
    world, boxes = world_with(forwards=(Forward(id=1, company_id=1, extension="102", case="always", to=TO_BOX),))
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.dial("102")
    world.run()
    assert not any(isinstance(event, events.InviteReceived) for event in bert.events)
    at_the_tone(world, anna, session)
    session.bye(world.network.now)
    world.assert_nothing_left()
    saved(boxes)
    assert (boxes.of("102")[0].number, boxes.of("102")[0].name) == ("101", "User 1")


def test_a_forwarding_may_lead_to_the_box_of_somebody_else() -> None:
    to = Destination("voicemail", "103")
    world, boxes = world_with(forwards=(Forward(id=1, company_id=1, extension="102", case="busy", to=to),))
    anna = world.phone("anna", "192.0.2.1")
    world.phone("bert", "192.0.2.2").mode = "busy"
    session = anna.dial("102")
    world.run()
    assert anna.hears(session) == {"file:/prompts/nl/voicemail-greeting-of.ogg"}  # who is not busy at all
    at_the_tone(world, anna, session)
    session.bye(world.network.now)
    world.assert_nothing_left()
    saved(boxes, "103")


def test_a_code_leads_straight_to_a_box() -> None:
    world, boxes = world_with()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.dial("*7102")
    world.run()
    assert not any(isinstance(event, events.InviteReceived) for event in bert.events)
    at_the_tone(world, anna, session)
    press(world, anna, session, "#")
    finish(world)
    assert session.state == "ended"
    world.assert_nothing_left()
    saved(boxes)
    assert boxes.of("102")[0].reason == "direct"


def test_a_code_for_nobody_is_told_so() -> None:
    world, _ = world_with()
    anna = world.phone("anna", "192.0.2.1")
    session = anna.dial("*7555")
    world.run()
    assert anna.hears(session) == {"file:/prompts/nl/voicemail-none.ogg"}
    finish(world)
    assert session.state == "ended"
    world.assert_nothing_left()


def test_a_blind_transfer_to_the_code_drops_the_caller_into_the_box() -> None:
    world, anna, bert, session, other = in_call(world_with()[0])
    boxes = FakeBoxes(world)
    refer(world, bert, other, "*7103")
    assert told(bert)[-1] == "SIP/2.0 200 OK"
    assert other.state == "ended"
    assert anna.hears(session) == {"file:/prompts/nl/voicemail-greeting-of.ogg"}, world.network.ladder()
    at_the_tone(world, anna, session)
    session.bye(world.network.now)
    world.assert_nothing_left()
    saved(boxes, "103")
    assert [segment.kind for segment in world.records[0].segments] == ["talk", "service"]


def test_a_transfer_to_a_box_that_is_not_there_leaves_the_two_in_conversation() -> None:
    world, anna, bert, session, other = in_call(world_with()[0])
    refer(world, bert, other, "*7555")
    assert told(bert)[-1].split()[1] == "404", told(bert)
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_ringing_call_can_be_sent_to_voicemail_by_hand() -> None:
    world, boxes = world_with()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    x = world.exchange
    (call,) = x.calls.values()
    ringing = next(leg for leg in call.legs.values() if leg.id != call.caller)
    assert voicemail.drop(x, call, ringing, "", world.network.now) is None
    world.network.drain(world.node)
    world.run()
    assert bert.last(events.InviteReceived).session.state == "ended"
    at_the_tone(world, anna, session)
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert boxes.of("102")[0].reason == "deflection"


def test_a_phone_sends_a_ringing_call_to_voicemail_by_its_code() -> None:
    world, boxes = world_with()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    bert.last(events.InviteReceived).session.redirect(world.network.now, [f"sip:*7102@{DOMAIN}"])
    world.network.drain(bert.node)
    world.run()
    at_the_tone(world, anna, session)
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert boxes.of("102")[0].reason == "deflection"


def test_nobody_can_drop_a_call_that_is_not_his() -> None:
    world, anna, bert, session, other = in_call(world_with()[0])
    x = world.exchange
    (call,) = x.calls.values()
    first = next(iter(call.legs.values()))
    assert voicemail.drop(x, call, first, "999", world.network.now) is voicemail.NO_BOX
    call.bridge, bridge = None, call.bridge
    assert voicemail.drop(x, call, first, "102", world.network.now) is not None
    call.bridge = bridge
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_group_has_a_box_with_its_own_greeting() -> None:
    group = GroupExtension(id=1, company_id=1, extension="300", name="Sales")
    world, boxes = world_with(
        group_extensions=(group,),
        forwards=(Forward(id=1, company_id=1, extension="300", case="unreachable", voicemail=True),),
    )
    anna = world.phone("anna", "192.0.2.1")
    session = anna.dial("*7300")
    world.run()
    assert anna.hears(session) == {"file:/prompts/nl/voicemail-greeting-group.ogg"}
    at_the_tone(world, anna, session)
    session.bye(world.network.now)
    world.assert_nothing_left()
    saved(boxes, "300")


# --- settings of a box ------------------------------------------------------------------------------------------------


def box(**settings: Any) -> dict[str, Any]:
    return {"voicemail_boxes": (VoicemailBox(id=1, company_id=1, extension="102", **settings),)}


def test_without_a_box_the_caller_is_told_what_the_phone_said() -> None:
    world, _ = world_with(**box(enabled=False))
    provider, session = call_in(world, "+31201234562")
    world.run()
    assert session.state == "ended"
    assert provider.last(events.Refused).status == 480
    world.assert_nothing_left()


def test_a_box_that_takes_no_messages_only_greets() -> None:
    world, boxes = world_with(**box(takes_messages=False))
    provider, session = call_in(world, "+31201234562")
    world.run()
    finish(world)
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-no-message.ogg"}
    finish(world)
    assert session.state == "ended"
    assert not world.media.recorded
    world.assert_nothing_left()
    assert not boxes.of("102")


def test_a_full_box_says_so_and_takes_nothing() -> None:
    world, boxes = world_with(**box(most_messages=2))
    boxes.put("102")
    boxes.put("102", old=True)
    provider, session = call_in(world, "+31201234562")
    world.run()
    finish(world)
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-full.ogg"}
    finish(world)
    assert session.state == "ended"
    assert not world.media.recorded
    world.assert_nothing_left()


def test_a_box_speaks_its_own_language_and_always_the_greeting_that_was_chosen() -> None:
    world, _ = world_with(**box(language="en", greeting="busy"))
    provider, session = call_in(world, "+31201234562")
    world.run()
    assert provider.hears(session) == {"file:/prompts/en/voicemail-greeting-busy-of.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_key_leads_straight_to_the_tone() -> None:
    world, boxes, provider, session = calling_a_box()
    press(world, provider, session, "#")
    assert provider.hears(session) == {"tone:beep"}
    world.run(1.1)
    session.bye(world.network.now)
    world.assert_nothing_left()
    saved(boxes)


# --- the end of a message ---------------------------------------------------------------------------------------------


def test_saved_is_said_only_when_the_message_is_stored() -> None:
    world, boxes, provider, session = recording()
    assert provider.hears(session) == set()
    boxes.broken = True
    press(world, provider, session, "#")
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-not-saved.ogg"}
    finish(world)
    assert session.state == "ended"
    assert not boxes.of("102")
    boxes.broken = False  # the disk has room again: what was recorded is stored after all
    world.run(61)
    saved(boxes)
    world.assert_nothing_left()


def test_without_room_on_the_disk_nothing_is_recorded() -> None:
    world, boxes, provider, session = calling_a_box()
    boxes.broken = True
    finish(world, 2)
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-not-saved.ogg"}
    finish(world)
    assert session.state == "ended"
    assert not world.media.recorded
    world.assert_nothing_left()


def test_a_message_shorter_than_two_seconds_is_none() -> None:
    world, boxes, provider, session = recording()
    world.media.said_ms = 1500
    press(world, provider, session, "#")
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-too-short.ogg"}
    finish(world)
    assert provider.hears(session) == {"tone:beep"}
    world.run(1.1)
    world.media.said_ms = 4000
    press(world, provider, session, "#")
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-saved.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert len(boxes.of("102")) == 1


def test_the_longest_time_ends_a_message() -> None:
    world, boxes, provider, session = recording()
    assert world.media.recorded[0].max_ms == 180_000
    world.media.said_ms = 180_000
    world.media.finish_recordings()
    world.network.drain(world.node)
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-time-up.ogg"}
    finish(world)
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-saved.ogg"}
    finish(world)
    assert session.state == "ended"
    saved(boxes)
    world.assert_nothing_left()


def test_silence_ends_a_message() -> None:
    world, boxes, provider, session = recording()
    termination = world.media.at(int(provider.sends_to(session)))
    assert termination.watches[-1].silence_ms == 10_000
    world.media.events.append(SilenceHeard(termination.number))
    world.network.drain(world.node)
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-saved.ogg"}
    finish(world)
    assert session.state == "ended"
    saved(boxes)
    world.assert_nothing_left()


def test_a_recording_that_fails_is_stored_as_far_as_it_goes() -> None:
    world, boxes, provider, session = recording()
    world.media.finish_recordings("failed: No space left on device")
    world.network.drain(world.node)
    world.run(0.1)
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-saved.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()
    saved(boxes)


def test_an_end_that_is_told_to_nobody_is_noticed() -> None:
    world, boxes, provider, session = recording()
    for termination in world.media.terminations.values():
        termination.recordings.clear()
    press(world, provider, session, "#")
    world.run(4)
    assert provider.hears(session) == {"file:/prompts/nl/voicemail-saved.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()
    saved(boxes)


# --- whoever wants to know --------------------------------------------------------------------------------------------


def test_lamps_and_listeners_learn_of_a_new_message_at_once() -> None:
    world, boxes, provider, session = recording()
    heard: list[Any] = []
    world.exchange.mailboxes.listeners.append(heard.append)
    session.bye(world.network.now)
    world.run(0.2)
    (change,) = heard
    assert (change.extension, change.new, change.old) == ("102", 1, 0)
    assert change.added[0].message.number == "+31612345678"
    world.assert_nothing_left()


def test_counts_that_could_not_be_read_are_read_again() -> None:
    world, boxes = world_with()
    heard: list[Any] = []
    world.exchange.mailboxes.listeners.append(heard.append)
    boxes.broken = True
    boxes.put("102")
    assert world.exchange.mailboxes.counts(1, "102") == (0, 0)
    boxes.broken = False
    world.run(61)
    assert world.exchange.mailboxes.counts(1, "102") == (1, 0)
    assert len(heard) == 1
    world.assert_nothing_left()

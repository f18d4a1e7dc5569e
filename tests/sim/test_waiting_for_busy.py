"""Busy colleagues: camp-on, automatic callback, redial; and intercom (CALL-6, CALL-12, CALL-16)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from test_basic_calls import in_call
from test_call_orders import orders
from test_listening_and_conferences import BERT, settle
from test_parking_and_pickup import press, with_codes
from test_transfers import refer, told
from world import World

from kiestoon.company.model import AlternateNumber, TransferOptions, User
from kiestoon.sip import events


def rows(**options: Any) -> Any:
    """Nobody takes a second call; Bert's and Anna's options are as given."""
    sample = with_codes()
    users = tuple(
        User(id=n, company_id=1, extension=f"10{n}", name=f"User {n}", call_waiting=False) for n in (1, 2, 3)
    )  # fmt: skip
    chosen = tuple(TransferOptions(id=n, company_id=1, user_id=n, **options) for n in (1, 2))
    return type(sample)(**{name: getattr(sample, name) for name in sample.__struct_fields__} | {
        "users": users, "transfer_options": chosen})  # fmt: skip


def carla_busy(world: World) -> tuple[Any, Any, Any]:
    """Carla speaks with an outside number."""
    carla, provider = world.phone("carla", "192.0.2.3"), world.provider()
    session = carla.dial("00205550102")
    world.run()
    return carla, provider, session


def story(world: World) -> list[tuple[str, str]]:
    """What Anna's call was, stretch by stretch."""
    (record,) = (record for record in world.records if record.dialled == "102")
    return [(segment.kind, segment.party) for segment in record.segments]


def test_a_transfer_to_a_busy_colleague_waits_until_he_is_free() -> None:
    world, anna, bert, session, other = in_call(World(rows=rows(camp_on=True, camp_on_s=60)))
    carla, _, outside = carla_busy(world)
    refer(world, bert, other, "103")
    assert told(bert)[-1] == "SIP/2.0 200 OK", world.network.ladder()
    assert anna.hears(session) == {"music"}
    assert carla.hears(outside) == {"tone:waiting"} or world.run(3) is None
    outside.bye(world.network.now)
    world.run(5)
    third = carla.last(events.InviteReceived).session
    assert anna.hears(session) == {carla.sends_to(third)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert story(world) == [("talk", "102"), ("camped", "103"), ("talk", "103")]


def test_a_call_that_camps_in_vain_comes_back() -> None:
    world, anna, bert, session, other = in_call(World(rows=rows(camp_on=True, camp_on_s=30)))
    _, _, outside = carla_busy(world)
    refer(world, bert, other, "103")
    world.run(35)
    back = bert.last(events.InviteReceived)
    assert back.request.from_.display == "recall: User 1", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(back.session)}
    session.bye(world.network.now)
    outside.bye(world.network.now)
    world.assert_nothing_left()
    assert story(world) == [("talk", "102"), ("camped", "103"), ("talk", "102")]


def test_camping_outlives_the_control_process() -> None:
    world, anna, bert, session, other = in_call(World(rows=rows(camp_on=True, camp_on_s=60)))
    carla, _, outside = carla_busy(world)
    refer(world, bert, other, "103")
    assert world.crash() == 2
    world.run(3)
    assert anna.hears(session) == {"music"}
    outside.bye(world.network.now)
    world.run(5)
    assert anna.hears(session) == {carla.sends_to(carla.last(events.InviteReceived).session)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert story(world) == [("talk", "102"), ("camped", "103"), ("talk", "103")]


def test_without_camp_on_a_transfer_to_a_busy_colleague_is_refused() -> None:
    world, anna, bert, session, other = in_call(World(rows=rows()))
    _, _, outside = carla_busy(world)
    refer(world, bert, other, "103")
    assert told(bert)[-1].split()[1][0] == "4"
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    outside.bye(world.network.now)
    world.assert_nothing_left()


def test_who_calls_a_busy_colleague_is_called_back_when_he_is_free() -> None:
    world = World(rows=rows(callback=True))
    anna = world.phone("anna", "192.0.2.1")
    carla, _, outside = carla_busy(world)
    session = anna.dial("103")
    world.run()
    assert anna.hears(session) == {"file:/prompts/nl/callback-offer.ogg"}, world.network.ladder()
    press(world, anna, session, "1", wait_s=1)
    world.finish_prompts()
    world.run(10)
    assert session.state == "ended"
    assert not anna.all(events.InviteReceived)
    outside.bye(world.network.now)
    world.run(10)
    back = anna.last(events.InviteReceived)
    assert back.request.from_.display == "callback: User 3"
    assert anna.hears(back.session) == {carla.sends_to(carla.last(events.InviteReceived).session)}
    back.session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_callback_is_cancelled_by_code() -> None:
    world = World(rows=rows(callback=True))
    anna = world.phone("anna", "192.0.2.1")
    _, _, outside = carla_busy(world)
    session = anna.dial("103")
    world.run()
    press(world, anna, session, "1", wait_s=1)
    world.finish_prompts()
    world.run(2)
    cancel = anna.dial("#8")
    world.run()
    assert anna.hears(cancel) == {"file:/prompts/nl/callback-cancelled.ogg"}, world.network.ladder()
    cancel.bye(world.network.now)
    outside.bye(world.network.now)
    world.run(20)
    assert not anna.all(events.InviteReceived)
    world.assert_nothing_left()


def test_who_wants_no_callback_hears_busy() -> None:
    world = World(rows=rows(callback=True))
    anna = world.phone("anna", "192.0.2.1")
    _, _, outside = carla_busy(world)
    session = anna.dial("103")
    world.run()
    press(world, anna, session, "2", wait_s=1)
    assert session.state == "ended"
    outside.bye(world.network.now)
    world.assert_nothing_left()


def test_a_busy_number_is_dialled_again_until_it_is_free() -> None:
    world = World(rows=rows())
    bert, provider = world.phone("bert", "192.0.2.2"), world.provider()
    provider.mode = "busy"
    orders(world).dial(1, BERT.user_id, "00205550102", repeat=True)
    settle(world, 25)
    assert len(provider.all(events.InviteReceived)) == 3, world.network.ladder()
    provider.mode = "answer"
    world.run(10)
    own = bert.last(events.InviteReceived).session
    assert bert.hears(own) == {provider.sends_to(provider.last(events.InviteReceived).session)}
    own.bye(world.network.now)
    world.assert_nothing_left()


def test_intercom_has_the_phone_answer_by_itself_unless_it_is_in_a_call() -> None:
    world = World(rows=with_codes())
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.dial("*9*102")
    world.run()
    called = bert.last(events.InviteReceived)
    assert called.request.get("Answer-Mode") == "Auto", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(called.session)}
    carla = world.phone("carla", "192.0.2.3")
    second = carla.dial("*9*102")
    world.run()
    assert bert.last(events.InviteReceived).request.get("Answer-Mode") is None
    second.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize(("pattern", "tone"), [(1, "tone:waiting"), (3, "tone:waiting3")])
def test_the_tone_tells_which_of_ones_numbers_is_called(pattern: int, tone: str) -> None:
    """V 9.4.3."""
    sample = with_codes()
    devices = tuple(replace(device, waiting_beep=device.username == "bert") for device in sample.devices)
    second = AlternateNumber(id=1, company_id=1, user_id=2, extension="150", ring_pattern=pattern)
    world, _, bert, session, other = in_call(World(rows=replace(sample, devices=devices, alternate_numbers=(second,))))
    bert.mode = "ring"
    another = world.phone("carla", "192.0.2.3").dial("150")
    world.run(0.5)
    assert bert.hears(other) == {tone}
    another.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("wanted", [True, False])
def test_who_speaks_hears_a_tone_when_another_call_rings_where_the_phone_gives_none(wanted: bool) -> None:
    sample = with_codes()
    devices = tuple(replace(device, waiting_beep=wanted and device.username == "bert") for device in sample.devices)
    world, anna, bert, session, other = in_call(World(rows=replace(sample, devices=devices)))
    carla = world.phone("carla", "192.0.2.3")
    bert.mode = "ring"
    second = carla.dial("102")
    world.run(0.5)
    assert bert.hears(other) == ({"tone:waiting"} if wanted else {anna.sends_to(session)})
    assert anna.hears(session) == {bert.sends_to(other)}
    world.run(2)
    assert bert.hears(other) == {anna.sends_to(session)}
    second.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()

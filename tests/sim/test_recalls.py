"""Calls that come back: when, to whom, and what becomes of them when nobody wants them there (CALL-5, CALL-7)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from test_basic_calls import in_call
from test_parking_and_pickup import press, with_codes
from test_transfers import asked, refer, told
from test_voicemail import finish
from world import World

from kiestoon.company.model import (
    CompanyRows,
    Destination,
    Device,
    Forward,
    OperatorSettings,
    RecallUnanswered,
    TransferOptions,
    User,
)
from kiestoon.sip import events


def rows(recall: RecallUnanswered = "end", **options: Any) -> CompanyRows:
    """Bert has options for his transfers; Dora (104) takes what nobody else does."""
    sample = with_codes()
    dora = Device(id=9, company_id=1, name="Dora", username="dora", user_id=4, secret="secret of dora")
    return replace(
        sample,
        users=(*sample.users, User(id=4, company_id=1, extension="104", name="Dora")),
        devices=(*sample.devices, dora),
        operator_settings=(OperatorSettings(id=1, company_id=1, operator="104", recall_unanswered=recall),),
        transfer_options=(TransferOptions(id=1, company_id=1, user_id=2, **options),),
    )


def transferred_to_nobody(world: World) -> tuple[Any, Any, Any]:
    """Bert has transferred Anna to Carla; neither she nor, when it comes back, he answers."""
    world, anna, bert, session, other = in_call(world)
    world.phone("carla", "192.0.2.3").mode = "ring"
    bert.mode = "ring"
    refer(world, bert, other, "103")
    world.run(24)
    assert bert.last(events.InviteReceived).request.from_.display == "recall: User 1", world.network.ladder()
    world.run(62)
    return anna, bert, session


def test_a_recall_nobody_answers_ends_with_a_word() -> None:
    world = World(rows=rows("end"))
    anna, _, session = transferred_to_nobody(world)
    assert anna.hears(session) == {"file:/prompts/nl/no-answer.ogg"}, world.network.ladder()
    world.finish_prompts()
    world.run()
    assert session.state == "ended"
    world.assert_nothing_left()


def test_a_recall_nobody_answers_goes_to_the_operator() -> None:
    world = World(rows=rows("operator"))
    dora = world.phone("dora", "192.0.2.4")
    anna, _, session = transferred_to_nobody(world)
    assert anna.hears(session) == {dora.sends_to(dora.last(events.InviteReceived).session)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_recall_nobody_answers_goes_to_the_voicemail_of_who_transferred() -> None:
    world = World(rows=rows("voicemail"), voicemail_folder="/voicemail")
    anna, _, session = transferred_to_nobody(world)
    assert "voicemail-greeting" in str(anna.hears(session)), world.network.ladder()
    assert next(iter(world.exchange.calls.values())).target == "102"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_recall_waits_for_who_has_no_line_free() -> None:
    lines = rows()
    one = tuple(replace(device, call_limit=1) if device.username == "bert" else device for device in lines.devices)
    world, anna, bert, session, other = in_call(World(rows=replace(lines, devices=one)))
    world.phone("carla", "192.0.2.3").mode = "ring"
    refer(world, bert, other, "103")
    provider = world.provider()
    second = bert.dial("00201112222")
    world.run(25)
    assert anna.hears(session) == {"music"}, world.network.ladder()
    second.bye(world.network.now)
    world.run(6)
    back = bert.last(events.InviteReceived)
    assert back.request.from_.display == "recall: User 1"
    assert anna.hears(session) == {bert.sends_to(back.session)}
    assert provider.last(events.InviteReceived)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_recall_rings_at_the_mobile_that_rings_with_the_phones() -> None:
    sample = rows()
    mobile = {"profile": "combi", "mobile_number": "+31612345678"}
    users = tuple(replace(user, **mobile) if user.id == 2 else user for user in sample.users)
    world, anna, bert, session, other = in_call(World(rows=replace(sample, users=users)))
    world.phone("carla", "192.0.2.3").mode = bert.mode = "ring"
    provider = world.provider()
    refer(world, bert, other, "103")
    world.run(24)
    rung = provider.last(events.InviteReceived)
    assert "+31612345678" in str(rung.request.uri), world.network.ladder()
    assert anna.hears(session) == {"tone:ringback"}, "a voicemail does not take the call"
    press(world, provider, rung.session, "1", wait_s=1)
    assert anna.hears(session) == {provider.sends_to(provider.last(events.InviteReceived).session)}
    assert bert.last(events.Cancelled).answered_elsewhere
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_an_emergency_centre_rings_as_long_as_it_takes() -> None:
    world, anna, bert, session, other = in_call(World(rows=rows(recall_rings=2)))
    provider = world.provider()
    provider.mode = "ring"
    refer(world, bert, other, "112")
    world.run(60)
    assert len(bert.all(events.InviteReceived)) == 1, world.network.ladder()
    provider.answer_waiting()
    world.run()
    assert anna.hears(session) == {provider.sends_to(provider.last(events.InviteReceived).session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("by_keys", [False, True])
def test_who_hangs_up_while_it_rings_gets_the_caller_back_after_his_time(by_keys: bool) -> None:
    """The target's own forwarding for no answer would come later."""
    world, anna, bert, session, other = in_call(World(rows=rows(recall_rings=3)))
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    if by_keys:
        press(world, bert, other, "##103#")
        other.bye(world.network.now)
    else:
        refer(world, bert, other, "103", replaces=asked(world, bert, other, "103"))
    world.run(13)
    assert anna.hears(session) == {"tone:ringback"}, world.network.ladder()
    world.run(4)
    back = bert.last(events.InviteReceived)
    assert back.request.from_.display == "recall: User 1"
    assert carla.last(events.Cancelled)
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("by_keys", [False, True])
@pytest.mark.parametrize("inhibited", [False, True])
def test_whom_one_asks_with_somebody_on_hold_may_not_send_the_call_elsewhere(by_keys: bool, inhibited: bool) -> None:
    sample = rows(inhibit_attended=inhibited)
    forwarded = Forward(id=1, company_id=1, extension="103", case="always", to=Destination("extension", "104"))
    world, _, bert, session, other = in_call(World(rows=replace(sample, forwards=(forwarded,))))
    dora = world.phone("dora", "192.0.2.4")
    if by_keys:
        press(world, bert, other, "##103#")
    else:
        asked(world, bert, other, "103")
    assert bool(dora.all(events.InviteReceived)) is not inhibited, world.network.ladder()
    for one in (other, session, *bert.endpoint.sessions.values()):
        one.bye(world.network.now)
    world.assert_nothing_left()


def test_a_transfer_to_a_phone_without_a_free_line_is_refused_as_busy() -> None:
    sample = rows()
    one = tuple(replace(device, call_limit=1) if device.username == "carla" else device for device in sample.devices)
    world, anna, bert, session, other = in_call(World(rows=replace(sample, devices=one)))
    carla = world.phone("carla", "192.0.2.3")
    world.provider()
    outside = carla.dial("00201112222")
    world.run()
    refer(world, bert, other, "103")
    assert told(bert)[-1] == "SIP/2.0 486 User busy", world.network.ladder()
    press(world, bert, other, "##*103#", wait_s=0.5)
    assert bert.hears(other) == {"file:/prompts/nl/number-busy.ogg"}
    outside.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_while_a_menu_rings_somebody_for_the_transferor_nobody_is_sent_there() -> None:
    world, anna, bert, session, other = in_call(World(rows=rows()))
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    second = asked(world, bert, other, "200")
    press(world, bert, second, "103#", wait_s=1)
    refer(world, bert, other, "200", replaces=second)
    assert told(bert)[-1].split()[1] == "481", world.network.ladder()
    second.bye(world.network.now)
    world.run()
    assert carla.last(events.Cancelled)
    assert anna.hears(session) == {"music"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_whoever_asked_and_met_a_voicemail_leaves_the_caller_there() -> None:
    forward = Forward(id=1, company_id=1, extension="103", case="unreachable", voicemail=True)
    sample = replace(rows(), forwards=(forward,))
    world, anna, bert, session, other = in_call(World(rows=sample, voicemail_folder="/voicemail"))
    second = asked(world, bert, other, "103")
    assert "voicemail" in str(bert.hears(second)), world.network.ladder()
    refer(world, bert, other, "103", replaces=second)
    assert told(bert)[-1] == "SIP/2.0 200 OK"
    assert other.state == second.state == "ended"
    assert "voicemail" in str(anna.hears(session))
    finish(world)
    session.bye(world.network.now)
    world.assert_nothing_left()

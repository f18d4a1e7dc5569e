"""Transfers by phones' REFER: nobody is lost, displays and records tell the story (CALL-4, CALL-5)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from test_basic_calls import in_call
from test_outside_lines import call_in
from world import DOMAIN, World, sample_rows

from kiestoon.company.model import ConferenceRoom, Destination, Forward
from kiestoon.media.protocol import Subtracted
from kiestoon.sip import events


def refer(world: World, phone: Any, session: Any, target: str, replaces: Any = None, for_s: float = 2.0) -> None:
    """The phone transfers; ``replaces`` is its session with the party it asked before."""
    uri = f"sip:{target}@{DOMAIN}"
    if replaces is not None:
        dialog = replaces.dialog
        call_id = dialog.call_id.replace("@", "%40")
        uri += f"?Replaces={call_id}%3Bto-tag%3D{dialog.remote_tag}%3Bfrom-tag%3D{dialog.local_tag}"
    session.request(world.network.now, "REFER", headers=[("Refer-To", f"<{uri}>")])
    world.network.drain(phone.node)
    world.run(for_s)


def told(phone: Any) -> list[str]:
    """What the phone was told about its transfer, status lines."""
    return [
        event.request.body.decode().strip()
        for event in phone.events
        if isinstance(event, events.SessionRequestReceived) and event.request.method == "NOTIFY"
    ]


def spoken(world: World, number: int = 0) -> list[str]:
    return [segment.party for segment in world.records[number].segments]


def asked(world: World, by: Any, held: Any, number: str) -> Any:
    """The phone holds its call and calls somebody on its second line."""
    by.hold(held)
    world.network.drain(by.node)
    world.run()
    by.direction = "sendrecv"
    second = by.dial(number)
    world.run()
    return second


def test_after_an_attended_transfer_the_two_who_are_left_talk() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    second = asked(world, bert, other, "103")
    third = carla.last(events.InviteReceived).session
    assert anna.hears(session) == {"music"}
    refer(world, bert, other, "103", replaces=second)
    assert anna.hears(session) == {carla.sends_to(third)}, world.network.ladder()
    assert carla.hears(third) == {anna.sends_to(session)}
    assert told(bert)[-1] == "SIP/2.0 200 OK"
    assert other.state == second.state == "ended"
    session.bye(world.network.now)
    world.assert_nothing_left()
    first = next(record for record in world.records if record.dialled == "102")
    asked_call = next(record for record in world.records if record.dialled == "103")
    assert [segment.party for segment in first.segments] == ["102", "103"]
    assert asked_call.continued_in == first.call_id
    assert first.final_party == "103"


def test_a_caller_from_outside_can_be_transferred_and_keeps_the_identity() -> None:
    world = World()
    bert, carla = world.phone("bert", "192.0.2.2"), world.phone("carla", "192.0.2.3")
    provider, session = call_in(world, "+31201234562")
    world.run()
    other = bert.last(events.InviteReceived).session
    second = asked(world, bert, other, "103")
    third = carla.last(events.InviteReceived).session
    refer(world, bert, other, "103", replaces=second)
    assert provider.hears(session) == {carla.sends_to(third)}, world.network.ladder()
    shown = [
        event.request.get("P-Asserted-Identity") or ""
        for event in carla.events
        if isinstance(event, events.Updated | events.OfferReceived)
    ]
    assert "+31612345678" in shown[-1]
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_transfer_while_the_second_party_still_rings_lets_the_first_wait_for_it() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    second = asked(world, bert, other, "103")
    refer(world, bert, other, "103", replaces=second)
    assert anna.hears(session) == {"tone:ringback"}, world.network.ladder()
    assert other.state == "ended"
    carla.answer_waiting()
    world.run()
    third = carla.last(events.InviteReceived).session
    assert anna.hears(session) == {carla.sends_to(third)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_is_transferred_into_a_conference_takes_the_place_of_who_transferred() -> None:
    sample = sample_rows()
    room = ConferenceRoom(id=1, company_id=1, extension="500", name="Monday")
    world, anna, bert, session, other = in_call(World(rows=replace(sample, conference_rooms=(room,))))
    carla = world.phone("carla", "192.0.2.3")
    third = carla.dial("500")
    second = asked(world, bert, other, "500")
    for _ in range(3):
        world.finish_prompts()
        world.run()
    assert carla.hears(third) == {bert.sends_to(second)}, world.network.ladder()
    refer(world, bert, other, "500", replaces=second)
    assert told(bert)[-1] == "SIP/2.0 200 OK"
    assert other.state == second.state == "ended"
    world.media.finish_files()
    assert anna.hears(session) == {carla.sends_to(third)}
    session.bye(world.network.now)
    third.bye(world.network.now)
    world.assert_nothing_left()


def test_a_blind_transfer_frees_the_transferor_at_once() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    refer(world, bert, other, "103")
    third = carla.last(events.InviteReceived).session
    assert anna.hears(session) == {carla.sends_to(third)}, world.network.ladder()
    assert other.state == "ended"
    assert told(bert)[-1] == "SIP/2.0 200 OK"
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert spoken(world) == ["102", "103"]


def test_the_caller_too_can_transfer_whom_he_called() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    refer(world, anna, session, "103")
    third = carla.last(events.InviteReceived).session
    assert bert.hears(other) == {carla.sends_to(third)}, world.network.ladder()
    assert session.state == "ended"
    other.bye(world.network.now)
    world.assert_nothing_left()
    assert world.records[0].caller_number == "101"


def test_a_blind_transfer_nobody_answers_comes_back_as_a_recall() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    refer(world, bert, other, "103")
    assert anna.hears(session) == {"tone:ringback"}
    world.run(65)
    back = bert.last(events.InviteReceived)
    assert back.session is not other, world.network.ladder()
    assert back.request.from_.display == "recall: User 1"
    assert anna.hears(session) == {bert.sends_to(back.session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("target", ["999", "00", "104"])
def test_a_transfer_to_nowhere_leaves_the_two_in_conversation(target: str) -> None:
    world, anna, bert, session, other = in_call()
    refer(world, bert, other, target)
    assert told(bert)[-1].split()[1][0] in "45", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


TO_OWN_NUMBER = "SIP/2.0 403 Your own number, and no other phone of yours rings"


def test_who_transfers_to_himself_and_has_one_phone_is_told_what_is_wrong() -> None:
    world, anna, bert, session, other = in_call()
    refer(world, bert, other, "102")
    assert told(bert)[-1] == TO_OWN_NUMBER, world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_transfers_to_his_own_outside_number_is_told_the_same() -> None:
    world, anna, bert, session, other = in_call()
    refer(world, anna, session, "0201234561")
    assert told(anna)[-1] == TO_OWN_NUMBER, world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    other.bye(world.network.now)
    world.assert_nothing_left()


def test_who_has_set_where_calls_go_that_reach_no_phone_can_transfer_there_by_his_own_number() -> None:
    rows = sample_rows()
    away = Forward(id=1, company_id=1, extension="102", case="unreachable", to=Destination("extension", "103"))
    world, anna, bert, session, other = in_call(World(rows=replace(rows, forwards=(away,))))
    carla = world.phone("carla", "192.0.2.3")
    refer(world, bert, other, "102")
    assert anna.hears(session) == {carla.sends_to(carla.last(events.InviteReceived).session)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_phone_that_hangs_up_over_a_refused_transfer_gets_the_caller_back() -> None:
    world, anna, bert, session, other = in_call()
    refer(world, bert, other, "999")
    other.bye(world.network.now)
    world.run()
    back = bert.last(events.InviteReceived)
    assert back.request.from_.display == "recall: User 1", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(back.session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_transfer_with_a_foreign_dialog_is_refused() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    world.phone("carla2", "192.0.2.4")
    foreign = carla.dial("103")
    world.run()
    refer(world, bert, other, "103", replaces=foreign)
    assert told(bert)[-1].split()[1] in ("403", "481"), told(bert)
    assert anna.hears(session) == {bert.sends_to(other)}
    foreign.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_control_process_may_die_after_a_transfer() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    refer(world, bert, other, "103")
    third = carla.last(events.InviteReceived).session
    assert world.crash() == 1
    world.run()
    assert anna.hears(session) == {carla.sends_to(third)}
    third.bye(world.network.now)
    world.assert_nothing_left()
    assert spoken(world) == ["102", "103"]


class _WithoutFigures(list[Any]):
    """Of the media process: the last word of each termination takes its time."""

    def append(self, event: Any) -> None:
        if not isinstance(event, Subtracted):
            super().append(event)


def test_the_control_process_may_die_right_after_two_calls_became_one() -> None:
    """The call that ended with it still waits for its figures: nobody may be in both."""
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    second = asked(world, bert, other, "103")
    world.media.events = _WithoutFigures()
    refer(world, bert, other, "103", replaces=second, for_s=0.5)
    assert len(world.exchange.calls) == 2
    assert world.crash() == 1
    world.run(5)
    third = carla.last(events.InviteReceived).session
    assert session.state == third.state == "confirmed", world.network.ladder()
    assert anna.hears(session) == {carla.sends_to(third)}, world.network.ladder()
    assert carla.hears(third) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_control_process_may_die_while_the_transfer_rings() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    refer(world, bert, other, "103")
    assert world.crash() == 1
    world.run(2)
    carla.answer_waiting()
    world.run()
    third = carla.last(events.InviteReceived).session
    assert anna.hears(session) == {carla.sends_to(third)}, world.network.ladder()
    third.bye(world.network.now)
    world.assert_nothing_left()

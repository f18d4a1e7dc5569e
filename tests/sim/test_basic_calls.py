"""Two parties through the exchange: every way a call can begin and end, as its users would say it."""

from __future__ import annotations

import msgspec
import pytest
from world import DOMAIN, EXCHANGE, World, sample_rows

from kiestoon.media.protocol import Codec, DigitReceived
from kiestoon.sip import events
from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Target


def in_call(world: World | None = None) -> tuple[World, object, object, object, object]:
    world = world or World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.dial("102")
    world.run()
    other = bert.last(events.InviteReceived).session
    return world, anna, bert, session, other


def test_who_calls_an_extension_talks_to_its_user() -> None:
    world, anna, bert, session, other = in_call()
    assert session.state == other.state == "confirmed", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    assert bert.hears(other) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.ended_by, record.dialled, record.final_party) == ("answered", "caller", "102", "102")
    assert record.caller_number == "101"
    assert [leg.outcome for leg in record.legs] == ["answered", "answered"]
    assert all(leg.quality is not None and leg.codec == "PCMA" for leg in record.legs)
    assert record.opened_ms <= record.answered_ms <= record.closed_ms


def test_all_devices_of_a_user_ring_and_the_first_answer_stops_the_others() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    carla, carla2 = world.phone("carla", "192.0.2.3"), world.phone("carla2", "192.0.2.4")
    carla.mode = carla2.mode = "ring"
    session = anna.dial("103")
    world.run()
    assert session.state == "early"
    carla2.answer_waiting()
    world.run()
    assert session.state == "confirmed"
    assert carla.last(events.Cancelled).answered_elsewhere
    anna.endpoint.sessions[session.id].bye(world.network.now)
    world.assert_nothing_left()
    (record,) = world.records
    assert sorted(leg.outcome for leg in record.legs) == ["answered", "answered", "cancelled"]


@pytest.mark.parametrize(
    ("mode", "status", "cause", "outcome", "by"),
    [
        ("busy", 486, 17, "busy", "callee"),
        ("decline", 603, 21, "rejected", "callee"),
        ("ring", 480, 19, "no_answer", "exchange"),
        ("unavailable", 503, 41, "failed", "exchange"),
    ],
)
def test_the_caller_learns_why_nobody_answered(mode: str, status: int, cause: int, outcome: str, by: str) -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = mode
    anna.dial("102")
    world.run(70)
    refused = anna.last(events.Refused)
    assert refused.status == status
    assert f"cause={cause}" in (refused.response.get("Reason") or "")
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.ended_by, record.cause) == (outcome, by, cause)


def test_a_user_without_registered_phone_is_unreachable_and_an_unknown_number_not_found() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    anna.dial("102")
    world.run()
    assert anna.last(events.Refused).status == 480
    anna.dial("999")
    world.run()
    assert anna.last(events.Refused).status == 404
    world.assert_nothing_left()
    assert [record.outcome for record in world.records] == ["unreachable", "not_found"]


@pytest.mark.parametrize("after_s", [0.005, 0.025, 0.035, 0.045, 0.055, 0.065, 0.5, 5.0])
def test_a_caller_who_hangs_up_at_any_moment_leaves_nothing_behind(after_s: float) -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "answer" if after_s < 0.1 else "ring"
    session = anna.dial("102")
    world.run(after_s)
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert len(world.records) in (0, 1)


def test_the_called_party_hangs_up_and_the_record_says_so() -> None:
    world, _, bert, _, other = in_call()
    other.bye(world.network.now)
    world.assert_nothing_left()
    assert world.records[0].ended_by == "callee"


@pytest.mark.parametrize("holder", ["caller", "callee"])
def test_hold_from_either_side_gives_the_other_music_until_resumed(holder: str) -> None:
    world, anna, bert, session, other = in_call()
    first, first_session, second, second_session = (
        (anna, session, bert, other) if holder == "caller" else (bert, other, anna, session)
    )
    first.hold(first_session)
    world.run()
    assert second.hears(second_session) == {"music"}
    assert first.hears(first_session) == set()
    first.resume(first_session)
    world.run()
    assert second.hears(second_session) == {first.sends_to(first_session)}
    assert first.hears(first_session) == {second.sends_to(second_session)}
    first_session.bye(world.network.now)
    world.assert_nothing_left()


def test_when_both_hold_nobody_hears_anything_and_resuming_one_gives_him_music() -> None:
    world, anna, bert, session, other = in_call()
    anna.hold(session)
    world.run()
    bert.hold(other)
    world.run()
    assert anna.hears(session) == bert.hears(other) == set()
    bert.resume(other)
    world.run()
    assert bert.hears(other) == {"music"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_early_media_of_a_single_phone_reaches_the_caller() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "early"
    session = anna.dial("102")
    world.run()
    early = anna.last(events.Progressed)
    assert early.status == 183
    assert early.body
    assert anna.hears(session) == {bert.sends_to(bert.last(events.InviteReceived).session)}
    bert.answer_waiting()
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_phone_without_common_codec_gets_through_by_transcoding() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1", codecs=(Codec("PCMA", 8),))
    bert = world.phone("bert", "192.0.2.2", codecs=(Codec("G722", 9),))
    session = anna.dial("102")
    world.run()
    other = bert.last(events.InviteReceived).session
    assert session.state == "confirmed"
    assert anna.streams[session.id].send.name == "PCMA"
    assert bert.streams[other.id].send.name == "G722"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_no_transcoding_when_both_phones_share_a_codec_however_they_order_theirs() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1", codecs=(Codec("G722", 9), Codec("PCMA", 8)))
    world.phone("bert", "192.0.2.2", codecs=(Codec("PCMA", 8),))
    session = anna.dial("102")
    world.run()
    assert anna.streams[session.id].send.name == "PCMA"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_caller_without_offer_is_offered_to_and_talks() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")

    def answer_offer_in_200(phone: object, event: object, now: float) -> None:
        if isinstance(event, events.Accepted) and event.body:
            event.session.acknowledge(now, anna.answer_to(event.session, event.body))

    anna.on_event = answer_offer_in_200
    session = anna.dial("102", offerless=True)
    world.run()
    other = bert.last(events.InviteReceived).session
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_call_waiting_off_makes_a_talking_user_busy() -> None:
    rows = sample_rows()
    users = tuple(msgspec.structs.replace(user, call_waiting=user.extension != "102") for user in rows.users)
    world = World(rows=msgspec.structs.replace(rows, users=users))
    world, _anna, _bert, session, _ = in_call(world)
    carla = world.phone("carla", "192.0.2.3")
    carla.dial("102")
    world.run()
    assert carla.last(events.Refused).status == 486
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_digits_by_info_reach_a_phone_that_wants_info() -> None:
    rows = sample_rows()
    devices = tuple(
        msgspec.structs.replace(device, dtmf="info") if device.username == "bert" else device for device in rows.devices
    )
    world, anna, bert, session, other = in_call(World(rows=msgspec.structs.replace(rows, devices=devices)))
    termination = world.media.at(int(anna.sends_to(session)))
    world.media.events.append(DigitReceived(termination.number, "5", 120))
    world.network.drain(world.node)
    world.run()
    assert bert.info == [b"Signal=5\r\nDuration=120\r\n"]
    other.request(world.network.now, "INFO", body=b"Signal=7\r\nDuration=90\r\n", content_type="application/dtmf-relay")
    world.run()
    assert termination.digits_sent == "7"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_phone_that_forwards_by_itself_is_followed_with_diversion() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    carla = world.phone("carla", "192.0.2.3")
    bert.mode = "redirect"
    session = anna.dial("102")
    world.run()
    assert session.state == "confirmed"
    assert "102" in (carla.last(events.InviteReceived).request.get("Diversion") or "")
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_phones_that_forward_in_a_circle_end_with_an_error_not_a_storm() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "redirect"
    anna.dial("103")
    world.run(5)
    world.media.finish_files()  # why, in words
    world.network.drain(world.node)
    world.run()
    assert anna.last(events.Refused).status == 482
    world.assert_nothing_left()


def test_no_port_left_refuses_with_503_and_recovers() -> None:
    world = World()
    anna, _ = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    taken = [world.media.lease("") for _ in range(world.media.total)]
    anna.dial("102")
    world.run()
    assert anna.last(events.Refused).status == 503
    for port in taken:
        world.media.release(port)
    session = anna.dial("102")
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_media_process_dying_ends_its_calls_with_a_record() -> None:
    world, anna, bert, session, other = in_call()
    world.media.connected = False
    world.media.terminations.clear()
    world.media.edges.clear()
    world.engine.control.media_lost(world.media, "killed", world.network.now)
    world.network.drain(world.node)
    world.run()
    assert session.state == other.state == "ended"
    (record,) = world.records
    assert (record.outcome, record.ended_by, record.cause) == ("answered", "media", 41)


def test_above_the_exchanges_limit_new_calls_are_told_to_come_back_later() -> None:
    world = World(max_calls=1)
    world, _anna, _bert, session, _ = in_call(world)
    carla = world.phone("carla", "192.0.2.3")
    carla.dial("102")
    world.run()
    refused = carla.last(events.Refused)
    assert (refused.status, refused.response.get("Retry-After")) == (503, "5")
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_an_offer_of_encryption_without_keys_is_refused_before_anybody_rings() -> None:
    rows = sample_rows()
    devices = tuple(
        msgspec.structs.replace(device, encryption="off" if device.username != "anna" else "optional")
        for device in rows.devices
    )
    world = World(rows=msgspec.structs.replace(rows, devices=devices))
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.endpoint.invite(
        world.network.now, uri=f"sip:102@{DOMAIN}", to=f"<sip:102@{DOMAIN}>", from_=f"<sip:anna@{DOMAIN}>",
        destination=[Target("udp", *EXCHANGE)], credentials=Credentials("anna", "secret of anna"),
        body=anna.offer().replace(b"RTP/AVP", b"RTP/SAVP"),
    )  # fmt: skip
    world.run()
    assert session.state == "ended"
    assert anna.last(events.Refused).status == 488
    assert not bert.all(events.InviteReceived)
    world.assert_nothing_left()

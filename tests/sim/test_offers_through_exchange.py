"""Offers, answers and provisional responses through the exchange: PRACK, UPDATE, glare, forks, SRTP keys, refusals."""

from __future__ import annotations

import msgspec
import pytest
from raw_party import RawParty
from test_basic_calls import in_call
from test_outside_lines import call_in
from world import DOMAIN, EXCHANGE, PROVIDER, DeskPhone, World, sample_rows

from kiestoon.media.protocol import Codec, SrtpKey
from kiestoon.sdp.negotiate import LocalMedia, build_offer, read_answer
from kiestoon.sip import events
from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Target
from kiestoon.sip.message import Response

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 203.0.113.10\r\ns=-\r\nc=IN IP4 203.0.113.10\r\nt=0 0\r\n"
    b"m=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


def ring_reliably(phone: DeskPhone) -> None:
    """Every INVITE to the phone is answered with a reliable 183 that holds the answer."""

    def react(_: object, event: object, now: float) -> None:
        if isinstance(event, events.InviteReceived):
            event.session.progress(now, 183, body=phone.answer_to(event.session, event.request.body), reliable=True)
        else:
            phone.react(phone, event, now)

    phone.on_event = react


def test_a_called_phones_reliable_early_media_is_acknowledged_and_heard_by_the_caller() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    ring_reliably(bert)
    session = anna.dial("102")
    world.run()
    assert bert.node.received[-1].method == "PRACK"
    other = bert.last(events.InviteReceived).session
    assert anna.hears(session) == {bert.sends_to(other)}
    other.accept(world.network.now, b"")
    world.run()
    assert session.state == "confirmed"
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_caller_that_requires_100rel_gets_its_ringing_reliably() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.endpoint.invite(
        world.network.now, uri=f"sip:102@{DOMAIN}", to=f"<sip:102@{DOMAIN}>", from_=f"<sip:anna@{DOMAIN}>",
        destination=[Target("udp", *EXCHANGE)], body=anna.offer(), headers=[("Require", "100rel")],
        credentials=Credentials("anna", "secret of anna"),
    )  # fmt: skip
    anna.offers[session.id] = anna.offers[0]
    world.run()
    assert anna.last(events.Progressed).response.has("RSeq")
    assert anna.sent("PRACK")
    bert.answer_waiting()
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_called_phone_may_change_its_early_media_by_update() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    ring_reliably(bert)
    session = anna.dial("102")
    world.run()
    other = bert.last(events.InviteReceived).session
    bert.port += 1000
    other.offer(world.network.now, bert.offer(other))
    world.run()
    assert bert.sent("UPDATE")
    termination = world.media.at(int(bert.sends_to(other)))
    assert termination.stream.remote == ("192.0.2.2", bert.port)
    assert anna.hears(session) == {bert.sends_to(other)}
    other.accept(world.network.now, b"")
    world.run()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_both_sides_offering_at_once_end_in_one_agreement_each() -> None:
    world, anna, bert, session, other = in_call()
    anna.hold(session)
    bert.change = bert.offer(other)
    other.offer(world.network.now, bert.change)
    world.run(10)
    assert bert.hears(other) == {"music"}
    anna.resume(session)
    world.run(10)
    assert bert.hears(other) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_early_media_of_a_forking_line_follows_the_fork_that_answers() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    line = RawParty(world.network, "line", PROVIDER[0])
    session = anna.dial("00201112222")
    world.run(0.2)
    (invite,) = line.of("INVITE")
    line.answer(invite, 183, "one", SDP % 5000)
    line.answer(invite, 183, "two", SDP % 6000)
    world.run()
    line.answer(invite, 200, "two", SDP % 6000)
    world.run()
    assert session.state == "confirmed"
    (leg,) = [leg for leg in world.exchange.legs.values() if not leg.incoming]
    assert leg.stream.remote == (PROVIDER[0], 6000)
    line.answer(invite, 200, "one", SDP % 5000)  # the other fork answers as well: acknowledged and hung up
    world.run(0.2)
    assert [request.to.tag for request in line.of("BYE")] == ["one"]
    assert len(world.exchange.legs) == 2
    session.bye(world.network.now)
    world.run()
    for request in line.of("BYE"):
        line.answer(request, 200, request.to.tag)
    world.assert_nothing_left()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"this is no description", 400),
        (b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=video 4 RTP/AVP 96\r\n", 488),
    ],
)
def test_an_unusable_offer_is_refused_with_the_status_that_says_why(body: bytes, status: int) -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    world.phone("bert", "192.0.2.2")
    anna.offer = lambda session=None: body
    anna.offers[0] = None
    anna.dial("102")
    world.run()
    assert anna.last(events.Refused).status == status
    world.assert_nothing_left()
    assert world.records[0].outcome == "failed"


def test_a_caller_with_codecs_nobody_here_knows_gets_488() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1", codecs=(Codec("SPEEX", 97),))
    bert = world.phone("bert", "192.0.2.2")
    anna.dial("102")
    world.run()
    assert anna.last(events.Refused).status == 488
    assert not bert.all(events.Accepted)
    world.assert_nothing_left()


def test_a_reinvite_that_cannot_be_agreed_is_refused_and_the_call_goes_on() -> None:
    world, anna, bert, session, other = in_call()
    anna.codecs = (Codec("SPEEX", 97),)
    session.offer(world.network.now, anna.offer(session))
    world.run()
    assert anna.last(events.OfferRefused).status == 488
    assert bert.hears(other) == {anna.sends_to(session)}
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_callee_that_answers_with_a_codec_never_offered_does_not_connect_the_call() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    anna.dial("102")
    world.run()
    bert.last(events.InviteReceived).session.accept(
        world.network.now, (SDP % 4000).replace(b"8", b"97").replace(b"PCMA", b"SPEEX")
    )
    world.run()
    assert anna.last(events.Refused).status == 488
    world.assert_nothing_left()


def test_an_ack_without_the_answer_we_need_ends_the_call_instead_of_leaving_it_silent() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    anna.on_event = lambda phone, event, now: (
        event.session.acknowledge(now, b"") if isinstance(event, events.Accepted) else None
    )
    session = anna.dial("102", offerless=True)
    world.run(3)
    assert session.state == "ended"
    assert bert.last(events.Ended)
    world.assert_nothing_left()


def encrypting(device: str, encryption: str) -> World:
    rows = sample_rows()
    devices = tuple(
        msgspec.structs.replace(row, encryption=encryption) if row.username == device else row for row in rows.devices
    )
    return World(rows=msgspec.structs.replace(rows, devices=devices))


def test_a_device_that_must_encrypt_may_not_call_over_udp() -> None:
    world = encrypting("anna", "required")
    anna = world.phone("anna", "192.0.2.1", registered=False)
    anna.dial("102")
    world.run()
    assert anna.last(events.Refused).status == 403
    world.assert_nothing_left()
    assert not world.records


def test_srtp_keys_of_both_sides_reach_the_media_process() -> None:
    world = encrypting("anna", "required")
    anna = world.phone("anna", "192.0.2.1", registered=False)
    bert = world.phone("bert", "192.0.2.2")
    key = SrtpKey("AES_CM_128_HMAC_SHA1_80", b"k" * 30)
    offer = build_offer(LocalMedia("192.0.2.1", 40000, 1), anna.codecs, srtp="required", crypto_offers=(key,))
    anna.on_event = None
    session = anna.endpoint.invite(
        world.network.now, uri=f"sips:102@{DOMAIN}", to=f"<sip:102@{DOMAIN}>", from_=f"<sip:anna@{DOMAIN}>",
        destination=[Target("tls", *EXCHANGE)], body=offer.body, credentials=Credentials("anna", "secret of anna"),
    )  # fmt: skip
    world.run()
    accepted = anna.last(events.Accepted)
    stream = read_answer(offer.state, accepted.body).stream
    caller = world.media.at(stream.remote[1])
    assert caller.stream.srtp_receive == key
    assert caller.stream.srtp_send == stream.srtp_receive
    assert len(stream.srtp_receive.key_salt) == 30
    callee = world.media.at(int(bert.sends_to(bert.last(events.InviteReceived).session)))
    assert callee.stream.srtp_send is None
    # Hold and resume keep the key: a running cipher must not start anew (RFC 4568 §7.1.4).
    session.offer(world.network.now, offer.body.replace(b"sendrecv", b"sendonly"))
    world.run()
    assert caller.stream.srtp_send == stream.srtp_receive
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_multipart_invite_is_read_for_its_session_description() -> None:
    world = World()
    world.phone("anna", "192.0.2.1")
    provider = world.provider()
    body = (
        b"--b\r\nContent-Type: application/sdp\r\n\r\n" + provider.offer() + b"\r\n--b\r\n"
        b"Content-Type: application/ISUP\r\nContent-Disposition: signal;handling=optional\r\n\r\n\x01\x02\r\n--b--\r\n"
    )
    session = provider.endpoint.invite(
        world.network.now, uri="sip:+31201234561@198.51.100.1", to="<sip:+31201234561@198.51.100.1>",
        from_="<sip:+31612345678@provider.example>", destination=[Target("udp", *EXCHANGE)], body=body,
        content_type="multipart/mixed;boundary=b",
    )  # fmt: skip
    provider.offers[session.id] = provider.offers[0]
    world.run()
    assert session.state == "confirmed", world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("status", [183, 200])
def test_an_answer_in_parts_is_read_for_its_session_description(status: int) -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    line = RawParty(world.network, "line", PROVIDER[0])
    session = anna.dial("00201112222")
    world.run(0.2)
    (invite,) = line.of("INVITE")
    part = b"Content-Type: application/sdp\r\n\r\n" + SDP % 5000
    body = b"--b\r\nContent-Type: application/ISUP\r\n\r\n\1\2\r\n--b\r\n" + part + b"\r\n--b--\r\n"
    response = Response.answer(invite, status, to_tag="x")
    response.add("Contact", f"<sip:line@{PROVIDER[0]}>")
    response.add("Content-Type", "multipart/mixed;boundary=b")
    response.body = body
    line.send(response)
    world.run()
    assert session.state == ("early" if status == 183 else "confirmed"), world.network.ladder()
    assert anna.sends_to(session)  # its speech has a way: the answer was understood
    line.answer(invite, 200, "x", SDP % 5000)
    world.run()
    session.bye(world.network.now)
    world.run()
    line.answer(line.of("BYE")[-1], 200)
    world.assert_nothing_left()
    assert world.records[0].outcome == "answered"


def test_a_caller_who_was_given_early_media_of_a_failing_line_talks_over_the_next() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    first, second = RawParty(world.network, "line", PROVIDER[0]), world.provider(("203.0.113.20", 5060))
    session = anna.dial("00201112222")
    world.run(0.2)
    (invite,) = first.of("INVITE")
    first.answer(invite, 183, "x", SDP % 5000)
    world.run()
    first.answer(invite, 503, "x")
    world.run()
    assert session.state == "confirmed"
    assert anna.hears(session) == {second.sends_to(second.last(events.InviteReceived).session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_an_incoming_call_keeps_one_answer_from_early_media_to_the_end() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    anna.mode = "early"
    provider, session = call_in(world, "+31201234561")
    world.run()
    early = provider.last(events.Progressed).body
    anna.answer_waiting()
    world.run()
    assert provider.last(events.Accepted).body == early
    session.bye(world.network.now)
    world.assert_nothing_left()

"""What is lost on the way is sent again, and what never comes ends the call (RFC 3261 §13.3.1.4, §17)."""

from __future__ import annotations

import socket

from bench.peers.sipp import expect_all
from parties import PROVIDER, called, caller
from raw import RawParty


def test_answer_is_repeated_until_the_ack_comes(exchange, sipp, registered):
    """The first ACK is lost: SIPp sends it only after the answer came three times."""
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    calling = sipp(caller("101", "102").dial().answered().pause(1800).ack().bye(), options=("-nd",))
    expect_all(calling, ringing)
    assert len(calling.received("SIP/2.0 200")) >= 3


def test_repeated_answer_of_the_called_party_is_acknowledged_each_time(exchange, sipp, registered):
    """The ACK to the called party is lost: every repetition of its 200 gets one (RFC 3261 §13.2.2.4)."""
    with RawParty.called(registered("102"), exchange.address) as phone:
        calling = sipp(caller("101", "102").call().pause(500).bye())
        invite = phone.expect("INVITE", " INVITE")
        for _ in range(3):
            phone.answer(invite, tag="here", body=True)
            phone.expect("ACK", " ACK")
        phone.answer(phone.expect("BYE", " BYE"))
        expect_all(calling)


def test_lost_bye_is_repeated(exchange, sipp, registered):
    """The called party answers our BYE only the second time."""
    ladder = called("102").ring_and_answer().await_request("BYE").pause(700).respond(200, "OK")
    ringing = sipp(ladder, port=registered("102")[1], options=("-nd",))
    expect_all(sipp(caller("101", "102").call().bye()), ringing)
    assert len(ringing.received("BYE")) >= 2


def test_repeated_bye_gets_the_same_answer(exchange, sipp, registered):
    """The answer to the party's BYE is lost: its repetition is answered from the transaction (§17.2.2)."""
    ringing = sipp(called("110").ring_and_answer().byed(), port=registered("110")[1])
    with RawParty(PROVIDER[0], exchange.address, "+31201000110") as party:
        party.send(party.invite())
        party.expect("SIP/2.0 200", "1 INVITE")
        party.send(party.request("ACK", 1, "ack"))
        bye = party.request("BYE", 2, "bye")
        party.send(bye)
        first = party.expect("SIP/2.0 200", "2 BYE")
        party.send(bye)
        assert party.expect("SIP/2.0 200", "2 BYE") == first
    expect_all(ringing)


def test_repeated_invite_rings_once(exchange, sipp, registered):
    """Our responses are lost: the repeated INVITE belongs to the same transaction."""
    ringing = sipp(called("110").ring_and_answer().byed(), port=registered("110")[1])
    with RawParty(PROVIDER[0], exchange.address, "+31201000110") as party:
        party.send(party.invite(), party.invite(), party.invite())
        party.expect("SIP/2.0 200", "1 INVITE")
        party.send(party.request("ACK", 1, "ack"), party.request("BYE", 2, "bye"))
        party.expect("SIP/2.0 200", "2 BYE")
    expect_all(ringing)
    assert len(ringing.received("INVITE")) == 1
    assert len(exchange.new_records()) == 1


def test_garbage_is_survived(exchange, sipp, registered):
    """Nonsense from anywhere does not disturb a call."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for junk in (b"", b"\x00" * 64, b"\r\n\r\n", b"INVITE\r\n\r\n", b"\xff" * 1400, b"SIP/2.0 200 OK\r\n\r\n"):
            sock.sendto(junk, exchange.address)
        sock.sendto(b"INVITE sip:102@wire.example SIP/2.0\r\n" + b"Via: x\r\n" * 3000, exchange.address)
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    expect_all(sipp(caller("101", "102").call().bye()), ringing)

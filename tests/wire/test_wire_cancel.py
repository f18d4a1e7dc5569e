"""CANCEL and its races (RFC 3261 §9, §15)."""

from __future__ import annotations

from bench.peers.sipp import expect_all
from ladder import sdp
from parties import PROVIDER, called, caller
from raw import RawParty, header


def test_caller_cancels_while_ringing(exchange, sipp, registered):
    ladder = called("102").invited().respond_invite(180, "Ringing").await_request("CANCEL").respond(200, "OK")
    ringing = sipp(ladder.respond_invite(487, "Request Terminated").await_request("ACK"), port=registered("102")[1])
    calling = sipp(caller("101", "102").dial().ringing().cancel().expect(200).expect(487).ack_failure())
    expect_all(calling, ringing)
    record = exchange.new_records()[0]
    assert (record.outcome, record.ended_by) == ("cancelled", "caller")


def test_cancel_right_behind_the_invite(exchange, sipp, registered):
    """Nothing of the exchange seen yet: whatever it was doing, it stops (§9.2)."""
    ladder = called("110").invited().respond_invite(180, "Ringing").await_request("CANCEL").respond(200, "OK")
    ringing = sipp(ladder.respond_invite(487, "Request Terminated").await_request("ACK"), port=registered("110")[1])
    with RawParty(PROVIDER[0], exchange.address, "+31201000110") as party:
        party.send(party.invite(), party.cancel())
        party.expect("SIP/2.0 200", "1 CANCEL")
        party.expect("SIP/2.0 487", "1 INVITE")
        party.send(party.ack_failure())
    expect_all(ringing)


def test_cancel_waits_for_the_called_phone_s_first_response(exchange, sipp, registered):
    """RFC 3261 §9.1: no CANCEL towards a party before it gave a provisional response."""
    ladder = called("102").invited().pause(800).respond_invite(100, "Trying", tag="")
    ladder = ladder.await_request("CANCEL").respond(200, "OK").respond_invite(487, "Request Terminated")
    ringing = sipp(ladder.await_request("ACK"), port=registered("102")[1])
    ladder = caller("101", "102").dial().expect(100).pause(200).cancel()
    expect_all(sipp(ladder.expect(200).expect(487).ack_failure()), ringing)


def test_cancel_crosses_the_answer(exchange, sipp, registered):
    """The called party's 200 crosses our CANCEL: it gets ACK and BYE, the caller is told 487."""
    ladder = called("102").invited().respond_invite(180, "Ringing").await_request("CANCEL").respond(200, "OK")
    ringing = sipp(ladder.respond_invite(200, "OK", body=sdp()).await_request("ACK").byed(), port=registered("102")[1])
    calling = sipp(caller("101", "102").dial().ringing().cancel().expect(200).expect(487).ack_failure())
    expect_all(calling, ringing)


def test_cancel_after_our_answer_has_no_effect(exchange, sipp, registered):
    """RFC 3261 §9.2: the INVITE has its final response; the call stands until BYE."""
    ringing = sipp(called("110").ring_and_answer().byed(), port=registered("110")[1])
    with RawParty(PROVIDER[0], exchange.address, "+31201000110") as party:
        party.send(party.invite())
        party.expect("SIP/2.0 200", "1 INVITE")
        party.send(party.cancel())
        answer = party.expect("SIP/2.0 200", "1 CANCEL")
        assert header(answer, "To") == party.to, "the tag of the response to the INVITE (§9.2)"
        party.send(party.request("ACK", 1, "ack"), party.request("BYE", 2, "bye"))
        party.expect("SIP/2.0 200", "2 BYE")
    expect_all(ringing)


def test_cancel_of_an_unknown_call_gets_481(exchange, sipp):
    expect_all(sipp(caller("101", "102").cancel().expect(481)))


def test_other_phones_are_told_of_the_answer_elsewhere(exchange, sipp, registered):
    """One user, two phones: the slower one's CANCEL carries the reason (RFC 3326)."""
    ladder = called("102", name="slow").invited().respond_invite(180, "Ringing").await_request("CANCEL")
    ladder = ladder.respond(200, "OK").respond_invite(487, "Request Terminated").await_request("ACK")
    slow = sipp(ladder, port=registered("102")[1])
    ladder = called("102", name="quick").invited().respond_invite(180, "Ringing").pause(300)
    ladder = ladder.respond_invite(200, "OK", body=sdp()).await_request("ACK").byed()
    quick = sipp(ladder, port=registered("102")[1])
    expect_all(sipp(caller("101", "102").call().bye()), quick, slow)
    reason = slow.received("CANCEL")[0].header("Reason")
    assert "cause=200" in reason
    assert "elsewhere" in reason.lower()

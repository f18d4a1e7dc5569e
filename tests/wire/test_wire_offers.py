"""Offers and answers after the call stands, and before: re-INVITE, UPDATE, PRACK, offerless (RFC 3262, 3264, 3311)."""

from __future__ import annotations

import re

from bench.peers.sipp import expect_all
from ladder import PCMA, PCMU, REMEMBER_RSEQ, check_body, sdp
from parties import PROVIDER, called, caller, provider


def test_caller_holds_and_resumes(exchange, sipp, registered):
    """The held party hears music: it need not be told by a re-INVITE, and its stream stays sendrecv."""
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    ladder = caller("101", "102").call().reinvite(sdp(direction="sendonly", version=2))
    ladder = ladder.expect(100, optional=True).expect(200, check=check_body("a=recvonly")).ack()
    ladder = ladder.reinvite(sdp(version=3)).expect(100, optional=True)
    ladder = ladder.expect(200, check=check_body("a=sendrecv")).ack().bye()
    expect_all(sipp(ladder), ringing)


def test_called_party_holds_with_inactive_and_resumes(exchange, sipp, registered):
    ladder = called("102").ring_and_answer().reinvite(sdp(direction="inactive", version=2))
    ladder = ladder.expect(100, optional=True).expect(200, check=check_body("a=inactive")).ack()
    ladder = ladder.reinvite(sdp(version=3)).expect(100, optional=True)
    ringing = sipp(ladder.expect(200, check=check_body("a=sendrecv")).ack().bye(), port=registered("102")[1])
    expect_all(sipp(caller("101", "102").call().byed()), ringing)


def test_hold_by_zero_address(exchange, sipp, registered):
    """RFC 3264 §8.4: old phones hold with c=0.0.0.0."""
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    held = sdp(version=2).replace("c=IN IP[media_ip_type] [media_ip]", "c=IN IP4 0.0.0.0")
    ladder = caller("101", "102").call().reinvite(held).expect(100, optional=True).expect(200).ack()
    expect_all(sipp(ladder.bye()), ringing)


def test_party_changes_codec_in_a_reinvite(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    ladder = caller("101", "102").call().reinvite(sdp(PCMU, version=2)).expect(100, optional=True)
    calling = sipp(ladder.expect(200, check=check_body("m=audio [0-9]+ RTP/AVP 0")).ack().bye())
    expect_all(calling, ringing)


def test_offerless_reinvite_gets_our_offer(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    ladder = caller("101", "102").call().reinvite(None).expect(100, optional=True)
    ladder = ladder.expect(200, check=check_body("m=audio [0-9]+ RTP/AVP"))
    expect_all(sipp(ladder.ack(body=sdp(version=2)).bye()), ringing)


def test_offerless_invite_gets_our_offer(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    calling = sipp(caller("101", "102").dial(None).answered().ack(body=sdp()).bye())
    expect_all(calling, ringing)
    assert "m=audio" in calling.received("SIP/2.0 200")[0].body


def test_reinvite_we_cannot_meet_is_refused_and_the_call_stays(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    ladder = caller("101", "102").call().reinvite(sdp(("3 GSM/8000",), version=2)).expect(100, optional=True)
    expect_all(sipp(ladder.expect(488).ack_failure(in_dialog=True).bye()), ringing)


def test_update_changes_the_session(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    ladder = caller("101", "102").call().request("UPDATE", body=sdp(direction="sendonly", version=2))
    ladder = ladder.expect(200, check=check_body("a=recvonly"))
    expect_all(sipp(ladder.bye()), ringing)


def test_update_without_body_is_a_refresh(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    calling = sipp(caller("101", "102").call().request("UPDATE").expect(200).bye())
    expect_all(calling, ringing)


def test_caller_requires_reliable_provisional_responses(exchange, sipp, registered):
    """Require: 100rel towards us: our ringing carries RSeq and waits for PRACK."""
    ladder = called("102").invited().respond_invite(180, "Ringing").pause(400)
    ringing = sipp(ladder.respond_invite(200, "OK", body=sdp()).await_request("ACK").byed(), port=registered("102")[1])
    ladder = caller("101", "102").dial(headers="Require: 100rel\n").expect(100, optional=True)
    ladder = ladder.expect(180, dialog=True, check=REMEMBER_RSEQ).prack().answered().ack().bye()
    calling = sipp(ladder)
    expect_all(calling, ringing)
    assert "100rel" in calling.received("SIP/2.0 180")[0].header("Require")


def test_called_party_sends_reliable_early_media(exchange, sipp, registered):
    """183 with RSeq from the called side is acknowledged with PRACK, and the caller gets early media."""
    reliable = "Require: 100rel\nRSeq: 4711\n"
    ladder = called("102").invited().respond_invite(183, "Session Progress", body=sdp(), headers=reliable)
    ladder = ladder.await_request("PRACK").respond(200, "OK").respond_invite(200, "OK").await_request("ACK").byed()
    ringing = sipp(ladder, port=registered("102")[1])
    calling = sipp(caller("101", "102").call().bye())
    expect_all(calling, ringing)
    assert re.match(r"4711 \d+ INVITE", ringing.received("PRACK")[0].header("RAck"))


def test_reliable_response_is_repeated_until_prack(exchange, sipp, registered):
    ladder = called("102").invited().respond_invite(180, "Ringing").pause(2500)
    ringing = sipp(ladder.respond_invite(200, "OK", body=sdp()).await_request("ACK").byed(), port=registered("102")[1])
    ladder = caller("101", "102").dial(headers="Require: 100rel\n").expect(100, optional=True)
    ladder = ladder.expect(180, dialog=True, check=REMEMBER_RSEQ).pause(1200).prack().answered().ack().bye()
    calling = sipp(ladder)
    expect_all(calling, ringing)
    assert len(calling.received("SIP/2.0 180")) >= 2


def test_prack_for_an_unknown_response_gets_481(exchange, sipp, registered):
    ladder = called("102").invited().respond_invite(180, "Ringing").await_request("CANCEL").respond(200, "OK")
    ringing = sipp(ladder.respond_invite(487, "Request Terminated").await_request("ACK"), port=registered("102")[1])
    ladder = caller("101", "102").dial(headers="Require: 100rel\n").expect(100, optional=True)
    ladder = ladder.expect(180, dialog=True, check=REMEMBER_RSEQ)
    ladder = ladder.request("PRACK", headers="RAck: 1 99 INVITE\n").expect(481).prack()
    expect_all(sipp(ladder.cancel().expect(200).expect(487).ack_failure()), ringing)


def test_early_media_of_a_forking_provider(exchange, sipp):
    """Two early dialogs, then an answer from the second: the caller keeps one call (RFC 3261 §13.2.2.4, RFC 3960)."""
    ladder = provider().invited().respond_invite(183, "Session Progress", body=sdp(PCMA), tag="one")
    ladder = ladder.respond_invite(183, "Session Progress", body=sdp(PCMA, version=2), tag="two")
    ladder = ladder.respond_invite(200, "OK", body=sdp(PCMA, version=2), tag="two").await_request("ACK").byed()
    line = sipp(ladder, host=PROVIDER[0], port=PROVIDER[1])
    calling = sipp(caller("101", "00205551234").call().bye())
    expect_all(calling, line)
    assert calling.received("SIP/2.0 183"), "the provider's announcement is passed on"


def test_dtmf_in_info_is_answered(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    ladder = caller("101", "102").call()
    ladder = ladder.request("INFO", body="Signal=5\nDuration=160\n", content_type="application/dtmf-relay").expect(200)
    expect_all(sipp(ladder.bye()), ringing)

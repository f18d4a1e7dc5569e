"""Whole calls over UDP, TCP and TLS, in every direction, with SIPp on both sides."""

from __future__ import annotations

import re

from bench.peers.sipp import expect_all
from ladder import G711, PCMA, PCMU, sdp
from parties import PROVIDER, TCP, TCP_PROVIDER, WIRE, called, caller, outside_caller, provider


def test_phone_calls_phone_and_hangs_up(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    calling = sipp(caller("101", "102").call().bye())
    expect_all(calling, ringing)
    record = exchange.new_records()[0]
    assert (record.outcome, record.ended_by, record.dialled) == ("answered", "caller", "102")


def test_called_phone_hangs_up(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().bye(), port=registered("102")[1])
    expect_all(sipp(caller("101", "102").call().byed()), ringing)
    assert exchange.new_records()[0].ended_by == "callee"


def test_both_parties_get_the_exchanges_own_media_address(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    calling = sipp(caller("101", "102").call().bye())
    expect_all(calling, ringing)
    first, last = exchange.settings.media.first_port, exchange.settings.media.last_port
    for body in (ringing.received("INVITE")[0].body, calling.received("SIP/2.0 200")[0].body):
        port = int(re.search(r"m=audio (\d+)", body)[1])
        assert first <= port <= last
        assert "c=IN IP4 127.0.0.1" in body


def test_called_phone_sees_who_calls(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer().byed(), port=registered("102")[1])
    expect_all(sipp(caller("101", "102").call().bye()), ringing)
    invite = ringing.received("INVITE")[0]
    assert '"User 101" <sip:101@wire.example' in invite.header("From")


def test_call_from_outside_reaches_the_number_s_phone(exchange, sipp, registered):
    ringing = sipp(called("110").ring_and_answer().byed(), port=registered("110")[1])
    ladder = outside_caller("+31612345678", "+31201000110", exchange.host).call().bye()
    calling = sipp(ladder, host=PROVIDER[0])
    expect_all(calling, ringing)
    assert "0612345678" in ringing.received("INVITE")[0].header("From").replace("+31", "0")
    assert exchange.new_records()[0].direction == "in"


def test_call_to_outside_goes_over_the_trunk_with_the_user_s_number(exchange, sipp):
    line = sipp(provider().ring_and_answer().byed(), host=PROVIDER[0], port=PROVIDER[1])
    expect_all(sipp(caller("101", "00205551234").call().bye()), line)
    invite = line.received("INVITE")[0]
    assert invite.text.startswith("INVITE sip:+31205551234@")
    assert "+31201000111" in invite.header("From")
    assert "+31201000111" in invite.header("P-Asserted-Identity")


def test_call_over_a_tcp_trunk(exchange, sipp):
    line = sipp(provider().ring_and_answer().byed(), host=TCP_PROVIDER[0], port=TCP_PROVIDER[1], transport="t1")
    expect_all(sipp(caller("201", "00205551234", site=TCP).call().bye(), transport="t1"), line)
    assert line.received("INVITE")[0].header("Via").startswith("SIP/2.0/TCP")


def test_call_from_a_tcp_trunk(exchange, sipp, registered):
    ringing = sipp(called("201", site=TCP).ring_and_answer().bye(), port=registered("201", TCP)[1])
    ladder = outside_caller("+31612345678", "+31202000201", exchange.host).call().byed()
    expect_all(sipp(ladder, host=TCP_PROVIDER[0], transport="t1"), ringing)


def test_common_codec_is_passed_through_untouched(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer(sdp(PCMU)).byed(), port=registered("102")[1])
    calling = sipp(caller("101", "102").call(sdp(G711)).bye())
    expect_all(calling, ringing)
    answer = calling.received("SIP/2.0 200")[0].body
    assert re.search(r"m=audio \d+ RTP/AVP 0\b", answer), "the called party's choice saves transcoding"


def test_offer_without_common_codec_is_transcoded(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer(sdp(PCMU)).byed(), port=registered("102")[1])
    calling = sipp(caller("101", "102").call(sdp(PCMA)).bye())
    expect_all(calling, ringing)
    assert "PCMU/8000" in ringing.received("INVITE")[0].body
    assert re.search(r"m=audio \d+ RTP/AVP 8\b", calling.received("SIP/2.0 200")[0].body)


def test_options_is_answered_with_what_we_can(exchange, sipp):
    ladder = caller("101", "102").request("OPTIONS", in_dialog=False).expect(200)
    asking = sipp(ladder)
    expect_all(asking)
    answer = asking.received("SIP/2.0 200")[0]
    assert "INVITE" in answer.header("Allow")
    assert "100rel" in answer.header("Supported")
    assert WIRE.domain not in answer.header("Contact")

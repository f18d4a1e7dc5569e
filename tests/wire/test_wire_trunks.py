"""Outside lines: failover to the next, logging in, TLS."""

from __future__ import annotations

import pytest
from bench.peers.sipp import expect_all
from parties import FAILING, PROVIDER, SECOND_PROVIDER, caller, provider


@pytest.mark.parametrize(("status", "reason"), [(503, "Service Unavailable"), (500, "Server Error"), (408, "Timeout")])
def test_next_line_is_tried_when_the_first_cannot(exchange, sipp, status, reason):
    """And the failed one is avoided for the next calls."""
    ladder = provider("first").invited().respond_invite(status, reason).await_request("ACK")
    first = sipp(ladder, host=PROVIDER[0], port=PROVIDER[1])
    at = {"host": SECOND_PROVIDER[0], "port": SECOND_PROVIDER[1]}
    second = sipp(provider("second").ring_and_answer().byed(), calls=2, **at)
    expect_all(sipp(caller("501", "00205551234", site=FAILING[status]).call().bye()), first)
    expect_all(sipp(caller("501", "00205551234", site=FAILING[status]).call().bye()), second)


def test_all_lines_down_is_told_as_such(exchange, sipp):
    ladder = provider("first").invited().respond_invite(503, "Service Unavailable").await_request("ACK")
    first = sipp(ladder, host=PROVIDER[0], port=PROVIDER[1])
    ladder = provider("second").invited().respond_invite(503, "Service Unavailable").await_request("ACK")
    second = sipp(ladder, host=SECOND_PROVIDER[0], port=SECOND_PROVIDER[1])
    calling = sipp(caller("101", "00205551234").dial().refused(503))
    expect_all(calling, first, second)


def test_emergency_call_goes_out_with_the_number_shown(exchange, sipp):
    line = sipp(provider().ring_and_answer().byed(), host=PROVIDER[0], port=PROVIDER[1])
    expect_all(sipp(caller("101", "112").call().bye()), line)
    invite = line.received("INVITE")[0]
    assert invite.text.startswith("INVITE sip:112@")
    assert "+31201000111" in invite.header("From")


def test_provider_ends_the_call(exchange, sipp):
    line = sipp(provider().ring_and_answer().bye(), host=PROVIDER[0], port=PROVIDER[1])
    expect_all(sipp(caller("101", "00205551234").call().byed()), line)
    assert exchange.new_records()[0].ended_by == "callee"

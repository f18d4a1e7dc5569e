"""Where a person wants to be reached: the REACH matrix, presence, a mobile beside the desk phone."""

from __future__ import annotations

import pytest
from arranged import LINE, e164, number_of, reached, silent_bank
from bench.lib.exchange import Exchange
from bench.peers.sipp import expect_all


@pytest.fixture(scope="module")
def running_exchange(arranged_exchange: Exchange) -> Exchange:
    """The one all modules about arrangements share."""
    return arranged_exchange


def test_the_matrix_forwards_one_class_of_callers_and_presence_all(exchange, call_in, answering):
    """E 10.1: the family goes elsewhere, others ring; U 4.1.4: in a meeting, everybody goes elsewhere."""
    phones = answering(3)
    expect_all(call_in(("+31611111111", "245"), ("+31612000001", "245"), ("+31612000002", "247")), phones)
    assert reached(phones) == {"+31611111111": "219", "+31612000001": "245", "+31612000002": "219"}


def test_a_situation_of_being_busy_forwards_as_busy(exchange, call_in, answering):
    """E 10.4."""
    phones = answering(1)
    expect_all(call_in(("+31612000001", "255")), phones)
    assert reached(phones) == {"+31612000001": "219"}
    assert phones.received("INVITE")[0].header("Diversion").endswith("reason=user-busy")


def test_a_mobile_rings_beside_the_desk_phone_until_one_answers(exchange, sipp, call_in, answering):
    """E 10.2: over the outside line, with the person's number; the mobile stops when the desk phone answers."""
    phones, mobile = answering(1), sipp(silent_bank(), host=LINE[0], port=LINE[1])
    expect_all(call_in(("+31612000001", "246")), phones, mobile)
    (invite,) = mobile.received("INVITE")
    assert number_of(invite.text) == "+31612000246"
    assert number_of(invite.header("From")) == e164("246")
    assert reached(phones) == {"+31612000001": "246"}

"""IPv6: phones and outside lines over ::1, and phones of both families in one call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange
from bench.peers.sipp import expect_all
from ladder import sdp
from parties import WIRE, called, caller
from talking import CALLER_HZ, end, talk

V4, V6 = {"host": "127.0.0.1"}, {"host": "::1"}


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One that listens on both families, with the default digest algorithms."""
    sip = {"digest": ("SHA-256", "MD5")}
    with Exchange(tmp_path_factory.mktemp("exchange"), [WIRE], hosts=("::1",), sip=sip) as exchange:
        yield exchange


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_phones_on_ipv6_hear_each_other(exchange, phone, transport):
    options = {**V6, "transport": transport}
    end(*talk(phone, options, options))


@pytest.mark.parametrize(("calling", "answering"), [(V4, V6), (V6, V4)])
def test_phones_of_both_families_hear_each_other(exchange, phone, calling, answering):
    """Each leg has its own address family: the exchange's address in each description is one the phone can reach."""
    end(*talk(phone, calling, answering))


@pytest.mark.parametrize(("holding", "held"), [(V6, V4), (V4, V6)])
def test_hold_plays_music_to_the_other_family(exchange, phone, holding, held):
    calling, answering = talk(phone, holding, held)
    calling.hold()
    answering.wait_for_change(CALLER_HZ)
    calling.resume()
    answering.wait_for_tone(CALLER_HZ)
    end(calling, answering)


def test_addresses_of_the_exchange_are_of_the_party_s_family(exchange, sipp, registered):
    """In Via, Contact and session description: brackets in URIs, none in SDP (RFC 3261 §25.1, RFC 8866 §5.7)."""
    ringing = sipp(called("102").ring_and_answer().byed(), host="::1", port=registered("102", host="::1")[1])
    calling = sipp(caller("101", "102").call().bye())
    expect_all(calling, ringing)
    invite, answer = ringing.received("INVITE")[0], calling.received("SIP/2.0 200")[0]
    for name in ("Via", "Contact"):
        assert f"[::1]:{exchange.port}" in invite.header(name)
    assert "c=IN IP6 ::1" in invite.body
    assert "IN IP4" not in invite.body
    assert "c=IN IP4 127.0.0.1" in answer.body


def test_call_from_ipv6_reaches_a_phone_on_ipv4(exchange, sipp, registered):
    ringing = sipp(called("102").ring_and_answer(sdp()).bye(), port=registered("102")[1])
    calling = sipp(caller("101", "102").call().byed(), host="::1", towards=("::1", exchange.port))
    expect_all(calling, ringing)
    assert "c=IN IP6 ::1" in calling.received("SIP/2.0 200")[0].body

"""The overload gate: refusing from raw bytes, and how the limit moves."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.net.overload import NO_LIMIT, OverloadGate
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import parse_message

SOURCE = ("198.51.100.7", 33221)


def invite(
    *, user: str = "100", to_tag: str = "", via: str = "UDP 10.0.0.5:5062;branch=z9hG4bKx;rport", call_id: str = "c1"
) -> bytes:
    return (
        f"INVITE sip:{user}@pbx.example SIP/2.0\r\nv: SIP/2.0/{via}\r\n"
        "Via: SIP/2.0/UDP next.example;branch=z9hG4bKlower\r\n"
        f"f: Bob <sip:bob@example.com>;tag=f1\r\nTo: <sip:{user}@pbx.example;tag=no>{to_tag}\r\n"
        f"Call-ID: {call_id}\r\nCSeq: 7 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    ).encode()


def closed_gate(**more: float) -> OverloadGate:
    """A gate that refuses everything at time 1."""
    gate = OverloadGate(b"secret", interval_s=1000, **more)
    gate.sample(0.0, 1.0)
    assert gate.admit(1.0)
    gate.rate = 1e-9
    return gate


def refusal(data: bytes) -> Response:
    raw = OverloadGate(b"secret").stateless_503(data, SOURCE)
    assert raw is not None
    message = parse_message(raw)
    assert isinstance(message, Response)
    return message


def test_refusal_is_a_503_with_everything_a_response_copies() -> None:
    response = refusal(invite())
    assert response.status == 503
    assert response.get("Retry-After") == "5"
    assert response.call_id == "c1"
    assert (response.cseq.number, response.cseq.method) == (7, "INVITE")
    assert response.from_.tag == "f1"
    assert response.to.tag.startswith("ovl-")
    assert (response.via.host, response.via.branch) == ("10.0.0.5", "z9hG4bKx")
    assert (response.via.received, response.via.rport) == SOURCE
    assert response.all("Via")[1] == "SIP/2.0/UDP next.example;branch=z9hG4bKlower"


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("UDP 10.0.0.5:5062;branch=z9hG4bKx;rport", 33221),
        ("UDP 10.0.0.5:5062;rport=9;branch=z9hG4bKx", 33221),
        ("UDP 10.0.0.5:5062;branch=z9hG4bKx", 5062),
        ("UDP 10.0.0.5;branch=z9hG4bKx;received=203.0.113.1", 5060),
        ("UDP [2001:db8::1]:5070;branch=z9hG4bKx", 5070),
        ("UDP 10.0.0.5;branch=z9hG4bKrport", 5060),
    ],
)
def test_refusal_goes_where_a_response_would(via: str, port: int) -> None:
    gate = closed_gate()
    answer = gate.screen(invite(via=via, call_id="new"), SOURCE, 1.0)
    assert answer is not None
    assert answer[1] == port
    response = parse_message(answer[0])
    assert response.via.received == SOURCE[0]
    assert response.via.params.get("rport") == ("33221" if port == 33221 else None)


@pytest.mark.parametrize(
    "data",
    [
        invite(to_tag=";tag=t1"),
        invite(user="112"),
        invite().replace(b"INVITE ", b"OPTIONS "[:8]).replace(b"Call-ID: c1\r\n", b""),
        invite().replace(b"CSeq: 7 INVITE", b"CSeq: 7\r\n INVITE"),
        invite(via='UDP 10.0.0.5;x="a,b"'),
        invite().replace(b"\r\n", b"\n"),
        b"INVITE sip:x SIP/2.0\r\n\r\n",
    ],
    ids=["inside a dialog", "emergency", "no Call-ID", "folded", "quoted Via", "bare LF", "nothing"],
)
def test_what_is_no_plain_new_call_is_left_to_the_engine(data: bytes) -> None:
    assert OverloadGate(b"secret").stateless_503(data, SOURCE) is None
    assert closed_gate().screen(data, SOURCE, 1.0) is None


def test_a_tag_inside_the_uri_of_to_is_no_to_tag() -> None:
    assert refusal(invite()).to.tag


def test_the_ack_to_a_refusal_is_absorbed_and_no_other() -> None:
    gate = OverloadGate(b"secret")
    to = refusal(invite()).get("To") or ""
    ack = invite().replace(b"INVITE", b"ACK").replace(b"To: <sip:100@pbx.example;tag=no>", b"To: " + to.encode())
    assert gate.absorbs(ack)
    message = parse_message(ack)
    assert isinstance(message, Request)
    assert gate.absorbs_request(message)
    assert not OverloadGate(b"other").absorbs(ack)
    assert not gate.absorbs(ack.replace(b"Call-ID: c1", b"Call-ID: c2"))
    assert not gate.absorbs(invite().replace(b"INVITE", b"ACK"))


def test_parsed_invites_are_refused_alike() -> None:
    gate = closed_gate()
    request = parse_message(invite(call_id="tcp"))
    assert isinstance(request, Request)
    response = gate.screen_request(request, 1.0)
    assert response is not None
    assert (response.status, response.get("Retry-After")) == (503, "5")
    emergency = parse_message(invite(user="112", call_id="tcp2"))
    assert isinstance(emergency, Request)
    assert gate.screen_request(emergency, 1.0) is None


def test_emergency_numbers_may_be_exchanged_and_need_not_be_sip_uris() -> None:
    gate = closed_gate()
    assert gate.screen(invite(user="0112", call_id="e1"), SOURCE, 1.0) is not None
    gate.let_pass({"0112", "sos"})
    assert gate.screen(invite(user="0112", call_id="e2"), SOURCE, 1.0) is None
    assert gate.screen(invite(user="112", call_id="e3"), SOURCE, 1.0) is not None
    for target in (b"urn:service:sos", b"URN:service:sos.police", b"sip:sos@pbx.example", b"tel:0112;phone-context=x"):
        urn = invite(call_id=target.decode()).replace(b"sip:100@pbx.example SIP", target + b" SIP")
        assert gate.screen(urn, SOURCE, 1.0) is None, target
        request = parse_message(urn.replace(b"Call-ID: ", b"Call-ID: p"))
        assert isinstance(request, Request)
        assert gate.screen_request(request, 1.0) is None, target
    for target in (b"urn:service:sosx", b"sip:@pbx.example", b"urn:service:"):
        other = invite(call_id=target.decode()).replace(b"sip:100@pbx.example SIP", target + b" SIP")
        assert gate.screen(other, SOURCE, 1.0) is not None, target


def test_retransmissions_and_authenticated_repeats_of_admitted_calls_pass() -> None:
    gate = OverloadGate(b"secret", interval_s=1000)
    assert gate.screen(invite(call_id="in"), SOURCE, 1.0) is None
    gate.rate, gate._tokens = 1e-9, 0.0
    assert gate.screen(invite(call_id="in"), SOURCE, 1.5) is None
    assert gate.screen(invite(call_id="out"), SOURCE, 1.5) is not None


def test_short_waits_set_no_limit() -> None:
    gate = OverloadGate(b"s")
    for tick in range(100):
        gate.sample(0.001 if tick % 2 else 0.5, tick * 0.01)  # one long wait is no standing queue
        assert gate.admit(tick * 0.01)
    assert gate.rate == NO_LIMIT


def simulate(gate: OverloadGate, offered: float, capacity: float, start: float, seconds: float) -> tuple[float, float]:
    """A server that handles ``capacity`` calls/s: (calls/s admitted, longest wait in the last half)."""
    now, backlog, admitted, longest = start, 0.0, 0, 0.0
    rng = random.Random(1)
    step = 0.01
    arrivals = 0.0
    while now < start + seconds:
        gate.sample(backlog / capacity, now)
        arrivals += offered * step * rng.uniform(0.5, 1.5)
        while arrivals >= 1:
            arrivals -= 1
            if gate.admit(now):
                admitted += 1
                backlog += 1
            else:
                backlog += 0.04  # a refusal costs a little too
        if now > start + seconds / 2:
            longest = max(longest, backlog / capacity)
        gate.sample_busy(min(1.0, backlog / (capacity * step)))
        backlog = max(0.0, backlog - capacity * step)
        now += step
    return admitted / seconds, longest


def test_at_twice_the_capacity_most_of_it_is_used_and_waits_stay_short() -> None:
    rate, longest = simulate(OverloadGate(b"s"), 2000, 1000, 0.0, 30)
    assert rate > 940
    assert longest < 0.05


def test_at_twice_the_capacity_most_of_it_is_used_from_the_first_seconds_on() -> None:
    rate, _ = simulate(OverloadGate(b"s"), 2000, 1000, 0.0, 3)
    assert rate > 920


def test_a_limit_follows_when_the_capacity_shrinks_and_grows_again() -> None:
    gate = OverloadGate(b"s")
    simulate(gate, 2000, 1000, 0.0, 5)
    rate, longest = simulate(gate, 2000, 500, 5.0, 5)
    assert rate > 420
    assert longest < 0.1
    rate, _ = simulate(gate, 2000, 1000, 10.0, 5)
    assert rate > 880


def test_below_capacity_nothing_is_refused() -> None:
    gate = OverloadGate(b"s")
    simulate(gate, 700, 1000, 0.0, 10)
    assert gate.refused == 0


def test_the_limit_is_lifted_at_once_when_load_falls() -> None:
    gate = OverloadGate(b"s")
    simulate(gate, 3000, 1000, 0.0, 10)
    refused = gate.refused
    assert refused > 0
    simulate(gate, 500, 1000, 10.0, 5)
    assert gate.refused - refused < 60
    assert gate.rate == NO_LIMIT


def test_a_limit_set_while_something_else_had_the_processor_does_not_linger() -> None:
    gate = OverloadGate(b"s")
    simulate(gate, 900, 100, 0.0, 5)
    assert gate.rate < 200
    simulate(gate, 900, 1000, 5.0, 2.5)
    assert gate.rate == NO_LIMIT


def test_a_slow_event_loop_counts_like_a_full_socket() -> None:
    gate = OverloadGate(b"s")
    for tick in range(40):
        gate.sample(0.0, tick * 0.01, "socket")
        gate.sample(0.2, tick * 0.01, "loop")
        gate.admit(tick * 0.01)
    assert gate.rate < NO_LIMIT


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_survived(data: bytes) -> None:
    gate = OverloadGate(b"secret")
    for hostile in (data, b"INVITE " + data, invite().replace(b"c1", data), invite() + data):
        gate.stateless_503(hostile, SOURCE)
        gate.absorbs(b"ACK ovl-" + hostile)

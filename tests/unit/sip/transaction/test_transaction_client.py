"""Client transactions against RFC 3261 §17.1 and RFC 6026, on a stepped clock."""

from __future__ import annotations

import random

import pytest

from kiestoon.sip.flow import Flow, Send, Target
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import parse_message
from kiestoon.sip.tokens import Tokens
from kiestoon.sip.transaction import (
    ClientInvite,
    Responded,
    StrayResponse,
    TimedOut,
    TransactionLayer,
    TransportFailed,
)

UDP = Target("udp", "192.0.2.9", 5060)
TCP = Target("tcp", "192.0.2.9", 5060)
FLOW = Flow("udp", "192.0.2.1", 5060, "192.0.2.9", 5060, 1)


class Here:
    def sent_by(self, destination: object) -> tuple[str, int]:
        return "192.0.2.1", 5060


def layer() -> TransactionLayer:
    return TransactionLayer(Tokens(random.Random(1)), Here())


def request(method: str = "INVITE", cseq: int = 1) -> Request:
    return Request(
        method,
        "sip:bob@192.0.2.9",
        [
            ("From", "<sip:alice@192.0.2.1>;tag=a1"),
            ("To", "<sip:bob@192.0.2.9>"),
            ("Call-ID", "c1"),
            ("CSeq", f"{cseq} {method}"),
            ("Max-Forwards", "70"),
            ("Route", "<sip:edge.example;lr>"),
        ],
    )


def sent(machine: TransactionLayer) -> list[Request | Response]:
    messages = []
    while machine.outputs:
        output = machine.outputs.popleft()
        assert isinstance(output, Send)
        messages.append(parse_message(output.data))
    return messages


def drain(machine: TransactionLayer) -> list[object]:
    events = list(machine.events)
    machine.events.clear()
    return events


def answer(to: Request, status: int, tag: str = "b1") -> Response:
    reply = Response.answer(to, status, to_tag=tag)
    return parse_message(reply.encode())  # type: ignore[return-value]  # a response


def run(machine: TransactionLayer, until: float) -> list[float]:
    """Step from deadline to deadline; the times at which something was sent."""
    times = []
    while (at := machine.next_deadline()) is not None and at <= until:
        machine.handle_timers(at)
        times += [at] * len(sent(machine))
    return times


def test_request_carries_our_via_with_branch_and_rport() -> None:
    machine = layer()
    machine.request(request("OPTIONS"), UDP, 0.0)
    (out,) = sent(machine)
    assert out.via.transport == "UDP"
    assert (out.via.host, out.via.port) == ("192.0.2.1", 5060)
    assert out.via.is_rfc3261
    assert "rport" in out.via.params


def test_a_request_tried_again_gets_a_new_branch_and_still_one_via() -> None:
    machine, message = layer(), request("OPTIONS")
    machine.request(message, UDP, 0.0)
    machine.request(message, TCP, 0.0)
    first, second = sent(machine)
    assert first.via.branch != second.via.branch
    assert len(second.all("Via")) == 1
    assert second.via.transport == "TCP"


def test_invite_over_udp_is_retransmitted_with_doubling_interval_until_timer_b() -> None:
    machine = layer()
    invite = machine.request(request(), UDP, 0.0)
    sent(machine)
    assert run(machine, 40.0) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert drain(machine) == [TimedOut(invite)]
    assert invite.terminated
    assert len(machine) == 0
    assert machine.next_deadline() is None


def test_invite_over_tcp_is_not_retransmitted_but_times_out() -> None:
    machine = layer()
    invite = machine.request(request(), TCP, 0.0)
    sent(machine)
    assert run(machine, 40.0) == []
    assert drain(machine) == [TimedOut(invite)]


def test_provisional_stops_retransmission_and_timer_b() -> None:
    machine = layer()
    machine.request(request(), UDP, 0.0)
    (out,) = sent(machine)
    machine.receive(answer(out, 180), FLOW, 0.1)
    assert run(machine, 300.0) == []
    (event,) = drain(machine)
    assert isinstance(event, Responded)
    assert event.response.status == 180
    assert len(machine) == 1


def test_non_2xx_is_acknowledged_with_the_invites_via_and_route_and_the_responses_to() -> None:
    machine = layer()
    machine.request(request(), UDP, 0.0)
    (out,) = sent(machine)
    machine.receive(answer(out, 486), FLOW, 0.1)
    (ack,) = sent(machine)
    assert isinstance(ack, Request)
    assert (ack.method, ack.uri, ack.cseq.number) == ("ACK", out.uri, 1)
    assert ack.via.branch == out.via.branch
    assert ack.to.tag == "b1"
    assert ack.all("Route") == ["<sip:edge.example;lr>"]


def test_retransmitted_non_2xx_gets_the_ack_again_until_timer_d_and_is_reported_once() -> None:
    machine = layer()
    machine.request(request(), UDP, 0.0)
    (out,) = sent(machine)
    for at in (0.1, 0.6, 1.6):
        machine.receive(answer(out, 486), FLOW, at)
    assert [message.method for message in sent(machine)] == ["ACK"] * 3
    assert len(drain(machine)) == 1
    machine.handle_timers(32.0)
    assert len(machine) == 1
    machine.handle_timers(32.2)
    assert len(machine) == 0


def test_over_a_reliable_transport_timer_d_is_zero() -> None:
    machine = layer()
    machine.request(request(), TCP, 0.0)
    (out,) = sent(machine)
    machine.receive(answer(out, 486), FLOW, 0.1)
    assert [message.method for message in sent(machine)] == ["ACK"]
    assert len(machine) == 0


def test_every_2xx_reaches_the_user_for_64_t1_also_forked_ones() -> None:
    machine = layer()
    machine.request(request(), TCP, 0.0)
    (out,) = sent(machine)
    for at, tag in ((1.0, "b1"), (1.5, "b1"), (2.0, "b2")):
        machine.receive(answer(out, 200, tag), FLOW, at)
    events = drain(machine)
    assert [event.response.to.tag for event in events] == ["b1", "b1", "b2"]
    assert [event.request is not None for event in events] == [True, False, False]
    assert sent(machine) == []
    machine.handle_timers(33.1)
    assert len(machine) == 0
    machine.receive(answer(out, 200, "b3"), FLOW, 34.0)
    (event,) = drain(machine)
    assert isinstance(event, StrayResponse)


def test_a_2xx_after_a_failure_is_given_to_the_user_as_stray() -> None:
    machine = layer()
    machine.request(request(), UDP, 0.0)
    (out,) = sent(machine)
    machine.receive(answer(out, 486), FLOW, 0.1)
    machine.receive(answer(out, 200, "b2"), FLOW, 0.2)
    assert [type(event) for event in drain(machine)] == [Responded, StrayResponse]


def test_a_stray_response_that_is_no_2xx_to_invite_is_dropped() -> None:
    machine = layer()
    lost = request()
    lost.add("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnever")
    machine.receive(answer(lost, 404), FLOW, 0.0)
    assert drain(machine) == []


def test_a_response_whose_via_is_not_ours_is_dropped() -> None:
    machine = layer()
    machine.request(request(), UDP, 0.0)
    (out,) = sent(machine)
    out.set("Via", (out.get("Via") or "").replace("192.0.2.1", "255.255.255.255"))
    machine.receive(answer(out, 200), FLOW, 0.1)
    assert drain(machine) == []


def test_transport_failure_ends_a_waiting_invite_and_keeps_its_request_for_another_try() -> None:
    machine = layer()
    invite = machine.request(request(), TCP, 0.0)
    machine.transport_failed(invite.key, 0.1)
    assert drain(machine) == [TransportFailed(invite)]
    assert invite.request is not None
    assert len(machine) == 0
    machine.transport_failed(invite.key, 0.2)
    assert drain(machine) == []


# --- CANCEL ---------------------------------------------------------------------------------------------------------


def invite_with(machine: TransactionLayer, *statuses: int) -> tuple[ClientInvite, Request]:
    invite = machine.request(request(), UDP, 0.0)
    assert isinstance(invite, ClientInvite)
    (out,) = sent(machine)
    assert isinstance(out, Request)
    for status in statuses:
        machine.receive(answer(out, status), FLOW, 0.1)
    drain(machine)
    return invite, out


def test_cancel_shares_branch_and_route_with_its_invite_and_gives_the_reason() -> None:
    machine = layer()
    invite, out = invite_with(machine, 180)
    machine.cancel(invite, 1.0, 'SIP;cause=200;text="Call completed elsewhere"')
    (cancel,) = sent(machine)
    assert isinstance(cancel, Request)
    assert cancel.method == "CANCEL"
    assert cancel.via.branch == out.via.branch
    assert cancel.uri == out.uri
    assert cancel.cseq.number == out.cseq.number
    assert cancel.to.tag == ""
    assert cancel.all("Route") == out.all("Route")
    assert cancel.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_cancel_before_any_response_waits_for_the_first_provisional() -> None:
    machine = layer()
    invite, out = invite_with(machine)
    machine.cancel(invite, 0.1)
    assert sent(machine) == []
    machine.receive(answer(out, 100), FLOW, 0.2)
    assert [message.method for message in sent(machine)] == ["CANCEL"]
    machine.receive(answer(out, 180), FLOW, 0.3)
    assert sent(machine) == []


def test_cancel_before_any_response_is_dropped_when_the_answer_is_final() -> None:
    machine = layer()
    invite, out = invite_with(machine)
    machine.cancel(invite, 0.1)
    machine.receive(answer(out, 200), FLOW, 0.2)
    machine.cancel(invite, 0.3)
    assert sent(machine) == []


def test_cancel_is_sent_once() -> None:
    machine = layer()
    invite, _ = invite_with(machine, 180)
    machine.cancel(invite, 1.0)
    machine.cancel(invite, 1.1)
    assert len(sent(machine)) == 1


def test_responses_to_cancel_are_not_reported_and_487_is() -> None:
    machine = layer()
    invite, out = invite_with(machine, 180)
    machine.cancel(invite, 1.0)
    (cancel,) = sent(machine)
    machine.receive(answer(cancel, 200), FLOW, 1.1)
    assert drain(machine) == []
    machine.receive(answer(out, 487), FLOW, 1.2)
    (event,) = drain(machine)
    assert isinstance(event, Responded)
    assert event.response.status == 487


def test_a_cancelled_invite_without_487_times_out_after_64_t1() -> None:
    machine = layer()
    invite, out = invite_with(machine, 180)
    machine.cancel(invite, 1.0)
    machine.receive(answer(out, 180), FLOW, 2.0)
    assert len(drain(machine)) == 1
    run(machine, 32.9)
    assert drain(machine) == []
    run(machine, 33.0)
    assert drain(machine) == [TimedOut(invite)]
    assert len(machine) == 0


# --- non-INVITE -----------------------------------------------------------------------------------------------------


def test_non_invite_over_udp_is_retransmitted_up_to_t2_until_timer_f() -> None:
    machine = layer()
    options = machine.request(request("OPTIONS"), UDP, 0.0)
    sent(machine)
    assert run(machine, 40.0) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert drain(machine) == [TimedOut(options)]
    assert len(machine) == 0


def test_non_invite_in_proceeding_is_retransmitted_every_t2() -> None:
    machine = layer()
    options = machine.request(request("OPTIONS"), UDP, 0.0)
    (out,) = sent(machine)
    machine.receive(answer(out, 100), FLOW, 0.1)
    assert run(machine, 40.0) == [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]
    assert [type(event) for event in drain(machine)] == [Responded, TimedOut]
    assert options.terminated


@pytest.mark.parametrize(("to", "left"), [(UDP, 1), (TCP, 0)])
def test_final_response_is_reported_once_and_timer_k_absorbs_repeats(to: Target, left: int) -> None:
    machine = layer()
    options = machine.request(request("OPTIONS"), to, 0.0)
    (out,) = sent(machine)
    machine.receive(answer(out, 200), FLOW, 0.1)
    machine.receive(answer(out, 200), FLOW, 0.6)
    (event,) = drain(machine)
    assert isinstance(event, Responded)
    assert event.request is not None
    assert options.request is None
    assert len(machine) == left
    machine.handle_timers(5.2)
    assert len(machine) == 0


def test_timers_are_run_in_bounded_turns() -> None:
    machine = layer()
    for _ in range(1200):
        machine.request(request("OPTIONS"), UDP, 0.0)
    machine.outputs.clear()
    sizes = []
    while (at := machine.next_deadline()) is not None and at <= 0.5:
        machine.handle_timers(0.5)
        sizes.append(len(machine.outputs))
        machine.outputs.clear()
    assert sum(sizes) == 1200
    assert max(sizes) <= 500


def repeated(sip: TransactionLayer) -> None:
    """Let the request be repeated twice: 0.5 and 1.5 s."""
    for at in (0.6, 1.6):
        sip.handle_timers(at)


@pytest.mark.parametrize("method", ["INVITE", "REGISTER"])
def test_reports_that_nobody_is_there_end_a_request_that_has_heard_nothing(method: str) -> None:
    sip = layer()
    sent = sip.request(request(method), UDP, 0.0)
    repeated(sip)
    sip.unreachable(sent.key, UDP.host, UDP.port, 1.7)
    (event,) = sip.events
    assert isinstance(event, TransportFailed)
    assert len(sip) == 0


def test_a_server_that_restarts_within_a_second_is_not_given_up() -> None:
    sip = layer()
    sent = sip.request(request(), UDP, 0.0)
    sip.unreachable(sent.key, UDP.host, UDP.port, 0.1)
    sip.handle_timers(0.6)
    sip.unreachable(sent.key, UDP.host, UDP.port, 0.7)
    assert not sip.events
    assert sent.state == "calling"


@pytest.mark.parametrize(
    ("key", "host", "port"),
    [("z9hG4bKother|INVITE", UDP.host, UDP.port), ("", "192.0.2.10", UDP.port), ("", UDP.host, 5061)],
)
def test_a_report_about_another_transaction_or_place_is_not_believed(key: str, host: str, port: int) -> None:
    sip = layer()
    sent = sip.request(request(), UDP, 0.0)
    repeated(sip)
    sip.unreachable(key or sent.key, host, port, 1.7)
    assert not sip.events
    assert sent.state == "calling"


def test_a_report_is_not_believed_once_something_was_heard_nor_inside_a_dialog() -> None:
    sip = layer()
    ringing = sip.request(request(), UDP, 0.0)
    inside = request("BYE", 2)
    inside.set("To", "<sip:bob@192.0.2.9>;tag=b")
    bye = sip.request(inside, UDP, 0.0)
    repeated(sip)
    sip.receive(parse_message(Response.answer(ringing.request, 180, to_tag="b").encode()), FLOW, 1.7)
    sip.events.clear()
    sip.unreachable(ringing.key, UDP.host, UDP.port, 1.8)
    sip.unreachable(bye.key, UDP.host, UDP.port, 1.8)
    assert not sip.events
    assert (ringing.state, bye.state) == ("proceeding", "trying")

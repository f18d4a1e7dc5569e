"""Server transactions against RFC 3261 §17.2, §9.2, §8.2.2.2, §18.2 and RFC 6026, on a stepped clock."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.sip.flow import Flow, Send
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import parse_message
from kiestoon.sip.tokens import Tokens
from kiestoon.sip.transaction import (
    AckForSuccess,
    CancelFor,
    NewRequest,
    ServerTransaction,
    TimedOut,
    TransactionLayer,
    TransportFailed,
)

UDP = Flow("udp", "192.0.2.1", 5060, "198.51.100.7", 33221, 1)
TCP = Flow("tcp", "192.0.2.1", 5060, "198.51.100.7", 40000, 2)


class Here:
    def sent_by(self, destination: object) -> tuple[str, int]:
        return "192.0.2.1", 5060


def layer(**options: float | bool) -> TransactionLayer:
    return TransactionLayer(Tokens(random.Random(1)), Here(), **options)


def request(
    method: str = "INVITE",
    *,
    branch: str = ";branch=z9hG4bKx1",
    rport: str = ";rport",
    to_tag: str = "",
    sent_by: str = "10.0.0.5:5062",
    cseq: str = "",
    call_id: str = "c1",
) -> Request:
    text = (
        f"{method} sip:100@192.0.2.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {sent_by}{branch}{rport}\r\nVia: SIP/2.0/UDP next.example;branch=z9hG4bKlower\r\n"
        f"From: <sip:bob@example.com>;tag=f1\r\nTo: <sip:100@192.0.2.1>{to_tag}\r\n"
        f"Call-ID: {call_id}\r\nCSeq: {cseq or '1 ' + method}\r\nMax-Forwards: 70\r\n\r\n"
    )
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message


def outputs(machine: TransactionLayer) -> list[Send]:
    found = [output for output in machine.outputs if isinstance(output, Send)]
    machine.outputs.clear()
    return found


def drain(machine: TransactionLayer) -> list[object]:
    events = list(machine.events)
    machine.events.clear()
    return events


def begin(machine: TransactionLayer, message: Request, flow: Flow = UDP) -> ServerTransaction:
    machine.receive(message, flow, 0.0)
    (event,) = drain(machine)
    assert isinstance(event, NewRequest)
    return event.transaction


def reply(machine: TransactionLayer, transaction: ServerTransaction, status: int, now: float, tag: str = "t1") -> None:
    machine.respond(transaction, Response.answer(transaction.request or request(), status, to_tag=tag), now)


def statuses(machine: TransactionLayer) -> list[int]:
    messages = [parse_message(send.data) for send in outputs(machine)]
    return [message.status for message in messages if isinstance(message, Response)]


def run(machine: TransactionLayer, until: float) -> list[float]:
    times = []
    while (at := machine.next_deadline()) is not None and at <= until:
        machine.handle_timers(at)
        times += [at] * len(outputs(machine))
    return times


# --- INVITE ---------------------------------------------------------------------------------------------------------


def test_retransmitted_invite_gets_the_last_provisional_again() -> None:
    machine = layer()
    invite = begin(machine, request())
    machine.receive(request(), UDP, 0.1)
    assert outputs(machine) == []
    reply(machine, invite, 180, 0.2)
    machine.receive(request(), UDP, 0.5)
    assert statuses(machine) == [180, 180]
    assert drain(machine) == []


def test_layer_sends_trying_after_200_ms_when_told_to() -> None:
    machine = layer(trying_after_s=0.2)
    begin(machine, request())
    machine.handle_timers(0.1)
    assert outputs(machine) == []
    machine.handle_timers(0.2)
    machine.receive(request(), UDP, 0.5)
    assert statuses(machine) == [100, 100]


def test_no_trying_once_the_user_has_answered() -> None:
    machine = layer(trying_after_s=0.2)
    invite = begin(machine, request())
    reply(machine, invite, 180, 0.1)
    machine.handle_timers(1.0)
    assert statuses(machine) == [180]


def test_non_2xx_is_retransmitted_up_to_t2_until_timer_h_tells_the_user() -> None:
    machine = layer()
    invite = begin(machine, request())
    reply(machine, invite, 486, 0.0)
    outputs(machine)
    assert run(machine, 40.0) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert drain(machine) == [TimedOut(invite)]
    assert len(machine) == 0


def test_ack_ends_retransmission_and_timer_i_absorbs_more() -> None:
    machine = layer()
    invite = begin(machine, request())
    reply(machine, invite, 486, 0.0)
    outputs(machine)
    machine.receive(request("ACK", to_tag=";tag=t1"), UDP, 0.1)
    machine.receive(request("ACK", to_tag=";tag=t1"), UDP, 0.2)
    machine.receive(request(), UDP, 0.3)
    assert run(machine, 5.0) == []
    assert drain(machine) == []
    assert len(machine) == 1
    run(machine, 5.1)
    assert len(machine) == 0


def test_over_tcp_the_ack_ends_the_transaction_at_once_and_nothing_is_retransmitted() -> None:
    machine = layer()
    invite = begin(machine, request(), TCP)
    reply(machine, invite, 486, 0.0)
    outputs(machine)
    assert run(machine, 20.0) == []
    machine.receive(request("ACK", to_tag=";tag=t1"), TCP, 20.0)
    assert len(machine) == 0


def test_accepted_absorbs_invites_lets_more_2xx_through_and_passes_acks() -> None:
    machine = layer()
    invite = begin(machine, request())
    response = Response.answer(invite.request or request(), 200, to_tag="t1")
    machine.respond(invite, response, 1.0)
    machine.receive(request(), UDP, 1.2)
    assert statuses(machine) == [200]
    machine.respond(invite, response, 1.5)
    assert statuses(machine) == [200]
    machine.receive(request("ACK", to_tag=";tag=t1"), UDP, 1.6)
    (event,) = drain(machine)
    assert isinstance(event, AckForSuccess)
    assert run(machine, 32.9) == []
    assert len(machine) == 1
    run(machine, 33.0)
    assert len(machine) == 0


def test_ack_for_2xx_with_its_own_branch_reaches_the_user() -> None:
    machine = layer()
    machine.receive(request("ACK", branch=";branch=z9hG4bKother", to_tag=";tag=t1"), UDP, 0.0)
    (event,) = drain(machine)
    assert isinstance(event, AckForSuccess)
    assert len(machine) == 0


def test_ack_while_proceeding_is_ignored() -> None:
    machine = layer()
    begin(machine, request())
    machine.receive(request("ACK"), UDP, 0.1)
    assert drain(machine) == []


def test_a_second_final_response_is_discarded() -> None:
    machine = layer()
    invite = begin(machine, request())
    reply(machine, invite, 486, 0.0)
    reply(machine, invite, 200, 0.1)
    assert statuses(machine) == [486]


def test_transport_failure_ends_an_unanswered_invite_but_not_an_accepted_one() -> None:
    machine = layer()
    first = begin(machine, request())
    machine.transport_failed(first.key, 0.0)
    assert drain(machine) == [TransportFailed(first)]
    second = begin(machine, request(branch=";branch=z9hG4bKx2", call_id="c2"))
    reply(machine, second, 200, 0.0)
    machine.transport_failed(second.key, 0.1)
    assert drain(machine) == [TransportFailed(second)]
    assert (first.terminated, second.terminated) == (True, False)


# --- non-INVITE -----------------------------------------------------------------------------------------------------


def test_non_invite_final_response_is_repeated_until_timer_j() -> None:
    machine = layer()
    options = begin(machine, request("OPTIONS"))
    machine.receive(request("OPTIONS"), UDP, 0.1)
    assert outputs(machine) == []
    reply(machine, options, 200, 0.2)
    assert options.request is None
    for at in (0.5, 20.0):
        machine.receive(request("OPTIONS"), UDP, at)
    assert statuses(machine) == [200, 200, 200]
    assert drain(machine) == []
    run(machine, 32.2)
    assert len(machine) == 0


def test_non_invite_over_tcp_ends_with_its_final_response() -> None:
    machine = layer()
    reply(machine, begin(machine, request("OPTIONS"), TCP), 200, 0.0)
    assert len(machine) == 0


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_leaves_nothing_behind_and_a_repeated_request_is_asked_again(status: int) -> None:
    machine = layer()
    first = begin(machine, request("REGISTER"))
    reply(machine, first, status, 0.0)
    assert len(machine) == 0
    assert statuses(machine) == [status]
    machine.receive(request("REGISTER"), UDP, 0.5)
    (again,) = drain(machine)
    assert isinstance(again, NewRequest)
    reply(machine, again.transaction, status, 0.5, tag="t2")
    assert statuses(machine) == [status]
    run(machine, 40.0)
    assert (len(machine), drain(machine)) == (0, [])


def test_a_non_invite_nobody_answers_vanishes_without_a_response() -> None:
    machine = layer()
    begin(machine, request("OPTIONS"))
    assert run(machine, 32.0) == []
    assert drain(machine) == []
    assert len(machine) == 0


# --- matching -------------------------------------------------------------------------------------------------------


def test_same_branch_from_another_sent_by_is_another_transaction() -> None:
    machine = layer()
    begin(machine, request("OPTIONS"))
    begin(machine, request("OPTIONS", sent_by="10.0.0.6", call_id="c2"))
    assert len(machine) == 2


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=z9hG4bK"])
def test_rfc_2543_requests_match_by_call_tags_cseq_uri_and_via(branch: str) -> None:
    machine = layer()
    invite = begin(machine, request(branch=branch))
    machine.receive(request(branch=branch), UDP, 0.1)
    assert drain(machine) == []
    reply(machine, invite, 404, 0.2)
    machine.receive(request("ACK", branch=branch, to_tag=";tag=t1"), UDP, 0.3)
    assert drain(machine) == []
    assert invite.state == "confirmed"


def test_rfc_2543_request_with_another_cseq_is_new() -> None:
    machine = layer()
    begin(machine, request("OPTIONS", branch=""))
    begin(machine, request("OPTIONS", branch="", cseq="2 OPTIONS"))


def test_merged_request_gets_482() -> None:
    machine = layer()
    begin(machine, request())
    machine.receive(request(branch=";branch=z9hG4bKpath2"), UDP, 0.1)
    assert statuses(machine) == [482]
    assert drain(machine) == []


def test_requests_inside_a_dialog_are_never_merged() -> None:
    machine = layer()
    begin(machine, request("INFO", to_tag=";tag=t1"))
    begin(machine, request("INFO", to_tag=";tag=t1", branch=";branch=z9hG4bKpath2"))


def test_the_same_request_is_no_merged_one_after_the_first_transaction_is_over() -> None:
    machine = layer()
    reply(machine, begin(machine, request("OPTIONS"), TCP), 200, 0.0)
    begin(machine, request("OPTIONS", branch=";branch=z9hG4bKpath2"), TCP)


# --- CANCEL ---------------------------------------------------------------------------------------------------------


def test_cancel_is_answered_200_with_the_invites_tag_and_told_once() -> None:
    machine = layer()
    invite = begin(machine, request())
    reply(machine, invite, 180, 0.1)
    outputs(machine)
    machine.receive(request("CANCEL"), UDP, 0.2)
    machine.receive(request("CANCEL"), UDP, 0.7)
    answers = [parse_message(send.data) for send in outputs(machine)]
    assert [(a.status, a.to.tag) for a in answers if isinstance(a, Response)] == [(200, "t1"), (200, "t1")]
    (event,) = drain(machine)
    assert isinstance(event, CancelFor)
    assert event.transaction is invite


def test_cancel_after_the_final_response_is_answered_and_has_no_effect() -> None:
    machine = layer()
    reply(machine, begin(machine, request()), 200, 0.1)
    outputs(machine)
    machine.receive(request("CANCEL"), UDP, 0.2)
    assert statuses(machine) == [200]
    assert drain(machine) == []


def test_cancel_without_invite_gets_481() -> None:
    machine = layer()
    machine.receive(request("CANCEL"), UDP, 0.0)
    assert statuses(machine) == [481]
    assert drain(machine) == []


def test_rfc_2543_cancel_finds_its_invite() -> None:
    machine = layer()
    begin(machine, request(branch=""))
    machine.receive(request("CANCEL", branch=""), UDP, 0.0)
    assert statuses(machine) == [200]
    assert len(drain(machine)) == 1


# --- where responses go ---------------------------------------------------------------------------------------------


def test_rport_is_filled_in_and_the_response_goes_to_the_source() -> None:
    machine = layer()
    reply(machine, begin(machine, request("OPTIONS")), 200, 0.0)
    (send,) = outputs(machine)
    assert send.to == UDP
    response = parse_message(send.data)
    assert response.via.rport == 33221
    assert response.via.received == "198.51.100.7"
    assert response.all("Via")[1] == "SIP/2.0/UDP next.example;branch=z9hG4bKlower"


def test_without_rport_the_response_goes_to_the_source_host_at_the_sent_by_port() -> None:
    machine = layer()
    reply(machine, begin(machine, request("OPTIONS", rport="")), 200, 0.0)
    (send,) = outputs(machine)
    assert (send.to.remote_host, send.to.remote_port) == ("198.51.100.7", 5062)
    response = parse_message(send.data)
    assert response.via.received == "198.51.100.7"
    assert "rport" not in response.via.params


def test_without_rport_and_port_the_response_goes_to_5060() -> None:
    machine = layer()
    reply(machine, begin(machine, request("OPTIONS", rport="", sent_by="phone.example")), 200, 0.0)
    assert outputs(machine)[0].to.remote_port == 5060


def test_a_received_parameter_the_peer_wrote_is_overwritten() -> None:
    machine = layer()
    message = request("OPTIONS", rport=";received=203.0.113.66", sent_by="198.51.100.7")
    reply(machine, begin(machine, message), 200, 0.0)
    assert parse_message(outputs(machine)[0].data).via.received == "198.51.100.7"


def test_force_rport_answers_to_the_source_port_unasked() -> None:
    machine = layer(force_rport=True)
    reply(machine, begin(machine, request("OPTIONS", rport="")), 200, 0.0)
    assert outputs(machine)[0].to == UDP


def test_maddr_does_not_divert_responses() -> None:
    machine = layer()
    reply(machine, begin(machine, request("OPTIONS", rport=";rport;maddr=203.0.113.66")), 200, 0.0)
    assert outputs(machine)[0].to == UDP


def test_stateless_response_is_routed_like_any() -> None:
    machine = layer()
    message = request("OPTIONS", rport="")
    machine.send_stateless(Response.answer(message, 503), UDP)
    assert outputs(machine)[0].to.remote_port == 5062


def test_stateless_ack_gets_a_via_and_can_be_sent_again_as_it_was() -> None:
    machine = layer()
    ack = Request("ACK", "sip:b@192.0.2.9", request("ACK", to_tag=";tag=t").items())
    ack.remove("Via")
    first = machine.send_stateless(ack, UDP)
    machine.resend(first)
    one, two = outputs(machine)
    assert one == two
    assert parse_message(one.data).via.host == "192.0.2.1"


# --- any order of things --------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["INVITE", "ACK", "CANCEL", "BYE", "100", "180", "200", "404", "fail", "tick"]),
        st.sampled_from(["x1", "x2"]),
        st.floats(0, 40),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.sampled_from([UDP, TCP]))
def test_whatever_happens_nothing_is_left_after_all_timers(steps: list[tuple[str, str, float]], flow: Flow) -> None:
    machine = layer(trying_after_s=0.2)
    known: dict[str, ServerTransaction] = {}
    now = 0.0
    for what, branch, passed in steps:
        if what.isdigit():
            if branch in known:
                reply(machine, known[branch], int(what), now)
        elif what == "fail":
            machine.transport_failed(known[branch].key if branch in known else "nobody", now)
        elif what == "tick":
            now += passed
            machine.handle_timers(now)
        else:
            machine.receive(request(what, branch=f";branch=z9hG4bK{branch}", call_id=branch), flow, now)
        for event in drain(machine):
            if isinstance(event, NewRequest) and event.request.method == "INVITE":
                known[branch] = event.transaction
    for transaction in known.values():
        reply(machine, transaction, 500, now)
    while (at := machine.next_deadline()) is not None:
        machine.handle_timers(max(at, now))
    assert len(machine) == 0
    assert not machine._wiring.merged

"""Calls that do not come about, and why: each with the status the caller should see."""

from __future__ import annotations

import socket

import pytest
from bench.peers.phone import try_register
from bench.peers.process import PeerFailed
from bench.peers.sipp import expect_all
from parties import PHONES, PROVIDER, WIRE, called, caller, outside_caller, provider


@pytest.mark.parametrize(
    ("answer", "reason", "told", "outcome"),
    [(486, "Busy Here", 486, "busy"), (600, "Busy Everywhere", 600, "busy"), (603, "Decline", 603, "rejected")],
)
def test_called_phone_refuses(exchange, sipp, registered, answer, reason, told, outcome):
    ladder = called("102").invited().respond_invite(answer, reason).await_request("ACK")
    ringing = sipp(ladder, port=registered("102")[1])
    expect_all(sipp(caller("101", "102").dial().refused(told)), ringing)
    assert exchange.new_records()[0].outcome == outcome


def test_nobody_answers_within_the_user_s_ringing_time(exchange, sipp, registered):
    ladder = called("109").invited().respond_invite(180, "Ringing").await_request("CANCEL").respond(200, "OK")
    ringing = sipp(ladder.respond_invite(487, "Request Terminated").await_request("ACK"), port=registered("109")[1])
    expect_all(sipp(caller("101", "109").dial().refused(480)), ringing)
    assert exchange.new_records()[0].outcome == "no_answer"


def test_user_without_a_registered_phone_is_unreachable(exchange, sipp):
    expect_all(sipp(caller("101", "103").dial().refused(480)))
    assert exchange.new_records()[0].outcome == "unreachable"


def test_number_that_does_not_exist(exchange, sipp):
    expect_all(sipp(caller("101", "199").dial().refused(404)))
    assert exchange.new_records()[0].outcome == "not_found"


def test_wrong_password_and_unknown_user_get_the_same_answer(exchange):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((PHONES, 0))
        sock.settimeout(0.5)
        wrong = try_register(sock, exchange.address, WIRE.domain, "101", "not-the-password")
        unknown = try_register(sock, exchange.address, WIRE.domain, "nobody", "not-the-password")
    assert wrong[0] == unknown[0]
    assert wrong[0] in (401, 403)
    assert _shape(wrong[1]) == _shape(unknown[1])


def _shape(response: str) -> list[str]:
    """The header names of a response in order."""
    return [line.split(":", 1)[0] for line in response.split("\r\n")[1:] if line]


def test_call_with_a_wrong_password_is_refused(exchange, sipp):
    ladder = caller("101", "102", password="not-the-password").dial().expect(100, optional=True)
    calling = sipp(ladder.expect(403).ack_failure())
    expect_all(calling)


def test_call_from_an_unknown_address_without_password_is_only_challenged(exchange, sipp):
    expect_all(sipp(outside_caller("+31612345678", "+31201000110", WIRE.domain).invite().challenged()))


def test_register_under_the_bare_address_is_not_even_answered(exchange):
    """Scanners try addresses; phones know their company's domain."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((PHONES, 0))
        sock.settimeout(0.1)
        with pytest.raises(PeerFailed, match="does not answer"):
            try_register(sock, exchange.address, exchange.host, "104", WIRE.password("104"))


def test_phone_that_redirects_is_followed_inside_the_company(exchange, sipp, registered):
    """302 of a registered phone to a colleague: the exchange calls the colleague."""
    ladder = called("102").invited()
    ladder = ladder.respond_invite(302, "Moved Temporarily", headers=f"Contact: <sip:103@{WIRE.domain}>\n")
    redirecting = sipp(ladder.await_request("ACK"), port=registered("102")[1])
    answering = sipp(called("103").ring_and_answer().byed(), port=registered("103")[1])
    expect_all(sipp(caller("101", "102").call().bye()), redirecting, answering)


def test_provider_says_the_number_is_busy(exchange, sipp):
    """A verdict on the number is final: no other line is tried."""
    ladder = provider().invited().respond_invite(486, "Busy Here").await_request("ACK")
    line = sipp(ladder, host=PROVIDER[0], port=PROVIDER[1])
    expect_all(sipp(caller("101", "00205551234").dial().refused(486)), line)


def test_call_from_outside_to_a_number_that_is_not_ours(exchange, sipp):
    ladder = outside_caller("+31612345678", "+31209999999", exchange.host).invite().refused(404)
    expect_all(sipp(ladder, host=PROVIDER[0]))


@pytest.mark.parametrize(("method", "status"), [("FROBNICATE", 501), ("MESSAGE", 405)])
def test_method_we_do_not_serve(exchange, sipp, method, status):
    """RFC 3261 §8.2.1, §21.5.2."""
    asking = sipp(caller("101", "102").request(method, in_dialog=False).expect(status))
    expect_all(asking)
    assert "INVITE" in asking.received(f"SIP/2.0 {status}")[0].header("Allow")


def test_required_extension_we_do_not_know(exchange, sipp):
    """RFC 3261 §8.2.2.3."""
    ladder = caller("101", "102").invite(headers="Require: teleportation\n").expect(420).ack_failure()
    asking = sipp(ladder)
    expect_all(asking)
    assert "teleportation" in asking.received("SIP/2.0 420")[0].header("Unsupported")


def test_max_forwards_exhausted(exchange, sipp):
    ladder = caller("101", "102").invite()
    ladder.steps[0] = ladder.steps[0].replace("Max-Forwards: 70", "Max-Forwards: 0")
    expect_all(sipp(ladder.expect(483).ack_failure()))


def test_request_inside_a_dialog_nobody_knows(exchange, sipp):
    ladder = caller("101", "102").request("BYE", in_dialog=False).expect(481)
    ladder.steps[0] = ladder.steps[0].replace("To: <sip:102@wire.example>", "To: <sip:102@wire.example>;tag=gone")
    expect_all(sipp(ladder))

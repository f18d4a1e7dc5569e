"""Requests too large for a datagram (RFC 3261 §18.1.1): by TCP to servers, by UDP to who does not take that."""

from __future__ import annotations

from typing import Any

import pytest
from network import Network
from phones import ANSWER, Phone, assert_nothing_left, label, pair

from kiestoon.sip import events
from kiestoon.sip.endpoint import Settings
from kiestoon.sip.flow import Flow, Target
from kiestoon.sip.session import Session

LARGE = b"v=0 " + b"a" * 1300


def called(
    settings: Settings | None = None, body: bytes = LARGE, **options: Any
) -> tuple[Network, Phone, Phone, Session]:
    """Alice calls Bob, who answers whatever way it comes."""
    network, alice, bob = pair(1, settings)

    def answer(phone: Phone, event: Any, now: float) -> None:
        if isinstance(event, events.InviteReceived):
            event.session.accept(now, ANSWER)

    bob.on_event = answer
    session = alice.call(bob, body, **options)
    return network, alice, bob, session


def ways(phone: Phone, method: str = "INVITE") -> list[str]:
    """The transports of the requests that came, as their Vias name them."""
    return [message.via.transport for message in phone.node.received if label(message) == method]


def test_a_large_request_to_a_server_goes_by_tcp_and_the_call_stays_there() -> None:
    network, alice, bob, session = called(to_server=True)
    network.run(1)
    assert session.state == "confirmed"
    session.bye(network.now)
    network.run(1)
    assert [ways(bob, method) for method in ("INVITE", "ACK", "BYE")] == [["TCP"], ["TCP"], ["TCP"]]
    assert_nothing_left(network, alice, bob)


@pytest.mark.parametrize(
    ("options", "settings", "body"),
    [
        ({}, None, LARGE),  # a phone: its UDP flow is all there is
        ({"to_server": True}, Settings(udp_limit=0), LARGE),
        ({"to_server": True}, None, b"v=0 small"),
        ({"to_server": True, "destination": [Flow("udp", "192.0.2.1", 5060, "192.0.2.2", 5060)]}, None, LARGE),
    ],
)
def test_other_requests_stay_on_udp(options: dict[str, Any], settings: Settings | None, body: bytes) -> None:
    network, alice, bob, session = called(settings, body, **options)
    network.run(1)
    assert ways(bob) == ["UDP"]
    session.bye(network.now)
    assert_nothing_left(network, alice, bob)


def test_a_server_without_tcp_gets_it_by_udp_and_is_not_asked_again_for_an_hour() -> None:
    network, alice, bob, session = called(to_server=True)
    network.without_tcp.add(bob.node.public)
    network.run(1)
    assert session.state == "confirmed"
    assert ways(bob) == ["UDP"]
    session.bye(network.now)
    assert_nothing_left(network, alice, bob)
    network.without_tcp.clear()
    network.run(3000)
    again = alice.call(bob, LARGE, to_server=True)
    network.run(1)
    assert ways(bob) == ["UDP", "UDP"]
    again.bye(network.now)
    network.run(4000)
    later = alice.call(bob, LARGE, to_server=True)
    network.run(1)
    assert ways(bob) == ["UDP", "UDP", "TCP"]
    later.bye(network.now)
    assert_nothing_left(network, alice, bob)


def test_a_server_that_takes_tcp_but_never_answers_there_gets_it_by_udp() -> None:
    network, alice, bob, session = called(to_server=True, patience_s=6.0)
    real = network._carry
    network._carry = lambda *parts: real(*parts) if parts[3] == "udp" else None  # type: ignore[method-assign]
    network.run(7)
    assert session.state == "confirmed", network.ladder()
    assert ways(bob) == ["UDP"]
    session.bye(network.now)
    assert_nothing_left(network, alice, bob)


def test_after_udp_has_failed_too_the_next_place_is_tried() -> None:
    network, alice, bob = pair(1)
    network.without_tcp.add(("192.0.2.77", 5060))
    nowhere = Target("udp", "192.0.2.77", 5060)
    session = alice.call(bob, LARGE, destination=[nowhere, bob.node.target()], to_server=True, patience_s=2.0)
    network.run(3)
    assert ways(bob) == ["TCP"]
    session.cancel(network.now)
    network.run(1)
    assert alice.last(events.Refused).status == 487
    assert_nothing_left(network, alice, bob)


def test_a_cancel_follows_its_invite_by_tcp() -> None:
    network, alice, bob = pair(1)
    session = alice.call(bob, LARGE, to_server=True)
    network.run(0.5)
    bob.last(events.InviteReceived).session.progress(network.now, 180)
    network.drain(bob.node)
    network.run(0.5)
    session.cancel(network.now)
    network.run(0.5)
    assert ways(bob, "CANCEL") == ["TCP"]
    assert bob.last(events.Cancelled)
    assert_nothing_left(network, alice, bob)

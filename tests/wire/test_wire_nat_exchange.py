"""An exchange behind a router with port forwarding: phones beside it and phones out in the world."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator

import internet as net
import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.namespace import inside
from bench.peers.process import PeerFailed
from bench.peers.sipp import expect_all
from internet import SAME_PORT, Internet
from parties import WIRE, called, caller
from raw import RawParty, header
from talking import CALLED_HZ, CALLER_HZ, connect, end

FORGETFUL_S = 3

PROVIDED = Site(
    name="Provided", domain="provided.example", extensions=("401",), numbers={"+31204000401": "401"},
    trunks=({"name": "provider", "kind": "register", "host": net.PUBLIC_PHONE, "port": 5060, "username": "line401",
             "secret": "trunk-secret-401", "domain": "provider.example", "expires_s": 600},),
)  # fmt: skip


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    """An internet; the test and all it starts are in the office."""
    if why := net.obstacle():
        pytest.skip(why)
    with Internet() as made, inside(made.office):
        yield made


@pytest.fixture(scope="module")
def running_exchange(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One whose operator has forwarded its ports and set ``sip.advertised_host``, and nothing else."""
    sip = {"digest": ("SHA-256", "MD5"), "advertised_host": net.ROUTER}
    made = Exchange(
        tmp_path_factory.mktemp("exchange"), [WIRE], hosts=(net.OFFICE_SERVER,), sip=sip, media={"hosts": ()}
    )
    media = made.settings.media
    internet.translate(SAME_PORT, (str(made.port), f"{media.first_port}-{media.last_port}"))
    with made as exchange:
        yield exchange


def test_phones_inside_and_outside_hear_each_other(exchange, internet, phone):
    inner = phone("101", tone_hz=CALLED_HZ, host=net.OFFICE_PHONES[0], towards=net.OFFICE_SERVER)
    outer = phone(
        "102", tone_hz=CALLER_HZ, host=net.PUBLIC_PHONE, namespace=internet.public, towards=net.ROUTER
    )  # fmt: skip
    connect(outer, inner)
    outer.hang_up()
    inner.wait_for("CALL_CLOSED")
    inner.dial("102")
    outer.accept()
    inner.wait_for("CALL_ESTABLISHED")
    inner.wait_for_tone(CALLER_HZ)
    outer.wait_for_tone(CALLED_HZ)
    end(inner, outer)


def test_each_side_is_told_the_address_it_can_reach(exchange, internet, sipp, registered):
    """Inside our own, outside the router's: in Via, Contact and session description."""
    phone = registered("101", host=net.OFFICE_PHONES[0], towards=net.OFFICE_SERVER)
    ringing = sipp(called("101").ring_and_answer().byed(), host=phone[0], port=phone[1])
    with inside(internet.public):
        calling = sipp(
            caller("102", "101").call().bye(), host=net.PUBLIC_PHONE, towards=(net.ROUTER, exchange.port)
        )  # fmt: skip
    expect_all(calling, ringing)
    invite, answer = ringing.received("INVITE")[0], calling.received("SIP/2.0 200")[0]
    assert f"{net.OFFICE_SERVER}:{exchange.port}" in invite.header("Via")
    assert f"{net.OFFICE_SERVER}:{exchange.port}" in invite.header("Contact")
    assert f"c=IN IP4 {net.OFFICE_SERVER}" in invite.body
    assert f"{net.ROUTER}:{exchange.port}" in answer.header("Contact")
    assert f"c=IN IP4 {net.ROUTER}" in answer.body


def test_provider_s_calls_come_in_though_the_router_forgets_soon_and_forwards_nothing(internet, tmp_path):
    """An exchange that only logs in at its provider keeps that path open by itself."""
    internet.translate(SAME_PORT)
    internet.forget_silent_mappings_after(FORGETFUL_S, FORGETFUL_S)
    with inside(internet.public):
        party = RawParty.called((net.PUBLIC_PHONE, 5060), ("", 0))
    with party, Exchange(tmp_path, [PROVIDED], hosts=(net.OFFICE_SERVER,), sip={"keep_alive_s": 1.0}):
        place = answer_until_forgotten(party.socket)
        party.server, party.call_id = place, "from-outside"
        party.own, party.to = "<sip:+31612345678@provider.example>;tag=1", "<sip:+31204000401@provider.example>"
        party.target = party.uri = f"sip:+31204000401@{place[0]}:{place[1]}"
        party.send(party.invite())
        party.expect("SIP/2.0 480", "INVITE")  # it has got through: that number's phone is not registered
        party.send(party.ack_failure())


def answer_until_forgotten(provider: socket.socket) -> tuple[str, int]:
    """Say yes to a login and to what is asked until a router would have forgotten the login; where that came from."""
    place: tuple[str, int] | None = None
    until = time.monotonic() + 15.0
    while (left := until - time.monotonic()) > 0:
        provider.settimeout(left)
        try:
            data, source = provider.recvfrom(65535)
        except TimeoutError:
            break
        request = data.decode()
        kept = [line for line in request.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq|Contact):", line)]
        kept = [f"{line};tag=provider" if line.startswith("To:") else line for line in kept]
        provider.sendto("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode(), source)
        if header(request, "CSeq").endswith("REGISTER") and place is None:
            place, until = source, time.monotonic() + 1.5 * FORGETFUL_S
    if place is None:
        raise PeerFailed("the exchange does not log in")
    return place

"""An exchange behind a router with port forwarding: phones beside it and phones out in the world."""

from __future__ import annotations

from collections.abc import Iterator

import internet as net
import pytest
from bench.lib.exchange import Exchange
from bench.peers.namespace import inside
from bench.peers.sipp import expect_all
from internet import SAME_PORT, Internet
from parties import WIRE, called, caller
from talking import CALLED_HZ, CALLER_HZ, connect, end


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

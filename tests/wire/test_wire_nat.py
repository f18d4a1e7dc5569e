"""Phones behind a router that translates addresses: real phones, the kernel's NAPT, speech measured at both ends."""

from __future__ import annotations

import time
from collections.abc import Iterator

import internet as net
import pytest
from bench.lib.exchange import Exchange
from bench.peers.baresip import Account, Baresip
from bench.peers.linphone import Linphone
from bench.peers.namespace import inside
from bench.peers.phone import register
from bench.peers.process import wait_until
from bench.peers.sipp import expect_all
from internet import ANY_PORT, SAME_PORT, Internet
from parties import WIRE, called, caller
from talking import CALLED_HZ, CALLER_HZ, connect, end

FORGETFUL_S = 3


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    """An internet; the test and all it starts are on its public side."""
    if why := net.obstacle():
        pytest.skip(why)
    with Internet() as made, inside(made.public):
        yield made


@pytest.fixture(scope="module")
def running_exchange(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One on a public address that asks phones for signs of life more often than a forgetful router forgets."""
    sip = {"digest": ("SHA-256", "MD5"), "keep_alive_s": 1.0}
    with Exchange(tmp_path_factory.mktemp("exchange"), [WIRE], hosts=(net.EXCHANGE,), sip=sip) as exchange:
        yield exchange


@pytest.fixture
def office(internet, phone):
    """Start a phone in the office: ``office("101")``."""
    hosts = iter(net.OFFICE_PHONES)

    def start(extension: str, **options: object) -> Baresip:
        return phone(extension, host=next(hosts), namespace=internet.office, towards=net.EXCHANGE, **options)

    return start


@pytest.fixture
def public(phone):
    """Start a phone with a public address: ``public("102")``."""

    def start(extension: str, **options: object) -> Baresip:
        return phone(extension, host=net.PUBLIC_PHONE, towards=net.EXCHANGE, **options)

    return start


@pytest.mark.parametrize("translation", [SAME_PORT, ANY_PORT])
def test_phone_behind_nat_is_called_and_calls(exchange, internet, office, public, translation):
    internet.translate(translation)
    inner, outer = office("101", tone_hz=CALLED_HZ), public("102", tone_hz=CALLER_HZ)
    connect(outer, inner)
    inner.hang_up()
    outer.wait_for("CALL_CLOSED")
    inner.dial("102")
    outer.accept()
    inner.wait_for("CALL_ESTABLISHED")
    inner.wait_for_tone(CALLER_HZ)
    outer.wait_for_tone(CALLED_HZ)
    end(outer, inner)


@pytest.mark.parametrize("translation", [SAME_PORT, ANY_PORT])
def test_two_phones_behind_one_nat_hear_each_other(exchange, internet, office, translation):
    internet.translate(translation)
    inner, colleague = office("101", tone_hz=CALLED_HZ), office("103", tone_hz=CALLER_HZ)
    connect(colleague, inner)
    end(inner, colleague)


@pytest.mark.parametrize("options", [{"transport": "tcp"}, {"transport": "tls", "encryption": "srtp-mand"}])
def test_phone_behind_nat_on_a_connection(exchange, internet, office, public, options):
    internet.translate(ANY_PORT)
    inner, outer = office("101", tone_hz=CALLED_HZ, **options), public("102", tone_hz=CALLER_HZ)
    connect(outer, inner)
    end(outer, inner)


def test_phone_that_learns_its_address_outside_has_one_contact(exchange, internet, public, tmp_path):
    """Linphone registers its router's address once an answer has told it (RFC 3581): one phone then, not two."""
    internet.translate(ANY_PORT)
    account = Account("101", WIRE.domain, WIRE.password("101"), (net.EXCHANGE, exchange.port))
    linphone, outer = Linphone(account, tmp_path, tone_hz=CALLED_HZ), public("102", tone_hz=CALLER_HZ)
    with inside(internet.office):
        linphone.start()
    try:
        (contact,) = [each["contact"] for each in exchange.ask("registrations") if each["username"] == "101"]
        assert contact.startswith(f"sip:101@{net.ROUTER}:")
        outer.dial("101")
        linphone.accept()
        linphone.wait_for_tone(CALLER_HZ)
        outer.wait_for_tone(CALLED_HZ)
        outer.hang_up()
        linphone.wait_for(r"Call 1 with .* ended")
    finally:
        linphone.stop()


def test_hold_reaches_a_phone_behind_nat(exchange, internet, office, public):
    """A re-INVITE goes the way of the registration, not to the private address in the phone's Contact."""
    internet.translate(ANY_PORT)
    inner, outer = office("101", tone_hz=CALLED_HZ), public("102", tone_hz=CALLER_HZ)
    connect(outer, inner)
    outer.hold()
    inner.wait_for_change(CALLER_HZ)
    outer.resume()
    inner.wait_for_tone(CALLER_HZ)
    end(inner, outer)


def test_router_that_forgets_soon_is_kept_from_it(exchange, internet, office, public):
    """The exchange asks for a sign of life in time (OPTIONS), so the phone rings long after it last registered."""
    internet.translate(ANY_PORT)
    internet.forget_silent_mappings_after(FORGETFUL_S, FORGETFUL_S)
    inner, outer = office("101", tone_hz=CALLED_HZ), public("102", tone_hz=CALLER_HZ)
    mapping, began = the_mapping(internet, exchange), time.monotonic()
    wait_until(lambda: time.monotonic() - began > 1.5 * FORGETFUL_S, 10, "the router would have forgotten")
    assert the_mapping(internet, exchange) == mapping
    connect(outer, inner)
    end(outer, inner)


def test_speech_goes_on_when_the_router_is_rebooted(exchange, internet, office, public):
    """Its packets come from another port then; the same stream, so it is believed at once and answered there."""
    internet.translate(ANY_PORT)
    inner, outer = office("101", tone_hz=CALLED_HZ), public("102", tone_hz=CALLER_HZ)
    connect(outer, inner)
    internet.reboot_router()
    outer.wait_for_tone(CALLED_HZ)
    inner.wait_for_tone(CALLER_HZ)
    end(inner, outer)


def test_phone_is_reached_again_when_it_registers_after_its_router_s_reboot(exchange, internet, sipp):
    """The same contact now comes from another port; that one counts."""
    internet.translate(ANY_PORT)
    phone = (net.OFFICE_PHONES[0], 5070)
    mappings = set()
    for _ in range(2):
        internet.reboot_router()
        with inside(internet.office):
            register((net.EXCHANGE, exchange.port), phone, WIRE.domain, [("101", WIRE.password("101"))])
        mappings.add(the_mapping(internet, exchange))
    assert len(mappings) == 2
    with inside(internet.office):
        ringing = sipp(called("101").ring_and_answer().byed(), host=phone[0], port=phone[1])
    calling = sipp(caller("102", "101").call().bye(), host=net.PUBLIC_PHONE, towards=(net.EXCHANGE, exchange.port))
    expect_all(calling, ringing)


def the_mapping(internet: Internet, exchange: Exchange) -> str:
    """The router's one mapping of the phone's signalling: the port outside it has given it."""
    (mapping,) = {line.split("dport=")[-1].split()[0] for line in internet.mappings(exchange.port)}
    return mapping

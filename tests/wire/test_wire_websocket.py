"""SIP over WebSocket and secure WebSocket, with a phone built on another library."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange
from bench.peers.process import free_port, wait_until
from parties import WIRE
from talking import CALLED_HZ, CALLER_HZ
from ws_phone import WsPhone

PORTS = {"ws": free_port(), "wss": free_port()}


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One that speaks both."""
    sip = {"digest": ("SHA-256", "MD5"), **PORTS}
    with Exchange(tmp_path_factory.mktemp("exchange"), [WIRE], sip=sip) as exchange:
        yield exchange


@pytest.fixture
def web_phone(exchange: Exchange, request: pytest.FixtureRequest) -> Iterator[WsPhone]:
    """Phone 101, logged in over WSS or what the test's parameter says; it speaks at 440 Hz."""
    transport = getattr(request, "param", "wss")
    authority = exchange.settings.data / "tls" / "authority.pem" if transport == "wss" else None
    server = (exchange.host, PORTS[transport])
    with WsPhone("101", WIRE.domain, WIRE.password("101"), server, CALLER_HZ, authority) as made:
        yield made


def hear_each_other(web_phone: WsPhone, other) -> None:
    other.wait_for_tone(CALLER_HZ)
    web_phone.speech.wait_for_tone(CALLED_HZ)


@pytest.mark.parametrize("web_phone", ["ws", "wss"], indirect=True)
def test_phone_on_websocket_calls_and_is_called(exchange, web_phone, phone):
    other = phone("102", tone_hz=CALLED_HZ, answer="auto")
    web_phone.dial("102")
    hear_each_other(web_phone, other)
    web_phone.hang_up()
    other.wait_for("CALL_CLOSED")
    other.dial("101")
    web_phone.accept()
    hear_each_other(web_phone, other)
    other.hang_up()
    web_phone.hung_up()


def test_call_outlives_the_connection_and_ends_over_the_next(exchange, web_phone, phone):
    """Speech goes its own way; what concerns the call follows the phone to the connection it registered over last."""
    other = phone("102", tone_hz=CALLED_HZ, answer="auto")
    web_phone.dial("102")
    hear_each_other(web_phone, other)
    web_phone.lose_connection()
    wait_until(lambda: not registered(exchange, "101"), 5, "the phone is unreachable")
    hear_each_other(web_phone, other)
    web_phone.connect()
    web_phone.register()
    hear_each_other(web_phone, other)
    other.hang_up()
    web_phone.hung_up()


def test_phone_hangs_up_over_its_next_connection(exchange, web_phone, phone):
    other = phone("102", tone_hz=CALLED_HZ, answer="auto")
    web_phone.dial("102")
    web_phone.lose_connection()
    web_phone.connect()
    web_phone.register()
    web_phone.hang_up()
    other.wait_for("CALL_CLOSED")


def test_call_to_a_phone_whose_connection_is_gone_fails_at_once(exchange, web_phone, phone):
    other = phone("102", tone_hz=CALLED_HZ)
    web_phone.lose_connection()
    wait_until(lambda: not registered(exchange, "101"), 5, "the phone is unreachable")
    other.dial("101")
    assert other.wait_for("CALL_CLOSED", timeout_s=2.0).param.startswith("480")


def registered(exchange: Exchange, username: str) -> bool:
    """Whether the exchange could ring it."""
    return any(each["username"] == username for each in exchange.ask("registrations"))

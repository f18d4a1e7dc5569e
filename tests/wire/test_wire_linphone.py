"""Linphone, the phone most people have who have none on their desk: with baresip at the other end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench.lib.exchange import Exchange
from bench.peers.baresip import Account
from bench.peers.linphone import Linphone
from parties import WIRE

LINPHONE_HZ, OTHER_HZ = 800, 440


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One with the default digest algorithms."""
    with Exchange(tmp_path_factory.mktemp("exchange"), [WIRE], sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


@pytest.fixture
def linphone(exchange: Exchange, tmp_path: Path) -> Iterator[Callable[..., Linphone]]:
    """Start a registered linphone: ``linphone("101")``."""
    started: list[Linphone] = []

    def start(extension: str, *, secure: bool = False) -> Linphone:
        account = Account(
            extension, WIRE.domain, WIRE.password(extension), exchange.tls_address if secure else exchange.address,
            transport="tls" if secure else "udp", encryption="srtp-mand" if secure else "",
        )  # fmt: skip
        authority = exchange.settings.data / "tls" / "authority.pem"
        started.append(Linphone(account, tmp_path, tone_hz=LINPHONE_HZ, authority=authority))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


@pytest.mark.parametrize("secure", [False, True], ids=["clear", "encrypted"])
def test_linphone_calls_holds_and_is_called(exchange, linphone, phone, secure):
    own, other = linphone("118" if secure else "101", secure=secure), phone("102", tone_hz=OTHER_HZ)
    own.dial("102")
    other.accept()
    other.wait_for_tone(LINPHONE_HZ)
    own.wait_for_tone(OTHER_HZ)
    own.hold()
    other.wait_for_change(LINPHONE_HZ)
    own.resume()
    other.wait_for_tone(LINPHONE_HZ)
    own.hang_up()
    other.wait_for("CALL_CLOSED")
    other.dial(own.account.user)
    own.accept()
    own.wait_for_tone(OTHER_HZ)
    other.wait_for_tone(LINPHONE_HZ)
    other.hold()
    own.wait_for_change(OTHER_HZ)
    other.resume()
    own.wait_for_tone(OTHER_HZ)
    other.hang_up()
    own.wait_for(r"Call 2 with .* ended")

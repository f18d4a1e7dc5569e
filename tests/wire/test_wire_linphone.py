"""Linphone, the phone most people have who have none on their desk: with baresip at the other end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench.lib.exchange import Exchange
from bench.peers.baresip import Account
from bench.peers.linphone import Linphone
from parties import WIRE

LINPHONE_HZ, OTHER_HZ, THIRD_HZ = 800, 440, 1200


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


def test_linphone_transfers_whom_it_has_on_hold_to_whom_it_asked(exchange, linphone, phone):
    """REFER with Replaces, as it writes them."""
    own, calling, asked = linphone("101"), phone("102", tone_hz=OTHER_HZ), phone("103", tone_hz=THIRD_HZ)
    calling.dial("101")
    own.accept()
    calling.wait_for_tone(LINPHONE_HZ)
    own.hold()
    own.wait_for("is now paused")
    own.dial("103")
    asked.accept()
    own.wait_for("Media streams established")
    own.command("transfer 1 --to-call 2")
    calling.wait_for_tone(THIRD_HZ)
    asked.wait_for_tone(OTHER_HZ)
    own.wait_for(r"Call 1 with .* ended")
    calling.hang_up()
    asked.wait_for("CALL_CLOSED")
    asked_call, first = sorted(exchange.new_records(2), key=lambda record: record.dialled, reverse=True)
    assert [segment.party for segment in first.segments] == ["101", "103"]
    assert asked_call.continued_in == first.call_id


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

"""Digest with both algorithms offered, as in the defaults (RFC 8760)."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange
from bench.peers.phone import try_register
from parties import PHONES, WIRE


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One with the default algorithms."""
    with Exchange(tmp_path_factory.mktemp("exchange"), [WIRE], sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_phones_register_with_either_algorithm(exchange, algorithm):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((PHONES, 0))
        sock.settimeout(0.5)
        password = WIRE.password("104")
        status, text = try_register(sock, exchange.address, WIRE.domain, "104", password, 300, algorithm)
        assert status == 200, text
        assert try_register(sock, exchange.address, WIRE.domain, "104", password, 0, algorithm)[0] == 200


def test_the_better_algorithm_is_offered_first(exchange):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((PHONES, 0))
        sock.settimeout(0.5)
        status, text = try_register(sock, exchange.address, WIRE.domain, "104", "wrong", 300)
    assert status in (401, 403)
    assert "nonce" not in text or text.index("SHA-256") < text.index("algorithm=MD5")

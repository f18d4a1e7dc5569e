"""Outside lines over TLS, in both directions, with speech, and with certificates that must not be believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Account, Baresip
from bench.peers.process import free_port
from bench.peers.sipp import expect_all
from ladder import sdp
from parties import TLS, TLS_PROVIDER, called, caller, outside_caller, provider
from talking import CALLED_HZ, CALLER_HZ, end
from tls_pipe import TlsClientPipe, TlsPipe, make_certificate

SPEAKING = ("127.0.0.9", free_port("127.0.0.9", adjacent=2))

SECURE = Site(
    name="Secure", domain="secure.example", extensions=("701",), numbers={"+31207000701": "701"},
    users={"701": {"caller_number": "+31207000701"}},
    trunks=({"name": "speaking provider", "kind": "peer", "host": SPEAKING[0], "port": SPEAKING[1] + 1,
             "sources": (SPEAKING[0],), "transport": "tls", "srtp": "required"},),
)  # fmt: skip
"""A line that must encrypt speech as well. baresip speaks TLS on the port after its own."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the certificates are."""
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def certificates(folder: Path) -> dict[str, Path]:
    """By address: the providers'; both are trusted."""
    return {host: make_certificate(folder, host) for host in (TLS_PROVIDER[0], SPEAKING[0])}


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory, folder: Path, certificates) -> Iterator[Exchange]:
    """One that trusts the providers' certificates."""
    trusted = folder / "trusted.pem"
    trusted.write_text("".join(path.read_text() for path in certificates.values()))
    sip = {"digest": ("SHA-256", "MD5")}
    environment = {"SSL_CERT_FILE": str(trusted)}
    with Exchange(tmp_path_factory.mktemp("exchange"), [TLS, SECURE], sip=sip, environment=environment) as exchange:
        yield exchange


@pytest.fixture
def line(exchange) -> Iterator[tuple[str, int]]:
    """Where a SIPp's TCP goes out to the exchange as TLS from the provider's address."""
    listen = ("127.0.0.1", free_port())
    authority = exchange.settings.data / "tls" / "authority.pem"
    with TlsClientPipe(listen, exchange.tls_address, TLS_PROVIDER[0], authority):
        yield listen


def from_outside(exchange: Exchange, number: str):
    """A call of the provider's."""
    ladder = outside_caller("+31612345678", number, exchange.host)
    ladder.via = "TLS"
    return ladder


def test_call_from_outside_comes_in_over_tls(exchange, sipp, registered, line):
    """The line is known by its address, and answers go back over its connection."""
    ringing = sipp(called("301", site=TLS).ring_and_answer().bye(), port=registered("301", TLS)[1])
    calling = sipp(from_outside(exchange, "+31203000301").call().byed(), transport="t1", towards=line)
    expect_all(calling, ringing)
    answer = calling.received("SIP/2.0 200")[0]
    assert f":{exchange.tls_port};transport=tls" in answer.header("Contact")
    assert exchange.new_records()[0].direction == "in"


def test_call_from_outside_can_be_held_over_tls(exchange, sipp, registered, line):
    ringing = sipp(called("301", site=TLS).ring_and_answer().byed(), port=registered("301", TLS)[1])
    ladder = from_outside(exchange, "+31203000301").call().reinvite(sdp(direction="sendonly")).answered().ack().bye()
    expect_all(sipp(ladder, transport="t1", towards=line), ringing)


def test_provider_with_a_stranger_s_certificate_gets_no_call(exchange, sipp, tmp_path):
    """Right name, signed by nobody we know."""
    expect_refused(exchange, sipp, make_certificate(tmp_path, TLS_PROVIDER[0]))


def test_provider_with_another_s_certificate_gets_no_call(exchange, sipp, certificates):
    """Signed by one we trust, for another name (RFC 5922 §7.2)."""
    expect_refused(exchange, sipp, certificates[SPEAKING[0]])


def expect_refused(exchange: Exchange, sipp, certificate: Path) -> None:
    """The caller is told that no line is left; not a byte of the call gets through."""
    inner = ("127.0.0.1", free_port())
    with TlsPipe(TLS_PROVIDER, inner, certificate):
        listening = sipp(provider().ring_and_answer().byed(), host=inner[0], port=inner[1], transport="t1")
        expect_all(sipp(caller("301", "00205551234", site=TLS).dial().refused(503)))
    assert listening.figures().created == 0
    assert exchange.new_records()[0].outcome == "failed"


def test_speech_over_a_tls_line_is_encrypted(exchange, phone, certificates, tmp_path):
    """To a real phone in the provider's place, which takes SRTP only."""
    account = Account(
        "+31205551234", f"{SPEAKING[0]}:{SPEAKING[1] + 1}", "", SPEAKING, transport="tls",
        encryption="srtp-mand", register=False,
    )  # fmt: skip
    answering = Baresip(
        account, tmp_path, tone_hz=CALLED_HZ, host=SPEAKING[0], port=SPEAKING[1], certificate=certificates[SPEAKING[0]]
    )
    with answering:
        calling = phone("701", site=SECURE, tone_hz=CALLER_HZ)
        calling.dial("00205551234")
        answering.accept()
        answering.wait_for_tone(CALLER_HZ)
        calling.wait_for_tone(CALLED_HZ)
        end(calling, answering)
    assert "RTP/SAVP" in answering.daemon.log_tail(400)


def test_call_in_the_clear_from_a_line_that_must_encrypt_is_refused(exchange, sipp):
    """Its address may be forged over UDP, and keys would be readable."""
    ladder = outside_caller("+31612345678", "+31207000701", exchange.host).dial().refused(403)
    expect_all(sipp(ladder, host=SPEAKING[0]))

"""Providers found by DNS, over TLS, and those that want a login (RFC 3263, RFC 3261 §10 as a client)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.process import free_port, wait_until
from bench.peers.sipp import Sipp, expect_all
from dns_thread import DnsThread
from ladder import Ladder, check_header
from parties import LOGIN, LOGIN_PROVIDER, TLS, TLS_PROVIDER, caller, provider
from tls_pipe import TlsPipe, make_certificate

FIRST = ("127.0.0.7", free_port("127.0.0.7"))
SECOND = ("127.0.0.8", free_port("127.0.0.8"))

SRV = Site(
    name="SRV", domain="srv.example", extensions=("601",), numbers={"+31206000601": "601"},
    trunks=({"name": "by DNS", "kind": "peer", "host": "sip.provider.test", "sources": (FIRST[0], SECOND[0])},),
)  # fmt: skip

RECORDS = {
    ("_sip._udp.sip.provider.test", "SRV"): [f"10 1 {FIRST[1]} a.provider.test.", f"20 1 {SECOND[1]} b.provider.test."],
    ("a.provider.test", "A"): [FIRST[0]],
    ("b.provider.test", "A"): [SECOND[0]],
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TLS provider's."""
    return make_certificate(tmp_path_factory.mktemp("tls"), TLS_PROVIDER[0])


@pytest.fixture(scope="module")
def registrar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sipp]:
    """The provider that wants a login: there before the exchange is, which would come back after half a minute only."""
    challenge = 'WWW-Authenticate: Digest realm="provider.example", nonce="abc", algorithm=MD5, qop="auth"\n'
    ladder = Ladder("registrar", "line401", "", "provider.example").await_request("REGISTER")
    ladder = ladder.respond(401, "Unauthorized", headers=challenge)
    ladder = ladder.await_request("REGISTER", check=check_header("Authorization", 'username="line401"'))
    ladder = ladder.respond(200, "OK", headers="[last_Contact:]\nExpires: 60\n")
    folder = tmp_path_factory.mktemp("registrar")
    scenario = folder / "registrar.xml"
    scenario.write_text(ladder.xml(), encoding="latin-1")
    with Sipp(scenario, cwd=folder, host=LOGIN_PROVIDER[0], port=LOGIN_PROVIDER[1], calls=1, trace=True) as party:
        yield party


@pytest.fixture(scope="module")
def running_exchange(
    tmp_path_factory: pytest.TempPathFactory, certificate: Path, registrar: Sipp
) -> Iterator[Exchange]:
    """One that asks our DNS server and trusts the provider's certificate."""
    with DnsThread(RECORDS) as dns:
        folder = tmp_path_factory.mktemp("exchange")
        environment = {"SSL_CERT_FILE": str(certificate)}
        sip = {"nameservers": (dns.address,)}
        with Exchange(folder, [SRV, TLS, LOGIN], sip=sip, environment=environment) as exchange:
            yield exchange


def test_provider_is_found_by_srv(exchange, sipp):
    line = sipp(provider("first").ring_and_answer().byed(), host=FIRST[0], port=FIRST[1])
    expect_all(sipp(caller("601", "00205551234", site=SRV).call().bye()), line)


def test_next_server_of_the_provider_is_tried_on_503(exchange, sipp):
    """RFC 3263 §4.3, in the order of the SRV priorities."""
    ladder = provider("first").invited().respond_invite(503, "Service Unavailable").await_request("ACK")
    first = sipp(ladder, host=FIRST[0], port=FIRST[1])
    second = sipp(provider("second").ring_and_answer().byed(), host=SECOND[0], port=SECOND[1])
    expect_all(sipp(caller("601", "00205551234", site=SRV).call().bye()), first, second)


def test_call_over_a_tls_trunk(exchange, sipp, certificate):
    inner = ("127.0.0.1", free_port())
    with TlsPipe(TLS_PROVIDER, inner, certificate):
        line = sipp(provider().ring_and_answer().byed(), host=inner[0], port=inner[1], transport="t1")
        expect_all(sipp(caller("301", "00205551234", site=TLS).call().bye()), line)
    assert line.received("INVITE")[0].header("Via").startswith("SIP/2.0/TLS")


def test_exchange_logs_in_at_the_provider(exchange, registrar):
    """Challenged, it answers with digest, and the line is in service."""
    expect_all(registrar)
    wait_until(lambda: _registered(exchange), 5, "the line is registered")
    assert "<sip:line401@provider.example>" in registrar.received("REGISTER")[0].header("To")


def _registered(exchange: Exchange) -> bool:
    return any(
        each["name"] == "trunk_registered" and each["labels"]["trunk"] == "login provider" and each["value"]
        for each in exchange.ask("metrics")
    )

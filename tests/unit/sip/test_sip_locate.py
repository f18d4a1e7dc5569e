"""RFC 3263 and RFC 2782 as pure functions."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from kiestoon.sip.flow import Transport
from kiestoon.sip.locate import Naptr, Srv, is_single_host, order_naptr, order_srv, question, srv_transports
from kiestoon.sip.uri import parse_uri

SPEAK: tuple[Transport, ...] = ("udp", "tcp", "tls")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sip:a@Example.COM.", ("example.com", None, None, False, False)),
        ("sip:a@192.0.2.1", ("192.0.2.1", None, None, False, True)),
        ("sip:a@[2001:db8::1]:5070;transport=tcp", ("2001:db8::1", 5070, "tcp", False, True)),
        ("sips:a@example.com;transport=tcp", ("example.com", None, "tls", True, False)),
        ("sips:a@example.com;transport=ws", ("example.com", None, "wss", True, False)),
        ("sip:a@example.com;maddr=192.0.2.9;transport=UDP", ("192.0.2.9", None, "udp", False, True)),
    ],
)
def test_question_is_read_from_the_uri(uri: str, expected: tuple[object, ...]) -> None:
    wanted = question(parse_uri(uri))
    assert wanted is not None
    assert (wanted.host, wanted.port, wanted.transport, wanted.secure, wanted.numeric) == expected


@pytest.mark.parametrize("uri", ["tel:+31201234567", "sip:a@example.com;transport=sctp", "sips:a@x.nl;transport=udp"])
def test_uris_we_cannot_send_to_ask_nothing(uri: str) -> None:
    assert question(parse_uri(uri)) is None


def test_maddr_says_where_to_send_and_the_domain_whose_certificate_to_expect() -> None:
    wanted = question(parse_uri("sips:a@Example.com;maddr=192.0.2.9"))
    assert wanted is not None
    assert (wanted.host, wanted.domain) == ("192.0.2.9", "example.com")


@pytest.mark.parametrize(
    "address",
    ["224.0.1.75", "239.255.255.250", "255.255.255.255", "0.0.0.0", "ff02::1", "::", "::ffff:224.0.1.75"],
)
def test_multicast_and_broadcast_addresses_are_never_sent_to(address: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    assert question(parse_uri(f"sip:a@example.com;maddr={literal}")) is None
    assert question(parse_uri(f"sip:a@{literal}")) is None
    assert not is_single_host(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "127.0.0.1", "2001:db8::1", "fe80::1%eth0", "::ffff:192.0.2.1"])
def test_addresses_of_single_hosts_are(address: str) -> None:
    assert is_single_host(address)


def test_default_transport_is_udp_and_tls_for_sips() -> None:
    plain, secure = question(parse_uri("sip:x.nl")), question(parse_uri("sips:x.nl"))
    assert plain is not None
    assert secure is not None
    assert (plain.default_transport, secure.default_transport) == ("udp", "tls")
    assert srv_transports(plain, SPEAK) == ["udp", "tcp", "tls"]
    assert srv_transports(secure, SPEAK) == ["tls"]


RECORDS = [
    Naptr(50, 50, "s", "SIPS+D2T", "_sips._tcp.example.com."),
    Naptr(90, 50, "s", "SIP+D2T", "_sip._tcp.example.com."),
    Naptr(100, 50, "S", "sip+d2u", "_sip._udp.example.com."),
    Naptr(10, 50, "u", "E2U+sip", ""),
    Naptr(10, 50, "s", "SIP+D2S", "_sip._sctp.example.com."),
]


def test_naptr_example_of_rfc_3263_section_4_1() -> None:
    assert order_naptr(RECORDS, False, ("tcp", "udp")) == [
        ("tcp", "_sip._tcp.example.com"),
        ("udp", "_sip._udp.example.com"),
    ]


def test_naptr_for_sips_uses_secure_services_only() -> None:
    assert order_naptr(RECORDS, True, SPEAK) == [("tls", "_sips._tcp.example.com")]


def test_naptr_preference_breaks_ties_of_order() -> None:
    records = [Naptr(1, 20, "s", "SIP+D2U", "u."), Naptr(1, 10, "s", "SIP+D2T", "t.")]
    assert [transport for transport, _ in order_naptr(records, False, SPEAK)] == ["tcp", "udp"]


def test_srv_priority_comes_before_weight() -> None:
    records = [Srv(20, 99, 5060, "b"), Srv(10, 1, 5060, "a")]
    assert [record.target for record in order_srv(records, random.Random(1))] == ["a", "b"]


def test_srv_weight_is_the_share_of_first_places() -> None:
    records = [Srv(10, 75, 5060, "a"), Srv(10, 25, 5060, "b"), Srv(10, 0, 5060, "c")]
    rng = random.Random(1)
    first = Counter(order_srv(records, rng)[0].target for _ in range(2000))
    assert 0.70 < first["a"] / 2000 < 0.80
    assert first["c"] < 60


def test_srv_order_keeps_every_record_once_and_is_repeatable() -> None:
    records = [Srv(i % 3, i, 5060 + i, f"h{i}") for i in range(20)]
    one, two = order_srv(records, random.Random(5)), order_srv(records, random.Random(5))
    assert one == two
    assert sorted(map(str, one)) == sorted(map(str, records))


def test_srv_target_dot_means_no_service() -> None:
    assert order_srv([Srv(0, 0, 0, ".")], random.Random(1)) == []

"""RFC 3263 end to end against a DNS server on loopback."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable

import pytest
from dns_server import DnsServer

from kiestoon.net.resolver import SipResolver
from kiestoon.sip.flow import Target

ZONE = {
    ("full.test", "NAPTR"): [
        '10 50 "s" "SIPS+D2T" "" _sips._tcp.full.test.',
        '20 50 "s" "SIP+D2T" "" _sip._tcp.full.test.',
        '30 50 "s" "SIP+D2U" "" _sip._udp.full.test.',
    ],
    ("_sips._tcp.full.test", "SRV"): ["0 0 5061 a.full.test."],
    ("_sip._tcp.full.test", "SRV"): ["0 0 5070 a.full.test."],
    ("_sip._udp.full.test", "SRV"): ["20 0 5080 b.full.test.", "10 0 5080 a.full.test."],
    ("a.full.test", "A"): ["192.0.2.1"],
    ("a.full.test", "AAAA"): ["2001:db8::1"],
    ("b.full.test", "A"): ["192.0.2.2", "192.0.2.3"],
    ("srv.test", "A"): ["192.0.2.99"],
    ("_sip._udp.srv.test", "SRV"): ["0 0 5066 b.full.test."],
    ("plain.test", "A"): ["192.0.2.50"],
    ("none.test", "A"): ["192.0.2.60"],
    ("group.test", "A"): ["224.0.1.75", "192.0.2.61", "0.0.0.0"],
    ("_sip._udp.none.test", "SRV"): ["0 0 0 ."],
}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


Make = Callable[..., SipResolver]


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    server = DnsServer(dict(ZONE))
    await server.start()
    yield server
    server.close()


@pytest.fixture
def make(server: DnsServer) -> Make:
    def build(**more: object) -> SipResolver:
        options: dict[str, object] = {"rng": random.Random(1), "clock": Clock(), "families": ("A",), **more}
        return SipResolver(nameservers=[("127.0.0.1", server.port)], **options)  # type: ignore[arg-type]  # passed through

    return build


async def test_numeric_hosts_ask_no_dns(make: Make, server: DnsServer) -> None:
    resolver = make()
    assert await resolver.resolve("sip:x@192.0.2.7") == [Target("udp", "192.0.2.7", 5060)]
    assert await resolver.resolve("sip:[2001:db8::7]:5070;transport=tcp") == [Target("tcp", "2001:db8::7", 5070)]
    assert await resolver.resolve("sips:192.0.2.7") == [Target("tls", "192.0.2.7", 5061, "192.0.2.7")]
    assert not server.questions


async def test_an_explicit_port_asks_for_addresses_only(make: Make, server: DnsServer) -> None:
    assert await make().resolve("sip:full.test:5099") == []
    server.records[("full.test", "A")] = ["192.0.2.4"]
    assert await make().resolve("sip:full.test:5099") == [Target("udp", "192.0.2.4", 5099, "full.test")]
    assert {kind for _, kind in server.questions} == {"A"}


async def test_naptr_chooses_transports_then_srv_the_servers(make: Make) -> None:
    found = await make().resolve("sip:x@full.test")
    assert [*found[:3], *sorted(found[3:], key=str)] == [  # DNS shuffles addresses
        Target("tls", "192.0.2.1", 5061, "full.test"),
        Target("tcp", "192.0.2.1", 5070, "full.test"),
        Target("udp", "192.0.2.1", 5080, "full.test"),
        Target("udp", "192.0.2.2", 5080, "full.test"),
        Target("udp", "192.0.2.3", 5080, "full.test"),
    ]


async def test_naptr_services_we_do_not_speak_are_passed_over(make: Make) -> None:
    found = await make(speak=("udp",)).resolve("sip:full.test")
    assert {target.transport for target in found} == {"udp"}


async def test_sips_never_leaves_tls(make: Make) -> None:
    assert await make().resolve("sips:full.test") == [Target("tls", "192.0.2.1", 5061, "full.test")]
    assert await make().resolve("sips:plain.test") == [Target("tls", "192.0.2.50", 5061, "plain.test")]


async def test_a_named_transport_skips_naptr(make: Make, server: DnsServer) -> None:
    assert await make().resolve("sip:full.test;transport=tcp") == [Target("tcp", "192.0.2.1", 5070, "full.test")]
    assert ("full.test", "NAPTR") not in server.questions


async def test_without_naptr_srv_is_asked_for_every_transport(make: Make) -> None:
    found = sorted(await make().resolve("sip:srv.test"), key=str)  # DNS shuffles addresses
    assert found == [Target("udp", "192.0.2.2", 5066, "srv.test"), Target("udp", "192.0.2.3", 5066, "srv.test")]


async def test_without_naptr_and_srv_the_host_itself_is_used(make: Make) -> None:
    assert await make().resolve("sip:plain.test") == [Target("udp", "192.0.2.50", 5060, "plain.test")]


async def test_both_families_are_asked_in_order_of_preference(make: Make) -> None:
    found = await make(families=("AAAA", "A")).resolve("sip:full.test;transport=tcp")
    assert [target.host for target in found] == ["2001:db8::1", "192.0.2.1"]


async def test_answers_are_cached_for_their_ttl(make: Make, server: DnsServer) -> None:
    clock = Clock()
    resolver = make(clock=clock)
    for at in (1000.0, 1059.0, 1061.0):
        clock.now = at
        await resolver.resolve("sip:plain.test:5060")
    assert server.questions[("plain.test", "A")] == 2


async def test_missing_names_are_cached_too(make: Make, server: DnsServer) -> None:
    clock = Clock()
    resolver = make(clock=clock)
    for at in (1000.0, 1059.0, 1061.0):
        clock.now = at
        assert await resolver.resolve("sip:missing.test:5060") == []
    assert server.questions[("missing.test", "A")] == 2


async def test_a_silent_server_gives_no_target_and_is_not_asked_again_at_once(make: Make, server: DnsServer) -> None:
    server.silent.add("slow.test")
    clock = Clock()
    resolver = make(clock=clock, lifetime_s=0.05)
    assert await resolver.resolve("sip:slow.test:5060") == []
    asked = server.questions[("slow.test", "A")]
    assert await resolver.resolve("sip:slow.test:5060") == []
    assert server.questions[("slow.test", "A")] == asked
    clock.now += 6
    server.silent.clear()
    server.records[("slow.test", "A")] = ["192.0.2.8"]
    assert len(await resolver.resolve("sip:slow.test:5060")) == 1


@pytest.mark.parametrize(
    "uri",
    ["", "sip:", "tel:+31", "sip:x;transport=sctp", "sip:" + "a" * 70 + ".test:1", "sip:a..b:5060", "\0", "sip:é.test"],
)
async def test_uris_that_lead_nowhere_give_no_target(make: Make, uri: str) -> None:
    assert await make().resolve(uri) == []


async def test_maddr_is_sent_to_and_the_certificate_is_still_the_domains(make: Make) -> None:
    resolver = make()
    assert await resolver.resolve("sips:a@plain.test;maddr=192.0.2.9") == [
        Target("tls", "192.0.2.9", 5061, "plain.test")
    ]
    assert await resolver.resolve("sips:a@plain.test:5071;maddr=plain.test") == [
        Target("tls", "192.0.2.50", 5071, "plain.test")
    ]


async def test_a_name_that_leads_to_a_multicast_address_is_not_sent_to_there(make: Make) -> None:
    assert await make().resolve("sip:group.test:5060") == [Target("udp", "192.0.2.61", 5060, "group.test")]
    assert await make().resolve("sip:plain.test;maddr=group.test") == [Target("udp", "192.0.2.61", 5060, "plain.test")]
    assert await make().resolve("sip:plain.test;maddr=224.0.1.75") == []

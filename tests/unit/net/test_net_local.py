"""Which address we show to whom."""

from __future__ import annotations

from kiestoon.net.local import Bound, ListenerAddresses, route_source
from kiestoon.net.settings import Listener
from kiestoon.sip.flow import Flow, Target, Transport


def bound(transport: Transport, host: str, port: int, number: int, **more: object) -> Bound:
    return Bound(Listener(transport, host, port, **more), host, port, number)  # type: ignore[arg-type]  # passed through


ROUTES = {"198.51.100.7": "192.0.2.1", "10.9.9.9": "10.0.0.1", "2001:db8::9": "2001:db8::1"}


def addresses(*listeners: Bound) -> tuple[ListenerAddresses, list[str]]:
    asked: list[str] = []

    def route(host: str) -> str:
        asked.append(host)
        return ROUTES.get(host, "")

    return ListenerAddresses(listeners, route), asked


def test_a_bound_address_is_shown_as_it_is() -> None:
    local, _ = addresses(bound("udp", "192.0.2.1", 5062, 1))
    assert local.sent_by(Target("udp", "198.51.100.7", 5060)) == ("192.0.2.1", 5062)
    assert str(local.contact(Target("udp", "198.51.100.7", 5060))) == "sip:192.0.2.1:5062"


def test_a_wildcard_listener_shows_the_routes_source_and_asks_once() -> None:
    local, asked = addresses(bound("udp", "0.0.0.0", 5060, 1), bound("udp", "::", 5060, 2))
    for _ in range(3):
        assert local.sent_by(Target("udp", "198.51.100.7", 5060)) == ("192.0.2.1", 5060)
        assert local.sent_by(Target("udp", "2001:db8::9", 5060)) == ("2001:db8::1", 5060)
    assert asked == ["198.51.100.7", "2001:db8::9"]
    local.forget()
    local.sent_by(Target("udp", "198.51.100.7", 5060))
    assert len(asked) == 3


def test_of_several_listeners_the_one_on_the_route_is_used() -> None:
    local, _ = addresses(bound("udp", "192.0.2.1", 5060, 1), bound("udp", "10.0.0.1", 5070, 2))
    assert local.sent_by(Target("udp", "10.9.9.9", 5060)) == ("10.0.0.1", 5070)
    assert local.sent_by(Target("udp", "198.51.100.7", 5060)) == ("192.0.2.1", 5060)


def test_a_flow_keeps_its_own_listener() -> None:
    local, _ = addresses(bound("udp", "192.0.2.1", 5060, 1), bound("udp", "10.0.0.1", 5070, 2))
    flow = Flow("udp", "10.0.0.1", 5070, "198.51.100.7", 33000, 2)
    assert local.sent_by(flow) == ("10.0.0.1", 5070)


def test_a_connection_shows_the_listening_port_not_its_own() -> None:
    local, _ = addresses(bound("tls", "0.0.0.0", 5061, 1))
    flow = Flow("tls", "192.0.2.1", 49152, "198.51.100.7", 5061, 7)
    assert local.sent_by(flow) == ("192.0.2.1", 5061)
    assert str(local.contact(flow)) == "sip:192.0.2.1:5061;transport=tls"


def test_the_advertised_address_is_shown_outside_the_local_networks_only() -> None:
    local, _ = addresses(
        bound("udp", "10.0.0.1", 5060, 1, advertised_host="PBX.example.com", advertised_port=15060,
              local_networks=("10.0.0.0/8",))
    )  # fmt: skip
    assert local.sent_by(Target("udp", "198.51.100.7", 5060)) == ("pbx.example.com", 15060)
    assert local.sent_by(Target("udp", "10.9.9.9", 5060)) == ("10.0.0.1", 5060)


def test_the_advertised_address_is_not_shown_to_the_other_family() -> None:
    advertised = {"advertised_host": "198.51.100.20"}
    local, _ = addresses(
        bound("udp", "10.0.0.1", 5060, 1, **advertised), bound("udp", "fd00::1", 5060, 2, **advertised)
    )
    assert local.sent_by(Target("udp", "198.51.100.7", 5060)) == ("198.51.100.20", 5060)
    assert local.sent_by(Target("udp", "2001:db8::7", 5060)) == ("fd00::1", 5060)


def test_without_a_listener_of_the_transport_the_route_is_shown() -> None:
    local, _ = addresses(bound("udp", "192.0.2.1", 5060, 1))
    assert local.sent_by(Target("tls", "198.51.100.7", 5061)) == ("192.0.2.1", 5061)
    assert local.sent_by(Target("tls", "203.0.113.1", 5061))[0] == "invalid.invalid"


def test_the_routing_table_is_asked_without_sending() -> None:
    assert route_source("127.0.0.1") == "127.0.0.1"
    assert route_source("not an address") == ""

"""Which addresses this machine has towards the outside."""

from __future__ import annotations

import socket

from kiestoon.app.config import MediaSettings

_TEST_NETS = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))  # RFC 5737, RFC 3849


def outward_addresses() -> tuple[str, ...]:
    """The addresses the routing table uses towards the outside, IPv4 first; () without any route."""
    found = (_source_towards(family, address) for family, address in _TEST_NETS)
    return tuple(address for address in found if address)


def media_hosts(settings: MediaSettings) -> tuple[tuple[str, str], ...]:
    """Pairs of address to bind and address to tell the world ("" = the same)."""
    if settings.hosts:
        parts = (host.partition("=") for host in settings.hosts)
        return tuple((bind, advertised) for bind, _, advertised in parts)
    return tuple((host, "") for host in dict.fromkeys(("127.0.0.1", *outward_addresses())))


def _source_towards(family: socket.AddressFamily, address: str) -> str:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))  # connecting a UDP socket sends nothing
            return str(probe.getsockname()[0])
    except OSError:
        return ""

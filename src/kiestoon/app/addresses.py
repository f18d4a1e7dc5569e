"""Which addresses this machine has towards the outside."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from kiestoon.app.config import Settings

_TEST_NETS = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))  # RFC 5737, RFC 3849


def outward_addresses() -> tuple[str, ...]:
    """The addresses the routing table uses towards the outside, IPv4 first; () without any route."""
    found = (_source_towards(family, address) for family, address in _TEST_NETS)
    return tuple(address for address in found if address)


def media_hosts(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Pairs of address to bind and address to tell the world ("" = the same).

    Where none are set and the world sees us by ``sip.advertised_host``, the outward address of its family is known by
    both.
    """
    if settings.media.hosts:
        parts = (host.partition("=") for host in settings.media.hosts)
        return tuple((bind, advertised) for bind, _, advertised in parts)
    outward = outward_addresses()
    found = [(host, "") for host in dict.fromkeys(("127.0.0.1", *outward))]
    advertised = settings.sip.advertised_host
    if _is_address(advertised) and advertised not in outward:
        found += [(host, advertised) for host in outward if (":" in host) == (":" in advertised)]
    return tuple(found)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _source_towards(family: socket.AddressFamily, address: str) -> str:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))  # connecting a UDP socket sends nothing
            return str(probe.getsockname()[0])
    except OSError:
        return ""

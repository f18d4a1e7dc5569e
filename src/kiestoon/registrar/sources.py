"""Where requests come from, as the unit that is trusted or banned."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")
PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
"""Addresses nobody outside can send from (RFC 1918, RFC 3927, RFC 4193): whom we see with one is in our own house."""


@lru_cache(8_192)
def source_key(host: str) -> str:
    """IPv4: the address. IPv6: its /64, one customer's network, since a single host has 2^64 addresses to change to.

    IPv4-mapped addresses (dual-stack listeners) count as IPv4; what is no address stands for itself.
    """
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


class Networks:
    """A few address ranges: membership with a remembered answer per host."""

    def __init__(self, ranges: tuple[str, ...]) -> None:
        """Raises ``ValueError`` for a range that is none."""
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(text, strict=False) for text in ranges)
        self._known: dict[str, bool] = {}

    def __contains__(self, host: str) -> bool:
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= 4_096:
                self._known.clear()
            known = self._known[host] = self._find(host)
        return known

    def _find(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


LOOPBACK = Networks(LOOPBACK_NETWORKS)
PRIVATE = Networks(PRIVATE_NETWORKS)

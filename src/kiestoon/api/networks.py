"""What counts as one client by its address."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def network_of(source: str) -> str:
    """What counts as one source: an IPv4 address, the /64 of an IPv6 one; anything else as it is."""
    try:
        address = ip_address(source.partition("%")[0])
    except ValueError:
        return source
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped is not None else str(IPv6Address(int(address) >> 64 << 64)) + "/64"
    return str(address)

"""IP listing: from which addresses a company's desk phones call outside without a new login (DEV-5, E 6.8)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from kiestoon.company.model import AllowedAddress

MOST_IN_RANGE: Final = 256
"""Addresses in one range (E 6.8.2)."""


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address; IPv4 peers that a dual-stack listener sees as ::ffff:a.b.c.d count as IPv4. None: it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


class AllowedAddresses:
    """A company's list."""

    __slots__ = ("_ranges",)

    def __init__(self, rows: Iterable[AllowedAddress]) -> None:
        self._ranges: list[tuple[int, int, int]] = []
        """IP version, first, last."""
        for row in rows:
            first, last = parse_address(row.first_address), parse_address(row.last_address or row.first_address)
            if first is not None and last is not None:  # the store checks what is typed in
                self._ranges.append((first.version, int(first), int(last)))

    def __contains__(self, host: str) -> bool:
        address = parse_address(host) if self._ranges else None
        if address is None:
            return False
        value, version = int(address), address.version
        return any(version == of and first <= value <= last for of, first, last in self._ranges)

"""Where we may connect to on behalf of others: names are resolved here, and the checked address is what is used.

Whoever can have us fetch a URL must not reach through us what only we can reach (server-side request forgery), neither
directly nor by a name that resolves differently the second time (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import msgspec

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
_NAT64: Final = IPv6Network("64:ff9b::/96")
_RESOLVE_S: Final = 5.0


class TargetRefusedError(Exception):
    """We do not connect there; the text says why."""


class Target(msgspec.Struct, frozen=True):
    """A checked place: ``host`` for Host header and certificate, ``address`` for the connection."""

    scheme: str
    host: str
    port: int
    address: str
    path: str

    @property
    def url(self) -> str:
        """The URL with the address in place of the name."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        """RFC 9110 §7.2."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443}[self.scheme]
        return name if self.port == default else f"{name}:{self.port}"


def refuse_url(url: str, *, private: bool) -> str:
    """What is wrong with a URL as far as one can see; "" = nothing."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return "it is no URL"
    if parts.username is not None or parts.password is not None:
        return "it holds a password"
    if parts.scheme == "http" and not private:
        return "it is not https"
    try:
        literal = ip_address(parts.hostname)
    except ValueError:
        return ""
    return "" if private or is_public(literal) else "it is an address of a private network"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the internet at large; those that carry an IPv4 address inside count as that."""
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is None and address in _NAT64:
            inside = IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(inside)
        if address.scope_id or address.is_site_local:
            return False
    special = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    return address.is_global and not (special or address.is_reserved or address.is_unspecified)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def check_target(url: str, *, private: bool, resolver: Resolve = resolve) -> Target:
    """Where to connect for a URL; raises ``TargetRefusedError``. One private address among several refuses them all."""
    wrong = refuse_url(url, private=private)
    if wrong:
        raise TargetRefusedError(f"the URL is refused: {wrong}")
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        async with asyncio.timeout(_RESOLVE_S):
            addresses = await resolver(host, port)
    except (OSError, UnicodeError, TimeoutError):
        raise TargetRefusedError("the name cannot be resolved") from None
    if not addresses:
        raise TargetRefusedError("the name has no address")
    if not private and not all(is_public(ip_address(address)) for address in addresses):
        raise TargetRefusedError("the name leads to a private network")
    path = parts.path or "/"
    return Target(parts.scheme, host, port, addresses[0], f"{path}?{parts.query}" if parts.query else path)

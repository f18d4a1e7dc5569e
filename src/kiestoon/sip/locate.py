"""Locating SIP servers (RFC 3263 §4, RFC 7984): which questions to ask and how to order the answers. Pure: the asking
is done by ``net.resolver``."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterable, Sequence

import msgspec

from kiestoon.sip.flow import SECURE, Transport
from kiestoon.sip.uri import Uri

SERVICES: dict[str, Transport] = {
    "sips+d2t": "tls",
    "sips+d2w": "wss",
    "sip+d2t": "tcp",
    "sip+d2u": "udp",
    "sip+d2w": "ws",
}
"""NAPTR service fields (RFC 3263 §4.1, RFC 7118 §7), in lower case."""

SRV_PREFIX: dict[Transport, str] = {
    "udp": "_sip._udp.",
    "tcp": "_sip._tcp.",
    "tls": "_sips._tcp.",
    "ws": "_sip._ws.",
    "wss": "_sips._ws.",
}
_BROADCAST = ipaddress.IPv4Address("255.255.255.255")
DEFAULT_PORT: dict[Transport, int] = {"udp": 5060, "tcp": 5060, "tls": 5061, "ws": 80, "wss": 443}


class Naptr(msgspec.Struct, frozen=True):
    order: int
    preference: int
    flags: str
    service: str
    replacement: str


class Srv(msgspec.Struct, frozen=True):
    priority: int
    weight: int
    port: int
    target: str


class Question(msgspec.Struct, frozen=True):
    """What a URI asks for, before any DNS.

    ``transport`` None: to be chosen (NAPTR, then SRV, then ``default_transport``). ``port`` None: SRV may choose it.
    ``host`` is where to send, ``domain`` whom to find there: they differ by ``maddr``; a certificate must be for the
    domain (RFC 5922 §4).
    """

    host: str
    port: int | None
    transport: Transport | None
    secure: bool
    numeric: bool
    domain: str

    @property
    def default_transport(self) -> Transport:
        return "tls" if self.secure else "udp"


def question(uri: Uri) -> Question | None:
    """Read a SIP or SIPS URI (RFC 3263 §4: TARGET is maddr, else the host). None when it names a transport we do not
    speak, no host, an address of no single host, or is no SIP URI."""
    if not uri.is_sip:
        return None
    domain = uri.host.strip("[]").rstrip(".").lower()
    host = (uri.params.get("maddr") or domain).strip("[]").rstrip(".").lower()
    secure = uri.scheme == "sips"
    named = uri.transport
    transport: Transport | None
    if not named:
        transport = None
    elif named in DEFAULT_PORT:
        transport = {"tcp": "tls", "ws": "wss"}.get(named, named) if secure else named  # type: ignore[assignment]  # checked
    else:
        return None
    if not host or (secure and transport == "udp"):
        return None  # SIPS never goes over UDP
    numeric = is_numeric(host)
    if numeric and not is_single_host(host):
        return None
    return Question(host, uri.port, transport, secure, numeric, domain)


def is_numeric(host: str) -> bool:
    """Whether ``host`` is an IP literal."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_single_host(address: str) -> bool:
    """Whether an IP literal can be one host's. Multicast (the use that ``maddr`` and ``ttl`` were meant for, RFC 3261
    §18.1.1) and broadcast would have one request of ours answered by whoever hears it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    found = mapped or found
    return not (found.is_multicast or found.is_unspecified or found == _BROADCAST)


def order_naptr(records: Iterable[Naptr], secure: bool, speak: Sequence[Transport]) -> list[tuple[Transport, str]]:
    """The usable NAPTR records as (transport, SRV name), best first: order, then preference, ours breaking ties
    (§4.1). A SIPS URI may use secure services only; only terminal "s" records are SIP's."""
    usable: list[tuple[int, int, int, Transport, str]] = []
    for record in records:
        transport = SERVICES.get(record.service.lower())
        if transport is None or transport not in speak or record.flags.lower() != "s":
            continue
        if secure and transport not in SECURE:
            continue
        name = record.replacement.rstrip(".").lower()
        if name:
            usable.append((record.order, record.preference, speak.index(transport), transport, name))
    return [(transport, name) for *_, transport, name in sorted(usable)]


def order_srv(records: Sequence[Srv], rng: random.Random) -> list[Srv]:
    """RFC 2782: ascending priority; inside one, a weighted random order. A target "." means "no such service"."""
    if len(records) == 1 and not records[0].target.rstrip("."):
        return []
    ordered: list[Srv] = []
    for priority in sorted({record.priority for record in records}):
        group = [record for record in records if record.priority == priority and record.target.rstrip(".")]
        # Weight 0 first: it is chosen only when the running sum hits zero (RFC 2782 "Usage rules").
        group.sort(key=lambda record: (record.weight, record.target, record.port))
        while group:
            pick = rng.randint(0, sum(record.weight for record in group))
            running = 0
            for index, record in enumerate(group):
                running += record.weight
                if running >= pick:
                    ordered.append(group.pop(index))
                    break
    return ordered


def srv_transports(wanted: Question, speak: Sequence[Transport]) -> list[Transport]:
    """Which SRV names to ask for without NAPTR (§4.1): the one named, else every one we speak (secure for SIPS)."""
    if wanted.transport is not None:
        return [wanted.transport]
    return [transport for transport in speak if transport in SECURE or not wanted.secure]

"""Where bytes came from and where they can go: flows, targets and what the engine asks of its driver."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Transport: TypeAlias = Literal["udp", "tcp", "tls", "ws", "wss"]
RELIABLE: frozenset[str] = frozenset({"tcp", "tls", "ws", "wss"})
SECURE: frozenset[str] = frozenset({"tls", "wss"})
WEB: frozenset[str] = frozenset({"ws", "wss"})


class Flow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A path that exists: a UDP listener plus a remote address, or one connection (RFC 5626 §2).

    ``number`` identifies the listening socket (UDP) or the connection (streams) inside one ``net`` driver; it is
    never reused while the driver lives. Hosts are IP literals without brackets.
    """

    transport: Transport
    local_host: str
    local_port: int
    remote_host: str
    remote_port: int
    number: int = 0


class Target(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A place to send to for which no flow need exist yet: the result of RFC 3263 resolution.

    ``host`` is an IP literal without brackets; ``server_name`` is the name a TLS certificate must match.
    """

    transport: Transport
    host: str
    port: int
    server_name: str = ""


Destination: TypeAlias = Flow | Target


class Send(msgspec.Struct, frozen=True, gc=False):
    """Output: put these bytes on the wire. ``transaction`` comes back in ``TransportFailed``; "" when nobody waits."""

    to: Destination
    data: bytes
    transaction: str = ""


class Resolve(msgspec.Struct, frozen=True, gc=False):
    """Output: resolve this URI by RFC 3263 and hand the targets to ``resolved(token, targets, now)``."""

    uri: str
    token: int


Output: TypeAlias = Send | Resolve

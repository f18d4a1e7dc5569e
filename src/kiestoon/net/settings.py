"""What the transports are told: listeners, certificates and limits. Plain values; times in seconds, sizes in bytes."""

from __future__ import annotations

import msgspec

from kiestoon.sip.flow import Transport


class TlsServer(msgspec.Struct, frozen=True):
    """Certificate chain and key (PEM) a TLS or WSS listener shows."""

    certificate_file: str
    key_file: str


class TlsClient(msgspec.Struct, frozen=True):
    """How we check servers we connect to. ``ca_file`` (PEM) replaces the system's authorities; ``verify`` False accepts
    any certificate and is meant for a laboratory only."""

    ca_file: str = ""
    verify: bool = True


class Listener(msgspec.Struct, frozen=True):
    """One address to listen on. ``port`` 0 takes any free one.

    ``advertised_host`` / ``advertised_port`` go into Via and Contact instead of our own (a router with port forwarding
    stands before us), except for destinations inside ``local_networks`` (CIDR).
    """

    transport: Transport
    host: str
    port: int
    advertised_host: str = ""
    advertised_port: int = 0
    local_networks: tuple[str, ...] = ()
    tls: TlsServer | None = None


class StreamLimits(msgspec.Struct, frozen=True):
    """What one peer may cost us on TCP, TLS, WS and WSS."""

    connections: int = 20_000
    connections_per_source: int = 500
    """A whole office may sit behind one address."""
    handshake_s: float = 10.0
    """TLS and WebSocket handshakes must be over by then."""
    first_message_s: float = 30.0
    """An accepted connection must bring its first whole message or keep-alive by then."""
    message_s: float = 10.0
    """A message begun must be complete by then (slow senders hold memory)."""
    idle_s: float = 7200.0
    write_buffer: int = 1 << 20
    """Above this the peer does not read any more and is dropped."""
    connect_s: float = 5.0
    queued_while_connecting: int = 256
    websocket_message: int = 65536


class NetSettings(msgspec.Struct, frozen=True):
    listeners: tuple[Listener, ...]
    tls_client: TlsClient = TlsClient()
    limits: StreamLimits = StreamLimits()
    udp_buffer: int = 4 << 20
    """SO_RCVBUF and SO_SNDBUF; the kernel's ``net.core.rmem_max`` may cap it."""
    udp_batch: int = 64
    """Datagrams read in one turn of the loop: one drain and one timer update for all of them."""

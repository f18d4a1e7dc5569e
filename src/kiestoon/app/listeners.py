"""The SIP listeners the settings ask for, and why one could not be opened."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

from kiestoon.app.config import Settings
from kiestoon.app.os_problems import SystemProblemError, explain_bind
from kiestoon.net.settings import Listener, NetSettings, TlsServer
from kiestoon.operator_error import OperatorError
from kiestoon.registrar.sources import LOOPBACK_NETWORKS, PRIVATE_NETWORKS
from kiestoon.sip.flow import SECURE, Transport

_TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp", "tls", "ws", "wss")


def net_settings(settings: Settings) -> NetSettings:
    """Settings for ``net``: every transport with a port, on every host."""
    tls = TlsServer(str(settings.certificate), str(settings.certificate_key))
    return NetSettings(
        listeners=tuple(
            Listener(
                transport,
                host,
                port,
                advertised_host=settings.sip.advertised_host,
                local_networks=(*LOOPBACK_NETWORKS, *PRIVATE_NETWORKS),
                tls=tls if transport in SECURE else None,
            )
            for host in usable_hosts(settings.sip.hosts)
            for transport in _TRANSPORTS
            if (port := getattr(settings.sip, transport))
        )
    )


def usable_hosts(hosts: Sequence[str]) -> tuple[str, ...]:
    """The hosts without "::" on a machine that has no IPv6: it stands in the defaults."""
    return tuple(host for host in hosts if host != "::" or _has_ipv6())


def explain_start(error: OSError, listeners: Sequence[Listener]) -> OperatorError:
    """Which listener could not be opened, and why: each is tried again, since the error names none."""
    if isinstance(error, ssl.SSLError):
        return SystemProblemError(f"The TLS certificate cannot be used ({error})", "Check sip.certificate and sip.key")
    for listener in listeners:
        datagram = listener.transport == "udp"
        family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM) as probe:
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                if not datagram:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((listener.host, listener.port))
                if not datagram:
                    probe.listen(1)
        except OSError as reason:
            setting = f"sip.{listener.transport}"
            return explain_bind(reason, "udp" if datagram else "tcp", listener.host, listener.port, setting)
    return SystemProblemError(f"The SIP listeners cannot be opened ({error})", "Try again; check the [sip] settings")


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True

"""Our own addresses as a peer sees them: the ``Local`` of real sockets."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

import msgspec

from kiestoon.net.settings import Listener
from kiestoon.sip.flow import Destination, Flow, Transport
from kiestoon.sip.locate import DEFAULT_PORT
from kiestoon.sip.uri import Uri

MOST_CACHED = 65_536
_WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104  # compared with, not bound to


class Bound(msgspec.Struct, frozen=True):
    """A listener that is open: ``host`` and ``port`` are what the system gave it, ``number`` its flow number."""

    settings: Listener
    host: str
    port: int
    number: int

    @property
    def transport(self) -> Transport:
        return self.settings.transport


def route_source(host: str) -> str:
    """Our address on the way to ``host``, as the routing table says; "" when there is no way. Sends nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


class ListenerAddresses:
    """Implements ``sip.local.Local`` over the open listeners. Answers are cached per remote host and flow: the routing
    table is asked once. ``forget`` drops the cache, for when the machine's addresses change."""

    def __init__(self, bound: tuple[Bound, ...] = (), route: Callable[[str], str] = route_source) -> None:
        self._bound = bound
        self._route = route
        self._sent_by: dict[tuple[str, str, int], tuple[str, int]] = {}
        self._contacts: dict[tuple[str, str, int], Uri] = {}

    def update(self, bound: tuple[Bound, ...]) -> None:
        """The listeners have changed."""
        self._bound = bound
        self.forget()

    def forget(self) -> None:
        self._sent_by.clear()
        self._contacts.clear()

    def sent_by(self, destination: Destination) -> tuple[str, int]:
        key = _key(destination)
        found = self._sent_by.get(key)
        if found is None:
            if len(self._sent_by) >= MOST_CACHED:
                self.forget()
            found = self._sent_by[key] = self._look_up(destination)
        return found

    def contact(self, destination: Destination) -> Uri:
        key = _key(destination)
        found = self._contacts.get(key)
        if found is None:
            host, port = self.sent_by(destination)
            transport = destination.transport
            params: dict[str, str | None] = {} if transport == "udp" else {"transport": transport}
            found = self._contacts[key] = Uri("sip", "", "", host, port, params)
        return found

    def listener_for(self, destination: Destination) -> Bound | None:
        """The listener whose address stands for us towards ``destination``: that of the flow, else one bound to the
        route's source address, else one bound to all addresses, else any of the family."""
        remote = destination.remote_host if isinstance(destination, Flow) else destination.host
        transport = destination.transport
        v6 = ":" in remote
        fitting = [bound for bound in self._bound if bound.transport == transport and (":" in bound.host) == v6]
        if isinstance(destination, Flow):
            for bound in fitting:
                if bound.number == destination.number or bound.host == destination.local_host:
                    return bound
        if len(fitting) > 1:
            source = self._route(remote)
            fitting.sort(key=lambda bound: (bound.host != source, bound.host not in _WILDCARDS))
        return fitting[0] if fitting else None

    def _look_up(self, destination: Destination) -> tuple[str, int]:
        bound = self.listener_for(destination)
        remote = destination.remote_host if isinstance(destination, Flow) else destination.host
        if bound is None:  # we do not listen on this transport; the connection itself must do
            host = destination.local_host if isinstance(destination, Flow) else self._route(remote)
            return host or "invalid.invalid", DEFAULT_PORT[destination.transport]
        settings = bound.settings
        if _is_advertised(settings, remote):
            own = settings.advertised_host or self._own_host(bound, destination, remote)
            return own.lower(), settings.advertised_port or bound.port
        return self._own_host(bound, destination, remote), bound.port

    def _own_host(self, bound: Bound, destination: Destination, remote: str) -> str:
        if bound.host not in _WILDCARDS:
            return bound.host
        if isinstance(destination, Flow) and destination.local_host and destination.local_host not in _WILDCARDS:
            return destination.local_host
        return self._route(remote) or "invalid.invalid"


def _key(destination: Destination) -> tuple[str, str, int]:
    if isinstance(destination, Flow):
        # Connections come and go by the thousand: their listener counts, not their number.
        number = destination.number if destination.transport == "udp" else 0
        return destination.transport, f"{destination.remote_host}|{destination.local_host}", number
    return destination.transport, destination.host, -1


def _is_advertised(settings: Listener, remote: str) -> bool:
    """Whether the other address goes to ``remote``: not inside, and not to peers of another family than it is of."""
    if not (settings.advertised_host or settings.advertised_port) or _inside(remote, settings.local_networks):
        return False
    try:
        version = ipaddress.ip_address(settings.advertised_host).version
    except ValueError:  # a name, which may have addresses of both
        return True
    return (version == 6) == (":" in remote)


def _inside(host: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)

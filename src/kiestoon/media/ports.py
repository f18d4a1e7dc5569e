"""Pre-bound socket pairs: RTP on an even port, RTCP on the next.

Binding a pair costs more than everything else in setting a call up, so pairs are bound once and used again. A returned
pair rests (``QUARANTINE_S``) before it serves another call and is drained then: packets still under way for the call
that ended never reach the next one. The longest-rested pair is leased first.
"""

from __future__ import annotations

import random
import resource
import socket
from collections import deque
from collections.abc import Sequence

import msgspec
import structlog

log = structlog.get_logger(__name__)

QUARANTINE_S = 2.0
EXPEDITED_FORWARDING = 46 << 2
"""DSCP EF (RFC 3246) as a TOS byte: what networks give telephone speech."""
DESCRIPTORS_RESERVED = 256
BLOCKED_S = 60.0
"""A port somebody else holds is tried again after this."""
MAX_DRAIN = 1024


class MediaAddress(msgspec.Struct, frozen=True):
    """An address to bind ports on and what to tell the world it is (behind NAT they differ)."""

    bind: str
    advertised: str = ""

    @property
    def host(self) -> str:
        """What goes into SDP."""
        return self.advertised or self.bind


class PortPair:
    """Two bound, non-blocking UDP sockets. ``dirty``: used since it was last drained."""

    __slots__ = ("dirty", "host", "port", "rested_at", "rtcp", "rtp")

    def __init__(self, host: str, port: int, rtp: socket.socket, rtcp: socket.socket) -> None:
        self.host = host
        self.port = port
        self.rtp = rtp
        self.rtcp = rtcp
        self.dirty = False
        self.rested_at = 0.0

    def drain(self) -> bool:
        """Throw away what is queued; False when it does not stop (somebody keeps sending)."""
        for sock in (self.rtp, self.rtcp):
            for _ in range(MAX_DRAIN):
                try:
                    sock.recv(1)
                except BlockingIOError:
                    break
                except OSError:
                    continue  # a pending ICMP error, cleared by reading it
            else:
                return False
        self.dirty = False
        return True

    def close(self) -> None:
        """Close both sockets."""
        self.rtp.close()
        self.rtcp.close()


class PortPool:
    """All the pairs of a process. ``lease`` and ``give_back`` cost no system call except for first-time binding."""

    def __init__(
        self,
        first: int,
        last: int,
        addresses: Sequence[MediaAddress],
        *,
        quarantine_s: float = QUARANTINE_S,
        rng: random.Random | None = None,
    ) -> None:
        """Ports are taken from ``first`` to ``last``, both inclusive.

        Raises ValueError for an impossible range and OSError for an address that is not this machine's.
        """
        if not addresses:
            raise ValueError("no media address configured")
        if not 1024 <= first <= last <= 65535:
            raise ValueError(f"media port range {first}-{last} is not within 1024-65535")
        for address in addresses:
            _bind_socket(address.bind, 0).close()
        numbers = list(range(first + first % 2, last, 2))
        if not numbers:
            raise ValueError(f"media port range {first}-{last} holds no even/odd pair")
        (rng or random.SystemRandom()).shuffle(numbers)  # a port that can't be guessed is harder to spray at
        limit = min(len(numbers), (_descriptor_limit() - DESCRIPTORS_RESERVED) // 2)
        if limit < len(numbers):
            log.warning("media_ports_limited_by_descriptors", wanted=len(numbers), possible=limit)
        self.capacity = max(1, limit)
        self.hosts = tuple(address.host for address in addresses)
        self._bind = {address.host: address.bind for address in addresses}
        self._unbound = deque(numbers)
        self._blocked: deque[tuple[float, int]] = deque()
        """Numbers somebody else holds, and when to try them again."""
        self._bound = 0
        self._taken = 0
        self._resting: dict[str, deque[PortPair]] = {host: deque() for host in self.hosts}
        self._quarantine_s = quarantine_s

    @property
    def free(self) -> int:
        """Pairs not leased now."""
        resting = sum(len(pairs) for pairs in self._resting.values())
        return self.capacity - self._bound + resting

    def lease(self, host: str, now: float) -> PortPair | None:
        """A clean pair on the advertised ``host``; None when the range is exhausted. KeyError: no such host."""
        return self.lease_bound(host, now) or self._bind_another(host, now)

    def lease_bound(self, host: str, now: float) -> PortPair | None:
        """The same, but only when a rested pair is bound already."""
        resting = self._resting[host]
        while resting and resting[0].rested_at <= now:
            pair = resting.popleft()
            if not pair.dirty or pair.drain():
                return pair
            self._discard(pair)
        return None

    def prepare(self, count: int, now: float) -> None:
        """Bind ``count`` pairs of every host ahead of their need, or an equal share of a small range."""
        for host in self.hosts:
            for _ in range(min(count, self.capacity // len(self.hosts))):
                if self._bound >= self.capacity or (pair := self._bind_another(host, now)) is None:
                    break
                self._resting[host].append(pair)

    def _bind_another(self, host: str, now: float) -> PortPair | None:
        while self._blocked and self._blocked[0][0] <= now:
            self._unbound.append(self._blocked.popleft()[1])
        stolen = False
        while True:
            if not self._unbound or self._bound >= self.capacity:
                # One is enough: a host that cannot bind its number must not take all the others have.
                if stolen or not self._steal(host, now):
                    return None
                stolen = True
            number = self._unbound.popleft()
            fresh = self._open(host, number)
            if fresh is not None:
                self._bound += 1
                return fresh
            self._blocked.append((now + BLOCKED_S, number))

    def give_back(self, pair: PortPair, now: float, *, used: bool) -> None:
        """Return a pair; a used one rests before it is leased again."""
        if used:
            pair.dirty = True
            pair.rested_at = now + self._quarantine_s
            self._resting[pair.host].append(pair)
        else:
            self._resting[pair.host].appendleft(pair)

    def close(self) -> None:
        """Close every pair not leased."""
        for pairs in self._resting.values():
            while pairs:
                pairs.popleft().close()

    def _steal(self, host: str, now: float) -> bool:
        """Close a rested pair of another host, whose descriptors and number ``host`` needs."""
        for other, pairs in self._resting.items():
            if other != host and pairs and pairs[0].rested_at <= now:
                self._discard(pairs.popleft())
                return True
        return False

    def _discard(self, pair: PortPair) -> None:
        pair.close()
        self._bound -= 1
        self._unbound.append(pair.port)

    def _open(self, host: str, number: int) -> PortPair | None:
        """Bind a pair; None when somebody else holds one of the ports."""
        bind = self._bind[host]
        try:
            rtp = _bind_socket(bind, number)
        except OSError as error:
            self._note_taken(bind, number, error)
            return None
        try:
            rtcp = _bind_socket(bind, number + 1)
        except OSError as error:
            rtp.close()
            self._note_taken(bind, number + 1, error)
            return None
        return PortPair(host, number, rtp, rtcp)

    def _note_taken(self, bind: str, port: int, error: OSError) -> None:
        """Say so for the 1st, 10th, 100th, … such port: another exchange's whole range is no reason to fill the log."""
        self._taken += 1
        if self._taken == 10 ** (len(str(self._taken)) - 1):
            log.warning("media_port_not_bound", host=bind, port=port, error=error.strerror, so_far=self._taken)


def _bind_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED_FORWARDING)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED_FORWARDING)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _descriptor_limit() -> int:
    """The descriptors this process may open, after raising the soft limit to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):
            pass
    return 1_000_000 if soft == resource.RLIM_INFINITY else soft

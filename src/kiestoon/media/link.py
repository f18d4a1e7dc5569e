"""The sockets of one termination: where its packets come from and go to.

A socket whose source is settled gets connected: the kernel then drops strangers' packets for us and skips the route
look-up, which saves a sixth of the cost of a relayed packet. It is disconnected again when the source falls silent, so
that a stream coming back from elsewhere can be seen.
"""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from kiestoon.media.lock import Address, SourceLock
from kiestoon.media.ports import PortPair
from kiestoon.media.protocol import Stream
from kiestoon.media.shared import Shared
from kiestoon.media.srtp import SrtpError, SrtpSender

_libc = ctypes.CDLL(None, use_errno=True)
_UNSPEC = bytes(28)
"""An AF_UNSPEC socket address: ``connect`` to it dissolves the association (connect(2)); Python can't say so."""


def _nowhere(packet: Any) -> int:
    """Emit while no address is known."""
    return len(packet)


class Link:
    """``emit(packet)`` sends RTP as it is; ``transmit`` encrypts first where agreed. Both may raise OSError."""

    __slots__ = (
        "_rtp", "_shared", "connected", "emit", "lock", "mux", "pair", "protection", "rtcp_target",
        "sealed", "target",
    )  # fmt: skip

    def __init__(self, pair: PortPair, shared: Shared) -> None:
        self._shared = shared
        self._rtp = pair.rtp
        self.pair = pair
        self.lock = SourceLock(None)
        self.target: Address | None = None
        self.rtcp_target: Address | None = None
        self.mux = False
        self.connected = False
        self.emit: Callable[[Any], int] = _nowhere
        self.protection: SrtpSender | None = None
        self.sealed = False
        """Nothing may leave unencrypted: keys are being agreed by a handshake."""

    def agree(self, stream: Stream) -> None:
        """Follow a (new) agreement. Raises ValueError when an address is not an IP literal of the socket's family."""
        remote = _checked(stream.remote, self._rtp.family)
        remote_rtcp = _checked(stream.remote_rtcp, self._rtp.family)
        self.sealed = False
        self.mux = stream.rtcp_mux
        self.rtcp_target = remote_rtcp
        moved = self.lock.renegotiate(remote)
        if moved:
            self.disconnect()
        source = self.lock.source
        self.target = source if stream.symmetric and source is not None else remote
        if self.target != source:
            self.disconnect()
        self._aim()

    def seal(self) -> None:
        """Nothing leaves but what is encrypted, to where ``aim_at`` says, RTCP beside RTP (RFC 8834 §4.5)."""
        self.disconnect()
        self.lock = SourceLock(None)
        self.mux = self.sealed = True
        self.rtcp_target = None
        self.aim_at(None)

    def aim_at(self, address: Address | None) -> None:
        """Send there from now on; None: nowhere."""
        self.target = address
        self._aim()

    def latch(self, *, symmetric: bool) -> None:
        """The lock has found (another) source: answer there when symmetric."""
        if symmetric:
            self.target = self.lock.source
        self._aim()

    def connect(self) -> bool:
        """Connect to the settled source; False when packets go elsewhere or the kernel refuses."""
        if self.connected or self.target is None or self.target != self.lock.source:
            return False
        try:
            self._rtp.connect(self.target)
        except OSError:
            return False
        self.connected = True
        self._aim()
        return True

    def disconnect(self) -> None:
        """Hear everybody again."""
        if self.connected:
            _libc.connect(self._rtp.fileno(), _UNSPEC, len(_UNSPEC))
            self.connected = False
            self._aim()

    def transmit(self, packet: bytes | bytearray | memoryview) -> None:
        """Send an RTP packet, encrypted where agreed. Errors are counted, never raised."""
        try:
            if self.protection is not None:
                packet = self.protection.protect(bytes(packet))
            elif self.sealed:
                return
            emit = self.emit
            emit(packet)
        except OSError as error:
            self.send_failed(error)
        except SrtpError:
            self._shared.drop("srtp_send")

    def transmit_rtcp(self, packet: bytes) -> None:
        """Send an RTCP packet to where RTCP was agreed, or beside RTP."""
        try:
            if self.protection is not None:
                packet = self.protection.protect_rtcp(packet)
            elif self.sealed:
                return
            if self.mux:
                self.emit(packet)
                return
            target = self.rtcp_target
            if target is None and self.target is not None:
                target = (self.target[0], self.target[1] + 1)
            if target is not None and target[1] <= 65535:
                self.pair.rtcp.sendto(packet, target)
        except OSError as error:
            self.send_failed(error)
        except SrtpError:
            self._shared.drop("srtp_send")

    def send_failed(self, error: OSError) -> None:
        """Count why the kernel did not take a packet."""
        self._shared.drop("send_" + errno.errorcode.get(error.errno or 0, "error").lower())

    def _aim(self) -> None:
        if self.connected:
            self.emit = self._rtp.send
        elif self.target is None:
            self.emit = _nowhere
        else:
            self.emit = _aimed(self._rtp, self.target)


def _aimed(sock: socket.socket, target: Address) -> Callable[[Any], int]:
    sendto = sock.sendto

    def emit(packet: Any) -> int:
        return sendto(packet, target)

    return emit


def _checked(address: Address | None, family: int) -> Address | None:
    """Refuse names (they would block in the resolver), other families and multicast.

    The unspecified address is none: it is how RFC 2543 said "hold" (RFC 3264 §8.4).
    """
    if address is None:
        return None
    host, port = address
    try:
        ip = ipaddress.ip_address(host)
    except ValueError as error:
        raise ValueError(f"{host!r} is no IP address") from error
    if (ip.version == 6) != (family == socket.AF_INET6):
        raise ValueError(f"{host} is not of this port's address family")
    if ip.is_unspecified:
        return None
    if ip.is_multicast:
        raise ValueError(f"{host} is a multicast address")
    if not 0 < port <= 65535:
        raise ValueError(f"no such port: {port}")
    return (str(ip), port)

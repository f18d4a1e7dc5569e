"""What the network says of datagrams it could not deliver: ICMP errors, read from a UDP socket's error queue (Linux).

An ICMP error is easily forged. It says something here only when it quotes our own request down to the branch of its
Via, which nobody off the path can know; what it may do then, the engine decides (RFC 3261 §18.4).
"""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Iterator
from typing import NamedTuple

from kiestoon.sip.transaction.matching import client_key

_IP_RECVERR = 11
_IPV6_RECVERR = 25
_ORIGIN_ICMP, _ORIGIN_ICMP6 = 2, 3
_EXTENDED_ERROR = 16  # bytes of sock_extended_err: errno (4), origin, type, code, padding, info (4), data (4)
_QUOTE = 1024
_ANCILLARY = 256
MOST_AT_ONCE = 64
"""Errors read in one go; the rest waits for the next turn of the loop."""

_REQUEST = re.compile(
    rb"([A-Z]{1,32}) [^\r\n]{1,900} SIP/2\.0\r\nVia: SIP/2\.0/UDP [^\r\n]*?;branch=(z9hG4bK[^;,\s]+)[;\r]"
)


class Unreachable(NamedTuple):
    """A request of ours that did not reach ``host``:``port``; ``transaction`` as in ``Send``."""

    transaction: str
    host: str
    port: int


def watch_errors(sock: socket.socket) -> select.epoll | None:
    """Have errors queued, and give what becomes readable when there are datagrams or errors; None: not this system.

    An event loop must not watch such a socket itself: uvloop ends watching where poll(2) reports an error.
    """
    if not hasattr(select, "epoll") or not hasattr(socket, "MSG_ERRQUEUE"):
        return None
    v6 = sock.family == socket.AF_INET6
    level, option = (socket.IPPROTO_IPV6, _IPV6_RECVERR) if v6 else (socket.IPPROTO_IP, _IP_RECVERR)
    try:
        sock.setsockopt(level, option, 1)
    except OSError:
        return None
    poll = select.epoll()
    poll.register(sock.fileno(), select.EPOLLIN)
    return poll


def read_errors(sock: socket.socket) -> Iterator[Unreachable]:
    """Take errors from the queue, at most ``MOST_AT_ONCE``; those that concern a request of ours are yielded."""
    for _ in range(MOST_AT_ONCE):
        try:
            quote, ancillary, _, address = sock.recvmsg(_QUOTE, _ANCILLARY, socket.MSG_ERRQUEUE)
        except OSError:  # usually that there are no more
            return
        if not any(_is_final(level, kind, data) for level, kind, data in ancillary):
            continue
        request = _REQUEST.match(quote)
        if request is not None:
            branch = request[2].decode("ascii", "replace")
            yield Unreachable(client_key(branch, request[1].decode()), address[0], address[1])


def _is_final(level: int, kind: int, data: bytes) -> bool:
    """Whether an error means that nobody is there, as §18.4 lists them: unreachable (not: packet too big), or parameter
    problem; neither source quench nor time exceeded."""
    if (level, kind) not in ((socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)):
        return False
    if len(data) < _EXTENDED_ERROR:
        return False
    origin, icmp_type, code = data[4:7]
    if origin == _ORIGIN_ICMP:
        return (icmp_type == 3 and code != 4) or icmp_type == 12
    return origin == _ORIGIN_ICMP6 and icmp_type in (1, 4)

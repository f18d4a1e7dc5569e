"""UDP ports for tests that need to say which: a slice of them nobody else uses, in this test run or another one.

Whoever has a slice holds a TCP socket on its first port, which no media process wants: the kernel gives it to one only,
and takes it back when that one dies. The range lies apart from those of ``bench.peers.process`` and the exchanges of
the wire tests, and below the ports the kernel gives out by itself.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence

SIZE = 100
_FIRST_PORTS = range(2_200, 4_900, SIZE)


class PortSlice:
    """``SIZE`` ports from ``first`` on, free on every host when it was taken; ``close`` when nothing is bound there."""

    def __init__(self, hosts: Sequence[str] = ("127.0.0.1",)) -> None:
        for first in random.sample(_FIRST_PORTS, len(_FIRST_PORTS)):
            guard = _bound(socket.SOCK_STREAM, "127.0.0.1", first)
            if guard is None:
                continue
            if all(_is_free(host, port) for host in hosts for port in range(first, first + SIZE)):
                self.first = first
                self._guard = guard
                return
            guard.close()
        raise RuntimeError(f"all ports from {_FIRST_PORTS.start} to {_FIRST_PORTS.stop} are taken")

    @property
    def last(self) -> int:
        return self.first + SIZE - 1

    def close(self) -> None:
        """Others may have them."""
        self._guard.close()


def _bound(kind: socket.SocketKind, host: str, port: int) -> socket.socket | None:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    try:
        made.bind((host, port))
    except OSError:
        made.close()
        return None
    return made


def _is_free(host: str, port: int) -> bool:
    probe = _bound(socket.SOCK_DGRAM, host, port)
    if probe is not None:
        probe.close()
    return probe is not None

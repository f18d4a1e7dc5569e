"""Identifiers that call control chooses: calls, legs, contexts, terminations, signals."""

from __future__ import annotations

import base64
import random

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


class Ids:
    """Numbers unique over restarts (start second in the high bits) and sortable, unguessable call names.

    ``random_source`` is seeded in simulations; an installation passes ``random.SystemRandom()``.
    """

    __slots__ = ("_next", "_random")

    def __init__(self, started_s: int, random_source: random.Random) -> None:
        self._next = (started_s & 0xFFFFFFFF) << 28
        self._random = random_source

    def number(self) -> int:
        """The next number for a leg, context, termination or signal (fits 60 bits)."""
        self._next += 1
        return self._next

    def go_past(self, number: int) -> None:
        """Numbers up to this one are in use: after a crash within a second, or with the clock put back."""
        self._next = max(self._next, number)

    def call(self, wall_ms: int) -> str:
        """A call's name: 10 characters of time, 8 of chance, in Crockford's base 32; sorts by time."""
        value = (wall_ms & ((1 << 50) - 1)) << 40 | self._random.getrandbits(40)
        out = [""] * 18
        for i in range(17, -1, -1):
            out[i] = _CROCKFORD[value & 31]
            value >>= 5
        return "".join(out)

    def text(self, octets: int) -> str:
        """So many unguessable octets in letters, digits, + and / (RFC 8839 §5.4: ice-char). Give a multiple of 3."""
        return base64.b64encode(self._random.randbytes(octets)).decode()

    def key(self, octets: int) -> bytes:
        """Fresh key material."""
        return self._random.randbytes(octets)

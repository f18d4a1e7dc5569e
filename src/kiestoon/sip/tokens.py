"""Tags, branches and Call-IDs: unguessable in service, repeatable in simulations."""

from __future__ import annotations

import os
import random

from kiestoon.sip.headers.via import MAGIC_COOKIE

_PAGE = 4096


class _Entropy:
    """The operating system's random numbers, fetched by the page: a system call for each of the five tokens of a call
    costs more than all that is done with them. (No process forks with one of these in hand.)"""

    __slots__ = ("_at", "_bytes")

    def __init__(self) -> None:
        self._bytes = b""
        self._at = 0

    def getrandbits(self, count: int) -> int:
        octets = (count + 7) // 8
        start, end = self._at, self._at + octets
        if end > len(self._bytes):
            self._bytes = os.urandom(_PAGE)
            start, end = 0, octets
        self._at = end
        return int.from_bytes(self._bytes[start:end], "big") >> (octets * 8 - count)


class Tokens:
    """A source of identifiers. Without ``source`` the operating system's random numbers are used (RFC 3261 §19.3 asks
    for at least 32 cryptographically random bits); simulations pass ``random.Random(seed)``."""

    __slots__ = ("_bits",)

    def __init__(self, source: random.Random | None = None) -> None:
        self._bits = (source or _Entropy()).getrandbits

    def new_tag(self) -> str:
        """A From or To tag (64 bits)."""
        return f"{self._bits(64):016x}"

    def new_branch(self) -> str:
        """A Via branch with the magic cookie (96 bits)."""
        return f"{MAGIC_COOKIE}{self._bits(96):024x}"

    def new_call_id(self) -> str:
        """A Call-ID without host part (128 bits): the exchange's addresses are nobody's business."""
        return f"{self._bits(128):032x}"


_system = Tokens()
new_tag = _system.new_tag
new_branch = _system.new_branch
new_call_id = _system.new_call_id

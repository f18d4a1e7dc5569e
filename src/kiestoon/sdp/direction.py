"""Directions as two bits, so that hold is arithmetic (RFC 3264 §5.1, §6.1, §8.4)."""

from __future__ import annotations

from typing import Final

from kiestoon.media.protocol import Direction

_SEND: Final = 1
_RECEIVE: Final = 2
_BITS: Final[dict[Direction, int]] = {"inactive": 0, "sendonly": _SEND, "recvonly": _RECEIVE, "sendrecv": 3}
_NAMES: Final[tuple[Direction, ...]] = ("inactive", "sendonly", "recvonly", "sendrecv")
_REVERSED: Final[dict[Direction, Direction]] = {
    "inactive": "inactive",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "sendrecv": "sendrecv",
}
DIRECTIONS: Final[dict[str, Direction]] = {f"a={name}": name for name in _NAMES}


def reverse(direction: Direction) -> Direction:
    """The same stream seen from the other end."""
    return _REVERSED[direction]


def both(left: Direction, right: Direction) -> Direction:
    """What both allow."""
    return _NAMES[_BITS[left] & _BITS[right]]


def sends(direction: Direction) -> bool:
    """Whether media flows away from the side whose direction this is."""
    return bool(_BITS[direction] & _SEND)


def receives(direction: Direction) -> bool:
    """Whether media flows towards the side whose direction this is."""
    return bool(_BITS[direction] & _RECEIVE)

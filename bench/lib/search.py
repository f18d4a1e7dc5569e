"""Finds the highest rate something sustains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from bench.peers.process import PeerFailed


class Attempt(Protocol):
    """One rate tried."""

    @property
    def rate(self) -> float:
        """What was offered."""
        ...

    @property
    def sustained(self) -> bool:
        """Whether it held."""
        ...


A = TypeVar("A", bound=Attempt)

TRIES = 3


def find_limit(
    attempt: Callable[[float], A],
    *,
    start: float,
    growth: float = 1.5,
    resolution: float = 0.06,
    ceiling: float = 50_000,
) -> tuple[A, list[A]]:
    """The highest sustained attempt, to about ``resolution`` (a share), and every attempt made.

    Grows by ``growth`` until an attempt fails, then halves the gap. A failing rate is tried three times, so that a
    hiccup of the machine is not taken for the limit. Raises ``PeerFailed`` when nothing at all is sustained.
    """
    attempts: list[A] = []

    def patiently(rate: float) -> A:
        for _ in range(TRIES):
            attempts.append(attempt(rate))
            if attempts[-1].sustained:
                break
        return attempts[-1]

    best: A | None = None
    low, rate = 0.0, start
    while rate <= ceiling and (tried := patiently(rate)).sustained:
        best, low, rate = tried, rate, round(rate * growth)
    high = rate
    while high - low > resolution * high and high > start / 20:
        tried = patiently(round((low + high) / 2))
        if tried.sustained:
            best, low = tried, tried.rate
        else:
            high = tried.rate
    if best is None:
        raise PeerFailed(f"nothing is sustained at {start:.0f} a second")
    return best, attempts

"""Slowing down who guesses, without locking out whom they guess at.

Failures are counted for an account with the client they come from, for the source, and for the account over all
unknown browsers. After some free failures each further one doubles the time until the next attempt is looked at. A
browser in which somebody has logged in before has a device cookie and is a client of its own, whom the failures of
others do not touch (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). An attempt counts as failed while
it is looked at, so that many at once gain nothing. Nothing here reads the clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

import msgspec

from kiestoon.api.networks import network_of

_FORGET_S: Final = 3600.0
_MOST_KEYS: Final = 50_000


class Pace(msgspec.Struct, frozen=True):
    """So many failures are free; then 1 s, doubling up to ``longest_s``."""

    free: int
    longest_s: float


CLIENT: Final = Pace(free=4, longest_s=900.0)
SOURCE: Final = Pace(free=40, longest_s=900.0)  # a whole office may come from one address
ACCOUNT: Final = Pace(free=100, longest_s=60.0)  # the owner at a new browser waits a minute at most


class _Failures(msgspec.Struct):
    count: int
    last: float


class Backoff:
    """Failures by key at one pace; the least recently used keys are forgotten when there are very many."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait_s(self, key: str, now: float) -> float:
        """How long until the next attempt is looked at; 0 = now."""
        held = self._failures.get(key)
        if held is None or held.count <= self._pace.free:
            return 0.0
        delay = min(2.0 ** min(held.count - self._pace.free - 1, 30), self._pace.longest_s)
        return max(0.0, delay - (now - held.last))

    def failed(self, key: str, now: float) -> None:
        """Count a failure."""
        held = self._failures.setdefault(key, _Failures(0, now))
        held.count = 1 if now - held.last > _FORGET_S else held.count + 1
        held.last = now
        self._failures.move_to_end(key)
        while len(self._failures) > _MOST_KEYS:
            self._failures.popitem(last=False)

    def take_back(self, key: str) -> None:
        """The latest failure was none."""
        held = self._failures.get(key)
        if held is not None:
            held.count -= 1
            if held.count < 1:
                del self._failures[key]

    def forget(self, key: str) -> None:
        """It was the right one after all."""
        self._failures.pop(key, None)


class Attempt(msgspec.Struct, frozen=True):
    """Who tries to log in as whom. ``device``: the name of a browser known to the account, "" = unknown."""

    account: str
    source: str
    device: str = ""


class Throttle:
    """What all attempts have in common."""

    def __init__(self) -> None:
        self._clients = Backoff(CLIENT)
        self._sources = Backoff(SOURCE)
        self._accounts = Backoff(ACCOUNT)

    def wait_s(self, attempt: Attempt, now: float) -> float:
        """Seconds until this attempt may be made; 0 = now."""
        return max(backoff.wait_s(key, now) for backoff, key in self._kept(attempt))

    def failed(self, attempt: Attempt, now: float) -> None:
        """The attempt was wrong, as far as is known yet."""
        for backoff, key in self._kept(attempt):
            backoff.failed(key, now)

    def right(self, attempt: Attempt) -> None:
        """The attempt was right, or could not be looked at: it does not count."""
        for backoff, key in self._kept(attempt):
            backoff.take_back(key)

    def logged_in(self, attempt: Attempt) -> None:
        """The client has proved who it is. What others did wrong stays counted."""
        self._clients.forget(_client(attempt))

    def _kept(self, attempt: Attempt) -> Iterator[tuple[Backoff, str]]:
        yield self._clients, _client(attempt)
        if not attempt.device:
            yield self._sources, network_of(attempt.source)
            yield self._accounts, attempt.account


def _client(attempt: Attempt) -> str:
    return f"{attempt.account} {attempt.device or network_of(attempt.source)}"

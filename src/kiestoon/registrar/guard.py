"""The guard: growing bans per source after failures, and rate limits that grow with the office behind an address.

What counts against a source is weighed by what it proves. A wrong answer to a nonce of ours shows that packets really
come from there; anything else over UDP could carry a forged source, so it never harms an address from which devices
are registered. One phone with an old password must not lock out its office either: there the pair of source and
username is slowed down, and only many different failing usernames ban the source.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

import msgspec

from kiestoon.registrar.sources import Networks, source_key


class GuardSettings(msgspec.Struct, frozen=True):
    """``failures``: score that bans (halving every ``half_life_s``); each registered device allows
    ``failures_per_device`` more. Bans last ``first_ban_s``, times ``ban_growth`` each time, until
    ``forgive_s`` without one. Requests are a token bucket: ``burst`` and ``requests_per_s``, plus a share per device: a
    phone that starts asks for fifty lamps, twice each, and a whole office may start at once.
    ``exempt``: addresses and ranges never banned or limited (loopback, trusted peers).
    """

    failures: float = 10.0
    failures_per_device: float = 1.0
    half_life_s: float = 600.0
    pair_failures: float = 8.0
    first_ban_s: float = 60.0
    ban_growth: float = 4.0
    longest_ban_s: float = 86_400.0
    forgive_s: float = 86_400.0
    requests_per_s: float = 20.0
    requests_per_s_per_device: float = 1.0
    burst: float = 200.0
    burst_per_device: float = 120.0
    max_sources: int = 20_000
    exempt: tuple[str, ...] = ("127.0.0.0/8", "::1/128")


class Ban(msgspec.Struct, gc=False):
    """``level`` counts the bans so far, ``until`` is on the engine's clock; kept for ``forgive_s`` after its end."""

    source: str
    until: float
    level: int
    reason: str


class _Source:
    """What is remembered of a source that asked something."""

    __slots__ = ("devices", "filled_at", "pairs", "score", "scored_at", "tokens")

    def __init__(self, tokens: float, now: float) -> None:
        self.tokens = tokens
        self.devices = 0
        self.filled_at = now
        self.score = 0.0
        self.scored_at = now
        self.pairs: dict[str, tuple[float, float]] = {}
        """Failing username → (score, when)."""


_MAX_PAIRS = 256


class Guard:
    """All of it in memory, bounded; ``devices_at(source)`` tells how many devices are registered from a source."""

    def __init__(
        self, settings: GuardSettings | None = None, devices_at: Callable[[str], int] = lambda source: 0
    ) -> None:
        self.settings = settings or GuardSettings()
        self.devices_at = devices_at
        self._exempt = Networks(self.settings.exempt)
        self._sources: dict[str, _Source] = {}
        self._bans: dict[str, Ban] = {}
        self._active: set[str] = set()
        self._ends: list[tuple[float, str]] = []

    # --- asked for every datagram ------------------------------------------------------------------------------------

    def allowed(self, host: str) -> bool:
        """Whether the source is not banned. Cheap enough to ask before parsing."""
        if not self._active:
            return True
        return (source_key(host) if ":" in host else host) not in self._active

    def is_exempt(self, host: str) -> bool:
        """Whether the source is never banned or limited."""
        return host in self._exempt

    def admit(self, host: str, now: float) -> bool:
        """Count one request that may cost something; False when the source asks too often or is banned."""
        if host in self._exempt:
            return True
        key = source_key(host)
        if key in self._active:
            return False
        settings = self.settings
        devices = self.devices_at(key)
        burst = settings.burst + devices * settings.burst_per_device
        rate = settings.requests_per_s + devices * settings.requests_per_s_per_device
        source = self._touch(key, burst, now)
        if devices > source.devices:  # more than ever: each brings its share at once
            source.tokens += (devices - source.devices) * settings.burst_per_device
            source.devices = devices
        source.tokens = min(burst, source.tokens + max(0.0, now - source.filled_at) * rate)
        source.filled_at = now
        if source.tokens < 1.0:
            return False
        source.tokens -= 1.0
        return True

    # --- what happened -----------------------------------------------------------------------------------------------

    def failed(self, host: str, username: str, now: float, *, proven: bool, weight: float = 1.0) -> None:
        """A login failed. ``proven``: the source answered a nonce of ours or came over a connection."""
        if host in self._exempt:
            return
        key = source_key(host)
        devices = self.devices_at(key)
        if devices and not proven:
            return
        source = self._touch(key, self.settings.burst, now)
        first_times = self._count_pair(source, username, now)
        if devices and not first_times:
            return  # slowed down by ``locked``; the colleagues are not to suffer
        self._score(key, source, weight, now, "failed logins")

    def suspicious(self, host: str, now: float, reason: str, *, weight: float = 1.0) -> None:
        """Something an honest phone does not do (unknown domain, a scanner's name); proves no source address."""
        key = source_key(host)
        if host in self._exempt or self.devices_at(key):
            return
        self._score(key, self._touch(key, self.settings.burst, now), weight, now, reason)

    def succeeded(self, host: str, username: str) -> None:
        """A login succeeded: that username's failures from there are forgotten (the source's other ones are not)."""
        source = self._sources.get(source_key(host))
        if source is not None:
            source.pairs.pop(username, None)

    def locked(self, host: str, username: str, now: float) -> bool:
        """Whether this username failed so often from an office that it is refused without looking. (Where nobody is
        registered the whole source is banned instead.)"""
        key = source_key(host)
        source = self._sources.get(key)
        pair = source.pairs.get(username) if source is not None else None
        if pair is None or round(self._decayed(*pair, now)) < self.settings.pair_failures:
            return False
        return self.devices_at(key) > 0

    def _count_pair(self, source: _Source, username: str, now: float) -> bool:
        score = self._decayed(*source.pairs.pop(username, (0.0, now)), now) + 1.0
        if len(source.pairs) >= _MAX_PAIRS:
            source.pairs.pop(next(iter(source.pairs)))
        source.pairs[username] = (score, now)
        return score <= 3.0

    def _score(self, key: str, source: _Source, weight: float, now: float, reason: str) -> None:
        source.score = self._decayed(source.score, source.scored_at, now) + weight
        source.scored_at = now
        settings = self.settings
        # Rounded: ten failures within seconds are ten, though the first has decayed by a hair when the tenth comes.
        if round(source.score) >= settings.failures + self.devices_at(key) * settings.failures_per_device:
            self._ban(key, now, reason, None)

    def _decayed(self, score: float, since: float, now: float) -> float:
        return score * 0.5 ** (max(0.0, now - since) / self.settings.half_life_s) if score else 0.0

    def _touch(self, key: str, burst: float, now: float) -> _Source:
        source = self._sources.pop(key, None) or _Source(burst, now)
        if len(self._sources) >= self.settings.max_sources:
            self._sources.pop(next(iter(self._sources)))  # the one unheard of for longest
        self._sources[key] = source
        return source

    # --- bans --------------------------------------------------------------------------------------------------------

    def _ban(self, key: str, now: float, reason: str, length_s: float | None) -> None:
        settings = self.settings
        earlier = self._bans.pop(key, None)
        level = 1
        if earlier is not None and now - earlier.until < settings.forgive_s:
            level = earlier.level + 1
        if length_s is None:
            # The exponent is bounded: a float overflows long after the longest ban is reached.
            growth = settings.ban_growth ** min(level - 1, 30)
            length_s = min(settings.longest_ban_s, settings.first_ban_s * growth)
        if len(self._bans) >= settings.max_sources:
            oldest = next(iter(self._bans))
            del self._bans[oldest]
            self._active.discard(oldest)
        self._bans[key] = Ban(key, now + length_s, level, reason)
        self._active.add(key)
        self._sources.pop(key, None)
        heappush(self._ends, (now + length_s, key))

    def ban(self, host: str, now: float, length_s: float, reason: str = "by hand") -> None:
        """Ban by hand, also what is exempt otherwise."""
        self._ban(source_key(host), now, reason, length_s)

    def unban(self, source: str) -> bool:
        """Lift a ban and forget its history; ``source`` as listed, or any host in it. False when there was none."""
        key = source if source in self._bans else source_key(source)
        self._active.discard(key)
        return self._bans.pop(key, None) is not None

    def bans(self, now: float) -> list[Ban]:
        """Bans in force, the longest first."""
        active = [ban for key, ban in self._bans.items() if key in self._active and ban.until > now]
        return sorted(active, key=lambda ban: -ban.until)

    def next_deadline(self) -> float | None:
        """When the next ban ends."""
        return self._ends[0][0] if self._ends else None

    def handle_timers(self, now: float) -> None:
        """Let ended bans end."""
        while self._ends and self._ends[0][0] <= now:
            _, key = heappop(self._ends)
            ban = self._bans.get(key)
            if ban is None or ban.until <= now:
                self._active.discard(key)
        if not self._active and self._bans:
            forgive_s = self.settings.forgive_s
            self._bans = {key: ban for key, ban in self._bans.items() if now - ban.until < forgive_s}

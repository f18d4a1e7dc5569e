"""Which digest algorithms a phone is offered: both (RFC 8760), or MD5 alone to those that give up at the sight of more.

RFC 8760 §2.4 has phones ignore the algorithms they do not know. Some do not: they fail the login instead and try again
from the start. Such a phone is known by its name, or by coming back without credentials after a full challenge; from
then on it is offered MD5 only. Nothing is lost by it: MD5 was on offer anyway, and secrets are long and random.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from kiestoon.registrar.sources import source_key

MD5_ONLY: Final = ("MD5",)
LEGACY_AGENTS: Final = ("baresip v0", "baresip v1", "sipp")
"""Beginnings (lower case) of User-Agent values known to fail."""

_AT_ONCE_S: Final = 0.5
"""A request repeated within this is a retransmission or a second one on its way, no new try."""
_FORGET_S: Final = 3600.0
_MOST: Final = 50_000

Key = tuple[str, str]


class AlgorithmMemory:
    """Remembers, in bounded memory, who was challenged in full and who must not be again."""

    def __init__(self, most: int = _MOST) -> None:
        self._challenged: OrderedDict[Key, float] = OrderedDict()
        self._limited: OrderedDict[Key, None] = OrderedDict()
        self._most = most

    def limit(self, host: str, username: str, agent: str, now: float) -> bool:
        """Whether to offer MD5 only to this request, which came without credentials."""
        if agent[:16].lower().startswith(LEGACY_AGENTS):
            return True
        key = (source_key(host), username)
        if key in self._limited:
            self._limited.move_to_end(key)
            return True
        since = self._challenged.pop(key, None)
        if since is not None and _AT_ONCE_S < now - since < _FORGET_S:
            _keep(self._limited, key, None, self._most)
            return True
        _keep(self._challenged, key, now if since is None or now - since >= _FORGET_S else since, self._most)
        return False

    def answered(self, host: str, username: str) -> None:
        """The phone answered a challenge: it copes with what it was offered."""
        self._challenged.pop((source_key(host), username), None)


def _keep(memory: OrderedDict[Key, float] | OrderedDict[Key, None], key: Key, value: float | None, most: int) -> None:
    memory[key] = value  # type: ignore[assignment]  # both kinds of memory are bounded alike
    if len(memory) > most:
        memory.popitem(last=False)

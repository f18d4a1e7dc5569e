"""Passwords and PINs as argon2id hashes (RFC 9106), computed in few threads of their own.

A hash takes tens of milliseconds and 64 MiB, so no more than ``PARALLEL`` are computed at once; whoever would have to
queue too long is sent away instead.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from secrets import token_bytes
from typing import Any, Final, TypeVar

import anyio
from anyio import to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kiestoon.api.problems import ApiProblem

ResultT = TypeVar("ResultT")
PARALLEL: Final = 2
_MOST_WAITING: Final = 32  # a second or two of work


class Hashing:
    """Hashes and verifies. ``hasher`` holds the parameters; hashes made with others are still verified."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._limiter = anyio.CapacityLimiter(PARALLEL)
        self._nobodys = _hash_of_nothing(self._hasher)

    async def hash(self, password: str) -> str:
        """A new hash, with a salt of its own."""
        return await self.run(self._hasher.hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether the password is the hashed one. None, for accounts that do not exist, costs as much and is False."""
        return await self.run(self._verify, hashed, password)

    async def is_among(self, hashes: Iterable[str], password: str) -> bool:
        """Whether one of these hashes is of this password."""
        return await self.run(lambda: sum(self._verify(hashed, password) for hashed in hashes) > 0)

    def is_outdated(self, hashed: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _verify(self, hashed: str | None, password: str) -> bool:
        known = hashed is not None
        if hashed is None:
            hashed = self._nobodys
        try:
            return self._hasher.verify(hashed, password) and known
        except (VerificationError, InvalidHashError):
            return False

    async def run(self, work: Callable[..., ResultT], *arguments: Any) -> ResultT:
        """What computes hashes, in one of the few threads for it; raises ``ApiProblem`` when too many wait."""
        if self._limiter.statistics().tasks_waiting >= _MOST_WAITING:
            raise ApiProblem("unavailable", headers={"Retry-After": "2"})
        return await to_thread.run_sync(work, *arguments, limiter=self._limiter)


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """A well-formed hash that no password has, to be verified at the same cost as others."""
    salt, digest = (b64encode(token_bytes(size)).rstrip(b"=").decode() for size in (hasher.salt_len, hasher.hash_len))
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"

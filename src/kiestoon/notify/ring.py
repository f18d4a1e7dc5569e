"""The latest items of an endless row, numbered, for readers who each go at their own pace."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")


class Ring(Generic[ItemT]):
    """Keeps the latest ``size`` items. A reader holds only its position, so a slow one costs nothing; it sees a gap."""

    def __init__(self, size: int) -> None:
        self._items: deque[ItemT] = deque(maxlen=size)
        self._last = 0
        self._woken: list[asyncio.Future[None]] = []

    @property
    def last(self) -> int:
        """The number of the latest item; 0 before the first."""
        return self._last

    @property
    def floor(self) -> int:
        """A reader who has seen everything up to here has missed nothing."""
        return self._last - len(self._items)

    def append(self, item: ItemT) -> int:
        """Add an item; returns its number."""
        self._items.append(item)
        self._last += 1
        self.wake()
        return self._last

    def skip(self) -> None:
        """Forget everything: from now on every earlier position has missed something."""
        self._items.clear()
        self._last += 1
        self.wake()

    def after(self, position: int, limit: int = 1000) -> Sequence[ItemT] | None:
        """The items after a position, ``limit`` at most; None: some of them are gone, or it is from elsewhere."""
        if not self.floor <= position <= self._last:
            return None
        start = position - self.floor
        return tuple(islice(self._items, start, start + limit))

    def wake(self) -> None:
        """Let everybody who waits look again."""
        woken, self._woken = self._woken, []
        for future in woken:
            if not future.done():
                future.set_result(None)

    async def wait(self) -> None:
        """Until there may be something new. Look first: what came before this call does not count."""
        future = asyncio.get_running_loop().create_future()
        self._woken.append(future)
        try:
            await future
        finally:
            if future.cancelled():
                self._woken = [other for other in self._woken if other is not future]

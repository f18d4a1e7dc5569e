"""Live events as they leave the control process: what happened, and who may hear of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, TypeAlias

import msgspec


class LiveEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event. ``sequence`` counts within an ``epoch`` (one run of the control process); ``at_ms`` is wall time.

    ``users``, ``locations``, ``departments`` (with those around them): whom it is about. ``public``: everybody of the
    company may know. Withheld numbers are left out of ``data`` already.
    """

    sequence: int
    at_ms: int
    company_id: int
    type: str
    data: dict[str, Any] = {}
    users: tuple[int, ...] = ()
    locations: tuple[int, ...] = ()
    departments: tuple[int, ...] = ()
    public: bool = False


FULL: Final = 500
"""A batch holds so many events at most; one that does is followed by another at once."""


class Batch(msgspec.Struct, frozen=True):
    """What the control process tells a subscriber at once.

    ``gap``: something before these events was missed. ``change``: the latest change of the configuration it knows.
    ``last``: the sequence up to which this batch reaches.
    """

    epoch: str
    last: int
    change: int
    gap: bool = False
    events: tuple[LiveEvent, ...] = ()


Follow: TypeAlias = Callable[[str, int], AsyncGenerator[Batch, None]]
"""``follow(epoch, after)``: batches for ever, first one at once; it connects again by itself when it must.

``epoch`` "" begins with whatever the control process still has.
"""

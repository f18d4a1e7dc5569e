"""How many messages lie in each voicemail box: in memory, for lamps and limits; and who is told when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from kiestoon.calls.voicemail_requests import Counted, CountMessages, Message

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

Box: TypeAlias = tuple[int, str]
"""A company's extension."""
TIMER = "mailbox"
_AGAIN_S = 60.0


class Added(msgspec.Struct, frozen=True):
    """A message that has just been stored."""

    message_id: int
    duration_ms: int
    message: Message


class MailboxChanged(msgspec.Struct, frozen=True):
    """A box holds ``new`` and ``old`` messages now; ``added``: the messages that came since it was told last."""

    company_id: int
    extension: str
    new: int
    old: int
    added: tuple[Added, ...] = ()


class Mailboxes:
    """The counts, as last read from the database. A box is always read again after a change that is known here, one
    look at a time, so that the last one to come is the latest.

    ``listeners`` are called with every change, in the turn in which it becomes known.
    """

    __slots__ = ("_again", "_asking", "_counts", "_fresh", "_x", "listeners")

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange
        self._counts: dict[Box, tuple[int, int]] = {}
        self._asking: set[Box] = set()
        self._again: set[Box] = set()
        self._fresh: dict[Box, tuple[Added, ...]] = {}
        self.listeners: list[Callable[[MailboxChanged], None]] = []

    def load(self, counts: Iterable[tuple[Box, tuple[int, int]]]) -> None:
        """What the database says at the start; nobody is told."""
        self._counts = dict(counts)

    def counts(self, company_id: int, extension: str) -> tuple[int, int]:
        """New and old messages of a box."""
        return self._counts.get((company_id, extension), (0, 0))

    def changed(self, company_id: int, extension: str = "", added: Added | None = None) -> None:
        """Something was stored, listened to or removed: count anew. ``extension`` "": every box of the company."""
        box = (company_id, extension)
        if added is not None:
            self._fresh[box] = (*self._fresh.get(box, ()), added)
        if box in self._asking:
            self._again.add(box)
            return
        self._asking.add(box)
        self._x.have_done(CountMessages(company_id, extension), partial(self._counted, box))

    def due(self, owner: str) -> None:
        """A box that could not be counted is looked at again."""
        company_id, _, extension = owner.partition(" ")
        self.changed(int(company_id), extension)

    def _counted(self, box: Box, reply: object, now: float) -> None:
        self._asking.discard(box)
        if isinstance(reply, Counted):
            self._take(box, reply)
        if box in self._again:
            self._again.discard(box)
            self.changed(*box)
        elif not isinstance(reply, Counted):
            self._x.deadlines.start(now + _AGAIN_S, TIMER, f"{box[0]} {box[1]}")

    def _take(self, box: Box, reply: Counted) -> None:
        company_id, extension = box
        before = [extension] if extension else [name for company, name in self._counts if company == company_id]
        for name in dict.fromkeys((*before, *reply.boxes)):
            self._set((company_id, name), reply.boxes.get(name, (0, 0)))

    def _set(self, box: Box, counts: tuple[int, int]) -> None:
        added = self._fresh.pop(box, ())
        if counts == self._counts.get(box, (0, 0)) and not added:
            return
        if counts == (0, 0):
            self._counts.pop(box, None)
        else:
            self._counts[box] = counts
        for listener in self.listeners:
            listener(MailboxChanged(*box, *counts, added))

"""What is asked of the back office about voicemail, and a message on its way into a box: see ``requests``."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kiestoon.calls.requests import Request
from kiestoon.routing import DivertReason

MessageReason: TypeAlias = DivertReason | Literal["direct"]
"""Why the caller came to the box: as a Diversion header says it, or straight."""
MessageState: TypeAlias = Literal["new", "old"]


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message being left: all that is needed to store it, whoever still lives by then.

    ``signal`` is its recording's number at the media process of this ``incarnation``, on ``termination``; ``path`` the
    WAV file, ``path`` + ".part" while it is being written. Times are wall clock; ``longest_ms`` ends it. ``number``,
    ``name``: the caller's, also when ``withheld`` (then they are shown to nobody).
    """

    signal: int
    termination: int
    incarnation: str
    company_id: int
    extension: str
    path: str
    call_id: str
    began_ms: int
    longest_ms: int
    reason: MessageReason
    number: str = ""
    name: str = ""
    withheld: bool = False


class PrepareMessage(Request, frozen=True):
    """Make ``folder`` ready for a recording. Reply: ``Ready``, or ``Failed`` when there is no room on the disk."""

    folder: str


class Ready(msgspec.Struct, frozen=True):
    """It can be recorded."""


class StoreMessage(Request, frozen=True):
    """Put a recorded message into its box, durably. Reply: ``Stored``, ``Dropped`` or ``Failed``: then it is tried
    again later. Asked twice it is stored once."""

    message: Message


class Stored(msgspec.Struct, frozen=True):
    """File and row are on the disk, synced. ``message_id`` is the row's."""

    message_id: int
    duration_ms: int


class Dropped(msgspec.Struct, frozen=True):
    """Nothing to store: "short" (nothing was said), "gone" (no file, or the box is no more)."""

    reason: Literal["short", "gone"]


class CountMessages(Request, frozen=True):
    """How many messages there are. ``extension`` "": in every box of the company. Reply: ``Counted``."""

    extension: str = ""


class Counted(msgspec.Struct, frozen=True):
    """(new, old) by extension; boxes without messages are left out."""

    boxes: dict[str, tuple[int, int]]


class ListMessages(Request, frozen=True):
    """The messages of a box to listen to: new ones first, oldest first among each. Reply: ``Listed``."""

    extension: str
    folder: str


class MessageFile(msgspec.Struct, frozen=True):
    """One of them. ``path`` is what to play."""

    id: int
    state: MessageState
    path: str
    at_ms: int
    number: str
    name: str
    withheld: bool


class Listed(msgspec.Struct, frozen=True):
    """A box's messages."""

    messages: tuple[MessageFile, ...]


class MarkMessage(Request, frozen=True):
    """Note that a message has been listened to ("old"), or is to count as new again. Reply: None."""

    extension: str
    message_id: int
    state: MessageState


class DeleteMessage(Request, frozen=True):
    """Remove a message with its file. Reply: None."""

    extension: str
    message_id: int
    folder: str


class SweepMessages(Request, frozen=True):
    """Remove recordings below ``folder`` that no box holds any more and nobody is about to store (``kept``: paths).

    ``company_id`` is 0: those of all. Reply: how many were removed.
    """

    folder: str
    kept: frozenset[str] = frozenset()

"""Voicemail boxes for simulations: what the back office does with messages, without files and database."""

from __future__ import annotations

from collections import Counter
from typing import Any

from world import World

from kiestoon.calls.requests import Failed
from kiestoon.calls.voicemail_requests import (
    Counted,
    CountMessages,
    DeleteMessage,
    Dropped,
    Listed,
    ListMessages,
    MarkMessage,
    Message,
    MessageFile,
    MessageState,
    PrepareMessage,
    Ready,
    Stored,
    StoreMessage,
)


class FakeBoxes:
    """``broken``: nothing can be written. ``written``: by path, how many ms of a recording lie on the disk."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.broken = False
        self.messages: dict[int, tuple[Message, MessageState]] = {}
        handlers: dict[type, Any] = {
            PrepareMessage: lambda _: Failed("disk full") if self.broken else Ready(),
            StoreMessage: self._store,
            CountMessages: self._count,
            ListMessages: self._list,
            MarkMessage: self._mark,
            DeleteMessage: lambda request: self.messages.pop(request.message_id, None) and None,
        }
        world.office.handlers.update(handlers)
        world.on_restart.append(self._load)

    def put(self, extension: str, *, old: bool = False, number: str = "+31612345678") -> int:
        """A message that lies there already."""
        number_of = len(self.messages) + 1
        path = f"/voicemail/1/earlier-{number_of}.wav"
        message = Message(-number_of, 0, "", 1, extension, path, f"earlier-{number_of}", 0, 0, "direct", number)
        self.messages[number_of] = (message, "old" if old else "new")
        self.world.exchange.mailboxes.changed(1, extension)
        self.world.network.drain(self.world.node)
        return number_of

    def of(self, extension: str) -> list[Message]:
        return [message for message, _ in self.messages.values() if message.extension == extension]

    def states(self, extension: str) -> list[MessageState]:
        return [state for message, state in self.messages.values() if message.extension == extension]

    def _load(self) -> None:
        found = self._counts("")
        self.world.exchange.mailboxes.load(((1, name), counts) for name, counts in found.items())

    def _counts(self, extension: str) -> dict[str, tuple[int, int]]:
        found: dict[str, Counter[str]] = {}
        for message, state in self.messages.values():
            if extension in ("", message.extension):
                found.setdefault(message.extension, Counter())[state] += 1
        return {name: (states["new"], states["old"]) for name, states in found.items()}

    def _store(self, request: StoreMessage) -> object:
        if self.broken:
            return Failed("disk full")
        message, said_ms = request.message, self.world.media.said_ms
        if said_ms < 2000:
            return Dropped("short")
        for number, (known, _) in self.messages.items():
            if known.path == message.path:
                return Stored(number, said_ms)
        number = len(self.messages) + 1
        self.messages[number] = (message, "new")
        return Stored(number, said_ms)

    def _count(self, request: CountMessages) -> object:
        if self.broken:
            return Failed("no database")
        return Counted(self._counts(request.extension))

    def _list(self, request: ListMessages) -> object:
        found = [
            MessageFile(number, state, message.path, message.began_ms, message.number, message.name, message.withheld)
            for number, (message, state) in self.messages.items()
            if message.extension == request.extension
        ]
        return Listed(tuple(sorted(found, key=lambda each: (each.state != "new", each.id))))

    def _mark(self, request: MarkMessage) -> None:
        message, _ = self.messages[request.message_id]
        self.messages[request.message_id] = (message, request.state)

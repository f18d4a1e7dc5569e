"""What is said to those who wait in a queue: recordings of the company, else the exchange's own texts."""

from __future__ import annotations

from math import ceil

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.queues import Waiter
from kiestoon.company.model import Queue
from kiestoon.speech import Phrase


def introduction(caller: Conversation, row: Queue) -> list[str | Phrase]:
    """The welcome: all files of its playlist, one after the other (E 7.5.17, V 23.2.9)."""
    return [*playlist(caller, row.introduction_playlist)] or [Phrase("queue-welcome")]


def comfort(caller: Conversation, row: Queue) -> list[str | Phrase]:
    """A few kind words (V 23.2.10)."""
    return [*playlist(caller, row.comfort_playlist)] or [Phrase("queue-comfort")]


def where_you_stand(caller: Conversation, row: Queue, waiter: Waiter) -> list[str | Phrase]:
    """The place, and how long it will take: by the calls of the last half hour, else what is set (E 7.5.8, E 7.5.9)."""
    queues = caller.exchange.queues
    place = queues.place(waiter)
    said: list[str | Phrase] = []
    if row.announce_position:
        said.append(Phrase("queue-next") if place == 1 else Phrase("queue-position", {"position": place}))
    if row.announce_wait:
        expected_s = queues.waits.expected_s(row.id, caller.exchange.wall_ms(), place)
        minutes = ceil((row.default_wait_s if expected_s is None else expected_s) / 60)
        said.append(_wait(minutes, expected_s))
    return said


def _wait(minutes: int, expected_s: float | None) -> Phrase:
    if expected_s is not None and expected_s < 60:
        return Phrase("queue-wait-short")
    return Phrase("queue-wait", {"minutes": minutes})


def playlist(caller: Conversation, name: str) -> tuple[str, ...]:
    """The paths of its files; () for no name."""
    index = caller.index
    if index is None or not name:
        return ()
    folder = f"{caller.exchange.settings.recordings_folder}/{index.company.id}"
    return tuple(f"{folder}/{file}" for file in index.music.playlist(name))

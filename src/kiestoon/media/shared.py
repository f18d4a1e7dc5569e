"""What every part of a media process shares: the loop, the outgoing events, the counters, the worker threads."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from kiestoon.media.dtls import Identity
from kiestoon.media.loop import Loop
from kiestoon.media.protocol import Event
from kiestoon.media.worker import Worker

if TYPE_CHECKING:
    from kiestoon.media.context import Context
    from kiestoon.media.termination import Termination


class Shared:
    """One per process (several in one test process: nothing here is global)."""

    __slots__ = (
        "active", "drops", "dtls_completed", "dtls_failed", "events", "fail", "failed_commands", "identity",
        "late_ticks", "loop", "opener", "packets_received", "packets_sent", "recorder", "rng", "ticks", "touch",
    )  # fmt: skip

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.opener = Worker(loop)
        """Opens audio files, which somebody is waiting for."""
        self.recorder = Worker(loop)
        """Writes recordings and waits until they are on the disk, for which no prompt should have to wait."""
        self.identity = Identity()
        """Who we are to browsers."""
        self.rng = random.Random()
        """For report intervals and phases: one generator weighs 2.5 KB, too much for each termination."""
        self.events: list[Event] = []
        """Drained by the server once per turn."""
        self.active: dict[int, Termination] = {}
        """Terminations with traffic or a watch, by id: only these cost anything while nothing arrives."""
        self.drops: Counter[str] = Counter()
        self.fail: Callable[[Termination, Exception], None] = _raise
        """Ends a termination in which something went wrong; set by the engine."""
        self.touch: Callable[[Context], None] = _nothing
        """Has a context wired anew before the turn is over: once, however much has changed in it; set by the engine."""
        self.packets_received = 0
        """Of terminations that have ended."""
        self.packets_sent = 0
        self.ticks = 0
        self.late_ticks = 0
        self.failed_commands = 0
        self.dtls_completed = 0
        self.dtls_failed = 0

    def close(self) -> None:
        """Finish what the workers have to do: recordings are safe after this."""
        self.opener.close()
        self.recorder.close()

    def report(self, event: Event) -> None:
        """Queue an event for call control."""
        self.events.append(event)

    def drop(self, reason: str) -> None:
        """Count a packet thrown away."""
        self.drops[reason] += 1


def _raise(termination: Termination, error: Exception) -> None:
    raise error


def _nothing(context: Context) -> None:
    pass

"""Where somebody goes who does not wait in a queue any longer (E 7.5.14, E 7.5.20)."""

from __future__ import annotations

from kiestoon.company.directory import Directory
from kiestoon.company.model import Queue
from kiestoon.routing.arrive import arrive, divert
from kiestoon.routing.context import Divert
from kiestoon.routing.decision import Decision
from kiestoon.routing.queueing import at_queue, onwards
from kiestoon.routing.situation import Live, Situation


def leave_by_key(directory: Directory, situation: Situation, queue: Queue, live: Live) -> Decision | None:
    """The caller does not want to wait (E 7.5.14); None: there is nowhere to go."""
    return _leave(directory, situation, queue, Divert(queue.leave_to, "deflection"), live) if queue.leave_to else None


def leave_late(directory: Directory, situation: Situation, queue: Queue, live: Live) -> Decision | None:
    """The caller has waited too long (E 7.5.20); None: he may wait for ever."""
    return _leave(directory, situation, queue, onwards(queue, "no-answer"), live) if queue.forward_to else None


def leave_deserted(directory: Directory, situation: Situation, queue: Queue, live: Live) -> Decision | None:
    """The last agent has logged out while the caller waits; None: he waits on."""
    wish = Divert(queue.nobody_to, "unavailable", queue.nobody_also, firmly=not queue.individual_forwarding)
    return _leave(directory, situation, queue, wish, live) if queue.nobody_to else None


def _leave(directory: Directory, situation: Situation, queue: Queue, wish: Divert, live: Live) -> Decision | None:
    route = at_queue(directory, situation, queue, live)
    if route is None:
        return None
    route.now(queue=0, visited=(queue.extension,))
    route.because("queue_left", name=queue.name, number=wish.to.target)
    followed = divert(route, wish)
    return arrive(route, followed) if isinstance(followed, str) else route.decide(followed)

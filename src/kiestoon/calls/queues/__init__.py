"""Callers who wait in queues, and the agents they are offered to (E 7).

Each caller is in the service ``services/queue``, which says when he can be offered; ``state`` knows who waits, who
serves whom and how calls have been shared out; ``distributing`` rings agents for callers, after every event that may
have set somebody free.
"""

from kiestoon.calls.queues.state import TIMER, Queues, Served, Waiter

__all__ = ["TIMER", "Queues", "Served", "Waiter"]

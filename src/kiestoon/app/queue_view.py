"""An admin command that looks at queues: who waits, and what their agents are doing."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from kiestoon.calls.exchange import Exchange
from kiestoon.calls.queues import Waiter
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Queue
from kiestoon.routing.queueing import can_take, logged_in
from kiestoon.routing.situation import CallerSeen, Situation

AgentState: TypeAlias = Literal["free", "ringing", "speaking", "resting", "not_available"]
"""Can be rung; is; has a caller of a queue; wraps up, or has just not answered; anything else stands in the way."""


class QueueView:
    """Reads an exchange; changes nothing."""

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange

    def live(self, *, company_id: int) -> list[dict[str, Any]]:
        """Every queue of the company, by extension."""
        index = self._x.directory.company(company_id)
        rows = sorted(index.arrangements.queues.values(), key=lambda row: row.extension) if index is not None else []
        return [self._queue(index, row) for row in rows if index is not None]

    def _queue(self, index: CompanyIndex, row: Queue) -> dict[str, Any]:
        agents = logged_in(index.arrangements.queue_members.get(row.id, ()))
        return {
            "extension": row.extension,
            "name": row.name,
            "waiting": [self._waiter(place, each) for place, each in enumerate(self._x.queues.callers(row.id), 1)],
            "agents": [
                {"extension": member.extension, "state": self._agent(row, member.extension)} for member in agents
            ],
        }

    def _waiter(self, place: int, waiter: Waiter) -> dict[str, Any]:
        call = self._x.calls[waiter.call]
        party = call.anchor.party if call.anchor is not None else None
        shown = party is not None and not party.withheld
        return {
            "place": place,
            "call": waiter.call,
            "number": party.number if party is not None and shown else "",
            "name": party.name if party is not None and shown else "",
            "seconds": max(0, (self._x.wall_ms() - waiter.since_ms) // 1000),
            "rings_at": list(waiter.offered),
        }

    def _agent(self, row: Queue, extension: str) -> AgentState:
        x, agent = self._x, (row.company_id, extension)
        if agent in x.queues.offers:
            return "ringing"
        if x.queues.serves(agent):
            return "speaking"
        if not x.queues.is_free(agent, row, x.wall_ms()):
            return "resting"
        nobody = Situation(row.company_id, CallerSeen(), "")
        return "free" if can_take(x.directory, nobody, row, extension, x.present) else "not_available"
